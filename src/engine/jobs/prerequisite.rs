//! What T-SQL's PREDICT needs before its statement can be bound: the value of a subquery, the model of a value.

use std::sync::Arc;

use super::collect::{Collect, Finish};
use super::{Job, JobContext, JobStep};
use crate::control::Stage;
use crate::data::{Batch, DataType, Scalar, scalar_at};
use crate::diag::{Code, Error, Result, Span};
use crate::model::Model;
use crate::plan::{Plan, SubqueryPlace, invalid_model};

/// Computes the value of a subquery: the bytes of a model.
pub(super) fn subquery_value(plan: Plan, place: SubqueryPlace) -> Box<dyn Job> {
    Box::new(Collect::new(plan, SubqueryValue { place }))
}

struct SubqueryValue {
    place: SubqueryPlace,
}

/// Loads the model that a value's bytes are.
pub(super) struct ModelOfValue {
    pub(super) bytes: Vec<u8>,
    pub(super) span: Span,
}

impl Finish for SubqueryValue {
    fn finish(self, batches: Vec<Batch>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let value = one_value(&batches, self.place.span)?;
        ctx.subquery_values.push((self.place, value));
        Ok(JobStep::Bind)
    }
}

/// The value of the first column in the one row; NULL without a row.
fn one_value(batches: &[Batch], span: Span) -> Result<Scalar> {
    match batches {
        [] => Ok(Scalar::Null),
        [batch] if batch.rows() == 1 => scalar_at(batch.column(0)?, &DataType::Bytes, 0),
        _ => Err(Error::new(Code::TooManyRows, "the query of a model gives several rows")
            .at(span)
            .hint("choose one with WHERE, or the latest with ORDER BY … and TOP (1)")),
    }
}

impl Job for ModelOfValue {
    fn stage(&self) -> Stage {
        Stage::Compile
    }

    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { bytes, span } = *self;
        let model = ctx.engine.timed(|| Model::load(&bytes, &ctx.exec.env.limits));
        let model = model.map_err(|error| invalid_model(error.or_at(span)))?;
        ctx.engine.catalog().put_model_of(bytes, Arc::new(model));
        Ok(JobStep::Bind)
    }
}
