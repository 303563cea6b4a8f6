//! The operators that run: tract's, and ours where tract has none or a slow one.

use tract_onnx::Onnx;
use tract_onnx::model::OnnxOpRegister;

/// Operators of `ai.onnx.ml`. tract looks operators up by name alone, so that each name's domain is written down.
const ML: &[&str] = &[
    "ArrayFeatureExtractor",
    "CategoryMapper",
    "LinearClassifier",
    "LinearRegressor",
    "Normalizer",
    "TreeEnsembleClassifier",
];

/// onnxruntime's own operators, domain `com.microsoft`.
const MICROSOFT: &[&str] = &[
    "BiasGelu",
    "FastGelu",
    "GatherBlockQuantized",
    "Gelu",
    "MatMulNBits",
    "QuickGelu",
    "RotaryEmbedding",
    "SimplifiedLayerNormalization",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
];

/// Names of [`MICROSOFT`] that are standard operators as well.
const SHARED: &[&str] = &["Gelu", "RotaryEmbedding", "SimplifiedLayerNormalization"];

/// tract's ONNX reader with our operators.
pub(super) fn onnx() -> Onnx {
    tract_onnx::onnx()
}

/// Whether operator `name` of `domain` runs.
pub(super) fn runs(register: &OnnxOpRegister, domain: &str, name: &str) -> bool {
    let in_domain = match domain {
        "ai.onnx" => !ML.contains(&name) && (!MICROSOFT.contains(&name) || SHARED.contains(&name)),
        "ai.onnx.ml" => ML.contains(&name),
        "com.microsoft" => MICROSOFT.contains(&name),
        _ => false,
    };
    in_domain && register.0.contains_key(name)
}
