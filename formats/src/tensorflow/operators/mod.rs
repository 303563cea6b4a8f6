//! Operators of TensorFlow as nodes of ONNX: one function for each that differs in more than its name.

mod elementwise;
mod layout;
mod look_up;
mod matrix;
mod picture;
mod reduce;
mod slice;

pub(crate) use elementwise::choice;
pub(super) use look_up::look_up;

use super::call::Call;
use crate::onnx::{Attribute, Dims, Graph, Tensor};
use crate::refusal::{Reason, Refusal, Result};

/// Translates a node that reads tensors: puts nodes into the graph and answers their outputs.
type Translate = fn(&mut Graph, &Call<'_>) -> Result<Vec<Tensor>>;

/// The translations of a file, by the operator's name.
type Table = [(&'static str, Translate)];

/// Answers the outputs of a node.
///
/// # Errors
/// `unsupported-operator`, with the node's name; `invalid-model` where the node contradicts its operator.
pub(crate) fn translate(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let op = call.node.op.as_str();
    picture::check_spaced(graph, call)?;
    let tables: [&Table; 6] =
        [elementwise::TABLE, layout::TABLE, matrix::TABLE, picture::TABLE, reduce::TABLE, slice::TABLE];
    if let Some((_, translate)) = tables.into_iter().flatten().find(|(name, _)| *name == op) {
        return translate(graph, call);
    }
    if let Some(outputs) = elementwise::plain(graph, call) {
        return outputs;
    }
    let name = call.name();
    let message = match op {
        "Placeholder" => format!("the outputs need `{name}`, which is no input of the signature"),
        "TFLite_Detection_PostProcess" => format!("the custom operator {op} at `{name}` is not supported"),
        _ => format!("the operator {op} at `{name}` is not supported"),
    };
    Err(Refusal::new(Reason::UnsupportedOperator, message))
}

/// One tensor in TensorFlow's order, of which nothing more is known.
fn tensor(name: String, like: &Tensor, dims: Dims) -> Tensor {
    Tensor { name, dtype: like.dtype, dims, channels_first: false, constant: None, known: None }
}

/// The lengths of tensors that are repeated to fit one another.
fn broadcast(one: &Dims, other: &Dims) -> Dims {
    let (one, other) = (one.as_ref()?, other.as_ref()?);
    let rank = one.len().max(other.len());
    let padded = |dims: &[Option<usize>]| [vec![Some(1); rank - dims.len()], dims.to_vec()].concat();
    let pairs = padded(one).into_iter().zip(padded(other));
    let length = |pair| match pair {
        (Some(1), other) | (other, Some(1)) => other,
        (Some(length), _) | (_, Some(length)) => Some(length),
        (None, None) => None,
    };
    Some(pairs.map(length).collect())
}

/// The place of TensorFlow's axis in a picture with its channels first.
fn moved(axis: usize) -> usize {
    [0, 2, 3, 1].get(axis).copied().unwrap_or(axis)
}

fn axis_attribute(axis: usize) -> Vec<(&'static str, Attribute)> {
    // An axis is far below what an address can say.
    vec![("axis", Attribute::Int(axis as i64))]
}
