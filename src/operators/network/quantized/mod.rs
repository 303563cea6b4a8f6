//! `ai.onnx`: values of a few bits, and products of them. What has scales is computed in floats that hold whole numbers: exactly
//! below 2^24, up to the last step.

mod integer;
mod linear;

use super::{
    ChannelsLast, Context, Dim, Operator, Pointwise, Registration, Rewrites, Rewritten, Shape, broadcast,
    own, resolve_axis, split_at_axis,
};
use crate::tensor::{ElementType, Tensor};

pub(super) const OPERATORS: &[Registration] = &[
    ("DequantizeLinear", own::<linear::Dequantize>()),
    ("DynamicQuantizeLinear", own::<linear::DynamicQuantize>()),
    ("MatMulInteger", own::<integer::MatMulInteger>()),
    ("QuantizeLinear", own::<linear::Quantize>()),
];
