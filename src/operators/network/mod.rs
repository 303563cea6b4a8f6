//! The operators of networks, which only the full engine has: convolutions, recurrences, transformers, spectra, and what rearranges
//! tensors for them. They stand on those of [`standard`](super::standard) and know nothing of models on tables.

mod convolutional;
mod elementwise;
mod quantized;
mod random;
mod rearranging;
mod recurrent;
mod sampling;
mod signal;
pub(super) mod transformer;

use super::places::Places;
use super::standard::{Float, broadcast, layout, matmul, position, select};
use super::tensors::{only, open, resolve_axis, split_at_axis};
use super::{
    ChannelsLast, Context, Dim, Operator, Pointwise, Registration, Rewrites, Rewritten, Shape, own, rewrites,
};
use crate::onnx::names;

pub(super) use convolutional::Expansion;
pub(crate) use transformer::activations;

/// The operators, by domain.
pub(super) const DOMAINS: [(&str, &[Registration]); 12] = [
    (names::STANDARD, convolutional::OPERATORS),
    (names::STANDARD, elementwise::OPERATORS),
    (names::STANDARD, quantized::OPERATORS),
    (names::STANDARD, random::OPERATORS),
    (names::STANDARD, rearranging::OPERATORS),
    (names::STANDARD, recurrent::OPERATORS),
    (names::STANDARD, sampling::OPERATORS),
    (names::STANDARD, signal::OPERATORS),
    (names::STANDARD, transformer::STANDARD),
    (names::MICROSOFT, transformer::MICROSOFT),
    (names::INTERNAL, rearranging::INTERNAL),
    (names::INTERNAL, transformer::INTERNAL),
];
