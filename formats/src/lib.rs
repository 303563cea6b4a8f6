//! TensorFlow's models as ONNX files: bytes of files in, the bytes of one file out.
//!
//! In the browser it is a WebAssembly module of its own, which is fetched when the first such model comes. It knows neither
//! SQL nor the engine, and needs no Arrow.

mod constant;
mod files;
mod labels;
mod lite;
#[cfg(all(feature = "module", target_family = "wasm"))]
mod module;
mod onnx;
mod refusal;
mod tensorflow;
#[cfg(test)]
mod tests;

pub use refusal::{Reason, Refusal};

use files::Files;
use labels::Labels;

/// What is to be converted of a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The signature of a SavedModel; without it the one that is served by default.
    pub signature: Option<String>,
}

/// The ONNX file of a model: of a SavedModel's folder, whose files come with their paths, of a frozen graph, or of a file of
/// TensorFlow Lite's. `labels.txt` beside a model names its classes.
///
/// # Errors
/// A [`Refusal`], which names the file and the place in it, or the operator, its node and the signature.
pub fn convert(files: Vec<(String, Vec<u8>)>, options: &Options) -> Result<Vec<u8>, Refusal> {
    let files = Files::new(files);
    let labels = Labels::beside(&files)?;
    if let Some((path, bytes)) = files.get("saved_model.pb") {
        return tensorflow::convert(path, bytes.clone(), &files, labels, options);
    }
    if let [(path, bytes)] = files.models().as_slice() {
        if lite::is_lite(bytes) {
            return lite::convert(path, bytes, labels, options);
        }
        // A SavedModel's file, whatever it is called, begins with its version.
        if bytes.starts_with(&[8, 1, 18]) {
            return tensorflow::convert(path, (*bytes).clone(), &files, labels, options);
        }
        return tensorflow::convert_frozen(path, (*bytes).clone(), &files, labels);
    }
    let paths: Vec<_> = files.paths().take(10).map(|path| format!("`{path}`")).collect();
    let message = format!(
        "expected a SavedModel, which has a file `saved_model.pb`, or one file of TensorFlow Lite's; found {}",
        paths.join(", ")
    );
    Err(Refusal::new(Reason::UnsupportedModelType, message)
        .hint("save the model with `model.export(folder)`, and bring all files of the folder"))
}
