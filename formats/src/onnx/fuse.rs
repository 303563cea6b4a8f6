//! What an exporter does last: nodes that nobody reads go, and what stands behind a convolution goes into its weights.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Attribute, Graph, Initializer, Node, Port};
use crate::constant::Constant;

/// Drops nodes and weights that no output needs.
pub(super) fn drop_unread(graph: &mut Graph) {
    let read = drop_unread_of(&mut graph.nodes, &graph.outputs);
    graph.initializers.retain(|name, _| read.contains(name));
}

/// Drops nodes that no output needs; answers the names that are left.
pub(super) fn drop_unread_of(nodes: &mut Vec<Node>, outputs: &[Port]) -> BTreeSet<String> {
    let mut read: BTreeSet<String> = outputs.iter().map(|port| port.name.clone()).collect();
    let mut kept = Vec::new();
    while let Some(node) = nodes.pop() {
        if node.outputs.iter().any(|output| read.contains(output)) {
            read.extend(node.reads().into_iter().cloned());
            kept.push(node);
        }
    }
    kept.reverse();
    *nodes = kept;
    read
}

/// Moves zeros around a picture, factors and summands of its channels into the convolution that they are next to.
pub(super) fn fuse(graph: &mut Graph) {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    let ports = graph.outputs.iter().map(|port| &port.name);
    for name in graph.nodes.iter().flat_map(Node::reads).chain(ports) {
        *uses.entry(name.clone()).or_default() += 1;
    }
    let nodes = std::mem::take(&mut graph.nodes);
    let mut fusing = Fusing { graph, uses, kept: Vec::new(), makers: BTreeMap::new() };
    for node in nodes {
        fusing.add(node);
    }
    let kept = fusing.kept.into_iter().flatten().collect();
    graph.nodes = kept;
}

struct Fusing<'a> {
    graph: &'a mut Graph,
    uses: BTreeMap<String, usize>,
    /// Nodes that went into others leave a gap.
    kept: Vec<Option<Node>>,
    /// The places of the nodes that make each tensor.
    makers: BTreeMap<String, usize>,
}

