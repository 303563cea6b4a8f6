//! Inputs and outputs of a model as SQL sees them: columns.

use super::graph_port::{GraphPort, scalar_type};
use crate::data::DataType;
use crate::onnx::Dim;
use crate::tensor::ElementType;

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
/// | int8 to int64, uint8 to uint64 | `INT64` | `ARRAY<INT64>` | `ARRAY<INT64>`; inputs of int8 and uint8 are [`DataType::Tensor`] |
/// | bool | `BOOL` | `ARRAY<BOOL>` | `ARRAY<BOOL>` |
/// | string | `STRING` | `ARRAY<STRING>` | `ARRAY<STRING>` |
///
/// An input of integers, bools or strings with several free dimensions is a `STRUCT` of the dimensions and the values of a
/// row, as [`DataType::Tensor`] reads. Where the length of a list tells the shape of a row, an input of a `STRUCT` takes
/// the list too, and one of a list the `STRUCT`.
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
    /// Whether a prediction needs it: false for an input that no operator reads, and for one that has a value in the
    /// file, which stands where none is given.
    pub required: bool,
    pub(super) has_default: bool,
    /// The type of one value of a row.
    pub(super) element: DataType,
    /// The dimensions of one row, as the model has them.
    pub(super) row: Vec<Dim>,
    /// The dimensions of a picture, where a row has room for one.
    pub(super) picture: Option<Vec<Dim>>,
    /// Whether a struct of 64-bit values goes into the model as it is.
    pub(super) takes_doubles: bool,
    /// Whether a flat list of values can be a row.
    pub(super) takes_lists: bool,
}

impl Port {
    /// The column for an input or output of the graph as it is.
    pub(super) fn of(port: &GraphPort) -> Self {
        Self {
            name: port.name.clone(),
            data_type: port.data_type.clone(),
            shape: port.shape.clone(),
            required: port.required,
            has_default: port.has_default,
            element: scalar_type(port.element),
            row: port.row_shape().to_vec(),
            picture: None,
            takes_doubles: port.element == ElementType::F64,
            takes_lists: port.free_dims() < 2,
        }
    }

    /// A column with one value for each row, which no input or output of the graph is.
    pub(super) fn plain(name: &str, data_type: DataType) -> Self {
        Self {
            name: name.to_owned(),
            element: data_type.clone(),
            data_type,
            shape: Vec::new(),
            required: true,
            has_default: false,
            row: Vec::new(),
            picture: None,
            takes_doubles: false,
            takes_lists: false,
        }
    }

    /// The types of the columns that it takes without a conversion, its own first.
    pub(crate) fn forms(&self) -> Vec<DataType> {
        let list = || DataType::array(self.element.clone());
        match &self.data_type {
            DataType::Tensor => {
                // What is 64 bits wide stays so.
                let doubles = self.takes_doubles.then(|| DataType::tensor_of(self.element.clone()));
                let lists = self.takes_lists.then(list);
                doubles.into_iter().chain([DataType::Tensor, DataType::Picture]).chain(lists).collect()
            }
            DataType::Array(_) if self.row.len() > 1 => {
                vec![list(), DataType::tensor_of(self.element.clone())]
            }
            own => vec![own.clone()],
        }
    }

    /// The dimensions of one row, as the model has them.
    pub(crate) fn row(&self) -> &[Dim] {
        &self.row
    }

    /// The dimensions of a picture in SQL, where a row has room for one.
    pub(crate) fn picture(&self) -> Option<&[Dim]> {
        self.picture.as_deref()
    }
}
