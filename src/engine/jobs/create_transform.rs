//! CREATE MODEL … TRANSFORM: takes all rows, then the statistics over them.

use super::collect::{Collect, Finish};
use super::{Job, JobContext, JobStep};
use crate::catalog::Transform;
use crate::data::{Batch, Schema};
use crate::diag::Result;
use crate::exec::fit;
use crate::plan::{CreateTransform, FitCall};
use crate::syntax::ast::SelectItem;

pub(super) fn begin(create: CreateTransform) -> Box<dyn Job> {
    let CreateTransform { name, plan, calls, items, input_schema, output_schema } = create;
    let args_schema = plan.root.schema.clone();
    let transform = NewTransform { name, calls, items, input_schema, output_schema, args_schema };
    Box::new(Collect::new(plan, transform))
}

struct NewTransform {
    name: String,
    calls: Vec<FitCall>,
    items: Vec<SelectItem>,
    input_schema: Schema,
    output_schema: Schema,
    /// The columns of the rows, which are the arguments of `calls`.
    args_schema: Schema,
}

impl Finish for NewTransform {
    fn finish(self, batches: Vec<Batch>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { name, calls, items, input_schema, output_schema, args_schema } = self;
        let rows = Batch::concat(&args_schema, &batches)?;
        let fitted = fit(&calls, &rows, ctx.exec)?;
        let transform = Transform { items, fitted, takes: input_schema, gives: output_schema };
        ctx.engine.catalog().put_transform(&name, transform);
        Ok(JobStep::changed(format!("Successfully created model named {name}")))
    }
}
