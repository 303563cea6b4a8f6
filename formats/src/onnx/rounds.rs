//! Loops whose rounds the inputs of a model decide: ONNX's `Loop`, whose body is a graph of its own that reads the tensors around it by
//! their names.

use super::graph::{Attribute, Body, Dims, Graph, Port, Tensor};
use super::{Initializer, fuse};
use crate::constant::Constant;
use crate::refusal::{Reason, Refusal, Result};
use crate::tensorflow::DataType;

/// How often a body is made before nothing more is said of the shapes of what it changes.
const SETTLED: usize = 4;

/// What a round of a loop makes, or the loop itself.
pub(crate) struct Made {
    pub(crate) states: Vec<Tensor>,
    /// Of a round, tensors of which all are kept; of the loop, those of its rounds along a first axis of their own.
    pub(crate) kept: Vec<Tensor>,
}

/// A loop over `states` that runs while `decision` and then the first answer of `round` say so. `at` names
/// the operator in refusals. `graph` is that of the `walker` which makes the rounds.
pub(crate) fn repeat<W>(
    walker: &mut W,
    graph: fn(&mut W) -> &mut Graph,
    (decision, states): (Tensor, &[Tensor]),
    at: &str,
    mut round: impl FnMut(&mut W, Vec<Tensor>) -> Result<(Tensor, Made)>,
) -> Result<Made> {
    let mut dims: Vec<Dims> = states.iter().map(|state| state.dims.clone()).collect();
    let mut tries = 0..SETTLED;
    loop {
        let outside = graph(walker).begin();
        let given = states.iter().zip(&dims).map(|(state, dims)| {
            let (name, dims) = (graph(walker).name(&state.name), dims.clone());
            Tensor { name, dims, dtype: state.dtype, channels_first: false, constant: None, known: None }
        });
        let given: Vec<_> = given.collect();
        let (next, Made { states: after, kept }) = round(walker, given.clone())?;
        let is_alike = |(before, after): (&Tensor, &Tensor)| before.dtype == after.dtype;
        if after.len() != given.len() || !given.iter().zip(&after).all(is_alike) {
            let message = format!("{at} changes the number or the kinds of its values");
            return Err(Refusal::new(Reason::InvalidModel, message));
        }
        if next.constant.as_ref().and_then(Constant::to_bool) == Some(true) {
            let message = format!("{at} has no end, which is not supported");
            return Err(Refusal::new(Reason::UnsupportedOperator, message));
        }
        let wider: Vec<_> =
            dims.iter().zip(&after).map(|(before, after)| common(before, &after.dims)).collect();
        if wider != dims {
            graph(walker).end(outside);
            dims = if tries.next().is_some() { wider } else { vec![None; dims.len()] };
            continue;
        }
        let graph = graph(walker);
        let next = scalar(graph, &next);
        let made: Vec<_> = after.iter().chain(&kept).map(|tensor| graph.channels_last(tensor)).collect();
        // What a body gives is made in it, and once: it may be a tensor around it, or one of its inputs.
        let outputs = [&[next], made.as_slice()].concat().into_iter().map(|name| {
            let wanted = format!("{name}/next");
            graph.push("Identity", &wanted, vec![name], Vec::new())
        });
        let outputs: Vec<_> = outputs.collect();
        let kinds: Vec<_> =
            [DataType::Bool].into_iter().chain(after.iter().chain(&kept).map(|made| made.dtype)).collect();
        let ports = |names: Vec<String>| -> Vec<Port> {
            names
                .into_iter()
                .zip(&kinds)
                .map(|(name, dtype)| Port { name, dtype: *dtype, dims: None })
                .collect()
        };
        let goes_on = graph.name("goes_on");
        let names = given.into_iter().map(|state| state.name);
        let mut inputs = ports([goes_on].into_iter().chain(names).collect());
        inputs.insert(0, Port { name: graph.name("round"), dtype: DataType::Int64, dims: Some(Vec::new()) });
        let mut body = Body { inputs, outputs: ports(outputs), nodes: graph.end(outside) };
        fuse::drop_unread_of(&mut body.nodes, &body.outputs);
        let first = scalar(graph, &decision);
        let mut inputs = vec![String::new(), first];
        inputs.extend(states.iter().map(|state| graph.channels_last(state)));
        let wanted = states.first().map_or_else(String::new, |state| format!("{}/last", state.name));
        let body = vec![("body", Attribute::Graph(Box::new(body)))];
        let last = graph.push_all("Loop", &wanted, inputs, body, states.len() + kept.len());
        let along = |tensor: &Tensor| Some([&[None], tensor.dims.as_deref()?].concat());
        let dims = dims.into_iter().chain(kept.iter().map(along));
        let mut last =
            last.into_iter().zip(kinds.into_iter().skip(1)).zip(dims).map(|((name, dtype), dims)| Tensor {
                name,
                dims,
                dtype,
                channels_first: false,
                constant: None,
                known: None,
            });
        let states = last.by_ref().take(states.len()).collect();
        return Ok(Made { states, kept: last.collect() });
    }
}

/// What two shapes have in common.
fn common(one: &Dims, other: &Dims) -> Dims {
    let (one, other) = (one.as_ref()?, other.as_ref()?);
    let both = || one.iter().zip(other);
    (one.len() == other.len()).then(|| both().map(|(one, other)| one.filter(|_| one == other)).collect())
}

/// The name of the only element.
fn scalar(graph: &mut Graph, tensor: &Tensor) -> String {
    if tensor.rank() == Some(0) {
        return tensor.name.clone();
    }
    let shape = graph.weight("scalar", Initializer::new(Constant::vector(&[])));
    graph.push("Reshape", &format!("{}/one", tensor.name), vec![tensor.name.clone(), shape], Vec::new())
}
