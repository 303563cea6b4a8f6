//! CREATE TABLE: takes the rows of its query, if there is one, then puts the table into the catalog.

use super::collect::{Collect, Collected};
use super::insert::check_nulls;
use super::{Job, JobContext, JobStep};
use crate::catalog::Rules;
use crate::data::Schema;
use crate::diag::Result;
use crate::plan::CreateTable;
use crate::table::Table;

pub(super) struct CreateTableJob {
    name: String,
    schema: Schema,
    rules: Rules,
    rows: Option<Collect>,
}

impl CreateTableJob {
    pub(super) fn new(CreateTable { name, schema, plan, rules }: CreateTable) -> Self {
        Self { name, schema, rules, rows: plan.map(Collect::new) }
    }
}

impl Job for CreateTableJob {
    fn step(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let collected = match &mut self.rows {
            Some(rows) => rows.step(ctx.exec)?,
            None => Collected::All(Vec::new()),
        };
        let batches = match collected {
            Collected::Waiting => return Ok(JobStep::Waiting(self)),
            Collected::Working => return Ok(JobStep::Working(self)),
            Collected::All(batches) => batches,
        };
        let Self { name, schema, rules, .. } = *self;
        check_nulls(&batches, &schema, &rules)?;
        let table = Table { schema, batches };
        let count = table.rows();
        ctx.engine.catalog().put_table(&name, table, rules);
        Ok(JobStep::changed(format!("Successfully created table named {name} with {count} rows")))
    }
}
