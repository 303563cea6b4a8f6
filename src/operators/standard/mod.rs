//! `ai.onnx`: first those operators of the standard that exporters of models on tables put around those of ai.onnx.ml, which both
//! engines have; then, by the networks that use them, those of the full engine.

mod binary;
mod broadcast;
mod cast;
#[cfg(feature = "full")]
mod convolutional;
#[cfg(feature = "full")]
mod elementwise;
mod layout;
mod matmul;
mod nd;
#[cfg(feature = "full")]
mod quantized;
#[cfg(feature = "full")]
mod random;
#[cfg(feature = "full")]
mod rearranging;
#[cfg(feature = "full")]
mod recurrent;
mod reduce;
#[cfg(feature = "full")]
mod sampling;
mod scatter;
mod select;
#[cfg(feature = "full")]
mod signal;
mod strings;
mod tf_idf;
mod top_k;
#[cfg(feature = "full")]
mod transformer;
mod unary;

use super::tensors::{only, open, resolve_axis, split_at_axis};
#[cfg(feature = "full")]
use super::{ChannelsLast, Pointwise, Rewrites, Rewritten, places::Places, rewrites};
use super::{Columns, Context, Dim, Operator, Registration, Shape, own};
#[cfg(feature = "full")]
pub(super) use convolutional::OPERATORS as CONVOLUTIONAL;
#[cfg(feature = "full")]
pub(super) use elementwise::OPERATORS as ELEMENTWISE;
#[cfg(feature = "full")]
pub(crate) use layout::Transpose;
#[cfg(feature = "full")]
pub(super) use quantized::OPERATORS as QUANTIZED;
#[cfg(feature = "full")]
pub(super) use random::OPERATORS as RANDOM;
#[cfg(feature = "full")]
pub(super) use rearranging::{INTERNAL as REARRANGING_INTERNAL, OPERATORS as REARRANGING};
#[cfg(feature = "full")]
pub(super) use recurrent::OPERATORS as RECURRENT;
#[cfg(feature = "full")]
pub(super) use sampling::OPERATORS as SAMPLING;
#[cfg(feature = "full")]
use select::position;
#[cfg(feature = "full")]
pub(super) use signal::OPERATORS as SIGNAL;
#[cfg(feature = "full")]
pub(crate) use transformer::activations;
#[cfg(feature = "full")]
pub(super) use transformer::{
    INTERNAL as TRANSFORMER_INTERNAL, MICROSOFT as TRANSFORMER_MICROSOFT, STANDARD as TRANSFORMER,
};

use binary::{Binary, Clip, Compare, Logic, Pow, Test, Where};
use cast::Cast;
#[cfg(not(feature = "full"))]
use layout::Transpose;
use layout::{Concat, Measure, Repeat, Reshape, Slice, Split};
use matmul::MatMul;
use reduce::{ArgExtreme, CumSum, Reduce, Softmax};
use select::{Compress, ConstantOfShape, Gather, GatherElements, NonZero, Range, Scatter};
#[cfg(feature = "full")]
use unary::Float;
use unary::Unary;

pub(super) const OPERATORS: &[Registration] = &[
    ("Abs", own::<Unary>()),
    ("Add", own::<Binary>()),
    ("And", own::<Logic>()),
    ("ArgMax", own::<ArgExtreme>()),
    ("ArgMin", own::<ArgExtreme>()),
    ("Cast", own::<Cast>()),
    ("CastLike", own::<Cast>()),
    ("Ceil", own::<Unary>()),
    ("Clip", own::<Clip>()),
    ("Compress", own::<Compress>()),
    ("Concat", own::<Concat>()),
    ("ConstantOfShape", own::<ConstantOfShape>()),
    ("CumSum", own::<CumSum>()),
    ("Div", own::<Binary>()),
    ("Dropout", own::<Reshape>()),
    ("Elu", own::<Unary>()),
    ("Equal", own::<Compare>()),
    ("Erf", own::<Unary>()),
    ("Exp", own::<Unary>()),
    ("Expand", own::<Repeat>()),
    ("Flatten", own::<Reshape>()),
    ("Floor", own::<Unary>()),
    ("Gather", own::<Gather>()),
    ("GatherElements", own::<GatherElements>()),
    ("GatherND", own::<nd::GatherNd>()),
    ("Gemm", own::<MatMul>()),
    ("Greater", own::<Compare>()),
    ("GreaterOrEqual", own::<Compare>()),
    ("HardSigmoid", own::<Unary>()),
    ("HardSwish", own::<Unary>()),
    ("Identity", own::<Reshape>()),
    ("IsInf", own::<Test>()),
    ("IsNaN", own::<Test>()),
    ("LeakyRelu", own::<Unary>()),
    ("Less", own::<Compare>()),
    ("LessOrEqual", own::<Compare>()),
    ("Log", own::<Unary>()),
    ("MatMul", own::<MatMul>()),
    ("Max", own::<Binary>()),
    ("Mean", own::<Binary>()),
    ("Min", own::<Binary>()),
    ("Mod", own::<Binary>()),
    ("Mul", own::<Binary>()),
    ("Neg", own::<Unary>()),
    ("NonZero", own::<NonZero>()),
    ("Not", own::<Logic>()),
    ("Or", own::<Logic>()),
    ("Pow", own::<Pow>()),
    ("Range", own::<Range>()),
    ("Reciprocal", own::<Unary>()),
    ("ReduceL1", own::<Reduce>()),
    ("ReduceL2", own::<Reduce>()),
    ("ReduceLogSum", own::<Reduce>()),
    ("ReduceMax", own::<Reduce>()),
    ("ReduceMean", own::<Reduce>()),
    ("ReduceMin", own::<Reduce>()),
    ("ReduceProd", own::<Reduce>()),
    ("ReduceSum", own::<Reduce>()),
    ("ReduceSumSquare", own::<Reduce>()),
    ("RegexFullMatch", own::<strings::RegexFullMatch>()),
    ("Relu", own::<Unary>()),
    ("Reshape", own::<Reshape>()),
    ("Round", own::<Unary>()),
    ("ScatterElements", own::<Scatter>()),
    ("ScatterND", own::<nd::ScatterNd>()),
    ("Selu", own::<Unary>()),
    ("Shape", own::<Measure>()),
    ("Sigmoid", own::<Unary>()),
    ("Sign", own::<Unary>()),
    ("Size", own::<Measure>()),
    ("Slice", own::<Slice>()),
    ("Softmax", own::<Softmax>()),
    ("Softsign", own::<Unary>()),
    ("Split", own::<Split>()),
    ("Sqrt", own::<Unary>()),
    ("Squeeze", own::<Reshape>()),
    ("StringConcat", own::<strings::StringConcat>()),
    ("StringNormalizer", own::<strings::StringNormalizer>()),
    ("StringSplit", own::<strings::StringSplit>()),
    ("Sub", own::<Binary>()),
    ("Sum", own::<Binary>()),
    ("Tanh", own::<Unary>()),
    ("TfIdfVectorizer", own::<tf_idf::TfIdfVectorizer>()),
    ("Tile", own::<Repeat>()),
    ("TopK", own::<top_k::TopK>()),
    ("Transpose", own::<Transpose>()),
    ("Unsqueeze", own::<Reshape>()),
    ("Where", own::<Where>()),
    ("Xor", own::<Logic>()),
];

/// The helpers of templates, where a division looks at its divisor itself, and no length is symbolic; and what rounds.
pub(super) const INTERNAL: &[Registration] = &[("Narrow", own::<cast::Narrowed>())];
