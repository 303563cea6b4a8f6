//! The field numbers of ONNX's messages that are read from the file's bytes, as `onnx.proto` assigns them.

pub(super) mod model {
    pub(in crate::onnx) const IR_VERSION: u64 = 1;
    pub(in crate::onnx) const GRAPH: u64 = 7;
    pub(in crate::onnx) const FUNCTIONS: u64 = 25;
}

pub(super) mod graph {
    pub(in crate::onnx) const NODE: u64 = 1;
    pub(in crate::onnx) const INITIALIZER: u64 = 5;
    pub(in crate::onnx) const INPUT: u64 = 11;
    pub(in crate::onnx) const OUTPUT: u64 = 12;
}

pub(super) mod function {
    pub(in crate::onnx) const NODE: u64 = 7;
    pub(in crate::onnx) const ATTRIBUTE_WITH_DEFAULT: u64 = 11;
}

pub(super) mod node {
    pub(in crate::onnx) const ATTRIBUTE: u64 = 5;
}

pub(super) mod attribute {
    pub(in crate::onnx) const TENSOR: u64 = 5;
    pub(in crate::onnx) const GRAPH: u64 = 6;
    pub(in crate::onnx) const TENSORS: u64 = 10;
    pub(in crate::onnx) const GRAPHS: u64 = 11;
}

pub(super) mod tensor {
    pub(in crate::onnx) const RAW_DATA: u64 = 9;
    pub(in crate::onnx) const EXTERNAL_DATA: u64 = 13;
    pub(in crate::onnx) const DATA_LOCATION: u64 = 14;
    /// The value of [`DATA_LOCATION`] for a tensor in another file.
    pub(in crate::onnx) const EXTERNAL: u64 = 1;
}

/// An entry of a list of keys and values (`StringStringEntryProto`).
pub(super) mod entry {
    pub(in crate::onnx) const KEY: u64 = 1;
    pub(in crate::onnx) const VALUE: u64 = 2;
}

pub(super) mod value_info {
    pub(in crate::onnx) const TYPE: u64 = 2;
}

/// A sequence, and a tensor of any kind: what their elements are.
pub(super) mod element {
    pub(in crate::onnx) const TYPE: u64 = 1;
}

/// The kinds of values that `TypeProto` can hold.
pub(super) mod value_type {
    pub(in crate::onnx) const TENSOR: u64 = 1;
    pub(in crate::onnx) const SEQUENCE: u64 = 4;
    pub(in crate::onnx) const MAP: u64 = 5;
    pub(in crate::onnx) const OPAQUE: u64 = 7;
    pub(in crate::onnx) const SPARSE_TENSOR: u64 = 8;
    pub(in crate::onnx) const OPTIONAL: u64 = 9;
}
