//! CREATE EXTERNAL TABLE over objects: a listing becomes an object table.

use super::{Job, JobContext, JobStep, Listing};
use crate::catalog::Relation;
use crate::diag::{Result, Span};

pub(super) struct CreateObjectTable {
    name: String,
    listing: Listing,
}

impl CreateObjectTable {
    pub(super) fn new(name: String, uris: Vec<String>, span: Span) -> Self {
        Self { name, listing: Listing::new(uris, span) }
    }
}

impl Job for CreateObjectTable {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        let Some(objects) = self.listing.step(env.ctx)? else { return Ok(JobStep::Waiting) };
        let (name, files) = (&self.name, objects.len());
        env.engine.catalog().put_relation(name, Relation::Objects(objects.into()));
        Ok(JobStep::changed(format!("Successfully created table named {name} over {files} files")))
    }
}
