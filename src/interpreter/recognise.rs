//! Recognises activations that a file writes out in several nodes: whatever way is taken, a chain of nodes that each
//! compute every element by itself is a function of one number, and two functions that agree at many of them are one.

use std::collections::HashMap;

use anyhow::{Context as _, Result};

use super::graph::{Graph, Node};
use crate::operators::{self, ChannelsLast, Rewritten};
use crate::tensor::{ElementType, Tensor};

/// Nodes of a chain at most.
const LONGEST: usize = 16;

/// Where functions are compared: where they bend, and far out, where only a bound would make a difference.
const SAMPLES: [f32; 24] = [
    -1e30, -1e10, -1e6, -3e3, -100.0, -12.0, -6.0, -3.5, -2.0, -1.0, -0.5, -0.1, 0.0, 0.2, 0.7, 1.5, 3.0,
    7.0, 12.0, 100.0, 3e3, 1e6, 1e10, 1e30,
];

/// Replaces the last node of every such chain by the activation that it makes of the value that the chain begins with.
///
/// # Errors
/// Where an activation cannot be computed.
pub(super) fn recognise(graph: &mut Graph) -> Result<()> {
    let samples = Tensor::vector(SAMPLES.to_vec());
    let mut known = Vec::new();
    for operator in operators::activations() {
        let values = operator.eval(vec![samples.clone()])?.pop().context("an activation has a value")?;
        known.push((operator, values));
    }
    for (place, (value, operator)) in found(graph, &samples, &known) {
        let node = graph.nodes.get_mut(place).context("a node has a place")?;
        *node = Node { operator, inputs: vec![value], ..node.clone() };
    }
    Ok(())
}

/// The nodes to be replaced, each with the value that the chain begins with.
fn found(
    graph: &Graph,
    samples: &Tensor,
    known: &[(Rewritten, Tensor)],
) -> HashMap<usize, (usize, Rewritten)> {
    let mut readers: HashMap<usize, Vec<usize>> = HashMap::new();
    for (place, node) in graph.nodes.iter().enumerate() {
        node.inputs.iter().for_each(|input| readers.entry(*input).or_default().push(place));
    }
    let mut found = HashMap::new();
    // A value that goes one way only is no argument of an activation, which takes it as it is and once more.
    for (value, places) in readers.iter().filter(|(_, places)| places.len() > 1) {
        let Some(first) = places.iter().min() else { continue };
        let mut values = HashMap::from([(*value, samples.clone())]);
        for (place, node) in graph.nodes.iter().enumerate().skip(*first).take(LONGEST) {
            let Some((output, computed)) = computed(graph, node, &values) else { continue };
            if let Some((operator, _)) = known.iter().find(|(_, other)| agree(&computed, other)) {
                found.insert(place, (*value, operator.clone()));
            }
            values.insert(output, computed);
        }
    }
    found
}

/// What a node makes of the samples, and the number of that value; `None` where it is no part of a chain.
fn computed(graph: &Graph, node: &Node, values: &HashMap<usize, Tensor>) -> Option<(usize, Tensor)> {
    let [(_, output)] = *node.outputs.as_slice() else { return None };
    if !matches!(node.operator.rewrites()?.channels_last(3), ChannelsLast::Same) {
        return None;
    }
    let input = |number: &usize| {
        let constant = || graph.constants.get(*number)?.as_ref().filter(|constant| constant.len() == 1);
        values.get(number).or_else(constant).cloned()
    };
    let inputs: Option<Vec<Tensor>> = node.inputs.iter().map(input).collect();
    // Constants alone would have been computed before.
    let is_of_value = node.inputs.iter().any(|number| values.contains_key(number));
    let value = node.operator.eval(inputs.filter(|_| is_of_value)?).ok()?.pop()?;
    Some((output, value))
}

fn agree(a: &Tensor, b: &Tensor) -> bool {
    let floats = |tensor: &Tensor| tensor.elements::<f32>().ok().map(<[f32]>::to_vec);
    let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 2e-6 * b.abs().max(0.1);
    a.element() == ElementType::F32
        && floats(a).zip(floats(b)).is_some_and(|(a, b)| a.len() == b.len() && a.iter().zip(&b).all(close))
}
