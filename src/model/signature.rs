//! Inputs and outputs of a model as SQL sees them, and which of their dimensions counts rows.

use tract_onnx::prelude::DatumType;

use super::plans::Shapes;
use crate::data::DataType;
use crate::diag::{Code, Error, Result};
use crate::limits::Limits;
use crate::onnx::{Declared, Dim};

/// What a model takes and gives.
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

/// One input or output of the graph itself: a tensor.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) name: String,
    /// The type of one row as SQL has it.
    pub(super) data_type: DataType,
    /// The dimensions of the tensor for all rows.
    pub(super) shape: Vec<Dim>,
    /// Whether any operator reads it.
    pub(super) required: bool,
    pub(super) element: DatumType,
    /// Whether the first dimension counts rows.
    counts_rows: bool,
}

/// How many rows one run takes, by the first dimension of the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Batch {
    /// Any number.
    Free,
    /// Exactly so many; the last run is filled up with zeros.
    Fixed(usize),
    /// No dimension counts rows: every input is one vector or number, for one row.
    Single,
}

impl Batch {
    /// Reads it from the declared inputs.
    ///
    /// # Errors
    /// `unsupported-model-type` where the inputs disagree.
    pub(super) fn of(inputs: &[Declared]) -> Result<Self> {
        let refuse = |message| Err(Error::new(Code::UnsupportedModelType, message));
        let mut batch = Self::Free;
        for input in inputs {
            let rows = match input.dims().first() {
                Some(Dim::Free(_)) => continue,
                Some(Dim::Fixed(rows)) => *rows,
                None => 1,
            };
            batch = match batch {
                _ if rows == 0 => return refuse(format!("model input `{}` holds nothing", input.name)),
                Self::Fixed(other) if other != rows => {
                    return refuse(format!(
                        "the first dimensions of the model's inputs are {other} and {rows}: they do not count the same rows"
                    ));
                }
                _ => Self::Fixed(rows),
            };
        }
        let vectors = inputs.iter().all(|input| input.dims().len() < 2);
        Ok(if vectors && matches!(batch, Self::Fixed(2..)) { Self::Single } else { batch })
    }

    /// The rows of a run for `rows` rows.
    pub(super) fn rows(self, rows: usize) -> usize {
        match self {
            Self::Free => rows,
            Self::Fixed(rows) => rows,
            Self::Single => 1,
        }
    }

    /// The rows that one run takes best. Pictures go one by one; small rows go together as far as what the widest
    /// operator reads and writes for them, `row_bytes` each, stays within the limit.
    pub(super) fn best_rows(self, inputs: &[Slot], row_bytes: usize, limits: &Limits) -> usize {
        if self != Self::Free {
            return self.rows(1);
        }
        if inputs.iter().any(|slot| slot.data_type == DataType::Tensor) {
            return 1;
        }
        limits.tensor_bytes.checked_div(row_bytes).unwrap_or(limits.batch_rows).clamp(1, limits.batch_rows)
    }
}

impl Port {
    /// The column that a slot is as it stands.
    pub(super) fn of(slot: &Slot) -> Self {
        Self {
            name: slot.name.clone(),
            data_type: slot.data_type.clone(),
            shape: slot.shape.clone(),
            required: slot.required,
        }
    }
}

impl Slot {
    pub(super) fn input(declared: Declared, batch: Batch) -> Self {
        let shape = declared.shape.unwrap_or_default();
        let counts_rows = batch != Batch::Single && !shape.is_empty();
        let mut slot = Self::new(declared.name, declared.element, shape, counts_rows);
        // Pictures of bytes come as pictures.
        if slot.row_shape().len() > 1 && matches!(slot.element, DatumType::U8 | DatumType::I8) {
            slot.data_type = DataType::Tensor;
        }
        slot.required = declared.required;
        slot
    }

    /// An output with the dimensions that inference found, under the names that the file has for free ones. Files are
    /// wrong about their outputs often enough (a label of shape `[1]` for any number of rows) that inference counts.
    pub(super) fn output(declared: Declared, inferred: Vec<Dim>, batch: Batch) -> Self {
        let named = declared.shape.filter(|shape| shape.len() == inferred.len());
        let named = named.unwrap_or_else(|| inferred.clone());
        let mut shape: Vec<Dim> = named
            .into_iter()
            .zip(inferred)
            .enumerate()
            .map(|(axis, dims)| match dims {
                (named @ Dim::Free(_), Dim::Free(_)) => named,
                // Inference had to suppose a number of rows.
                (named @ Dim::Free(_), Dim::Fixed(_)) if axis == 0 && batch == Batch::Free => named,
                (_, inferred) => inferred,
            })
            .collect();
        // Some exporters leave the answers for all rows in a row: `[1, N]`.
        if let (Batch::Free, [Dim::Fixed(1), Dim::Free(_)]) = (batch, shape.as_slice()) {
            shape.remove(0);
        }
        let counts_rows = match (batch, shape.first()) {
            (Batch::Single, _) | (_, None) => false,
            (Batch::Free, _) => true,
            (Batch::Fixed(rows), Some(first)) => first.fixed() == Some(rows),
        };
        Self::new(declared.name, declared.element, shape, counts_rows)
    }

    fn new(name: String, element: DatumType, shape: Vec<Dim>, counts_rows: bool) -> Self {
        let row = shape.get(usize::from(counts_rows)..).unwrap_or_default();
        let data_type = match row {
            [] | [Dim::Fixed(1)] => scalar_type(element),
            [_, _, ..] if element.is_float() => DataType::Tensor,
            _ => DataType::array(scalar_type(element)),
        };
        Self { name, data_type, shape, required: true, element, counts_rows }
    }

    /// The dimensions of one row.
    pub(super) fn row_shape(&self) -> &[Dim] {
        self.shape.get(usize::from(self.counts_rows)..).unwrap_or_default()
    }

    /// The dimensions of a tensor for `rows` rows of shape `row`.
    pub(super) fn tensor_shape(&self, rows: usize, row: &[usize]) -> Vec<usize> {
        self.counts_rows.then_some(rows).into_iter().chain(row.iter().copied()).collect()
    }
}

/// Input shapes of so many rows that most networks accept, where a graph loads with known shapes only.
pub(super) fn sample(inputs: &[Slot], batch: Batch, rows: usize) -> Shapes {
    shapes(inputs, batch, rows, |slot| if slot.data_type == DataType::Tensor { 224 } else { 8 })
}

/// Input shapes of so many rows, with `free` in place of lengths that are not fixed.
pub(super) fn shapes(inputs: &[Slot], batch: Batch, rows: usize, free: fn(&Slot) -> usize) -> Shapes {
    let row = |slot: &Slot| -> Vec<usize> {
        slot.row_shape().iter().map(|dim| dim.fixed().unwrap_or_else(|| free(slot))).collect()
    };
    inputs.iter().map(|slot| slot.tensor_shape(batch.rows(rows), &row(slot))).collect()
}

/// BigQuery's mapping: all integers are INT64, all floats FLOAT64.
pub(super) fn scalar_type(element: DatumType) -> DataType {
    match element {
        DatumType::Bool => DataType::Bool,
        DatumType::String => DataType::String,
        _ if element.is_float() => DataType::Float64,
        _ => DataType::Int64,
    }
}
