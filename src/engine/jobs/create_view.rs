//! CREATE VIEW.

use std::sync::Arc;

use super::{Job, JobContext, JobStep};
use crate::catalog::{Relation, View};
use crate::diag::Result;

pub(super) struct CreateView {
    name: String,
    view: Arc<View>,
}

impl CreateView {
    pub(super) fn new(name: String, view: View) -> Self {
        Self { name, view: Arc::new(view) }
    }
}

impl Job for CreateView {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        let name = &self.name;
        env.engine.catalog().put_relation(name, Relation::View(self.view.clone()));
        Ok(JobStep::changed(format!("Successfully created view named {name}")))
    }
}
