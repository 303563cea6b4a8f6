//! Statements that wait for nothing: CREATE VIEW, DROP, and those that find nothing to do.

use std::sync::Arc;

use super::{Job, JobContext, JobStep};
use crate::catalog::Relation;
use crate::diag::Result;
use crate::engine::step::Summary;
use crate::plan::{CreateFunction, CreateView, DropFunction, DropModel, DropTable};

/// A statement that has nothing to do, and says so.
pub(super) struct Nothing {
    pub(super) message: String,
}

impl Job for CreateView {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { name, view } = *self;
        ctx.engine.catalog().put_relation(&name, Relation::View(Arc::new(view)));
        Ok(JobStep::changed(format!("Successfully created view named {name}")))
    }
}

impl Job for DropModel {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        ctx.engine.catalog().drop_model(&self.name);
        Ok(JobStep::changed(format!("Successfully dropped model named {}", self.name)))
    }
}

impl Job for CreateFunction {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { name, routine } = *self;
        ctx.engine.catalog().put_routine(&name, routine);
        Ok(JobStep::changed(format!("Successfully created function named {name}")))
    }
}

impl Job for DropFunction {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        ctx.engine.catalog().drop_routine(&self.name);
        Ok(JobStep::changed(format!("Successfully dropped function named {}", self.name)))
    }
}

impl Job for DropTable {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        ctx.engine.catalog().drop_relation(&self.name);
        Ok(JobStep::changed(format!("Successfully dropped table named {}", self.name)))
    }
}

impl Job for Nothing {
    fn step(self: Box<Self>, _: &mut JobContext<'_>) -> Result<JobStep> {
        Ok(JobStep::Done(Summary { message: Some(self.message), ..Summary::default() }))
    }
}
