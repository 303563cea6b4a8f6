//! Sequences inside of a graph: where it is known which tensors a sequence holds, the graph needs none.
//!
//! What cannot be told stays as it is, and is refused as an operator that does not run.

use std::collections::HashMap;

use tract_onnx::pb::tensor_shape_proto::dimension;
use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto, type_proto};

use crate::onnx::build::{self, Value};
use crate::onnx::tensors::integers;

/// Replaces the operators on sequences in `graph`, whose standard operators have version `opset`.
pub(in crate::onnx) fn resolve(graph: &mut GraphProto, opset: i64) {
    if uses_sequences(graph) {
        Resolver { opset, ..Resolver::default() }.graph(graph);
    }
}

fn uses_sequences(graph: &GraphProto) -> bool {
    graph.node.iter().any(|node| {
        let bodies =
            || node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs));
        node.domain.is_empty() && node.op_type.contains("Sequence") || bodies().any(uses_sequences)
    })
}

/// What is known at one place of a graph.
#[derive(Clone, Default)]
struct Resolver {
    opset: i64,
    /// The tensors in each sequence.
    sequences: HashMap<String, Vec<String>>,
    /// Whole numbers that do not change.
    numbers: HashMap<String, Vec<i64>>,
    shapes: HashMap<String, Vec<Option<usize>>>,
}

impl Resolver {
    fn graph(mut self, graph: &mut GraphProto) {
        for info in graph.input.iter().chain(&graph.value_info) {
            self.shapes.extend(shape(info).map(|shape| (info.name.clone(), shape)));
        }
        for tensor in &graph.initializer {
            let dims = tensor.dims.iter().map(|dim| usize::try_from(*dim).ok());
            self.shapes.insert(tensor.name.clone(), dims.collect());
            self.numbers.extend(integers(tensor).map(|values| (tensor.name.clone(), values)));
        }
        for mut node in std::mem::take(&mut graph.node) {
            if let Some(nodes) = self.node(&node) {
                graph.node.extend(nodes);
                continue;
            }
            for attribute in &mut node.attribute {
                attribute.g.iter_mut().chain(&mut attribute.graphs).for_each(|body| self.clone().graph(body));
            }
            graph.node.push(node);
        }
    }

    /// The nodes in the place of `node`, if it works on sequences that are known.
    fn node(&mut self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        if !matches!(node.domain.as_str(), "" | "ai.onnx") {
            return None;
        }
        let input = |at: usize| node.input.get(at).filter(|name| !name.is_empty());
        let output = node.output.first()?;
        let mut nodes = Vec::new();
        match node.op_type.as_str() {
            "Constant" => {
                let value = node.attribute.iter().find_map(|attribute| match attribute.name.as_str() {
                    "value" => attribute.t.as_ref().and_then(integers),
                    "value_int" => Some(vec![attribute.i]),
                    "value_ints" => Some(attribute.ints.clone()),
                    _ => None,
                });
                self.numbers.extend(value.map(|value| (output.clone(), value)));
                return None;
            }
            "Identity" => {
                let sequence = self.sequences.get(input(0)?)?.clone();
                self.sequences.insert(output.clone(), sequence);
            }
            "SequenceEmpty" => {
                self.sequences.insert(output.clone(), Vec::new());
            }
            "SequenceConstruct" => {
                self.sequences.insert(output.clone(), node.input.clone());
            }
            "SequenceInsert" => {
                let mut sequence = self.sequences.get(input(0)?)?.clone();
                let at = match input(2) {
                    Some(place) => self.place(place, sequence.len(), sequence.len() + 1)?,
                    None => sequence.len(),
                };
                sequence.insert(at, input(1)?.clone());
                self.sequences.insert(output.clone(), sequence);
            }
            "SequenceErase" => {
                let mut sequence = self.sequences.get(input(0)?)?.clone();
                let at = match input(1) {
                    Some(place) => self.place(place, sequence.len(), sequence.len())?,
                    None => sequence.len().checked_sub(1)?,
                };
                sequence.remove(at);
                self.sequences.insert(output.clone(), sequence);
            }
            "SequenceAt" => {
                let sequence = self.sequences.get(input(0)?)?;
                let at = self.place(input(1)?, sequence.len(), sequence.len())?;
                nodes.push(build::node("Identity", [sequence.get(at)?.clone()], output.clone()));
            }
            "SequenceLength" => {
                let length = i64::try_from(self.sequences.get(input(0)?)?.len()).ok()?;
                nodes.push(build::constant(output.clone(), build::int_scalar(length)));
            }
            "ConcatFromSequence" => {
                let mut parts = self.sequences.get(input(0)?)?.clone();
                let axis = int(node, "axis", 0);
                if int(node, "new_axis", 0) != 0 {
                    for (at, part) in parts.iter_mut().enumerate() {
                        let wide = format!("{output}::{at}");
                        self.axes("Unsqueeze", part.clone(), wide.clone(), axis, &mut nodes);
                        *part = wide;
                    }
                }
                let mut concat = build::node("Concat", parts, output.clone());
                concat.attribute.push(build::attribute("axis", Value::Int(axis)));
                nodes.push(concat);
            }
            "SplitToSequence" => nodes = self.split(node, input(0)?, input(1), output)?,
            _ => return None,
        }
        Some(nodes)
    }

