//! `ai.onnx`: the operators of the standard that exporters of models on tables put around those of ai.onnx.ml, which both
//! engines have.

mod binary;
pub(super) mod broadcast;
mod cast;
pub(super) mod layout;
pub(super) mod matmul;
mod nd;
mod reduce;
mod scatter;
pub(super) mod select;
mod strings;
mod tf_idf;
mod top_k;
mod unary;

use super::tensors::{only, open, resolve_axis, split_at_axis};
#[cfg(feature = "full")]
use super::{ChannelsLast, Pointwise, Rewrites, Rewritten, rewrites};
use super::{Columns, Context, Dim, Operator, Registration, Shape, own};
#[cfg(feature = "full")]
pub(super) use select::position;
#[cfg(feature = "full")]
pub(super) use unary::Float;

use binary::{Binary, Clip, Compare, Logic, Pow, Test, Where};
use cast::Cast;
pub(crate) use layout::Transpose;
use layout::{Concat, Measure, Repeat, Reshape, Slice, Split};
use matmul::MatMul;
use reduce::{ArgExtreme, CumSum, Reduce, Softmax};
use select::{Compress, ConstantOfShape, Gather, GatherElements, NonZero, Range, Scatter};
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

/// What rounds to types of few bits.
pub(super) const INTERNAL: &[Registration] = &[("Narrow", own::<cast::Narrowed>())];