impl Fusing<'_> {
    fn add(&mut self, mut node: Node) {
        let is_fused = match node.op {
            "Conv" => {
                self.take_zeros(&mut node);
                false
            }
            "Mul" | "Add" | "Sub" | "BatchNormalization" => self.fuse_behind(&node).is_some(),
            _ => false,
        };
        if !is_fused {
            let place = self.kept.len();
            self.makers.extend(node.outputs.iter().map(|output| (output.clone(), place)));
            self.kept.push(Some(node));
        }
    }

    /// The place of the node `op` that makes `name` for nobody but one node.
    fn maker(&self, name: &str, op: &str) -> Option<usize> {
        let place = *self.makers.get(name).filter(|_| self.uses.get(name) == Some(&1))?;
        self.kept.get(place)?.as_ref().filter(|node| node.op == op)?;
        Some(place)
    }

    /// Takes the zeros that are put around a picture before a convolution into its own.
    fn take_zeros(&mut self, conv: &mut Node) -> Option<()> {
        let picture = conv.inputs.first_mut()?;
        let place = self.maker(picture, "Pad")?;
        let pad = self.kept.get(place)?.as_ref()?;
        let ([source, pads], []) = (pad.inputs.as_slice(), pad.attributes.as_slice()) else { return None };
        let pads = self.graph.initializers.get(pads)?.constant.to_ints()?;
        let &[0, 0, top, left, 0, 0, bottom, right] = pads.as_slice() else { return None };
        let all = [top, left, bottom, right];
        let own = conv.attributes.iter_mut().find(|(name, _)| *name == "pads");
        let Some((_, Attribute::Ints(own))) = own else { return None };
        if all.iter().any(|length| *length < 0) {
            return None;
        }
        own.iter_mut().zip(all).for_each(|(own, more)| *own += more);
        *picture = source.clone();
        if let Some(gone) = self.kept.get_mut(place) {
            *gone = None;
        }
        Some(())
    }

    /// Takes what `node` does to each channel into the convolution before it.
    fn fuse_behind(&mut self, node: &Node) -> Option<()> {
        let convolved = |name: &String| self.maker(name, "Conv");
        let inputs = &node.inputs;
        let [picture, other] =
            if inputs.first().and_then(convolved).is_some() || node.op != "Mul" && node.op != "Add" {
                [0, 1]
            } else {
                [1, 0]
            };
        let place = convolved(inputs.get(picture)?)?;
        let conv = self.kept.get(place)?.as_ref()?;
        let weights = self.graph.initializers.get(conv.inputs.get(1)?)?.clone();
        let channels = *weights.shape().first()?;
        let bias = match conv.inputs.get(2) {
            Some(bias) => self.graph.initializers.get(bias)?.constant.to_floats()?,
            None => vec![0.0; channels],
        };
        let [factors, summands] = self.affine(node, other, channels)?;
        let bias: Vec<f32> = bias
            .iter()
            .zip(&factors)
            .zip(&summands)
            .map(|((bias, factor), summand)| bias * factor + summand)
            .collect();
        let output = node.outputs.first()?.clone();
        let weights = if factors.iter().all(|factor| *factor == 1.0) {
            None
        } else if weights.constant.is_quantised() {
            return None;
        } else {
            let before = weights.scale.clone().unwrap_or_else(|| vec![1.0; channels]);
            let scale = Some(before.iter().zip(&factors).map(|(one, other)| one * other).collect());
            Some(self.graph.weight(&format!("{output}/weights"), Initializer { scale, ..weights }))
        };
        let constant = Constant::floats(vec![channels], &bias);
        let bias = self.graph.weight(&format!("{output}/bias"), Initializer::new(constant));
        let conv = self.kept.get_mut(place)?.as_mut()?;
        if let (Some(weights), Some(input)) = (weights, conv.inputs.get_mut(1)) {
            *input = weights;
        }
        conv.inputs.truncate(2);
        conv.inputs.push(bias);
        conv.outputs = vec![output.clone()];
        self.makers.insert(output, place);
        Some(())
    }

    /// What `node` multiplies each channel with, and what it adds then.
    fn affine(&self, node: &Node, other: usize, channels: usize) -> Option<[Vec<f32>; 2]> {
        let (ones, zeros) = (vec![1.0; channels], vec![0.0; channels]);
        if node.op == "BatchNormalization" {
            let values = |place: usize| self.vector(node.inputs.get(place)?, channels);
            let [scale, offset, mean, variance] = [values(1)?, values(2)?, values(3)?, values(4)?];
            let epsilon = node.attributes.iter().find_map(|(name, value)| match value {
                Attribute::Float(float) if *name == "epsilon" => Some(*float),
                _ => None,
            })?;
            let factors: Vec<f32> = scale
                .iter()
                .zip(&variance)
                .map(|(scale, variance)| scale / (variance + epsilon).sqrt())
                .collect();
            let shifts = mean.iter().zip(&factors).map(|(mean, factor)| mean * factor);
            let summands = offset.iter().zip(shifts).map(|(offset, shift)| offset - shift).collect();
            return Some([factors, summands]);
        }
        let values = self.vector(node.inputs.get(other)?, channels)?;
        Some(match node.op {
            "Mul" => [values, zeros],
            "Add" => [ones, values],
            _ => [ones, values.into_iter().map(|value| -value).collect()],
        })
    }

    /// A constant with a value for each channel, or one for all.
    fn vector(&self, name: &str, channels: usize) -> Option<Vec<f32>> {
        let initializer =
            self.graph.initializers.get(name).filter(|it| it.order.is_none() && it.scale.is_none())?;
        let values = initializer.constant.to_floats()?;
        match (initializer.shape().as_slice(), values.as_slice()) {
            ([] | [1], [one]) => Some(vec![*one; channels]),
            ([count] | [count, 1, 1] | [1, count, 1, 1], _) if *count == channels => Some(values),
            _ => None,
        }
    }
}
