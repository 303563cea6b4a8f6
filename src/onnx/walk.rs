//! Graphs within graphs.

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
