//! What makes values of narrow types ([`Narrow`]) rounds them: a cast to one becomes a cast to the type that holds them and
//! `predictql.Narrow`, and a QuantizeLinear whose zero point has such a type says so itself. Afterwards types are those that
//! hold values, and nothing tells them apart.

use litemap::LiteMap;

use super::super::narrow::Narrow;
use crate::onnx::build::{self, Value};
use crate::onnx::pb::{GraphProto, NodeProto, type_proto};
use crate::onnx::{names, walk};

/// The narrow types of tensors, by their names.
pub(in crate::onnx) type Types = LiteMap<String, i32>;

/// Rewrites `graph`, with the types `known` of what is read around it or was read before.
pub(in crate::onnx) fn settle(graph: &mut GraphProto, known: &Types) {
    let mut types = known.clone();
    for info in graph.input.iter().chain(&graph.value_info) {
        let value = info.r#type.as_ref().and_then(|declared| declared.value.as_ref());
        if let Some(type_proto::Value::TensorType(tensor)) = value
            && Narrow::of(tensor.elem_type).is_some()
        {
            types.insert(info.name.clone(), tensor.elem_type);
        }
    }
    for node in std::mem::take(&mut graph.node) {
        settle_node(node, &mut types, &mut graph.node);
    }
}

/// Puts into `nodes` what a node becomes.
fn settle_node(mut node: NodeProto, types: &mut Types, nodes: &mut Vec<NodeProto>) {
    walk::bodies_mut(&mut node).for_each(|body| settle(body, types));
    let beside = |input: usize| node.input.get(input).and_then(|name| types.get(name)).copied();
    let is_standard = names::domain(&node.domain) == names::STANDARD;
    match (node.op_type.as_str(), is_standard) {
        ("CastLike", true) => {
            let Some(like) = beside(1) else { return nodes.push(node) };
            node.op_type = "Cast".into();
            node.input.truncate(1);
            node.attribute.push(build::attribute("to", Value::Int(like.into())));
            cast(node, types, nodes);
        }
        ("Cast", true) => cast(node, types, nodes),
        ("QuantizeLinear", _) => {
            if let Some(zero) = beside(2) {
                node.attribute.retain(|attribute| attribute.name != "output_dtype");
                node.attribute.push(build::attribute("output_dtype", Value::Int(zero.into())));
            }
            nodes.push(node);
        }
        #[cfg(feature = "full")]
        ("GatherBlockQuantized", false) => {
            // Each element of the table holds one number, however many bits it has.
            if beside(0).is_some() {
                node.attribute.push(build::attribute(names::UNPACKED, Value::Int(1)));
            }
            nodes.push(node);
        }
        // Values keep their type.
        ("Identity" | "Reshape" | "Transpose" | "Squeeze" | "Unsqueeze" | "Flatten", true) => {
            if let (Some(narrow), Some(output)) = (beside(0), node.output.first()) {
                types.insert(output.clone(), narrow);
            }
            nodes.push(node);
        }
        _ => nodes.push(node),
    }
}

fn cast(mut node: NodeProto, types: &mut Types, nodes: &mut Vec<NodeProto>) {
    let to = node.attribute.iter().find(|attribute| attribute.name == "to").map(|attribute| attribute.i);
    let narrow = to.and_then(|to| i32::try_from(to).ok()).filter(|to| Narrow::of(*to).is_some());
    let (Some(narrow), Some(output)) = (narrow, node.output.first().cloned()) else {
        return nodes.push(node);
    };
    types.insert(output.clone(), narrow);
    let wide = format!("{output}/wide");
    let rounded = NodeProto {
        domain: names::INTERNAL.into(),
        op_type: "Narrow".into(),
        input: vec![wide.clone()],
        output: vec![output],
        ..node.clone()
    };
    node.output = vec![wide];
    nodes.extend([node, rounded]);
}
