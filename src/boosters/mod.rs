//! Models of other formats than ONNX: boosters, as XGBoost and LightGBM save them. Each becomes the ONNX file that an
//! exporter would have made of it, and goes the way of all ONNX files from there.

mod booster;
mod lightgbm;
mod xgboost;

use litemap::LiteMap;
use std::borrow::Cow;

use crate::diag::{Code, Error, Result};
use crate::limits::BOOSTER_COUNT;
use crate::onnx::Format;
use booster::{Categories, Feature};

/// BigQuery's name for the output with the prediction.
pub(crate) const PREDICTED: &str = "predicted_label";

/// A file as ONNX, with the facts that ONNX does not hold.
pub(crate) struct Translated<'a> {
    pub(crate) onnx: Cow<'a, [u8]>,
    pub(crate) format: Format,
    pub(crate) features: Option<Features>,
    /// The file's own metadata.
    pub(crate) metadata: LiteMap<String, String>,
}

/// The features of a booster, each of which is a column.
#[derive(Clone)]
pub(crate) enum Features {
    /// They make up the one input of the graph, in this order.
    Packed(Vec<String>),
    /// Each is an input of its own. These take texts, in which [`MISSING_TEXT`] stands for a missing value.
    Apart { texts: Vec<String> },
}

/// The missing value of a text. No file has a text with this character.
pub(crate) const MISSING_TEXT: &str = "\0";

/// The file `bytes` as ONNX. Its format is `format`, or else what its content shows.
///
/// # Errors
/// `invalid-model`, `unsupported-model-type`.
pub(crate) fn translate(bytes: &[u8], format: Option<Format>) -> Result<Translated<'_>> {
    let format = format.unwrap_or_else(|| recognise(bytes));
    let booster = match format {
        // A host has converted what comes of TensorFlow.
        Format::Onnx | Format::TensorFlow | Format::TensorFlowLite => {
            let format = Format::Onnx;
            return Ok(Translated { onnx: bytes.into(), format, features: None, metadata: LiteMap::new() });
        }
        Format::XgBoost => xgboost::read(bytes),
        Format::LightGbm => lightgbm::read(bytes),
    };
    let booster = booster.map_err(|error| error.context(format.name()))?;
    let onnx = booster.onnx()?.into();
    let is_packed = booster.is_packed();
    let takes_texts = |feature: &Feature| matches!(feature.categories, Some(Categories::Texts(_)));
    let names = booster.features.into_iter().filter(|feature| is_packed || takes_texts(feature));
    let names = names.map(|feature| feature.name).collect();
    let features = if is_packed { Features::Packed(names) } else { Features::Apart { texts: names } };
    Ok(Translated { onnx, format, features: Some(features), metadata: booster.metadata })
}

fn recognise(bytes: &[u8]) -> Format {
    let head = bytes.get(..64).unwrap_or(bytes).trim_ascii_start();
    let names_learner = || head.windows(7).any(|window| window == b"learner");
    match head {
        [b'{', ..] if names_learner() => Format::XgBoost,
        _ if head.starts_with(b"tree\n") || head.starts_with(b"tree\r\n") => Format::LightGbm,
        _ => Format::Onnx,
    }
}

/// A number of features or classes that a file states, for each of which something is made.
fn stated(name: &str, count: usize) -> Result<usize> {
    if count <= BOOSTER_COUNT {
        return Ok(count);
    }
    let message = format!("expected at most {BOOSTER_COUNT} in `{name}`, found {count}");
    Err(Error::new(Code::LimitExceeded, message))
}

fn invalid(what: &str) -> Error {
    Error::new(Code::InvalidModel, what)
}

fn unsupported(what: impl Into<String>) -> Error {
    Error::new(Code::UnsupportedModelType, what).hint("train without it, or export the model to ONNX")
}
