//! `ai.onnx`: the operators of the standard that tract lacks or gets wrong; all others are tract's.

mod branch;
mod det;
mod functions;
mod mask_bias;
mod numbers;
mod quantize;
mod random;
mod rearrange;
mod repeat;
mod sampling;
mod strings;
mod tf_idf;
mod values;
mod windows;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::infer::InferenceOp;
use tract_onnx::tract_hir::internal::{TractResult, bail};

use super::body::Call;
use super::{Entry, Maker, Operator, Shape, own, whole};
use Maker::{Built, Tract, Written};

pub(super) const OPERATORS: &[Entry] = &[
    ("AffineGrid", own::<sampling::AffineGrid>()),
    ("Attention", Written(functions::attention)),
    ("Bernoulli", Written(functions::bernoulli)),
    ("CenterCropPad", Written(functions::center_crop_pad)),
    ("Col2Im", own::<windows::Col2Im>()),
    ("Compress", Written(functions::compress)),
    (
        "CumSum",
        Written(|_| Ok("x axis -> y\nnumbers = predictql.Numbers x\ny = tract.CumSum numbers axis *".into())),
    ),
    ("DeformConv", own::<sampling::DeformConv>()),
    ("DequantizeLinear", Written(functions::dequantize_linear)),
    ("Det", own::<det::Det>()),
    ("Gemm", Written(functions::gemm)),
    ("If", Built(branch::branch)),
    ("Loop", own::<repeat::Loop>()),
    ("LpNormalization", Written(functions::lp_normalization)),
    ("LpPool", Written(functions::lp_pool)),
    ("MaxUnpool", own::<windows::MaxUnpool>()),
    ("NegativeLogLikelihoodLoss", Written(functions::negative_log_likelihood_loss)),
    ("OptionalGetElement", Written(functions::optional_get_element)),
    ("OptionalHasElement", Written(functions::optional_has_element)),
    ("PRelu", Written(functions::p_relu)),
    ("Pad", Written(functions::pad)),
    ("QLinearMatMul", Written(functions::q_linear_mat_mul)),
    ("QuantizeLinear", Written(functions::quantize_linear)),
    ("RandomNormalLike", own::<random::RandomLike>()),
    ("RandomUniformLike", own::<random::RandomLike>()),
    ("RegexFullMatch", own::<strings::RegexFullMatch>()),
    ("ReverseSequence", own::<rearrange::ReverseSequence>()),
    ("RoiAlign", own::<sampling::RoiAlign>()),
    ("SoftmaxCrossEntropyLoss", Written(functions::softmax_cross_entropy_loss)),
    ("StringConcat", own::<strings::StringConcat>()),
    ("StringNormalizer", own::<strings::StringNormalizer>()),
    ("StringSplit", own::<strings::StringSplit>()),
    ("TensorScatter", own::<rearrange::TensorScatter>()),
    ("TfIdfVectorizer", own::<tf_idf::TfIdfVectorizer>()),
    ("Unique", own::<rearrange::Unique>()),
    ("Upsample", Written(functions::upsample)),
    // Those that tract has and another domain has as well.
    ("Gelu", Tract),
    ("RotaryEmbedding", Tract),
    ("SimplifiedLayerNormalization", Tract),
];

/// What bodies are written in beside the standard's operators.
pub(super) const INTERNAL: &[Entry] = &[
    ("DequantizeLinear", own::<quantize::Dequantize>()),
    ("MaskBias", own::<mask_bias::MaskBias>()),
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
