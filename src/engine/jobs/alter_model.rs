//! ALTER MODEL: asks for the file of labels, if the options name one, then gives the model its options.

use std::sync::Arc;

use super::create_model::request;
use super::{Job, JobContext, JobStep};
use crate::catalog::{Registration, parts};
use crate::diag::{Result, Span};
use crate::engine::Engine;
use crate::model::{Model, ModelOptions};
use crate::plan::AlterModel;

pub(super) struct AlterModelJob {
    reference: String,
    model: Arc<Model>,
    options: ModelOptions,
    registration: Registration,
    span: Span,
    /// The request for the file of labels.
    labels: Option<u64>,
}

impl AlterModelJob {
    pub(super) fn new(alter: AlterModel, engine: &Engine) -> Result<Self> {
        let AlterModel { reference, options, registration, span } = alter;
        let model = engine.catalog().model(&reference)?.clone();
        Ok(Self { reference, model, options, registration, span, labels: None })
    }

    fn advance(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let requests = &mut ctx.exec.requests;
        if !requests.all_answered() {
            return Ok(JobStep::Waiting(self));
        }
        if let Some(labels) = self.labels {
            self.options.read_labels(&requests.take_bytes(labels)?)?;
        }
        if let Some(file) = self.options.labels_file() {
            self.labels = Some(request(requests, file));
            return Ok(JobStep::Waiting(self));
        }
        let model = self.model.with_options(&self.options)?;
        let (engine, model) = (ctx.engine, Arc::new(model));
        engine.catalog().alter_model(&self.reference, model, self.registration, engine.now())?;
        let name = parts(&self.reference).0;
        Ok(JobStep::changed(format!("Successfully changed model named {name}")))
    }
}

impl Job for AlterModelJob {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let span = self.span;
        self.advance(ctx).map_err(|error| error.or_at(span))
    }
}
