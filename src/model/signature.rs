//! Inputs and outputs of a model as SQL sees them: columns.

use super::graph_port::GraphPort;
use crate::data::DataType;
use crate::onnx::Dim;

/// What a model takes and gives, in SQL's types.
///
/// Columns are matched with the inputs by their names, case aside. Every name is the model file's own unless an
/// option says otherwise: [`input_columns`](super::ModelOptions::ALL) makes several columns of one input,
/// `labels` and `task` add `predicted_label` and `predicted_label_probs` to the outputs.
///
/// # Types
///
/// The element type and the shape of one row, all dimensions but the one that counts rows, give the type of a column:
///
/// | element type | `[N]`, `[N, 1]` | `[N, k]` | more dimensions |
/// |---|---|---|---|
/// | float16, bfloat16, float32, float64 | `FLOAT64` | `ARRAY<FLOAT64>` | [`DataType::Tensor`] |
/// | int8 to int64, uint8 to uint64 | `INT64` | `ARRAY<INT64>` | `ARRAY<INT64>`; pictures of int8 and uint8 are [`DataType::Tensor`] |
/// | bool | `BOOL` | `ARRAY<BOOL>` | `ARRAY<BOOL>` |
/// | string | `STRING` | `ARRAY<STRING>` | `ARRAY<STRING>` |
///
/// A value that the model's own type cannot hold, such as 300 for a uint8, is an error when it is met.
///
/// # Example
///
/// ```
/// use predictql::{Limits, data::DataType, model::Model};
///
/// let model = Model::load(&std::fs::read("tests/fixtures/models/iris_rf.onnx")?, &Limits::default())?;
/// let inputs: Vec<&str> = model.signature().inputs.iter().map(|port| port.name.as_str()).collect();
/// assert_eq!(inputs, ["sepal_length", "sepal_width", "petal_length", "petal_width"]);
/// assert!(model.signature().inputs.iter().all(|port| port.data_type == DataType::Float64));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The columns that it needs, in the model's order.
    pub inputs: Vec<Port>,
    /// The columns that it gives, in the model's order.
    pub outputs: Vec<Port>,
}

/// One column of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The name: the model file's own, unless an option says otherwise.
    pub name: String,
    /// The type of one row.
    pub data_type: DataType,
    /// The dimensions of the tensor for all rows.
    pub shape: Vec<Dim>,
    /// Whether a prediction needs it: false for an input that no operator reads.
    pub required: bool,
}

impl Port {
    /// The column for an input or output of the graph as it is.
    pub(super) fn of(port: &GraphPort) -> Self {
        Self {
            name: port.name.clone(),
            data_type: port.data_type.clone(),
            shape: port.shape.clone(),
            required: port.required,
        }
    }
}
