//! `ai.onnx`: the operators of the standard that tract lacks or gets wrong; all others are tract's.

mod affine_grid;
mod bilinear;
mod cast;
mod col2im;
mod deform_conv;
mod det;
mod dims_to_ints;
mod r#if;
mod r#loop;
mod max_unpool;
mod non_zero;
mod one_hot;
mod random;
mod recurrent;
mod reverse_sequence;
mod roi_align;
mod scatter;
mod tensor_scatter;
mod unique;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::infer::InferenceOp;
use tract_onnx::tract_hir::internal::{TractResult, bail};

use super::attributes::list_or_empty;
use super::tensors::{elements, from_floats, gather, input, lengths, resolve_axis, split_at_axis};
use super::{Implementation, Operator, Registration, Shape, own};
use Implementation::{Built, Tract};

pub(super) const OPERATORS: &[Registration] = &[
    ("AffineGrid", own::<affine_grid::AffineGrid>()),
    ("Cast", Built(cast::cast)),
    ("CastLike", Built(cast::cast_like)),
    ("Col2Im", own::<col2im::Col2Im>()),
    ("DeformConv", own::<deform_conv::DeformConv>()),
    ("Det", own::<det::Det>()),
    ("GRU", own::<recurrent::Gru>()),
    ("If", Built(r#if::build)),
    ("LSTM", own::<recurrent::Lstm>()),
    ("Loop", own::<r#loop::Loop>()),
    ("MaxUnpool", own::<max_unpool::MaxUnpool>()),
    ("OneHot", own::<one_hot::OneHot>()),
    ("RNN", own::<recurrent::Rnn>()),
    ("RandomNormalLike", own::<random::RandomLike>()),
    ("RandomUniformLike", own::<random::RandomLike>()),
    ("ReverseSequence", own::<reverse_sequence::ReverseSequence>()),
    ("RoiAlign", own::<roi_align::RoiAlign>()),
    ("Scatter", own::<scatter::ScatterElements>()),
    ("ScatterElements", own::<scatter::ScatterElements>()),
    ("ScatterND", own::<scatter::ScatterNd>()),
    ("TensorScatter", own::<tensor_scatter::TensorScatter>()),
    ("Unique", own::<unique::Unique>()),
    // tract's, which other domains have as well.
    ("Gelu", Tract),
    ("RotaryEmbedding", Tract),
    ("SimplifiedLayerNormalization", Tract),
];

/// The operators that only templates use, beside the standard's.
pub(super) const INTERNAL: &[Registration] = &[
    ("DimsToInts", own::<dims_to_ints::DimsToInts>()),
    ("NonZero", Built(non_zero::build)),
    ("Resize", Built(resize_10)),
];

/// `Resize` as ai.onnx 10 had it, whatever the version of the model: templates of older operators need it.
fn resize_10(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let ctx = ParsingContext { onnx_operator_set_version: 10, ..ctx.clone() };
    // Operators are built by their names.
    let node = &NodeProto { op_type: "Resize".into(), ..node.clone() };
    match ctx.framework.op_register.0.get(&node.op_type) {
        Some(resize) => resize(&ctx, node),
        None => bail!("tract has no `Resize`"),
    }
}
