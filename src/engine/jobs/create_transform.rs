//! CREATE MODEL … TRANSFORM: takes all rows, then the statistics over them.

use super::collect::{Collect, Collected};
use super::{Job, JobContext, JobStep};
use crate::catalog::Transform;
use crate::data::{Batch, Schema};
use crate::diag::Result;
use crate::exec::fit;
use crate::plan::{CreateTransform, FitCall};
use crate::syntax::ast::SelectItem;

pub(super) struct CreateTransformJob {
    name: String,
    calls: Vec<FitCall>,
    items: Vec<SelectItem>,
    input_schema: Schema,
    output_schema: Schema,
    /// The columns of the rows.
    args_schema: Schema,
    /// The arguments of `calls`.
    rows: Collect,
}

impl CreateTransformJob {
    pub(super) fn new(create: CreateTransform) -> Self {
        let CreateTransform { name, plan, calls, items, input_schema, output_schema } = create;
        let args_schema = plan.root.schema.clone();
        Self { name, calls, items, input_schema, output_schema, args_schema, rows: Collect::new(plan) }
    }
}

impl Job for CreateTransformJob {
    fn step(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let batches = match self.rows.step(ctx.exec)? {
            Collected::Waiting => return Ok(JobStep::Waiting(self)),
            Collected::Working => return Ok(JobStep::Working(self)),
            Collected::All(batches) => batches,
        };
        let Self { name, calls, items, input_schema, output_schema, args_schema, .. } = *self;
        let rows = Batch::concat(&args_schema, &batches)?;
        let fitted = fit(&calls, &rows, ctx.exec)?;
        let transform = Transform { items, fitted, takes: input_schema, gives: output_schema };
        ctx.engine.catalog().put_transform(&name, transform);
        Ok(JobStep::changed(format!("Successfully created model named {name}")))
    }
}
