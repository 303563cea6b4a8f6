//! Attributes that tract supposes other values for than the standard does, where a file leaves them out or empty.

use crate::onnx::pb::GraphProto;

use crate::onnx::build::{self, Value};
use crate::onnx::{names, walk};

/// Lists of a window, with a number for each of its axes.
const WINDOW: [&str; 5] = ["dilations", "kernel_shape", "output_padding", "pads", "strides"];

/// Writes the standard's defaults into `graph` and the graphs in it.
pub(super) fn complete(graph: &mut GraphProto) {
    for node in &mut graph.node {
        // ONNX does not tell an empty list from one that is left out; tract looks for its numbers.
        if node.op_type != "Pad" {
            node.attribute
                .retain(|attribute| !attribute.ints.is_empty() || !WINDOW.contains(&attribute.name.as_str()));
        }
        // A zero of 32 bits; tract has one of 64.
        let is_filled = node.attribute.iter().any(|attribute| attribute.name == "value");
        if node.op_type == "ConstantOfShape" && names::domain(&node.domain) == names::STANDARD && !is_filled {
            let zero = Value::Tensor(Box::new(build::float_vector(vec![0.0])));
            node.attribute.push(build::attribute("value", zero));
        }
        walk::bodies_mut(node).for_each(complete);
    }
}
