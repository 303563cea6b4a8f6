//! `ai.onnx`: what is done with signals. Spectra are computed in double precision.

mod mel;
mod spectrum;

use super::{Context, Dim, Operator, Places, Registration, Shape, open, own, resolve_axis, split_at_axis};
use crate::tensor::Tensor;

use anyhow::{Context as _, Result};

pub(super) const OPERATORS: &[Registration] = &[
    ("DFT", own::<spectrum::Dft>()),
    ("MelWeightMatrix", own::<mel::MelWeightMatrix>()),
    ("STFT", own::<spectrum::Stft>()),
];

/// The only whole number of a tensor.
fn number(tensor: &Tensor) -> Result<i64> {
    let numbers = tensor.to_vec::<i64>()?;
    numbers.first().copied().filter(|_| numbers.len() == 1).context("expected a number")
}
