//! Operators with a template: each of their nodes becomes the template's nodes. The others get the names that operators
//! are registered by.

use std::collections::HashMap;

use crate::onnx::pb::{GraphProto, NodeProto};
use anyhow::Result;

use crate::onnx::names::full_name;
use crate::onnx::templates::{self, Constant, Instance};
use crate::onnx::walk;

/// Expands the templates in `graph`, whose standard operators have version `opset`.
pub(super) fn expand(graph: &mut GraphProto, opset: i64) -> Result<()> {
    expand_body(graph, opset, &mut HashMap::new())
}

/// `constants` are those constants around the graph that it can see, by name.
fn expand_body(graph: &mut GraphProto, opset: i64, constants: &mut HashMap<String, Constant>) -> Result<()> {
    // What the names mean around the graph.
    let mut around = Vec::new();
    let mut name = |constants: &mut HashMap<String, Constant>, name: &String, value| {
        around.push((name.clone(), constants.insert(name.clone(), value)));
    };
    graph.initializer.iter().for_each(|tensor| name(constants, &tensor.name, Constant::of(tensor)));
    let mut pending: Vec<NodeProto> = graph.node.drain(..).rev().collect();
    while let Some(mut node) = pending.pop() {
        if node.op_type == "Constant" {
            let tensor = node.attribute.iter().find_map(|attribute| attribute.t.as_ref());
            // Default: zeros are floats only where a tensor says so.
            let value = tensor.map(Constant::of).unwrap_or_default();
            node.output.iter().for_each(|output| name(constants, output, value.clone()));
        }
        if let Some(template) = templates::find(&node, opset) {
            let nodes = Instance { node: &node, opset, constants }.expand(template)?;
            pending.extend(nodes.into_iter().rev());
            continue;
        }
        node.op_type = full_name(&node.domain, &node.op_type);
        walk::bodies_mut(&mut node).try_for_each(|body| expand_body(body, opset, constants))?;
        graph.node.push(node);
    }
    for (name, value) in around.into_iter().rev() {
        match value {
            Some(value) => drop(constants.insert(name, value)),
            None => drop(constants.remove(&name)),
        }
    }
    Ok(())
}
