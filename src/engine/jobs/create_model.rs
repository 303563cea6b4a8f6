//! CREATE MODEL: the model's file, the files beside it, then the graph.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Job, JobContext, JobStep};
use crate::control::{Clock, Progress, Stage};
use crate::diag::{Code, Error, Result, Span};
use crate::exec::{Context, Resource};
use crate::model::{Model, ModelOptions};
use crate::plan::Declared;

pub(super) struct CreateModel {
    name: String,
    path: String,
    options: ModelOptions,
    declared: Declared,
    /// Where the statement names the file.
    span: Span,
    state: State,
}

enum State {
    Start,
    /// The model's file was asked for.
    Requested {
        file: u64,
    },
    /// Files beside it were asked for: one of labels, and those that the model names.
    Fetching {
        bytes: Vec<u8>,
        labels: Option<u64>,
        parts: Vec<(String, u64)>,
    },
    Fetched {
        bytes: Vec<u8>,
        parts: BTreeMap<String, Vec<u8>>,
    },
    Ended,
}

impl CreateModel {
    pub(super) fn new(
        name: String,
        path: String,
        span: Span,
        options: ModelOptions,
        declared: Declared,
    ) -> Self {
        Self { name, path, options, declared, span, state: State::Start }
    }

    fn advance(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Start => {
                self.state = State::Requested { file: request(env.ctx, &self.path) };
                Ok(JobStep::Waiting)
            }
            State::Requested { file } => {
                let bytes = env.ctx.requests.take_bytes(file)?;
                let files = Model::external_data(&bytes, &self.options)?;
                let labels = self.options.labels_file().map(|file| request(env.ctx, file));
                let part = |file: String| {
                    let id = request(env.ctx, &beside(&self.path, &file));
                    (file, id)
                };
                let parts: Vec<_> = files.into_iter().map(part).collect();
                if labels.is_none() && parts.is_empty() {
                    Ok(self.fetched(bytes, BTreeMap::new(), env.ctx))
                } else {
                    self.state = State::Fetching { bytes, labels, parts };
                    Ok(JobStep::Waiting)
                }
            }
            State::Fetching { bytes, labels, parts } => {
                if let Some(labels) = labels {
                    self.options.read_labels(&env.ctx.requests.take_bytes(labels)?)?;
                }
                let parts = parts.into_iter().map(|(file, id)| {
                    let content = env.ctx.requests.take_bytes(id).map_err(|error| missing(&file, &error))?;
                    Ok((file, content))
                });
                let parts = parts.collect::<Result<_>>()?;
                Ok(self.fetched(bytes, parts, env.ctx))
            }
            State::Fetched { bytes, parts } => {
                let load = || Model::load_parts(&bytes, &parts, &self.options, &env.ctx.env.limits);
                let model = timed(env.engine.shared.clock, load)?;
                self.declared.check(&model)?;
                env.engine.catalog().put_model(&self.name, Arc::new(model));
                Ok(JobStep::changed(format!("Successfully created model named {}", self.name)))
            }
            State::Ended => Err(Error::internal("the statement has ended")),
        }
    }

    /// Everything is there: the host hears of it before loading takes its time.
    fn fetched(&mut self, bytes: Vec<u8>, parts: BTreeMap<String, Vec<u8>>, ctx: &mut Context) -> JobStep {
        self.state = State::Fetched { bytes, parts };
        ctx.progress = Some(Progress { stage: Stage::Compile, rows: 0, total: None });
        JobStep::Working
    }
}

impl Job for CreateModel {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        if !env.ctx.requests.all_answered() {
            return Ok(JobStep::Waiting);
        }
        self.advance(env).map_err(|error| error.or_at(self.span))
    }

    fn stage(&self) -> Stage {
        if matches!(self.state, State::Fetched { .. }) { Stage::Compile } else { Stage::Project }
    }
}

pub(super) fn request(ctx: &mut Context, uri: &str) -> u64 {
    ctx.requests.request(Resource::Model { uri: uri.to_owned() })
}

fn missing(file: &str, error: &Error) -> Error {
    let why = &error.first().message;
    let message = format!("the model keeps weights in `{file}`, which cannot be read: {why}");
    Error::new(Code::ExternalDataMissing, message).hint("put the file beside the model")
}

/// A model that knows how long it took to load.
pub(in crate::engine) fn timed(clock: Clock, load: impl FnOnce() -> Result<Model>) -> Result<Model> {
    let start = clock();
    let model = load()?;
    let seconds = (clock() - start) / 1e3;
    // A clock that was set back has measured nothing.
    let load_time = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
    Ok(model.with_load_time(load_time))
}

/// The path of `file` in the folder of `path`, which may be an address with a query.
fn beside(path: &str, file: &str) -> String {
    let address = path.split(['?', '#']).next().unwrap_or(path);
    match address.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{file}"),
        None => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn files_lie_beside_the_model() {
        assert_eq!(beside("model.onnx", "weights.bin"), "weights.bin");
        assert_eq!(beside("a/b.onnx", "c/weights.bin"), "a/c/weights.bin");
        assert_eq!(beside("https://x.org/a/b.onnx?from=/c/d", "e"), "https://x.org/a/e");
    }
}
