//! `com.microsoft`: what onnxruntime's offline optimiser and quantiser write.

use super::{Entry, Maker};

pub(super) const OPERATORS: &[Entry] = &[
    ("BiasGelu", Maker::Tract),
    ("FastGelu", Maker::Tract),
    ("GatherBlockQuantized", Maker::Tract),
    ("Gelu", Maker::Tract),
    ("MatMulNBits", Maker::Tract),
    ("QuickGelu", Maker::Tract),
    ("RotaryEmbedding", Maker::Tract),
    ("SimplifiedLayerNormalization", Maker::Tract),
    ("SkipLayerNormalization", Maker::Tract),
    ("SkipSimplifiedLayerNormalization", Maker::Tract),
];
