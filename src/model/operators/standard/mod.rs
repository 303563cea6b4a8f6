//! `ai.onnx`: the operators of the standard that tract lacks or gets wrong; all others are tract's.

use super::{Entry, Maker};

pub(super) const OPERATORS: &[Entry] = &[
    // Those that tract has and another domain has as well.
    ("Gelu", Maker::Tract),
    ("RotaryEmbedding", Maker::Tract),
    ("SimplifiedLayerNormalization", Maker::Tract),
];
