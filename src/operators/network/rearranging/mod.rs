//! `ai.onnx`: operators of the full engine that put elements elsewhere or mark positions; and determinants.

mod aligned;
mod blocks;
mod det;
mod dropout;
mod eye_like;
mod one_hot;
mod reverse_sequence;
mod sequences;
mod tensor_scatter;
mod unique;

use super::select::Scatter;
use super::{
    Context, Dim, Operator, Registration, Shape, layout, only, open, own, resolve_axis, split_at_axis,
};

pub(super) const OPERATORS: &[Registration] = &[
    ("ConcatFromSequence", own::<sequences::Sequence>()),
    ("DepthToSpace", own::<blocks::Blocks>()),
    ("Det", own::<det::Det>()),
    ("EyeLike", own::<eye_like::EyeLike>()),
    ("OneHot", own::<one_hot::OneHot>()),
    ("ReverseSequence", own::<reverse_sequence::ReverseSequence>()),
    ("Scatter", own::<Scatter>()),
    ("SequenceAt", own::<sequences::Sequence>()),
    ("SequenceConstruct", own::<sequences::Sequence>()),
    ("SequenceEmpty", own::<sequences::Sequence>()),
    ("SequenceErase", own::<sequences::Sequence>()),
    ("SequenceInsert", own::<sequences::Sequence>()),
    ("SequenceLength", own::<sequences::Sequence>()),
    ("SpaceToDepth", own::<blocks::Blocks>()),
    ("SplitToSequence", own::<sequences::Sequence>()),
    ("TensorScatter", own::<tensor_scatter::TensorScatter>()),
    ("Unique", own::<unique::Unique>()),
];

/// What templates use.
pub(super) const INTERNAL: &[Registration] =
    &[("Aligned", own::<aligned::Aligned>()), ("Dropout", own::<dropout::Dropout>())];
