//! `com.microsoft`: the operators of onnxruntime that scikit-learn's exporter writes for texts. They are documented in
//! onnxruntime's `docs/ContribOperators.md`.

mod murmur_hash;
mod tokenizer;

use super::tensors::{only, open};
use super::{Context, Operator, Registration, Shape, own};
use murmur_hash::MurmurHash3;
use tokenizer::Tokenizer;

pub(super) const OPERATORS: &[Registration] =
    &[("MurmurHash3", own::<MurmurHash3>()), ("Tokenizer", own::<Tokenizer>())];
