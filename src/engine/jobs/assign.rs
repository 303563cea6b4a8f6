//! DECLARE and SET: computes the values, then gives them to the variables.

use super::collect::{Collect, Finish};
use super::{Job, JobContext, JobStep};
use crate::data::{Batch, DataType, Scalar, scalar_at};
use crate::diag::{Error, Result, ensure};
use crate::engine::step::Summary;
use crate::plan::Assign;

pub(super) fn begin(Assign { variables, plan }: Assign) -> Box<dyn Job> {
    match plan {
        Some(plan) => Box::new(Collect::new(plan, Values { variables })),
        None => Box::new(Nulls { variables }),
    }
}

struct Values {
    variables: Vec<(String, DataType)>,
}

/// DECLARE without a value.
struct Nulls {
    variables: Vec<(String, DataType)>,
}

impl Finish for Values {
    fn finish(self, batches: Vec<Batch>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let row = one_row(batches)?;
        let count = self.variables.len();
        for (index, (name, data_type)) in self.variables.into_iter().enumerate() {
            let value = value_of(&row, index, count, &data_type)?;
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

/// The value of variable `index` of `count`. `DECLARE a, b DEFAULT 1` has one value for all of them.
fn value_of(row: &Batch, index: usize, count: usize, data_type: &DataType) -> Result<Scalar> {
    let width = row.columns().len();
    ensure(width == count || width == 1, "a value for each variable, or one for all")?;
    let column = if width == count { index } else { 0 };
    scalar_at(row.column(column)?, data_type, 0)
}