    /// The place among `count` that the constant `name` says for a sequence of `length`.
    fn place(&self, name: &str, length: usize, count: usize) -> Option<usize> {
        let [place] = self.numbers.get(name)?.as_slice() else { return None };
        let length = i64::try_from(length).ok()?;
        let place = if *place < 0 { place.checked_add(length)? } else { *place };
        usize::try_from(place).ok().filter(|place| *place < count)
    }

    fn split(
        &mut self,
        node: &NodeProto,
        input: &str,
        sizes: Option<&String>,
        output: &str,
    ) -> Option<Vec<NodeProto>> {
        let axis = int(node, "axis", 0);
        let length = || {
            let shape = self.shapes.get(input)?;
            let at =
                if axis < 0 { usize::try_from(axis + shape.len() as i64) } else { usize::try_from(axis) };
            *shape.get(at.ok()?)?
        };
        let parts: Vec<i64> = match sizes {
            None => vec![1; length()?],
            Some(name) if self.shapes.get(name).is_some_and(Vec::is_empty) => {
                // A number is the length of each part; the last one takes what is left.
                let [size] = self.numbers.get(name)?.as_slice() else { return None };
                let (length, size) = (length()?, usize::try_from(*size).ok().filter(|size| *size > 0)?);
                (0..length.div_ceil(size)).map(|at| size.min(length - at * size) as i64).collect()
            }
            Some(name) => self.numbers.get(name)?.clone(),
        };
        let names: Vec<String> = (0..parts.len()).map(|at| format!("{output}::{at}")).collect();
        let mut nodes = Vec::new();
        let mut split = build::node("Split", [input], "");
        split.output.clone_from(&names);
        split.name = format!("{output}::split");
        split.attribute.push(build::attribute("axis", Value::Int(axis)));
        if self.opset < 13 {
            split.attribute.push(build::attribute("split", Value::Ints(parts)));
        } else {
            let sizes = format!("{output}::sizes");
            nodes.push(build::constant(sizes.clone(), build::int_vector(parts)));
            split.input.push(sizes);
        }
        let held = if sizes.is_none() && int(node, "keepdims", 1) == 0 {
            split.output.iter_mut().for_each(|name| name.push_str("::wide"));
            let wide = split.output.clone();
            nodes.push(split);
            for (wide, name) in wide.into_iter().zip(&names) {
                self.axes("Squeeze", wide, name.clone(), axis, &mut nodes);
            }
            names
        } else {
            nodes.push(split);
            names
        };
        self.sequences.insert(output.to_owned(), held);
        Some(nodes)
    }

    /// A node that adds or removes an axis; since version 13 axes are an input.
    fn axes(&self, operator: &str, input: String, output: String, axis: i64, nodes: &mut Vec<NodeProto>) {
        let mut node = build::node(operator, [input], output.clone());
        if self.opset < 13 {
            node.attribute.push(build::attribute("axes", Value::Ints(vec![axis])));
        } else {
            let axes = format!("{output}::axes");
            nodes.push(build::constant(axes.clone(), build::int_vector(vec![axis])));
            node.input.push(axes);
        }
        nodes.push(node);
    }
}

fn int(node: &NodeProto, name: &str, default: i64) -> i64 {
    node.attribute.iter().find(|attribute| attribute.name == name).map_or(default, |attribute| attribute.i)
}

fn shape(info: &ValueInfoProto) -> Option<Vec<Option<usize>>> {
    let type_proto::Value::TensorType(tensor) = info.r#type.as_ref()?.value.as_ref()?;
    let dims = tensor.shape.as_ref()?.dim.iter().map(|dim| match dim.value {
        Some(dimension::Value::DimValue(length)) => usize::try_from(length).ok(),
        _ => None,
    });
    Some(dims.collect())
}
