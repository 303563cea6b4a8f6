//! Graphs within graphs, and the nodes of one.

use std::collections::HashSet;

use crate::onnx::pb;

/// `graphs` with the bodies of their branches and loops, at any depth.
pub(super) fn graphs<'a>(
    graphs: impl IntoIterator<Item = &'a pb::GraphProto>,
) -> impl Iterator<Item = &'a pb::GraphProto> {
    let mut open: Vec<_> = graphs.into_iter().collect();
    std::iter::from_fn(move || {
        let graph = open.pop()?;
        open.extend(graph.node.iter().flat_map(bodies));
        Some(graph)
    })
}

/// The bodies of a node's branches or loop.
pub(super) fn bodies(node: &pb::NodeProto) -> impl Iterator<Item = &pb::GraphProto> {
    node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
}

/// [`bodies`], to change them.
pub(super) fn bodies_mut(node: &mut pb::NodeProto) -> impl Iterator<Item = &mut pb::GraphProto> {
    node.attribute.iter_mut().flat_map(|attribute| attribute.g.iter_mut().chain(&mut attribute.graphs))
}

/// Drops the nodes that no output needs.
pub(super) fn drop_unread(graph: &mut pb::GraphProto) {
    let mut needed: HashSet<String> = graph.output.iter().map(|output| output.name.clone()).collect();
    loop {
        let before = needed.len();
        let is_read = |node: &&pb::NodeProto| node.output.iter().any(|name| needed.contains(name));
        let read: Vec<&pb::NodeProto> = graph.node.iter().filter(is_read).collect();
        for node in read {
            // A body reads outer values by their names; its own do no harm here.
            let inside = graphs(bodies(node)).flat_map(|body| {
                let outputs = body.output.iter().map(|output| &output.name);
                body.node.iter().flat_map(|node| &node.input).chain(outputs)
            });
            needed.extend(node.input.iter().chain(inside).cloned());
        }
        if needed.len() == before {
            break;
        }
    }
    graph.node.retain(|node| node.output.iter().any(|name| needed.contains(name)));
}
