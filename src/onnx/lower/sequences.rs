//! Sequences inside a graph: where it is known at load which tensors a sequence holds, its operators are replaced by
//! operators on these tensors. A sequence that is an output becomes one tensor, with its tensors along the second axis.
//!
//! Other operators on sequences stay. In the full engine they run on a tensor that has the elements of the sequence along its first
//! axis; a sequence that is known becomes one where such an operator, a loop or a branch takes it. The engine for tables has none of them, and
//! leaves such graphs to the full one.

use std::collections::{HashMap, HashSet};

use crate::onnx::pb::tensor_shape_proto::dimension;
use crate::onnx::pb::{GraphProto, NodeProto, ValueInfoProto, type_proto};

use super::sequence_map;
use crate::limits::SEQUENCE_PARTS;
use crate::onnx::build::{self, Value};
use crate::onnx::names::{self, domain};
use crate::onnx::tensors::integers;
use crate::onnx::walk;

/// Replaces the operators on sequences in `graph`, whose standard operators have version `opset`. Gives the names of the
/// outputs that were sequences.
pub(in crate::onnx) fn resolve(graph: &mut GraphProto, opset: i64) -> Vec<String> {
    if !uses_sequences(graph) {
        return Vec::new();
    }
    let scope = Scope { opset, ..Scope::default() }.graph(graph);
    let outputs: Vec<String> = graph.output.iter().map(|info| info.name.clone()).collect();
    outputs.into_iter().filter(|name| scope.join(graph, name).is_some()).collect()
}

fn uses_sequences(graph: &GraphProto) -> bool {
    graph.node.iter().any(|node| {
        domain(&node.domain) == names::STANDARD && node.op_type.contains("Sequence")
            || walk::bodies(node).any(uses_sequences)
    })
}

/// What is known of the values that nodes of a graph can read.
#[derive(Clone, Default)]
struct Scope {
    opset: i64,
    /// The tensors in each sequence.
    sequences: HashMap<String, Vec<String>>,
    /// The sequences whose tensors are not known.
    unknown: HashSet<String>,
    /// The attributes of the nodes that make empty ones.
    empties: HashMap<String, Vec<crate::onnx::pb::AttributeProto>>,
    /// The values of constants of whole numbers.
    numbers: HashMap<String, Vec<i64>>,
    shapes: HashMap<String, Vec<Option<usize>>>,
    /// How many tensors there are in all sequences.
    parts: usize,
}

impl Scope {
    fn graph(mut self, graph: &mut GraphProto) -> Self {
        for info in graph.input.iter().chain(&graph.value_info) {
            self.shapes.extend(shape(info).map(|shape| (info.name.clone(), shape)));
        }
        for tensor in &graph.initializer {
            let dims = tensor.dims.iter().map(|dim| usize::try_from(*dim).ok());
            self.shapes.insert(tensor.name.clone(), dims.collect());
            self.numbers.extend(integers(tensor).map(|values| (tensor.name.clone(), values)));
        }
        for info in &graph.input {
            self.sequences.remove(&info.name);
            self.unknown.extend(is_sequence(info).then(|| info.name.clone()));
        }
        let mut open: Vec<NodeProto> = std::mem::take(&mut graph.node).into_iter().rev().collect();
        while let Some(mut node) = open.pop() {
            if let Some(nodes) = self.mapped(&node) {
                open.extend(nodes.into_iter().rev());
                continue;
            }
            if let ("SequenceEmpty", [output, ..]) = (node.op_type.as_str(), node.output.as_slice()) {
                self.empties.insert(output.clone(), node.attribute.clone());
            }
            if let Some(nodes) = self.replacement(&node) {
                graph.node.extend(nodes);
                continue;
            }
            self.keep_inputs(&mut node, &mut graph.node);
            walk::bodies_mut(&mut node).for_each(|body| {
                self.clone().graph(body).keep_outputs(body);
            });
            self.note_unknown(&node);
            graph.node.push(node);
        }
        self
    }

