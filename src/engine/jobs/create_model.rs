//! CREATE MODEL over a file: asks for the model's file, then for the files beside it, then loads the graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Job, JobContext, JobStep};
use crate::control::{Progress, Stage};
use crate::diag::{Code, Error, Result, Span};
use crate::exec::{Requests, Resource};
use crate::model::{Model, ModelOptions};
use crate::plan::{CreateModel, Declared};

pub(super) struct CreateModelJob {
    name: String,
    path: String,
    path_span: Span,
    options: ModelOptions,
    declared: Declared,
    state: State,
}

enum State {
    Named,
    /// The model's file was asked for.
    FileRequested {
        file: u64,
    },
    /// Files were asked for that lie beside it: one of labels, and those that the model keeps weights in.
    PartsRequested {
        bytes: Vec<u8>,
        labels: Option<u64>,
        parts: Vec<(String, u64)>,
    },
    /// All files are there.
    Fetched {
        bytes: Vec<u8>,
        parts: BTreeMap<String, Vec<u8>>,
    },
}

impl CreateModelJob {
    pub(super) fn new(create: CreateModel) -> Self {
        let CreateModel { name, path, path_span, options, declared } = create;
        Self { name, path, path_span, options, declared, state: State::Named }
    }

    fn advance(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let requests = &mut ctx.exec.requests;
        if !requests.all_answered() {
            return Ok(JobStep::Waiting(self));
        }
        match self.state {
            State::Named => {
                self.state = State::FileRequested { file: request(requests, &self.path) };
                Ok(JobStep::Waiting(self))
            }
            State::FileRequested { file } => {
                let bytes = requests.take_bytes(file)?;
                let files = Model::external_data(&bytes, &self.options)?;
                let labels = self.options.labels_file().map(|file| request(requests, file));
                let parts: Vec<_> = files
                    .into_iter()
                    .map(|file| {
                        let request = request(requests, &beside(&self.path, &file));
                        (file, request)
                    })
                    .collect();
                if labels.is_none() && parts.is_empty() {
                    self.state = State::Fetched { bytes, parts: BTreeMap::new() };
                    return Ok(self.loading(ctx));
                }
                self.state = State::PartsRequested { bytes, labels, parts };
                Ok(JobStep::Waiting(self))
            }
            State::PartsRequested { bytes, labels, parts } => {
                if let Some(labels) = labels {
                    self.options.read_labels(&requests.take_bytes(labels)?)?;
                }
                let parts = parts.into_iter().map(|(file, request)| {
                    let content = requests.take_bytes(request).map_err(|error| missing(&file, &error))?;
                    Ok((file, content))
                });
                self.state = State::Fetched { bytes, parts: parts.collect::<Result<_>>()? };
                Ok(self.loading(ctx))
            }
            State::Fetched { bytes, parts } => {
                let load = || Model::load_parts(&bytes, &parts, &self.options, &ctx.exec.env.limits);
                let model = ctx.engine.timed(load)?;
                self.declared.check(&model)?;
                ctx.engine.catalog().put_model(&self.name, Arc::new(model));
                Ok(JobStep::changed(format!("Successfully created model named {}", self.name)))
            }
        }
    }

    /// Tells that the next step takes its time.
    fn loading(self: Box<Self>, ctx: &mut JobContext<'_>) -> JobStep {
        ctx.exec.progress = Some(Progress { stage: Stage::Compile, rows: 0, total: None });
        JobStep::Working(self)
    }
}

impl Job for CreateModelJob {
    fn stage(&self) -> Stage {
        match self.state {
            State::Fetched { .. } => Stage::Compile,
            State::Named | State::FileRequested { .. } | State::PartsRequested { .. } => Stage::Project,
        }
    }

    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let span = self.path_span;
        self.advance(ctx).map_err(|error| error.or_at(span))
    }
}

/// Asks for a file of a model.
pub(super) fn request(requests: &mut Requests, uri: &str) -> u64 {
    requests.request(Resource::Model { uri: uri.to_owned() })
}

fn missing(file: &str, error: &Error) -> Error {
    let why = &error.first().message;
    let message = format!("the model keeps weights in `{file}`, which cannot be read: {why}");
    Error::new(Code::ExternalDataMissing, message).hint("put the file beside the model")
}

/// The address of `file` in the folder of `path`, which may be a URL with a query.
fn beside(path: &str, file: &str) -> String {
    let address = path.split_once(['?', '#']).map_or(path, |(address, _)| address);
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
