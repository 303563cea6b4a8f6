//! Inputs and outputs of the graph itself: tensors, with the SQL type of one row of them.

use tract_onnx::prelude::DatumType;

use super::batch_size::BatchSize;
use crate::data::DataType;
use crate::diag::{Invariant, Result};
use crate::onnx::{Declared, Dim};

/// One input or output of the graph: a tensor.
#[derive(Debug, Clone)]
pub(super) struct GraphPort {
    pub(super) name: String,
    /// The type of one row as SQL has it.
    pub(super) data_type: DataType,
    /// The dimensions of the tensor for all rows.
    pub(super) shape: Vec<Dim>,
    /// Whether any operator reads it.
    pub(super) required: bool,
    pub(super) element: DatumType,
    /// Whether the first dimension counts rows; never for a shape without dimensions.
    counts_rows: bool,
}

impl GraphPort {
    pub(super) fn input(declared: Declared, batch_size: BatchSize) -> Result<Self> {
        let shape = declared.shape.invariant("the shape of a model input")?;
        let counts_rows = batch_size != BatchSize::Unbatched && !shape.is_empty();
        let mut port = Self::new(declared.name, declared.element, shape, counts_rows);
        // Pictures of bytes come as pictures.
        if port.row_shape().len() > 1 && matches!(port.element, DatumType::U8 | DatumType::I8) {
            port.data_type = DataType::Tensor;
        }
        port.required = declared.required;
        Ok(port)
    }

    /// An output with the dimensions that inference found, under the names that the file has for free ones. Files are
    /// wrong about their outputs often enough (a label of shape `[1]` for any number of rows) that inference counts.
    pub(super) fn output(declared: Declared, inferred: Vec<Dim>, batch_size: BatchSize) -> Self {
        let named = declared.shape.filter(|shape| shape.len() == inferred.len());
        let named = named.unwrap_or_else(|| inferred.clone());
        let mut shape: Vec<Dim> = named
            .into_iter()
            .zip(inferred)
            .enumerate()
            .map(|(axis, dims)| match dims {
                (named @ Dim::Free(_), Dim::Free(_)) => named,
                // Inference had to suppose a number of rows.
                (named @ Dim::Free(_), Dim::Fixed(_)) if axis == 0 && batch_size == BatchSize::Any => named,
                (_, inferred) => inferred,
            })
            .collect();
        // Some exporters leave the answers for all rows in a row: `[1, N]`.
        if let (BatchSize::Any, [Dim::Fixed(1), Dim::Free(_)]) = (batch_size, shape.as_slice()) {
            shape.remove(0);
        }
        let counts_rows = match (batch_size, shape.first()) {
            (BatchSize::Unbatched, _) | (_, None) => false,
            (BatchSize::Any, _) => true,
            (BatchSize::Fixed(rows), Some(first)) => first.fixed() == Some(rows),
        };
        Self::new(declared.name, declared.element, shape, counts_rows)
    }

    fn new(name: String, element: DatumType, shape: Vec<Dim>, counts_rows: bool) -> Self {
        let mut port =
            Self { name, data_type: DataType::Tensor, shape, required: true, element, counts_rows };
        match port.row_shape() {
            [] | [Dim::Fixed(1)] => port.data_type = scalar_type(element),
            [_, _, ..] if element.is_float() => {}
            _ => port.data_type = DataType::array(scalar_type(element)),
        }
        port
    }

    /// The dimensions of one row.
    #[expect(clippy::indexing_slicing, reason = "only a shape with a first dimension counts rows by it")]
    pub(super) fn row_shape(&self) -> &[Dim] {
        &self.shape[usize::from(self.counts_rows)..]
    }

    /// How many values one row has for each choice of its free dimensions: the product of the fixed ones.
    pub(super) fn fixed_width(&self) -> usize {
        self.row_shape().iter().filter_map(Dim::fixed).fold(1, usize::saturating_mul)
    }

    /// How many dimensions of a row are free.
    pub(super) fn free_dims(&self) -> usize {
        self.row_shape().iter().filter(|dim| dim.fixed().is_none()).count()
    }

    /// How many values one row has, where that is fixed.
    pub(super) fn width(&self) -> Option<usize> {
        (self.free_dims() == 0).then(|| self.fixed_width())
    }

    /// The dimensions of a tensor for `rows` rows of shape `row`.
    pub(super) fn tensor_shape(&self, rows: usize, row: &[usize]) -> Vec<usize> {
        self.counts_rows.then_some(rows).into_iter().chain(row.iter().copied()).collect()
    }
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