    /// The nodes that stand for a `SequenceMap`: its body for each element where these are known, else a loop.
    fn mapped(&mut self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        let body = Some(node)
            .filter(|node| domain(&node.domain) == names::STANDARD && node.op_type == "SequenceMap");
        let body = walk::bodies(body?).next()?;
        let is_sequence = |name: &String| self.sequences.contains_key(name) || self.unknown.contains(name);
        let length = self.sequences.get(input(node, 0)?).map(Vec::len).filter(|length| {
            let nodes = length.saturating_mul(body.node.len() + 1);
            self.parts.saturating_add(nodes) <= SEQUENCE_PARTS
                && node.input.iter().all(|name| !self.unknown.contains(name))
        });
        let Some(length) = length else { return sequence_map::looped(node, body, &is_sequence) };
        self.parts += length * body.node.len();
        let element = |name: &str, place: usize| match self.sequences.get(name) {
            Some(elements) => elements.get(place).cloned(),
            None => Some(name.to_owned()),
        };
        let (nodes, made) = sequence_map::unrolled(node, body, length, &element)?;
        for (output, elements) in node.output.iter().zip(made) {
            self.insert(output, elements)?;
        }
        Some(nodes)
    }

    /// Notes which of the values that `node` makes are sequences.
    fn note_unknown(&mut self, node: &NodeProto) {
        let makes = match node.op_type.as_str() {
            "SequenceEmpty" | "SequenceConstruct" | "SequenceInsert" | "SequenceErase"
            | "SplitToSequence" => true,
            "Identity" => input(node, 0).is_some_and(|name| self.unknown.contains(name)),
            _ => false,
        };
        self.unknown.extend(node.output.iter().filter(|_| makes).cloned());
        for body in walk::bodies(node) {
            // The condition of a loop comes first.
            let skipped = usize::from(node.op_type == "Loop");
            let made = body.output.iter().skip(skipped).zip(&node.output);
            self.unknown.extend(made.filter(|(info, _)| is_sequence(info)).map(|(_, name)| name.clone()));
        }
    }

    /// Makes tensors of the sequences that `node` takes.
    fn keep_inputs(&self, node: &mut NodeProto, nodes: &mut Vec<NodeProto>) {
        // Default: a node without outputs makes nothing, and nobody reads it.
        let reader = node.output.first().cloned().unwrap_or_default();
        for input in &mut node.input {
            if let Some(kept) = self.keep(input, format!("{input}::{reader}"), nodes) {
                *input = kept;
            }
        }
    }

    /// Makes tensors of the sequences that a body gives.
    fn keep_outputs(&self, body: &mut GraphProto) {
        for (number, output) in body.output.iter_mut().enumerate() {
            let name = format!("{}::{number}::output", output.name);
            if let Some(kept) = self.keep(&output.name, name, &mut body.node) {
                output.name = kept;
            }
        }
    }

    /// Makes a tensor called `name` of a sequence that is known: its elements along the first axis.
    fn keep(&self, sequence: &str, name: String, nodes: &mut Vec<NodeProto>) -> Option<String> {
        let parts = self.sequences.get(sequence)?;
        let operator = if parts.is_empty() { "SequenceEmpty" } else { "SequenceConstruct" };
        let mut node = build::node(operator, parts.iter().cloned(), name.clone());
        node.attribute
            .extend(self.empties.get(sequence).filter(|_| parts.is_empty()).into_iter().flatten().cloned());
        nodes.push(node);
        Some(name)
    }

    /// Makes one tensor of the sequence `name`; `None` where it is no sequence, or one without tensors.
    fn join(&self, graph: &mut GraphProto, name: &str) -> Option<()> {
        let parts = self.sequences.get(name).filter(|parts| !parts.is_empty())?;
        self.stack(parts, name, 1, &mut graph.node);
        Some(())
    }

