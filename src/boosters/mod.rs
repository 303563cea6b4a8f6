//! Models of other formats than ONNX: boosters, as XGBoost and LightGBM save them. Each becomes the ONNX file that an
//! exporter would have made of it, and goes the way of all ONNX files from there.

mod booster;
mod lightgbm;
mod xgboost;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::diag::{Code, Error, Result};
use crate::onnx::Format;

/// BigQuery's name for the output with the prediction.
pub(crate) const PREDICTED: &str = "predicted_label";

/// A file as ONNX, with the facts that ONNX does not hold.
pub(crate) struct Translated<'a> {
    pub(crate) onnx: Cow<'a, [u8]>,
    pub(crate) format: Format,
    /// The features of a booster: columns of their own, in this order.
    pub(crate) features: Option<Vec<String>>,
    /// The file's own metadata.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The file `bytes` as ONNX. Its format is `format`, or else what its content shows.
///
/// # Errors
/// `invalid-model`, `unsupported-model-type`.
pub(crate) fn translate(bytes: &[u8], format: Option<Format>) -> Result<Translated<'_>> {
    let format = format.unwrap_or_else(|| recognise(bytes));
    let booster = match format {
        Format::Onnx => {
            return Ok(Translated { onnx: bytes.into(), format, features: None, metadata: BTreeMap::new() });
        }
        Format::XgBoost => xgboost::read(bytes),
        Format::LightGbm => lightgbm::read(bytes),
    };
    let booster = booster.map_err(|error| error.context(format.name()))?;
    Ok(Translated {
        onnx: booster.onnx()?.into(),
        format,
        features: Some(booster.features),
        metadata: booster.metadata,
    })
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

fn invalid(what: &str) -> Error {
    Error::new(Code::InvalidModel, what)
}

fn unsupported(what: impl Into<String>) -> Error {
    Error::new(Code::UnsupportedModelType, what).hint("train without it, or export the model to ONNX")
}
