//! CREATE MODEL, step by step: the model's file, the files beside it that it names, then the graph.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::control::Clock;
use crate::diag::{Result, Span};
use crate::exec::{Context, Resource};
use crate::model::{Model, ModelOptions};

/// A model on its way into the catalog.
pub(super) struct Creation {
    pub(super) name: String,
    path: String,
    span: Span,
    options: ModelOptions,
    state: State,
}

enum State {
    Named,
    /// Its file was asked for.
    Asked(u64),
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
}

/// What a step led to.
pub(super) enum Next {
    /// Requests are open.
    Need,
    /// The next step loads the graph.
    Ready,
    Loaded(Model),
}

impl Creation {
    pub(super) fn new(name: String, path: String, span: Span, options: ModelOptions) -> Self {
        Self { name, path, span, options, state: State::Named }
    }

    /// Whether everything is there and the next step takes its time.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.state, State::Fetched { .. })
    }

    /// Does the next step; with requests open, there is none.
    pub(super) fn advance(&mut self, ctx: &mut Context, clock: Clock) -> Result<Next> {
        self.step(ctx, clock).map_err(|error| error.or_at(self.span))
    }

    fn step(&mut self, ctx: &mut Context, clock: Clock) -> Result<Next> {
        if !ctx.resources.is_complete() {
            return Ok(Next::Need);
        }
        let next;
        (self.state, next) = match std::mem::replace(&mut self.state, State::Named) {
            State::Named => {
                let request = ctx.resources.request(Resource::Model { uri: self.path.clone() });
                (State::Asked(request), Next::Need)
            }
            State::Asked(request) => {
                let bytes = ctx.resources.take_bytes(request)?;
                let files = Model::external_data(&bytes, &self.options)?;
                let mut ask = |uri| ctx.resources.request(Resource::Model { uri });
                let labels = self.options.labels_file().map(|path| ask(path.to_owned()));
                let parts: Vec<_> =
                    files.into_iter().map(|file| (file.clone(), ask(beside(&self.path, &file)))).collect();
                match labels.is_none() && parts.is_empty() {
                    true => (State::Fetched { bytes, parts: BTreeMap::new() }, Next::Ready),
                    false => (State::Fetching { bytes, labels, parts }, Next::Need),
                }
            }
            State::Fetching { bytes, labels, parts } => {
                if let Some(labels) = labels {
                    let labels = ctx.resources.take_bytes(labels)?;
                    self.options.read_labels(&labels)?;
                }
                let parts = parts.into_iter().map(|(file, request)| {
                    let content = ctx.resources.take_bytes(request);
                    let content = content.map_err(|error| error.context(format_args!("`{file}`")))?;
                    Ok((file, content))
                });
                (State::Fetched { bytes, parts: parts.collect::<Result<_>>()? }, Next::Ready)
            }
            State::Fetched { bytes, parts } => {
                let model =
                    timed(clock, || Model::load_parts(&bytes, &parts, &self.options, &ctx.env.limits))?;
                (State::Named, Next::Loaded(model))
            }
        };
        Ok(next)
    }
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
