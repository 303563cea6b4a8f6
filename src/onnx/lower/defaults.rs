//! Attributes that tract supposes other values for than the standard does, where a file leaves them out.

use crate::onnx::pb::GraphProto;

use crate::onnx::build::{self, Value};
use crate::onnx::{names, walk};

/// Writes the standard's defaults into `graph` and the graphs in it.
pub(super) fn complete(graph: &mut GraphProto) {
    for node in &mut graph.node {
        // A zero of 32 bits; tract has one of 64.
        let is_filled = node.attribute.iter().any(|attribute| attribute.name == "value");
        if node.op_type == "ConstantOfShape" && names::domain(&node.domain) == names::STANDARD && !is_filled {
            let zero = Value::Tensor(Box::new(build::float_vector(vec![0.0])));
            node.attribute.push(build::attribute("value", zero));
        }
        walk::bodies_mut(node).for_each(complete);
    }
}
