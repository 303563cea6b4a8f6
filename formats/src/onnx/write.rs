//! The bytes of an ONNX file. Weights are written straight from the files that they came in, transposed and scaled on the
//! way: no more is in memory than what was read and what is written.

use super::graph::{Attribute, Body, Dims, Graph, Initializer, Node, Port};
use crate::constant::Data;
use crate::tensorflow::DataType;

/// Versions that every exporter of the last years writes.
const IR_VERSION: u64 = 8;
const OPSET: u64 = 17;
const ML_OPSET: u64 = 3;

/// What is said of the file beside its graph.
pub(crate) struct About<'a> {
    pub(crate) producer_name: &'a str,
    pub(crate) producer_version: &'a str,
    pub(crate) graph_name: &'a str,
    /// The format of the file that was converted, which the engine tells by it.
    pub(crate) model_type: &'a str,
    /// The names of classes, a line each, if the model has them.
    pub(crate) labels: Option<&'a str>,
}

pub(crate) fn write(graph: &Graph, about: &About<'_>) -> Vec<u8> {
    let small = graph_message(&graph.nodes, about.graph_name, &graph.inputs, &graph.outputs);
    let weights: Vec<_> = graph.initializers.iter().map(|(name, it)| Weight::new(name, it)).collect();
    let length = small.0.len() + weights.iter().map(Weight::length).sum::<usize>();

    let mut head = Message::default();
    head.number(1, IR_VERSION);
    head.text(2, about.producer_name);
    head.text(3, about.producer_version);
    for (domain, version) in [("", OPSET), ("ai.onnx.ml", ML_OPSET)] {
        let mut opset = Message::default();
        opset.text(1, domain);
        opset.number(2, version);
        head.message(8, &opset);
    }
    for (key, value) in [("model_type", Some(about.model_type)), ("labels", about.labels)] {
        let Some(value) = value else { continue };
        let mut entry = Message::default();
        entry.text(1, key);
        entry.text(2, value);
        head.message(14, &entry);
    }
    head.key(7, 2);
    head.varint(length as u64);
    let mut out = head.0;
    out.reserve_exact(length);
    out.extend_from_slice(&small.0);
    for weight in weights {
        weight.write(&mut out);
    }
    out
}

/// A message of Protocol Buffers.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, value: u64) {
        prost::encoding::encode_varint(value, &mut self.0);
    }

    fn key(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    fn number(&mut self, field: u64, value: u64) {
        self.key(field, 0);
        self.varint(value);
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }
}

/// A graph without its weights.
fn graph_message(nodes: &[Node], name: &str, inputs: &[Port], outputs: &[Port]) -> Message {
    let mut message = Message::default();
    for node in nodes {
        message.message(1, &node_message(node));
    }
    message.text(2, name);
    for port in inputs {
        message.message(11, &port_message(port));
    }
    for port in outputs {
        message.message(12, &port_message(port));
    }
    message
}

fn node_message(node: &Node) -> Message {
    let mut message = Message::default();
    for input in &node.inputs {
        message.text(1, input);
    }
    for output in &node.outputs {
        message.text(2, output);
    }
    if let Some(name) = node.outputs.first() {
        message.text(3, name);
    }
    message.text(4, node.op);
    if node.is_ml {
        message.text(7, "ai.onnx.ml");
    }
    for (name, value) in &node.attributes {
        message.message(5, &attribute_message(name, value));
    }
    message
}

fn attribute_message(name: &str, value: &Attribute) -> Message {
    let mut message = Message::default();
    message.text(1, name);
    let kind = match value {
        Attribute::Float(float) => {
            message.key(2, 5);
            message.0.extend_from_slice(&float.to_le_bytes());
            1
        }
        Attribute::Int(int) => {
            message.number(3, int.cast_unsigned());
            2
        }
        Attribute::Text(text) => {
            message.text(4, text);
            3
        }
        Attribute::Ints(ints) => {
            for int in ints {
                message.number(8, int.cast_unsigned());
            }
            7
        }
        Attribute::Texts(texts) => {
            for text in texts {
                message.bytes(9, text);
            }
            8
        }
        Attribute::Graph(body) => {
            let Body { nodes, inputs, outputs } = body.as_ref();
            message.message(6, &graph_message(nodes, name, inputs, outputs));
            5
        }
    };
    message.number(20, kind);
    message
}

fn port_message(Port { name, dtype, dims }: &Port) -> Message {
    let mut tensor = Message::default();
    tensor.number(1, dtype.onnx().cast_unsigned().into());
    if let Some(shape) = shape_message(name, dims) {
        tensor.message(2, &shape);
    }
    let mut kind = Message::default();
    kind.message(1, &tensor);
    let mut message = Message::default();
    message.text(1, name);
    message.message(2, &kind);
    message
}

