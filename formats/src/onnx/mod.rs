//! The ONNX graph that is made: its nodes and weights, what is fused in it, and how it becomes bytes.

mod fuse;
mod graph;
mod quantised;
mod rounds;
mod write;

pub(crate) use graph::{Attribute, Dims, Graph, Initializer, Node, Origin, Port, Spaced, Tensor};
pub(crate) use quantised::{dequantised, quantise};
pub(crate) use rounds::{Made, repeat};
pub(crate) use write::{About, write};

/// What an exporter does last.
pub(crate) fn finish(graph: &mut Graph) {
    fuse::drop_unread(graph);
    fuse::fuse(graph);
    fuse::drop_unread(graph);
    quantised::dequantise(graph);
}
