//! DECLARE and SET: variables get the values of a plan's one row, or NULL.

use super::collect::{Collect, Collected};
use super::{Job, JobContext, JobStep};
use crate::data::{DataType, Scalar, scalar_at};
use crate::diag::Result;
use crate::engine::step::Summary;
use crate::plan::Plan;

pub(super) struct Assign {
    variables: Vec<(String, DataType)>,
    row: Collect,
}

impl Assign {
    pub(super) fn new(variables: Vec<(String, DataType)>, plan: Option<Plan>) -> Self {
        Self { variables, row: Collect::optional(plan) }
    }
}

impl Job for Assign {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        let batches = match self.row.step(env.ctx)? {
            Collected::Not(step) => return Ok(step),
            Collected::All(batches) => batches,
        };
        for (position, (name, data_type)) in std::mem::take(&mut self.variables).into_iter().enumerate() {
            let value = match batches.first() {
                Some(batch) => {
                    // DECLARE a, b DEFAULT 1 gives all of them the same value.
                    let column = if batch.columns().len() == 1 { 0 } else { position };
                    scalar_at(batch.column(column)?, &data_type, 0)?
                }
                None => Scalar::Null,
            };
            env.scope.assign((name, data_type, value));
        }
        Ok(JobStep::Done(Summary::default()))
    }
}
