//! Operators with a template: each of their nodes becomes the template's nodes. The others get the names that operators
//! are registered by: tract looks them up by name alone.

use std::collections::HashSet;

use crate::onnx::pb::{GraphProto, NodeProto};
use anyhow::Result;

use crate::onnx::names::full_name;
use crate::onnx::templates::{self, Instance};
use crate::onnx::walk;

/// Expands the templates in `graph`, whose standard operators have version `opset`.
pub(super) fn expand(graph: &mut GraphProto, opset: i64) -> Result<()> {
    expand_body(graph, opset, HashSet::new())
}

/// `constants` are the names of those constants around the graph that it can see.
fn expand_body(graph: &mut GraphProto, opset: i64, mut constants: HashSet<String>) -> Result<()> {
    constants.extend(graph.initializer.iter().map(|tensor| tensor.name.clone()));
    let mut pending: Vec<NodeProto> = graph.node.drain(..).rev().collect();
    while let Some(mut node) = pending.pop() {
        if node.op_type == "Constant" {
            constants.extend(node.output.iter().cloned());
        }
        if let Some(template) = templates::find(&node.domain, &node.op_type) {
            let nodes = Instance { node: &node, opset, constants: &constants }.expand(template)?;
            pending.extend(nodes.into_iter().rev());
            continue;
        }
        node.op_type = full_name(&node.domain, &node.op_type);
        // tract takes the last inputs to be there.
        while node.input.last().is_some_and(String::is_empty) {
            node.input.pop();
        }
        walk::bodies_mut(&mut node).try_for_each(|body| expand_body(body, opset, constants.clone()))?;
        graph.node.push(node);
    }
    Ok(())
}