/// The first axis of what is not known counts rows; every other such length is its own.
fn shape_message(name: &str, dims: &Dims) -> Option<Message> {
    let mut message = Message::default();
    for (axis, length) in dims.as_ref()?.iter().enumerate() {
        let mut dim = Message::default();
        match (length, axis) {
            (Some(length), _) => dim.number(1, *length as u64),
            (None, 0) => dim.text(2, "batch"),
            (None, axis) => dim.text(2, &format!("{name}_{axis}")),
        }
        message.message(1, &dim);
    }
    Some(message)
}

/// An initial value, of which all but its elements is made.
struct Weight<'a> {
    initializer: &'a Initializer,
    head: Message,
    raw: usize,
}

impl<'a> Weight<'a> {
    fn new(name: &str, initializer: &'a Initializer) -> Self {
        let mut head = Message::default();
        for dim in initializer.shape() {
            head.number(1, dim as u64);
        }
        head.number(2, initializer.constant.dtype.onnx().cast_unsigned().into());
        head.text(8, name);
        let raw = match &initializer.constant.data {
            Data::Bytes(bytes) => {
                head.key(9, 2);
                head.varint(bytes.len() as u64);
                bytes.len()
            }
            Data::Texts(texts) => {
                for text in texts {
                    head.bytes(6, text);
                }
                0
            }
        };
        Self { initializer, head, raw }
    }

    /// Bytes of the message itself.
    fn content(&self) -> usize {
        self.head.0.len() + self.raw
    }

    /// Bytes of the field in the graph.
    fn length(&self) -> usize {
        1 + prost::encoding::encoded_len_varint(self.content() as u64) + self.content()
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut field = Message(std::mem::take(out));
        field.key(5, 2);
        field.varint(self.content() as u64);
        *out = field.0;
        out.extend_from_slice(&self.head.0);
        let Data::Bytes(bytes) = &self.initializer.constant.data else { return };
        let start = out.len();
        match &self.initializer.order {
            Some(order) => reorder(bytes, &self.initializer.constant.dims, order, self.element(), out),
            None => out.extend_from_slice(bytes),
        }
        if let (Some(scale), Some(written)) = (&self.initializer.scale, out.get_mut(start..)) {
            multiply(written, scale);
        }
    }

    fn element(&self) -> usize {
        DataType::bytes(self.initializer.constant.dtype)
    }
}

/// Appends the elements with their axes in another order.
fn reorder(bytes: &[u8], dims: &[usize], order: &[usize], element: usize, out: &mut Vec<u8>) {
    let mut strides = vec![element; dims.len()];
    for axis in (1..dims.len()).rev() {
        if let (Some(inner), Some(length)) = (strides.get(axis).copied(), dims.get(axis)) {
            strides.iter_mut().take(axis).next_back().into_iter().for_each(|outer| *outer = inner * length);
        }
    }
    let axes: Vec<(usize, usize)> =
        order.iter().filter_map(|axis| Some((*dims.get(*axis)?, *strides.get(*axis)?))).collect();
    let Some(((length, stride), outer)) = axes.split_last() else { return out.extend_from_slice(bytes) };
    let rows = outer.iter().map(|(length, _)| length).product::<usize>();
    for row in 0..rows {
        let (mut place, mut left) = (0, row);
        for (length, stride) in outer.iter().rev() {
            place += left % length * stride;
            left /= length;
        }
        for step in 0..*length {
            // The shape was compared with the number of bytes.
            let start = place + step * stride;
            out.extend_from_slice(bytes.get(start..start + element).unwrap_or_default());
        }
    }
}

/// Multiplies float32, which are in as many equal parts as there are factors.
fn multiply(bytes: &mut [u8], scale: &[f32]) {
    let part = (bytes.len() / scale.len().max(1)).max(4);
    for (part, factor) in bytes.chunks_mut(part).zip(scale) {
        for value in part.as_chunks_mut().0 {
            *value = (f32::from_le_bytes(*value) * factor).to_le_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_change_their_order() {
        let mut out = Vec::new();
        reorder(&[0, 1, 2, 3, 4, 5], &[2, 3], &[1, 0], 1, &mut out);
        assert_eq!(out, [0, 3, 1, 4, 2, 5]);
        let cube: Vec<u8> = (0..24).collect();
        let mut out = Vec::new();
        reorder(&cube, &[2, 3, 4], &[2, 0, 1], 1, &mut out);
        assert_eq!(out.get(..6), Some(&[0, 4, 8, 12, 16, 20][..]));
        assert_eq!(out.get(6..8), Some(&[1, 5][..]));
    }
}