    /// Adds nodes that put tensors along a new axis.
    fn stack(&self, parts: &[String], output: &str, axis: i64, nodes: &mut Vec<NodeProto>) {
        let wider = |number: usize| format!("{output}::{number}::part");
        for (number, part) in parts.iter().enumerate() {
            self.change_axes("Unsqueeze", part.clone(), wider(number), axis, nodes);
        }
        let mut concat = build::node("Concat", (0..parts.len()).map(wider), output);
        concat.attribute.push(build::attribute("axis", Value::Int(axis)));
        nodes.push(concat);
    }

    /// The nodes that replace `node`, if it works on sequences that are known.
    fn replacement(&mut self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        if domain(&node.domain) != names::STANDARD {
            return None;
        }
        let output = node.output.first()?;
        match node.op_type.as_str() {
            "Constant" => {
                self.numbers.extend(constant_numbers(node).map(|numbers| (output.clone(), numbers)));
                None
            }
            "Identity" | "SequenceEmpty" | "SequenceConstruct" | "SequenceInsert" | "SequenceErase" => {
                let tensors = self.built(node)?;
                self.insert(output, tensors)?;
                Some(Vec::new())
            }
            "SequenceAt" => {
                let sequence = self.sequences.get(input(node, 0)?)?;
                let position = self.position(input(node, 1)?, sequence.len(), sequence.len())?;
                Some(vec![build::node("Identity", [sequence.get(position)?.clone()], output.clone())])
            }
            "SequenceLength" => {
                let length = i64::try_from(self.sequences.get(input(node, 0)?)?.len()).ok()?;
                Some(vec![build::constant(output.clone(), build::int_scalar(length))])
            }
            "ConcatFromSequence" => self.concatenated(node, output),
            "SplitToSequence" => self.split(node, output),
            _ => None,
        }
    }

    /// The tensors of the sequence that `node` makes of tensors and other sequences.
    fn built(&self, node: &NodeProto) -> Option<Vec<String>> {
        let sequence = || self.sequences.get(input(node, 0)?).cloned();
        match node.op_type.as_str() {
            "SequenceEmpty" => Some(Vec::new()),
            "SequenceConstruct" => Some(node.input.clone()),
            "SequenceInsert" => {
                let mut sequence = sequence()?;
                let position = match input(node, 2) {
                    Some(position) => self.position(position, sequence.len(), sequence.len() + 1)?,
                    None => sequence.len(),
                };
                sequence.insert(position, input(node, 1)?.clone());
                Some(sequence)
            }
            "SequenceErase" => {
                let mut sequence = sequence()?;
                let position = match input(node, 1) {
                    Some(position) => self.position(position, sequence.len(), sequence.len())?,
                    None => sequence.len().checked_sub(1)?,
                };
                sequence.remove(position);
                Some(sequence)
            }
            _ => sequence(),
        }
    }

    /// The position among `count` that the constant `name` gives for a sequence of `length`.
    fn position(&self, name: &str, length: usize, count: usize) -> Option<usize> {
        let [position] = self.numbers.get(name)?.as_slice() else { return None };
        index(*position, length).filter(|position| *position < count)
    }

    fn concatenated(&self, node: &NodeProto, output: &str) -> Option<Vec<NodeProto>> {
        let mut nodes = Vec::new();
        let parts = self.sequences.get(input(node, 0)?)?;
        let axis = int(node, "axis", 0);
        if int(node, "new_axis", 0) != 0 {
            self.stack(parts, output, axis, &mut nodes);
            return Some(nodes);
        }
        let mut concat = build::node("Concat", parts.iter().cloned(), output);
        concat.attribute.push(build::attribute("axis", Value::Int(axis)));
        nodes.push(concat);
        Some(nodes)
    }

