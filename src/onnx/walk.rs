//! Graphs within graphs, and the nodes of one.

use std::collections::HashMap;

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
    let mut makers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        node.output.iter().for_each(|name| makers.entry(name).or_default().push(index));
    }
    let mut is_read = vec![false; graph.node.len()];
    let mut open: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    while let Some(name) = open.pop() {
        for index in makers.remove(name).unwrap_or_default() {
            let Some((node, is_read)) = graph.node.get(index).zip(is_read.get_mut(index)) else { continue };
            if std::mem::replace(is_read, true) {
                continue;
            }
            // A body reads outer values by their names; its own do no harm here.
            for body in graphs(bodies(node)) {
                open.extend(body.output.iter().map(|output| output.name.as_str()));
                open.extend(body.node.iter().flat_map(|node| &node.input).map(String::as_str));
            }
            open.extend(node.input.iter().map(String::as_str));
        }
    }
    let mut is_read = is_read.into_iter();
    graph.node.retain(|_| is_read.next() == Some(true));
}
