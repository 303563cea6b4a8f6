//! CREATE MODEL over a file: requests the model's file, then those that its options name and that hold its weights, then loads it.
//! One of TensorFlow's formats is requested as the ONNX file that the host has made of it.

use super::listing::Listing;
use super::option_files::OptionFiles;
use super::{Job, JobContext, JobStep};
use crate::catalog::Registration;
use crate::control::{Progress, Stage};
use crate::diag::{Code, Error, Result, Span};
use crate::exec::{Requests, Resource};
use crate::model::{Model, ModelOptions, is_convertible};
use crate::plan::{CreateModel, Declared};
use crate::table::Object;

pub(super) struct CreateModelJob {
    name: String,
    path: String,
    path_span: Span,
    options: ModelOptions,
    declared: Declared,
    registration: Registration,
    /// The files that a path with `*` at its end names.
    folder: Option<Listing>,
    state: State,
}

enum State {
    Start,
    /// The model's file has been requested.
    FileRequested {
        file: u64,
    },
    /// The ONNX file that the host makes of the model's has been requested.
    ConversionRequested {
        file: u64,
    },
    /// The files of the options, and the files beside the model that hold its weights, have been requested.
    MoreRequested {
        bytes: Vec<u8>,
        option_files: Option<OptionFiles>,
        external_files: Vec<(String, u64)>,
    },
    /// All files have arrived.
    Fetched {
        bytes: Vec<u8>,
        external_files: Vec<(String, Vec<u8>)>,
    },
}

impl CreateModelJob {
    pub(super) fn new(create: CreateModel) -> Self {
        let CreateModel { name, path, path_span, options, declared, registration } = create;
        let is_listed = path.ends_with('*') && options.is_converted() != Some(true);
        let folder = is_listed.then(|| Listing::new(vec![path.clone()], path_span));
        Self { name, path, path_span, options, declared, registration, folder, state: State::Start }
    }

    fn advance(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let requests = &mut ctx.exec.requests;
        if !requests.all_answered() {
            return Ok(JobStep::Waiting(self));
        }
        match self.state {
            State::Start => {
                if let Some(folder) = &mut self.folder {
                    let Some(files) = folder.files(requests)? else { return Ok(JobStep::Waiting(self)) };
                    if self.options.is_converted().is_none() && is_converted_folder(&files) {
                        return self.request_conversion(ctx);
                    }
                    if let Some(tokenizer) = only_tokenizer(&files) {
                        self.options.find_tokenizer(tokenizer)?;
                    }
                    self.path = only_model(&self.path, files)?;
                    self.folder = None;
                } else if self.path.ends_with('*') {
                    return self.request_conversion(ctx);
                }
                self.state = State::FileRequested { file: request(requests, &self.path) };
                Ok(JobStep::Waiting(self))
            }
            State::FileRequested { file } => {
                let bytes = requests.take_bytes(file)?;
                if self.options.is_converted().unwrap_or_else(|| is_convertible(&bytes)) {
                    self.options.verify(&bytes)?;
                    self.options.forget_checksum();
                    return self.request_conversion(ctx);
                }
                self.request_more(bytes, ctx)
            }
            State::ConversionRequested { file } => {
                let bytes = requests.take_bytes(file)?;
                self.request_more(bytes, ctx)
            }
            State::MoreRequested { bytes, option_files, external_files } => {
                if let Some(files) = option_files {
                    files.read(requests, &mut self.options, &ctx.engine.shared.tokenizers)?;
                }
                let external_files = external_files.into_iter().map(|(file, request)| {
                    let content = requests.take_bytes(request).map_err(|error| missing(&file, &error))?;
                    Ok((file, content))
                });
                self.state = State::Fetched { bytes, external_files: external_files.collect::<Result<_>>()? };
                Ok(self.announce_compile(ctx))
            }
            State::Fetched { bytes, external_files } => {
                let engine = ctx.engine;
                let model =
                    engine.load(&bytes, &external_files, None, &self.options, &ctx.exec.env.limits)?;
                self.declared.check(&model)?;
                let (name, is_first) = (self.name, !self.registration.keep);
                let number = engine.catalog().put_model(&name, model, self.registration, ctx.now)?;
                Ok(JobStep::changed(if is_first {
                    format!("Successfully created model named {name}")
                } else {
                    format!("Successfully created version {number} of model named {name}")
                }))
            }
        }
    }

