//! What T-SQL's PREDICT needs before its statement can be bound: the value of a subquery, and the model in it.

use std::sync::Arc;

use super::collect::{Collect, Collected};
use super::create_model::timed;
use super::{Job, JobContext, JobStep};
use crate::control::Stage;
use crate::data::{DataType, Scalar, scalar_at};
use crate::diag::{Code, Error, Result, Span};
use crate::model::Model;
use crate::plan::{CORRUPT_MODEL, Plan};

/// Reads the one value of a subquery: the bytes of a model.
pub(super) struct ReadValue {
    span: Span,
    rows: Collect,
}

impl ReadValue {
    pub(super) fn new(plan: Plan, span: Span) -> Self {
        Self { span, rows: Collect::new(plan) }
    }
}

impl Job for ReadValue {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        let batches = match self.rows.step(env.ctx)? {
            Collected::Not(step) => return Ok(step),
            Collected::All(batches) => batches,
        };
        let value = match batches.as_slice() {
            [] => Scalar::Null,
            [batch] if batch.rows() == 1 => scalar_at(batch.column(0)?, &DataType::Bytes, 0)?,
            _ => {
                return Err(Error::new(Code::TooManyRows, "the query of a model gives several rows")
                    .at(self.span)
                    .hint("choose one with WHERE, or the latest with ORDER BY … and TOP (1)"));
            }
        };
        env.scope.values.push((self.span, value));
        Ok(JobStep::Bind)
    }
}

/// Loads the model that bytes are.
pub(super) struct LoadModel {
    pub(super) bytes: Vec<u8>,
    pub(super) span: Span,
}

impl Job for LoadModel {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        let load = || Model::load(&self.bytes, &env.ctx.env.limits);
        let model = timed(env.engine.shared.clock, load);
        let model = model.map_err(|error| error.or_at(self.span).context(CORRUPT_MODEL))?;
        env.engine.catalog().put_model_of(std::mem::take(&mut self.bytes), Arc::new(model));
        Ok(JobStep::Bind)
    }

    fn stage(&self) -> Stage {
        Stage::Compile
    }
}
