//! CREATE MODEL and ALTER MODEL, step by step: the model's file, the files beside it, then the graph.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::control::Clock;
use crate::diag::{Code, Error, Result, Span};
use crate::exec::{Context, Requests, Resource};
use crate::model::{Model, ModelOptions};
use crate::plan::Declared;

/// A model on its way into the catalog.
pub(super) struct Making {
    pub(super) name: String,
    /// What the statement says of it, and where.
    options: ModelOptions,
    declared: Declared,
    span: Span,
    clock: Clock,
    state: State,
    verb: &'static str,
}

enum State {
    Named(String),
    /// Its file was asked for.
    Asked(String, u64),
    /// Files were asked for that lie beside it: one of labels, and those that the model names.
    Fetching {
        bytes: Vec<u8>,
        labels: Option<u64>,
        parts: Vec<(String, u64)>,
    },
    Fetched {
        bytes: Vec<u8>,
        parts: BTreeMap<String, Vec<u8>>,
    },
    /// It is there already, and gets other options; the file of its labels was perhaps asked for.
    Known(Arc<Model>, Option<u64>),
    Made,
}

/// What a step led to.
pub(super) enum Next {
    /// Requests are open.
    Need,
    /// The next step loads the graph.
    Ready,
    Made(Box<Model>),
}

impl Making {
    /// A new model out of the file `path`.
    pub(super) fn new(
        name: String,
        path: String,
        span: Span,
        options: ModelOptions,
        declared: Declared,
        clock: Clock,
    ) -> Self {
        Self { name, options, declared, span, clock, state: State::Named(path), verb: "created" }
    }

    /// The same model with other options.
    pub(super) fn of(
        model: Arc<Model>,
        name: String,
        span: Span,
        options: ModelOptions,
        clock: Clock,
    ) -> Self {
        let (declared, state) = (Declared::default(), State::Known(model, None));
        Self { name, options, declared, span, clock, state, verb: "changed" }
    }

    /// Whether everything is there and the next step takes its time.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.state, State::Fetched { .. })
    }

    /// What was done, in words.
    pub(super) fn message(&self) -> String {
        format!("Successfully {} model named {}", self.verb, self.name)
    }

    /// Does the next step; while requests are open there is none.
    pub(super) fn advance(&mut self, ctx: &mut Context) -> Result<Next> {
        if !ctx.requests.all_answered() {
            return Ok(Next::Need);
        }
        let state = std::mem::replace(&mut self.state, State::Made);
        let (state, next) = self.step(state, ctx).map_err(|error| error.or_at(self.span))?;
        self.state = state;
        Ok(next)
    }

    fn step(&mut self, state: State, ctx: &mut Context) -> Result<(State, Next)> {
        let resources = &mut ctx.requests;
        let ask =
            |resources: &mut Requests, uri: &str| resources.request(Resource::Model { uri: uri.to_owned() });
        Ok(match state {
            State::Named(path) => {
                let request = ask(resources, &path);
                (State::Asked(path, request), Next::Need)
            }
            State::Asked(path, request) => {
                let bytes = resources.take_bytes(request)?;
                let files = Model::external_data(&bytes, &self.options)?;
                let labels = self.options.labels_file().map(|file| ask(resources, file));
                let part = |file: String| {
                    let request = ask(resources, &beside(&path, &file));
                    (file, request)
                };
                let parts: Vec<_> = files.into_iter().map(part).collect();
                match labels.is_none() && parts.is_empty() {
                    true => (State::Fetched { bytes, parts: BTreeMap::new() }, Next::Ready),
                    false => (State::Fetching { bytes, labels, parts }, Next::Need),
                }
            }
            State::Fetching { bytes, labels, parts } => {
                if let Some(labels) = labels {
                    self.options.read_labels(&resources.take_bytes(labels)?)?;
                }
                let parts = parts.into_iter().map(|(file, request)| {
                    let content = resources.take_bytes(request).map_err(|error| missing(&file, &error))?;
                    Ok((file, content))
                });
                (State::Fetched { bytes, parts: parts.collect::<Result<_>>()? }, Next::Ready)
            }
            State::Fetched { bytes, parts } => {
                let load = || Model::load_parts(&bytes, &parts, &self.options, &ctx.env.limits);
                let model = timed(self.clock, load)?;
                self.declared.check(&model)?;
                (State::Made, Next::Made(Box::new(model)))
            }
            State::Known(model, labels) => {
                if let Some(labels) = labels {
                    self.options.read_labels(&resources.take_bytes(labels)?)?;
                }
                match self.options.labels_file() {
                    Some(file) => (State::Known(model, Some(ask(resources, file))), Next::Need),
                    None => (State::Made, Next::Made(Box::new(model.with_options(&self.options)?))),
                }
            }
            // The query ends with the model.
            State::Made => (State::Made, Next::Need),
        })
    }
}

fn missing(file: &str, error: &Error) -> Error {
    let why = &error.first().message;
    let message = format!("the model keeps weights in `{file}`, which cannot be read: {why}");
    Error::new(Code::ExternalDataMissing, message).hint("put the file beside the model")
}

/// A model that knows how long it took to load.
pub(super) fn timed(clock: Clock, load: impl FnOnce() -> Result<Model>) -> Result<Model> {
    let start = clock();
    let model = load()?;
    let seconds = (clock() - start) / 1e3;
    Ok(model.with_load_time(Duration::try_from_secs_f64(seconds).unwrap_or_default()))
}

/// The path of `file` in the folder of `path`, which may be an address with a query.
fn beside(path: &str, file: &str) -> String {
    let end = path.find(['?', '#']).unwrap_or(path.len());
    let folder = path.get(..end).and_then(|path| path.rfind('/')).map_or(0, |slash| slash + 1);
    format!("{}{file}", path.get(..folder).unwrap_or_default())
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
