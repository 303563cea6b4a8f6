//! ALTER MODEL: asks for the files that the options name, then gives the model its options.

use std::sync::Arc;

use super::option_files::OptionFiles;
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
    /// The requests for the files that the options name.
    files: Option<OptionFiles>,
}

impl AlterModelJob {
    pub(super) fn new(alter: AlterModel, engine: &Engine) -> Result<Self> {
        let AlterModel { reference, options, registration, span } = alter;
        let model = engine.catalog().model(&reference)?.clone();
        Ok(Self { reference, model, options, registration, span, files: None })
    }

    fn advance(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let requests = &mut ctx.exec.requests;
        if !requests.all_answered() {
            return Ok(JobStep::Waiting(self));
        }
        match self.files.take() {
            Some(files) => files.read(requests, &mut self.options, &ctx.engine.shared.tokenizers)?,
            None => {
                let files = OptionFiles::request(requests, &self.options, &ctx.engine.shared.tokenizers);
                let is_waiting = files.is_some();
                self.files = files;
                if is_waiting {
                    return Ok(JobStep::Waiting(self));
                }
            }
        }
        let model = self.model.with_options(&self.options)?;
        let (engine, model) = (ctx.engine, Arc::new(model));
        engine.catalog().alter_model(&self.reference, model, self.registration, ctx.now)?;
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
