//! Inputs and outputs of a model as SQL sees them.

use std::fmt;

use tract_onnx::prelude::DatumType;

use crate::data::DataType;

/// What a model takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The columns that it needs, in the model's order.
    pub inputs: Vec<Port>,
    /// The columns that it gives, in the model's order.
    pub outputs: Vec<Port>,
}

/// One input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The name in the model file.
    pub name: String,
    /// The type of one row.
    pub data_type: DataType,
    /// The tensor's dimensions; the first one counts rows.
    pub shape: Vec<Dim>,
    /// Whether a prediction needs it: false for an input that no operator reads.
    pub required: bool,
    pub(super) element: DatumType,
}

/// One dimension of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// Always this long.
    Fixed(usize),
    /// As long as the data; the name is the model file's own and may be empty.
    Free(String),
}

impl Dim {
    /// The length, where it is fixed.
    pub fn fixed(&self) -> Option<usize> {
        match self {
            Self::Fixed(length) => Some(*length),
            Self::Free(_) => None,
        }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(length) => write!(f, "{length}"),
            Self::Free(name) if name.is_empty() => f.write_str("?"),
            Self::Free(name) => f.write_str(name),
        }
    }
}

impl Port {
    pub(super) fn new(name: String, element: DatumType, shape: Vec<Dim>) -> Self {
        let scalar = scalar_type(element);
        let data_type = match shape.as_slice() {
            [] | [_] | [_, Dim::Fixed(1)] => scalar,
            [_, _, _, ..] if element.is_float() => DataType::Tensor,
            _ => DataType::array(scalar),
        };
        Self { name, data_type, shape, required: true, element }
    }

    /// The dimensions of one row.
    pub(super) fn row_shape(&self) -> &[Dim] {
        self.shape.get(1..).unwrap_or_default()
    }
}

/// BigQuery's mapping: all integers are INT64, all floats FLOAT64.
fn scalar_type(element: DatumType) -> DataType {
    match element {
        DatumType::Bool => DataType::Bool,
        DatumType::String => DataType::String,
        _ if element.is_float() => DataType::Float64,
        _ => DataType::Int64,
    }
}
