//! `ai.onnx`: functions of every element that files of the full engine use: of angles, of bits, and further activations.

mod bits;
mod curve;
mod p_relu;

use super::{ChannelsLast, Context, Operator, Registration, Rewrites, Shape, broadcast, only, own};

pub(super) const OPERATORS: &[Registration] = &[
    ("Acos", own::<curve::Curve>()),
    ("Acosh", own::<curve::Curve>()),
    ("Asin", own::<curve::Curve>()),
    ("Asinh", own::<curve::Curve>()),
    ("Atan", own::<curve::Curve>()),
    ("Atanh", own::<curve::Curve>()),
    ("BitShift", own::<bits::Bits>()),
    ("BitwiseAnd", own::<bits::Bits>()),
    ("BitwiseNot", own::<bits::Bits>()),
    ("BitwiseOr", own::<bits::Bits>()),
    ("BitwiseXor", own::<bits::Bits>()),
    ("Cosh", own::<curve::Curve>()),
    ("Mish", own::<curve::Curve>()),
    ("PRelu", own::<p_relu::PRelu>()),
    ("ParametricSoftplus", own::<curve::Curve>()),
    ("Rsqrt", own::<curve::Curve>()),
    ("ScaledTanh", own::<curve::Curve>()),
    ("Shrink", own::<curve::Curve>()),
    ("Sinh", own::<curve::Curve>()),
    ("Tan", own::<curve::Curve>()),
    ("ThresholdedRelu", own::<curve::Curve>()),
];
