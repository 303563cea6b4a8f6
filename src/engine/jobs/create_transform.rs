//! CREATE MODEL … TRANSFORM: the statistics of preprocessing functions over all rows.

use super::collect::{Collect, Collected};
use super::{Job, JobContext, JobStep};
use crate::catalog::Transform;
use crate::data::{Batch, Schema};
use crate::diag::Result;
use crate::exec::fit;
use crate::plan::{FitCall, Plan};
use crate::syntax::ast::SelectItem;

pub(super) struct CreateTransform {
    name: String,
    calls: Vec<FitCall>,
    items: Vec<SelectItem>,
    /// The columns of the rows that it was made over, and those that it makes of them.
    input: Schema,
    output: Schema,
    rows: Collect,
}

impl CreateTransform {
    pub(super) fn new(
        name: String,
        plan: Plan,
        calls: Vec<FitCall>,
        items: Vec<SelectItem>,
        output: Schema,
    ) -> Self {
        Self { name, calls, items, input: plan.root.schema.clone(), output, rows: Collect::new(plan) }
    }
}

impl Job for CreateTransform {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        let batches = match self.rows.step(env.ctx)? {
            Collected::Not(step) => return Ok(step),
            Collected::All(batches) => batches,
        };
        let rows = Batch::concat(&self.input, &batches)?;
        let fitted = fit(&self.calls, &rows, env.ctx)?;
        let transform = Transform {
            items: std::mem::take(&mut self.items),
            fitted,
            takes: std::mem::take(&mut self.input),
            gives: std::mem::take(&mut self.output),
        };
        env.engine.catalog().put_transform(&self.name, transform);
        Ok(JobStep::changed(format!("Successfully created model named {}", self.name)))
    }
}
