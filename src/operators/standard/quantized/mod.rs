//! `ai.onnx`: values of a few bits, and products of them. What has scales is computed in floats that hold whole numbers: exactly
//! below 2^24, up to the last step.

mod integer;
mod linear;

use super::{
    ChannelsLast, Context, Dim, Operator, Pointwise, Registration, Rewrites, Rewritten, Shape, broadcast,
    own, resolve_axis, split_at_axis,
};
use crate::tensor::{ElementType, Tensor};

pub(in crate::operators) const STANDARD: &[Registration] = &[
    ("DequantizeLinear", own::<linear::Dequantize>()),
    ("DynamicQuantizeLinear", own::<linear::DynamicQuantize>()),
    ("MatMulInteger", own::<integer::MatMulInteger>()),
    ("QuantizeLinear", own::<linear::Quantize>()),
];

/// Of templates, which give scales that are computed, or belong to blocks, too.
pub(in crate::operators) const INTERNAL: &[Registration] =
    &[("DequantizeLinear", own::<linear::Dequantize>()), ("QuantizeLinear", own::<linear::Quantize>())];
