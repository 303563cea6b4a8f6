//! TensorFlow Lite's files: a graph whose operators stand in the order in which they run, and weights that may be integers.

mod flatbuffer;
mod graph;
mod operators;
mod packed;
mod recurrent;
mod schema;
#[cfg(test)]
mod tests;

use prost::bytes::Bytes;

use crate::Options;
use crate::labels::Labels;
use crate::onnx;
use crate::refusal::{Reason, Refusal, Result};
use flatbuffer::File;
use graph::Walker;
use schema::{Model, Signature};

/// The signature that is served where no other one is asked for.
const DEFAULT_SIGNATURE: &str = "serving_default";

/// Whether the bytes are such a file.
pub(crate) fn is_lite(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"TFL3")
}

/// The model `bytes` of the file `name` as ONNX. `labels` are those that lie beside it.
pub(crate) fn convert(
    name: &str,
    bytes: &Bytes,
    labels: Option<Labels>,
    options: &Options,
) -> Result<Vec<u8>> {
    let file = File { name, bytes };
    let model = Model::read(&file)?;
    let signature = signature(&model, options.signature.as_deref())?;
    let mut walker = Walker::new(&model, signature.map_or(0, |signature| signature.graph))?;
    walker.translate(signature).map_err(|refusal| elsewhere(refusal, name))?;
    let mut graph = walker.graph;
    onnx::finish(&mut graph);
    let labels = match labels {
        Some(labels) => Some(labels),
        None => packed::labels(&model)?,
    };
    let labels = labels.filter(|labels| labels.fit(&graph));
    let about = onnx::About {
        producer_name: "TensorFlow Lite",
        producer_version: "",
        graph_name: signature.map_or("main", |signature| signature.key),
        model_type: "TENSORFLOW_LITE",
        labels: labels.as_ref().map(Labels::text),
    };
    Ok(onnx::write(&graph, &about))
}

/// The signature `wanted`, or the one that is served by default; none where the model has none.
fn signature<'m, 'a>(model: &'m Model<'a>, wanted: Option<&str>) -> Result<Option<&'m Signature<'a>>> {
    let named = |name: &str| model.signatures.iter().find(|signature| signature.key == name);
    let Some(wanted) = wanted else {
        let default = named(DEFAULT_SIGNATURE);
        return Ok(default.or_else(|| model.signatures.iter().find(|signature| signature.graph == 0)));
    };
    if let Some(signature) = named(wanted) {
        return Ok(Some(signature));
    }
    let refusal = Refusal::new(Reason::InvalidOption, format!("the model has no signature `{wanted}`"));
    let names: Vec<_> = model.signatures.iter().map(|signature| format!("`{}`", signature.key)).collect();
    Err(refusal.hint(match names.as_slice() {
        [] => "leave `signature` out: the model has none".to_owned(),
        names => format!("write signature = one of {}", names.join(", ")),
    }))
}

/// Says which command converts what is not converted here.
fn elsewhere(refusal: Refusal, name: &str) -> Refusal {
    if !matches!(refusal.reason, Reason::UnsupportedOperator | Reason::UnsupportedModelType) {
        return refusal;
    }
    refusal
        .or_hint(format!("convert it with `python -m tf2onnx.convert --tflite {name} --output model.onnx`"))
}
