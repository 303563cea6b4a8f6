//! `com.microsoft`: the operators of onnxruntime that tract has. Those that scikit-learn's exporter writes are ours, what
//! onnxruntime's optimiser and quantiser write is in the templates. They are documented in onnxruntime's
//! `docs/ContribOperators.md`.

use super::Implementation::Tract;
use super::Registration;

pub(super) const OPERATORS: &[Registration] = &[
    ("BiasGelu", Tract),
    ("FastGelu", Tract),
    ("GatherBlockQuantized", Tract),
    ("Gelu", Tract),
    ("QuickGelu", Tract),
    ("RotaryEmbedding", Tract),
    ("SimplifiedLayerNormalization", Tract),
];