    /// Asks the host for the model as an ONNX file.
    fn request_conversion(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        if self.options.has_checksum() {
            let message = "`sha256` is the checksum of one file, and the model is a folder of them";
            return Err(
                Error::new(Code::InvalidOption, message).hint("leave it out, or give the folder as a zip")
            );
        }
        let (uri, signature) = (self.path.clone(), self.options.signature().map(str::to_owned));
        let file = ctx.exec.requests.request(Resource::Converted { uri, signature });
        self.state = State::ConversionRequested { file };
        Ok(JobStep::Waiting(self))
    }

    /// Asks for what is not in the model's file, `bytes`.
    fn request_more(mut self: Box<Self>, bytes: Vec<u8>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let requests = &mut ctx.exec.requests;
        let files = Model::external_data(&bytes, &self.options)?;
        let option_files = OptionFiles::request(requests, &self.options, &ctx.engine.shared.tokenizers);
        let external_files: Vec<_> = files
            .into_iter()
            .map(|file| {
                let request = request(requests, &beside(&self.path, &file));
                (file, request)
            })
            .collect();
        if option_files.is_none() && external_files.is_empty() {
            self.state = State::Fetched { bytes, external_files: Vec::new() };
            return Ok(self.announce_compile(ctx));
        }
        self.state = State::MoreRequested { bytes, option_files, external_files };
        Ok(JobStep::Waiting(self))
    }

    /// Reports that the next step may take a while.
    fn announce_compile(self: Box<Self>, ctx: &mut JobContext<'_>) -> JobStep {
        ctx.exec.progress = Some(Progress { stage: Stage::Compile, rows: 0, total: None });
        JobStep::Working(self)
    }
}

impl Job for CreateModelJob {
    fn stage(&self) -> Stage {
        match self.state {
            State::Fetched { .. } => Stage::Compile,
            State::Start
            | State::FileRequested { .. }
            | State::ConversionRequested { .. }
            | State::MoreRequested { .. } => Stage::Project,
        }
    }

    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let span = self.path_span;
        self.advance(ctx).map_err(|error| error.or_at(span))
    }
}

/// Whether the files are a SavedModel, or a file of TensorFlow Lite with others that belong to it.
fn is_converted_folder(files: &[Object]) -> bool {
    let has = |end: &str| files.iter().any(|file| file.uri.ends_with(end));
    files.iter().any(|file| file.uri.rsplit('/').next() == Some("saved_model.pb"))
        || has(".tflite") && !has(".onnx")
}

/// The tokenizer among the files of a folder.
fn only_tokenizer(files: &[Object]) -> Option<&str> {
    let mut found = files.iter().filter(|file| file.uri.rsplit('/').next() == Some("tokenizer.json"));
    found.next().filter(|_| found.next().is_none()).map(|file| file.uri.as_str())
}

/// The model among the files of a folder.
fn only_model(pattern: &str, files: Vec<Object>) -> Result<String> {
    let uris = files.into_iter().map(|file| file.uri);
    let (models, others): (Vec<_>, Vec<_>) =
        uris.partition(|uri| uri.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("onnx")));
    let candidates = if models.is_empty() { others } else { models };
    match candidates.as_slice() {
        [only] => Ok(only.clone()),
        several => {
            let names: Vec<_> = several.iter().map(|uri| format!("`{uri}`")).collect();
            Err(Error::new(Code::InvalidOption, format!("`{pattern}` names {} models", several.len()))
                .hint(format!("write the path of one of {}", names.join(", "))))
        }
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