    fn split(&mut self, node: &NodeProto, output: &str) -> Option<Vec<NodeProto>> {
        let (data, axis) = (input(node, 0)?, int(node, "axis", 0));
        let lengths = self.part_lengths(data, axis, input(node, 1))?;
        let parts: Vec<String> = (0..lengths.len()).map(|number| format!("{output}::{number}")).collect();
        let drops_axis = input(node, 1).is_none() && int(node, "keepdims", 1) == 0;
        let with_axis = |part: &String| if drops_axis { format!("{part}::wide") } else { part.clone() };
        let mut split = build::node("Split", [data], "");
        split.output = parts.iter().map(with_axis).collect();
        split.name = format!("{output}::split");
        split.attribute.push(build::attribute("axis", Value::Int(axis)));
        let mut nodes = Vec::new();
        if self.opset < 13 {
            split.attribute.push(build::attribute("split", Value::Ints(lengths)));
        } else {
            let sizes = format!("{output}::sizes");
            nodes.push(build::constant(sizes.clone(), build::int_vector(lengths)));
            split.input.push(sizes);
        }
        nodes.push(split);
        if drops_axis {
            for part in &parts {
                self.change_axes("Squeeze", with_axis(part), part.clone(), axis, &mut nodes);
            }
        }
        self.insert(output, parts)?;
        Some(nodes)
    }

    /// Notes a sequence, unless there are too many tensors in all.
    fn insert(&mut self, output: &str, tensors: Vec<String>) -> Option<()> {
        self.parts += tensors.len();
        if self.parts > SEQUENCE_PARTS {
            return None;
        }
        self.sequences.insert(output.to_owned(), tensors);
        Some(())
    }

    /// The lengths along `axis` of the parts into which `data` is split: those of `sizes`, or else 1 each.
    fn part_lengths(&self, data: &str, axis: i64, sizes: Option<&String>) -> Option<Vec<i64>> {
        let length = || {
            let shape = self.shapes.get(data)?;
            *shape.get(index(axis, shape.len())?)?
        };
        let few = |length: usize| (length <= SEQUENCE_PARTS).then_some(length);
        let Some(sizes) = sizes else { return Some(vec![1; few(length()?)?]) };
        let numbers = self.numbers.get(sizes)?;
        if !self.shapes.get(sizes).is_some_and(Vec::is_empty) {
            few(numbers.len())?;
            return Some(numbers.clone());
        }
        // A scalar is the length of each part; the last part may be shorter.
        let [size] = numbers.as_slice() else { return None };
        let step = usize::try_from(*size).ok().filter(|step| *step > 0)?;
        few(length()? / step)?;
        let length = i64::try_from(length()?).ok()?;
        Some((0..length).step_by(step).map(|start| (*size).min(length - start)).collect())
    }

    /// Adds a node that adds or removes an axis; since version 13 axes are an input.
    fn change_axes(
        &self,
        operator: &str,
        input: String,
        output: String,
        axis: i64,
        nodes: &mut Vec<NodeProto>,
    ) {
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

/// The name of an input that is given.
fn input(node: &NodeProto, position: usize) -> Option<&String> {
    node.input.get(position).filter(|name| !name.is_empty())
}

/// An index that may count from the end of `length` elements.
fn index(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(i64::try_from(length).ok()?)? } else { index };
    usize::try_from(index).ok()
}

fn int(node: &NodeProto, name: &str, default: i64) -> i64 {
    node.attribute.iter().find(|attribute| attribute.name == name).map_or(default, |attribute| attribute.i)
}

/// The whole numbers that a Constant holds.
fn constant_numbers(node: &NodeProto) -> Option<Vec<i64>> {
    node.attribute.iter().find_map(|attribute| match attribute.name.as_str() {
        "value" => attribute.t.as_ref().and_then(integers),
        "value_int" => Some(vec![attribute.i]),
        "value_ints" => Some(attribute.ints.clone()),
        _ => None,
    })
}

/// Whether it is of a type that messages have nothing of but tensors': a sequence or an optional one.
fn is_sequence(info: &ValueInfoProto) -> bool {
    info.r#type.as_ref().is_some_and(|kind| kind.value.is_none())
}

fn shape(info: &ValueInfoProto) -> Option<Vec<Option<usize>>> {
    let type_proto::Value::TensorType(tensor) = info.r#type.as_ref()?.value.as_ref()?;
    let dims = tensor.shape.as_ref()?.dim.iter().map(|dim| match dim.value {
        Some(dimension::Value::DimValue(length)) => usize::try_from(length).ok(),
        _ => None,
    });
    Some(dims.collect())
}
