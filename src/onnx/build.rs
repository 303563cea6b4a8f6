//! The one builder of ONNX messages: nodes, attributes and small tensors.

use crate::onnx::pb::attribute_proto::AttributeType;
use crate::onnx::pb::tensor_proto::DataType as Element;
use crate::onnx::pb::{AttributeProto, NodeProto, TensorProto};

/// The value of an attribute.
pub(crate) enum Value {
    Int(i64),
    Float(f32),
    String(String),
    Tensor(Box<TensorProto>),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Strings(Vec<String>),
}

/// An attribute called `name`.
pub(crate) fn attribute(name: impl Into<String>, value: Value) -> AttributeProto {
    let mut attribute = AttributeProto { name: name.into(), ..AttributeProto::default() };
    let kind = match value {
        Value::Int(int) => {
            attribute.i = int;
            AttributeType::Int
        }
        Value::Float(float) => {
            attribute.f = float;
            AttributeType::Float
        }
        Value::String(string) => {
            attribute.s = string.into_bytes();
            AttributeType::String
        }
        Value::Tensor(tensor) => {
            attribute.t = Some(*tensor);
            AttributeType::Tensor
        }
        Value::Ints(ints) => {
            attribute.ints = ints;
            AttributeType::Ints
        }
        Value::Floats(floats) => {
            attribute.floats = floats;
            AttributeType::Floats
        }
        Value::Strings(strings) => {
            attribute.strings = strings.into_iter().map(String::into_bytes).collect();
            AttributeType::Strings
        }
    };
    attribute.set_type(kind);
    attribute
}

/// A node of the standard domain with one output, by which the node is called too.
pub(crate) fn node(
    op_type: &str,
    inputs: impl IntoIterator<Item = impl Into<String>>,
    output: impl Into<String>,
) -> NodeProto {
    let output = output.into();
    NodeProto {
        op_type: op_type.to_owned(),
        name: output.clone(),
        input: inputs.into_iter().map(Into::into).collect(),
        output: vec![output],
        ..NodeProto::default()
    }
}

/// A node that holds `value`.
pub(crate) fn constant(output: impl Into<String>, value: TensorProto) -> NodeProto {
    NodeProto {
        attribute: vec![attribute("value", Value::Tensor(Box::new(value)))],
        ..node("Constant", [""; 0], output)
    }
}

/// A tensor without dimensions.
pub(crate) fn int_scalar(value: i64) -> TensorProto {
    TensorProto { dims: Vec::new(), ..int_vector(vec![value]) }
}

/// A tensor of one dimension.
pub(crate) fn int_vector(values: Vec<i64>) -> TensorProto {
    TensorProto {
        dims: vec![length(&values)],
        data_type: Element::Int64.into(),
        int64_data: values,
        ..TensorProto::default()
    }
}

/// A tensor of one dimension.
pub(crate) fn float_vector(values: Vec<f32>) -> TensorProto {
    TensorProto {
        dims: vec![length(&values)],
        data_type: Element::Float.into(),
        float_data: values,
        ..TensorProto::default()
    }
}

/// A tensor of one dimension.
pub(crate) fn double_vector(values: Vec<f64>) -> TensorProto {
    TensorProto {
        dims: vec![length(&values)],
        data_type: Element::Double.into(),
        double_data: values,
        ..TensorProto::default()
    }
}

/// The length of a list, as messages have it.
fn length<T>(values: &[T]) -> i64 {
    // An allocation never exceeds `isize::MAX` bytes.
    values.len().cast_signed() as i64
}
