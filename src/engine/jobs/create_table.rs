//! CREATE TABLE, with the rows of a query or without rows.

use super::collect::{Collect, Collected};
use super::{Job, JobContext, JobStep};
use crate::catalog::Rules;
use crate::data::{Batch, Schema};
use crate::diag::{Code, Error, Invariant, Result};
use crate::plan::Plan;
use crate::table::Table;

pub(super) struct CreateTable {
    name: String,
    schema: Schema,
    rules: Rules,
    rows: Collect,
}

impl CreateTable {
    pub(super) fn new(name: String, schema: Schema, plan: Option<Plan>, rules: Rules) -> Self {
        Self { name, schema, rules, rows: Collect::optional(plan) }
    }
}

impl Job for CreateTable {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        let batches = match self.rows.step(env.ctx)? {
            Collected::Not(step) => return Ok(step),
            Collected::All(batches) => batches,
        };
        check_nulls(&batches, &self.schema, &self.rules)?;
        let table = Table { schema: self.schema.clone(), batches };
        let count = table.rows();
        let name = &self.name;
        env.engine.catalog().put_table(name, table, std::mem::take(&mut self.rules));
        Ok(JobStep::changed(format!("Successfully created table named {name} with {count} rows")))
    }
}

/// # Errors
/// `invalid-value` for a NULL in a column that holds none.
pub(super) fn check_nulls(batches: &[Batch], schema: &Schema, rules: &Rules) -> Result<()> {
    for column in &rules.not_null {
        let field = schema.fields.get(*column).invariant("a rule names a column of its table")?;
        for batch in batches {
            if batch.column(*column)?.null_count() > 0 {
                let message = format!("column `{}` is NOT NULL", field.name);
                return Err(Error::new(Code::InvalidValue, message).hint("give it a value in every row"));
            }
        }
    }
    Ok(())
}
