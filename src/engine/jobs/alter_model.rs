//! ALTER MODEL: the same graph with other options; the file of its labels may have to be read.

use std::sync::Arc;

use super::create_model::request;
use super::{Job, JobContext, JobStep};
use crate::diag::{Result, Span};
use crate::model::{Model, ModelOptions};

pub(super) struct AlterModel {
    name: String,
    model: Arc<Model>,
    options: ModelOptions,
    span: Span,
    /// The file of labels that was asked for.
    labels: Option<u64>,
}

impl AlterModel {
    pub(super) fn new(name: String, model: Arc<Model>, options: ModelOptions, span: Span) -> Self {
        Self { name, model, options, span, labels: None }
    }

    fn advance(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        if let Some(labels) = self.labels.take() {
            self.options.read_labels(&env.ctx.requests.take_bytes(labels)?)?;
        }
        if let Some(file) = self.options.labels_file() {
            self.labels = Some(request(env.ctx, file));
            return Ok(JobStep::Waiting);
        }
        let model = self.model.with_options(&self.options)?;
        env.engine.catalog().put_model(&self.name, Arc::new(model));
        Ok(JobStep::changed(format!("Successfully changed model named {}", self.name)))
    }
}

impl Job for AlterModel {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        if !env.ctx.requests.all_answered() {
            return Ok(JobStep::Waiting);
        }
        self.advance(env).map_err(|error| error.or_at(self.span))
    }
}
