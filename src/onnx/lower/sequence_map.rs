//! `SequenceMap`: a body that makes something of the elements at each place of sequences, written out.

use std::collections::HashMap;

use crate::onnx::build::{self, Value};
use crate::onnx::pb::attribute_proto::AttributeType;
use crate::onnx::pb::{AttributeProto, GraphProto, NodeProto, TypeProto, ValueInfoProto, type_proto};
use crate::onnx::walk;

/// The body of `node` once for each of `length` places, and the names of what it makes there: those of each output.
/// `element` gives the name of the element at a place of a sequence, and that of any other value as it is.
pub(super) fn unrolled(
    node: &NodeProto,
    body: &GraphProto,
    length: usize,
    element: &dyn Fn(&str, usize) -> Option<String>,
) -> Option<(Vec<NodeProto>, Vec<Vec<String>>)> {
    let prefix = node.output.first()?;
    let (mut nodes, mut made) = (Vec::new(), vec![Vec::new(); body.output.len()]);
    for place in 0..length {
        let mut names = HashMap::new();
        for (port, given) in body.input.iter().zip(&node.input) {
            names.insert(port.name.as_str(), element(given, place)?);
        }
        let own =
            body.node.iter().flat_map(|node| &node.output).chain(body.initializer.iter().map(|it| &it.name));
        for name in own.filter(|name| !name.is_empty()) {
            names.insert(name, format!("{prefix}::{place}::{name}"));
        }
        for tensor in &body.initializer {
            nodes.push(build::constant(names.get(tensor.name.as_str())?.clone(), tensor.clone()));
        }
        for node in &body.node {
            let mut node = node.clone();
            rename(&mut node, &names);
            nodes.push(node);
        }
        for (made, output) in made.iter_mut().zip(&body.output) {
            // An output may be a value around the body.
            made.push(names.get(output.name.as_str()).unwrap_or(&output.name).clone());
        }
    }
    Some((nodes, made))
}

/// A loop over the places of the first sequence of `node`. `is_sequence` tells which values are sequences.
pub(super) fn looped(
    node: &NodeProto,
    body: &GraphProto,
    is_sequence: &dyn Fn(&String) -> bool,
) -> Option<Vec<NodeProto>> {
    let prefix = node.output.first()?;
    let named = |part: &str| format!("{prefix}::{part}");
    let port = |name: &str| ValueInfoProto { name: named(name), ..ValueInfoProto::default() };
    // The type of a sequence is one without words for us.
    let list = |name: &str| ValueInfoProto { r#type: Some(TypeProto::default()), ..port(name) };
    let count = build::node("SequenceLength", node.input.first(), named("count"));
    let mut looped = build::node("Loop", [named("count"), String::new()], "");
    looped.name = named("loop");
    looped.output.clone_from(&node.output);
    let mut round = GraphProto {
        input: vec![port("place"), port("goes_on")],
        output: vec![port("stays")],
        node: vec![build::node("Identity", [named("goes_on")], named("stays"))],
        initializer: body.initializer.clone(),
        ..GraphProto::default()
    };
    for (port, given) in body.input.iter().zip(&node.input) {
        round.node.push(if is_sequence(given) {
            build::node("SequenceAt", [given.clone(), named("place")], port.name.clone())
        } else {
            build::node("Identity", [given.clone()], port.name.clone())
        });
    }
    round.node.extend(body.node.iter().cloned());
    let mut nodes = vec![count];
    for (number, output) in body.output.iter().enumerate() {
        let [empty, before, after] = ["empty", "before", "after"].map(|part| format!("{part}{number}"));
        let mut start = build::node("SequenceEmpty", [""; 0], named(&empty));
        start.attribute.push(build::attribute("dtype", Value::Int(element_type(output)?)));
        nodes.push(start);
        looped.input.push(named(&empty));
        round.input.push(list(&before));
        round.node.push(build::node("SequenceInsert", [named(&before), output.name.clone()], named(&after)));
        round.output.push(list(&after));
    }
    let mut attribute = AttributeProto { name: "body".into(), g: Some(round), ..AttributeProto::default() };
    attribute.set_type(AttributeType::Graph);
    looped.attribute.push(attribute);
    nodes.push(looped);
    Some(nodes)
}

fn element_type(info: &ValueInfoProto) -> Option<i64> {
    let type_proto::Value::TensorType(tensor) = info.r#type.as_ref()?.value.as_ref()?;
    Some(tensor.elem_type.into())
}

/// Gives the values that `node` and its bodies read and make their new names.
fn rename(node: &mut NodeProto, names: &HashMap<&str, String>) {
    let renamed = |name: &mut String| {
        if let Some(other) = names.get(name.as_str()) {
            name.clone_from(other);
        }
    };
    node.input.iter_mut().chain(&mut node.output).for_each(renamed);
    for body in walk::bodies_mut(node) {
        body.output.iter_mut().for_each(|info| renamed(&mut info.name));
        body.node.iter_mut().for_each(|node| rename(node, names));
    }
}
