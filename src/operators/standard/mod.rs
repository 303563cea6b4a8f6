//! `ai.onnx`: the operators of the standard that tract lacks or gets wrong; all others are tract's.

mod cast;
mod det;
mod gather_nd;
mod r#if;
mod r#loop;
mod mask_bias;
mod non_zero;
mod numbers;
mod one_hot;
mod quantize;
mod random;
mod rearrange;
mod recurrent;
mod sampling;
mod scatter;
mod strings;
mod tf_idf;
mod top_k;
mod values;
mod windows;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::infer::InferenceOp;
use tract_onnx::tract_hir::internal::{TractResult, bail};

use super::{Entry, Maker, Operator, Shape, own, whole};
use Maker::{Built, Tract};

pub(super) const OPERATORS: &[Entry] = &[
    ("AffineGrid", own::<sampling::AffineGrid>()),
    ("Cast", Built(cast::cast)),
    ("CastLike", Built(cast::cast_like)),
    ("Col2Im", own::<windows::Col2Im>()),
    ("DeformConv", own::<sampling::DeformConv>()),
    ("Det", own::<det::Det>()),
    ("GatherND", own::<gather_nd::GatherNd>()),
    ("GRU", own::<recurrent::Gru>()),
    ("If", Built(r#if::build)),
    ("LSTM", own::<recurrent::Lstm>()),
    ("Loop", own::<r#loop::Loop>()),
    ("MaxUnpool", own::<windows::MaxUnpool>()),
    ("OneHot", own::<one_hot::OneHot>()),
    ("RNN", own::<recurrent::Rnn>()),
    ("RandomNormalLike", own::<random::RandomLike>()),
    ("RandomUniformLike", own::<random::RandomLike>()),
    ("RegexFullMatch", own::<strings::RegexFullMatch>()),
    ("ReverseSequence", own::<rearrange::ReverseSequence>()),
    ("RoiAlign", own::<sampling::RoiAlign>()),
    ("Scatter", own::<scatter::ScatterElements>()),
    ("ScatterElements", own::<scatter::ScatterElements>()),
    ("ScatterND", own::<scatter::ScatterNd>()),
    ("StringConcat", own::<strings::StringConcat>()),
    ("StringNormalizer", own::<strings::StringNormalizer>()),
    ("StringSplit", own::<strings::StringSplit>()),
    ("TensorScatter", own::<rearrange::TensorScatter>()),
    ("TfIdfVectorizer", own::<tf_idf::TfIdfVectorizer>()),
    ("TopK", own::<top_k::TopK>()),
    ("Unique", own::<rearrange::Unique>()),
    // Those that tract has and another domain has as well.
    ("Gelu", Tract),
    ("RotaryEmbedding", Tract),
    ("SimplifiedLayerNormalization", Tract),
];

/// What bodies are written in beside the standard's operators.
pub(super) const INTERNAL: &[Entry] = &[
    ("DequantizeLinear", own::<quantize::Dequantize>()),
    ("MaskBias", own::<mask_bias::MaskBias>()),
    ("NonZero", Built(non_zero::build)),
    ("Numbers", own::<numbers::Numbers>()),
    ("QuantizeLinear", own::<quantize::Quantize>()),
    ("Resize", Built(resize_10)),
];

/// Resize as version 10 had it, whatever the version of the model.
fn resize_10(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let ctx = ParsingContext { onnx_operator_set_version: 10, ..ctx.clone() };
    match ctx.framework.op_register.0.get("Resize") {
        Some(resize) => resize(&ctx, node),
        None => bail!("there is no Resize"),
    }
}
