//! Other files that are mistaken for ONNX models, recognised by their first bytes.

use super::fields;
use super::wire::{Content, Fields};

/// What the bytes are and what to do about it, where they are known not to be ONNX.
pub(super) fn recognise(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const PYTORCH: &str = "export the model to ONNX with `torch.onnx.export(model, example, \"model.onnx\")`";
    const TENSORFLOW: &str = "convert it with `python -m tf2onnx.convert`";
    const PICKLE: &str = "convert the model with `skl2onnx.to_onnx` or `torch.onnx.export`";
    const ADDRESS: &str = "check the address: the server answered with something else than the model";
    const UNPACK: &str = "unpack it first";
    let magic =
        |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|bytes| bytes.starts_with(magic));
    let holds = |needle: &[u8]| bytes.windows(needle.len()).take(1 << 16).any(|window| window == needle);
    let text = bytes.trim_ascii_start();
    let starts = |word: &[u8]| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    Some(match bytes {
        [] => ("empty", ADDRESS),
        _ if magic(4, b"TFL3") => {
            ("a TensorFlow Lite model", "convert it with `python -m tf2onnx.convert --tflite`")
        }
        _ if magic(4, b"ORTM") => {
            ("a model in onnxruntime's own ORT format", "use the ONNX file that it was made from")
        }
        _ if magic(0, b"PK\x03\x04") && holds(b"data.pkl") => ("a PyTorch model", PYTORCH),
        _ if magic(0, b"PK\x03\x04") => ("a zip archive", UNPACK),
        _ if magic(0, b"\x1f\x8b") => ("compressed with gzip", UNPACK),
        _ if magic(0, b"\x89HDF\r\n\x1a\n") => ("a Keras or other HDF5 file", TENSORFLOW),
        _ if magic(0, b"GGUF") => ("a GGUF model", "export the model to ONNX"),
        [0x80, 2..=5, ..] => ("a Python pickle", PICKLE),
        _ if magic(0, b"version https://git-lfs") => {
            ("a Git LFS pointer in place of the model", "fetch the file with `git lfs pull`")
        }
        _ if starts(b"<!doctype") || starts(b"<html") => ("an HTML page", ADDRESS),
        _ if starts(b"<?xml") => ("an XML file", ADDRESS),
        _ if magic(0, b"binf") => (
            "an XGBoost model in its old binary format",
            "save it anew: `booster.save_model(\"model.json\")`",
        ),
        _ if starts(b"{") && holds(b"learner") => ("an XGBoost model", "write model_type = 'XGBOOST'"),
        _ if magic(0, b"tree\n") => ("a LightGBM model", "write model_type = 'LIGHTGBM'"),
        _ if matches!(text, [b'{' | b'[', ..]) => ("a JSON text", ADDRESS),
        _ if magic(8, b"{\"") => ("a safetensors file", "export the model to ONNX: weights alone do not run"),
        _ if is_tensorflow(bytes) => ("a TensorFlow model", TENSORFLOW),
        _ => return None,
    })
}

/// Whether the bytes are of a format that the host converts: TensorFlow Lite's, a SavedModel's graph, or an archive that may hold one.
pub(crate) fn is_convertible(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"TFL3") || bytes.starts_with(b"PK\x03\x04") || is_tensorflow(bytes)
}

/// A SavedModel is a version and graphs with their metadata, a frozen graph a list of nodes: protocol buffers like ONNX,
/// but with TensorFlow's operators inside and no field where ONNX has its graph.
fn is_tensorflow(bytes: &[u8]) -> bool {
    let onnx_graph =
        |field: &(u64, Content<'_>)| field.0 == fields::model::GRAPH && matches!(field.1, Content::Bytes(_));
    let operators: [&[u8]; 4] = [b"\x0bPlaceholder", b"\x0aVarHandleOp", b"\x05Const", b"serve"];
    let head = bytes.get(..1 << 16).unwrap_or(bytes);
    !Fields::new(bytes).map_while(Result::ok).any(|field| onnx_graph(&field))
        && matches!(bytes, [0x08, 0x01, 0x12, ..] | [0x0a, _, 0x0a, ..])
        && operators.iter().any(|name| head.windows(name.len()).any(|window| window == *name))
}
