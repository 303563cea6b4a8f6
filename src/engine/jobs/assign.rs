//! DECLARE and SET: computes the values, then gives them to the variables.

use super::collect::{Collect, Finish};
use super::{Job, JobContext, JobStep};
use crate::data::{Batch, DataType, Scalar, scalar_at};
use crate::diag::{Error, Invariant, Result, ensure};
use crate::engine::step::Summary;
use crate::plan::{Assign, VariableType};

pub(super) fn begin(Assign { variables, plan, last_row }: Assign) -> Box<dyn Job> {
    match plan {
        Some(plan) => Box::new(Collect::new(plan, Values { variables, last_row })),
        None => Box::new(Nulls { variables }),
    }
}

struct Values {
    variables: Vec<(String, VariableType)>,
    last_row: bool,
}

/// DECLARE without a value.
struct Nulls {
    variables: Vec<(String, VariableType)>,
}

impl Finish for Values {
    fn finish(self, batches: Vec<Batch>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let batch = if self.last_row {
            let last = batches.into_iter().rfind(|batch| batch.rows() > 0);
            let Some(last) = last else { return Ok(JobStep::Done(Summary::default())) };
            last
        } else {
            one_row(batches)?
        };
        let count = self.variables.len();
        for (index, (name, data_type)) in self.variables.into_iter().enumerate() {
            let value = value_of(&batch, index, count, &data_type.data_type)?;
            ctx.variables.assign((name, data_type, value));
        }
        Ok(JobStep::Done(Summary::default()))
    }
}

impl Job for Nulls {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        for (name, data_type) in self.variables {
            ctx.variables.assign((name, data_type, Scalar::Null));
        }
        Ok(JobStep::Done(Summary::default()))
    }
}

fn one_row(batches: Vec<Batch>) -> Result<Batch> {
    let mut batches = batches.into_iter();
    match (batches.next(), batches.next()) {
        (Some(batch), None) if batch.rows() == 1 => Ok(batch),
        _ => Err(Error::internal("the values of variables are one row")),
    }
}

/// The value of variable `index` of `count` in the last row. `DECLARE a, b DEFAULT 1` has one value for all of them.
fn value_of(batch: &Batch, index: usize, count: usize, data_type: &DataType) -> Result<Scalar> {
    let width = batch.columns().len();
    ensure(width == count || width == 1, "a value for each variable, or one for all")?;
    let column = if width == count { index } else { 0 };
    let last = batch.rows().checked_sub(1).invariant("the values of variables are a row")?;
    scalar_at(batch.column(column)?, data_type, last)
}
