//! CREATE TABLE: takes the rows of its query, if there is one, then puts the table into the catalog.

use super::collect::{Collect, Finish};
use super::insert::{check_nulls, stored};
use super::{Job, JobContext, JobStep};
use crate::catalog::Rules;
use crate::data::{Batch, Schema};
use crate::diag::Result;
use crate::plan::CreateTable;
use crate::table::Table;

pub(super) fn begin(CreateTable { name, schema, plan, rules }: CreateTable) -> Box<dyn Job> {
    let table = NewTable { name, schema, rules };
    match plan {
        Some(plan) => Box::new(Collect::new(plan, table)),
        None => Box::new(EmptyTable(table)),
    }
}

struct NewTable {
    name: String,
    schema: Schema,
    rules: Rules,
}

/// A table that no query fills.
struct EmptyTable(NewTable);

impl Job for EmptyTable {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        self.0.finish(Vec::new(), ctx)
    }
}

impl Finish for NewTable {
    fn finish(self, batches: Vec<Batch>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { name, schema, rules } = self;
        check_nulls(&batches, &schema, &rules)?;
        let table = Table { schema, batches: stored(batches)?, notes: Vec::new() };
        let count = table.rows();
        ctx.variables.seen_rows(count);
        ctx.engine.catalog().put_table(&name, table, rules);
        Ok(JobStep::changed(format!("Successfully created table named {name} with {count} rows")))
    }
}
