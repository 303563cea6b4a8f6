//! `ai.onnx` and `com.microsoft`: operators of networks that read sequences, over 32-bit floats.

mod activation;
mod einsum;
mod gather_blocks;
mod heads;
mod layer_norm;
mod mask;
mod packed;
mod rotary;
mod trilu;
mod whole;

pub(crate) use activation::activations;
pub(in crate::operators) use packed::{Packed, batched};
pub(in crate::operators) use whole::whole;

use super::{
    ChannelsLast, Context, Dim, Float, Operator, Pointwise, Registration, Rewrites, Rewritten, Shape,
    broadcast, matmul, only, own, position, resolve_axis,
};
use crate::tensor::{ElementType, Tensor};

pub(super) const STANDARD: &[Registration] = &[
    ("Cos", own::<activation::Elementwise>()),
    ("Einsum", own::<einsum::Einsum>()),
    ("Gelu", own::<activation::Elementwise>()),
    ("LayerNormalization", own::<layer_norm::LayerNorm>()),
    ("RMSNormalization", own::<layer_norm::LayerNorm>()),
    ("RotaryEmbedding", own::<rotary::Rotary>()),
    ("SimplifiedLayerNormalization", own::<layer_norm::LayerNorm>()),
    ("Sin", own::<activation::Elementwise>()),
    ("Trilu", own::<trilu::Trilu>()),
];

pub(super) const MICROSOFT: &[Registration] = &[
    ("BiasGelu", own::<activation::Elementwise>()),
    ("FastGelu", own::<activation::Elementwise>()),
    ("GatherBlockQuantized", own::<gather_blocks::GatherBlocks>()),
    ("Gelu", own::<activation::Elementwise>()),
    ("QuickGelu", own::<activation::Elementwise>()),
    ("RotaryEmbedding", own::<rotary::Rotary>()),
    ("SimplifiedLayerNormalization", own::<layer_norm::LayerNorm>()),
];

pub(super) const INTERNAL: &[Registration] = &[
    ("KeyMask", own::<mask::KeyMask>()),
    ("MaskBias", own::<mask::MaskBias>()),
    ("SideBySide", own::<heads::SideBySide>()),
];
