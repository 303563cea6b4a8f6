//! CREATE EXTERNAL TABLE over the files themselves: asks for their listing.

use super::listing::Listing;
use super::{Job, JobContext, JobStep};
use crate::catalog::Relation;
use crate::diag::Result;
use crate::plan::CreateObjectTable;

pub(super) struct CreateObjectTableJob {
    name: String,
    listing: Listing,
}

impl CreateObjectTableJob {
    pub(super) fn new(CreateObjectTable { name, uris, uris_span }: CreateObjectTable) -> Self {
        Self { name, listing: Listing::new(uris, uris_span) }
    }
}

impl Job for CreateObjectTableJob {
    fn step(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Some(objects) = self.listing.files(&mut ctx.exec.requests)? else {
            return Ok(JobStep::Waiting(self));
        };
        let (name, files) = (self.name, objects.len());
        ctx.engine.catalog().put_relation(&name, Relation::Objects(objects.into()));
        Ok(JobStep::changed(format!("Successfully created table named {name} over {files} files")))
    }
}
