//! INSERT.

use super::collect::{Collect, Collected};
use super::create_table::check_nulls;
use super::{Job, JobContext, JobStep};
use crate::data::Batch;
use crate::diag::Result;
use crate::plan::Plan;

pub(super) struct Insert {
    table: String,
    rows: Collect,
}

impl Insert {
    pub(super) fn new(table: String, plan: Plan) -> Self {
        Self { table, rows: Collect::new(plan) }
    }
}

impl Job for Insert {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        let batches = match self.rows.step(env.ctx)? {
            Collected::Not(step) => return Ok(step),
            Collected::All(batches) => batches,
        };
        let table = &self.table;
        let mut catalog = env.engine.catalog();
        if let Some(rules) = catalog.rules(table) {
            check_nulls(&batches, &catalog.relation(table)?.schema(), rules)?;
        }
        let count: usize = batches.iter().map(Batch::rows).sum();
        catalog.append(table, batches)?;
        Ok(JobStep::changed(format!("Successfully inserted {count} rows into {table}")))
    }
}
