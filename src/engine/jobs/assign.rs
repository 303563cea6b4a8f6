//! DECLARE and SET: computes the values, then gives them to the variables.

use super::collect::{Collect, Collected};
use super::{Job, JobContext, JobStep};
use crate::data::{Batch, DataType, Scalar, scalar_at};
use crate::diag::{Error, Result, ensure};
use crate::engine::step::Summary;
use crate::plan::Assign;

pub(super) struct AssignJob {
    variables: Vec<(String, DataType)>,
    values: Option<Collect>,
}

impl AssignJob {
    pub(super) fn new(Assign { variables, plan }: Assign) -> Self {
        Self { variables, values: plan.map(Collect::new) }
    }
}

impl Job for AssignJob {
    fn step(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let collected = match &mut self.values {
            Some(values) => Some(values.step(ctx.exec)?),
            None => None,
        };
        let row = match collected {
            Some(Collected::Waiting) => return Ok(JobStep::Waiting(self)),
            Some(Collected::Working) => return Ok(JobStep::Working(self)),
            Some(Collected::All(batches)) => Some(one_row(batches)?),
            None => None,
        };
        let count = self.variables.len();
        for (index, (name, data_type)) in self.variables.into_iter().enumerate() {
            let value = match &row {
                Some(row) => value_of(row, index, count, &data_type)?,
                None => Scalar::Null,
            };
            ctx.variables.assign((name, data_type, value));
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
