//! The ONNX graph that is made: its nodes and weights, what is fused in it, and how it becomes bytes.

mod fuse;
mod graph;
mod write;

pub(crate) use fuse::{drop_unread, fuse};
pub(crate) use graph::{Attribute, Dims, Graph, Initializer, Node, Origin, Port, Spaced, Tensor};
pub(crate) use write::{About, write};
