//! `com.microsoft`: the operators of onnxruntime that scikit-learn's exporter writes for texts, and those that tract has.
//! What onnxruntime's optimiser and quantiser write is in the templates. They are documented in onnxruntime's
//! `docs/ContribOperators.md`.

mod murmur_hash;
mod tokenizer;

use super::attributes::list_or_empty;
use super::tensors::only;
use super::{Implementation, Operator, Registration, Shape, own};
use Implementation::Tract;
use murmur_hash::MurmurHash3;
use tokenizer::Tokenizer;

pub(super) const OPERATORS: &[Registration] = &[
    ("BiasGelu", Tract),
    ("FastGelu", Tract),
    ("GatherBlockQuantized", Tract),
    ("Gelu", Tract),
    ("MurmurHash3", own::<MurmurHash3>()),
    ("QuickGelu", Tract),
    ("RotaryEmbedding", Tract),
    ("SimplifiedLayerNormalization", Tract),
    ("SkipLayerNormalization", Tract),
    ("Tokenizer", own::<Tokenizer>()),
];
