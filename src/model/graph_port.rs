//! Inputs and outputs of the graph itself: tensors, with the SQL type of one row of them.

use super::row_axis::BatchSize;
use crate::data::{DataType, Scalar};
use crate::diag::{Invariant, Result};
use crate::onnx::{Declared, Dim};
use crate::tensor::ElementType;

/// How an output grows with the number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// This axis has as many elements as there are rows.
    Along(usize),
    /// Not at all.
    None,
    Unknown,
}

/// One input or output of the graph: a tensor.
#[derive(Debug, Clone)]
pub(super) struct GraphPort {
    pub(super) name: String,
    /// The type of one row as SQL has it.
    pub(super) data_type: DataType,
    /// The dimensions of the tensor for all rows.
    pub(super) shape: Vec<Dim>,
    /// Whether any operator reads it, and it has no initial value.
    pub(super) required: bool,
    /// Whether the graph has a value for it where none is given.
    pub(super) has_default: bool,
    pub(super) element: ElementType,
    /// What the graph takes for a missing value, where it does.
    pub(super) missing: Option<Scalar>,
    /// Whether an output is the same size whatever the number of rows: no row has a part of its own.
    pub(super) is_shared: bool,
    /// The axis that counts rows; none for a parameter, which all rows of a run share.
    row_axis: Option<usize>,
    /// The dimensions of one row: those of the tensor without that axis, and for outputs without ones in front of it.
    row: Vec<Dim>,
}

impl GraphPort {
    /// A column of texts, which no input of the graph takes as it is.
    pub(super) fn text(name: &str, rows: Dim, required: bool) -> Self {
        Self { required, ..Self::new(name.to_owned(), ElementType::String, vec![rows], Some(0)) }
    }

    pub(super) fn input(declared: Declared, row_axis: Option<usize>, has_default: bool) -> Result<Self> {
        let shape = declared.shape.invariant("the shape of a model input")?;
        let mut port = Self::new(declared.name, declared.element, shape, row_axis);
        // Pictures of bytes come as pictures.
        if port.row_shape().len() > 1 && matches!(port.element, ElementType::U8 | ElementType::I8) {
            port.data_type = DataType::Tensor;
        }
        // A list does not tell the lengths of several free dimensions.
        if port.free_dims() > 1 && port.data_type != DataType::Tensor {
            port.data_type = DataType::tensor_of(scalar_type(port.element));
        }
        port.required = declared.required;
        port.has_default = has_default;
        port.missing = declared.missing;
        Ok(port)
    }

    /// An output with the dimensions that inference found, under the names that the file has for free ones. Files are
    /// wrong about their outputs often enough (a label of shape `[1]` for any number of rows) that inference counts.
    pub(super) fn output(
        declared: Declared,
        inferred: Vec<Dim>,
        batch_size: BatchSize,
        growth: Growth,
    ) -> Self {
        let mut port = Self::of_rows(declared, inferred, batch_size, growth);
        // A tensor has room for 32 bits.
        if port.data_type == DataType::Tensor && port.element == ElementType::F64 {
            port.data_type = DataType::tensor_of(DataType::Float64);
        }
        port
    }

    fn of_rows(declared: Declared, inferred: Vec<Dim>, batch_size: BatchSize, growth: Growth) -> Self {
        let row_axis = match growth {
            Growth::Along(axis) => Some(axis),
            Growth::None | Growth::Unknown => None,
        };
        let named = declared.shape.filter(|shape| shape.len() == inferred.len());
        let named = named.unwrap_or_else(|| inferred.clone());
        let mut shape: Vec<Dim> = named
            .into_iter()
            .zip(inferred)
            .enumerate()
            .map(|(axis, dims)| match dims {
                (named @ Dim::Free(_), Dim::Free(_)) => named,
                // Inference had to suppose a number of rows.
                (named @ Dim::Free(_), Dim::Fixed(_))
                    if axis == row_axis.unwrap_or(0) && batch_size == BatchSize::Any =>
                {
                    named
                }
                (_, inferred) => inferred,
            })
            .collect();
        // Some exporters leave the answers for all rows in a row: `[1, N]`.
        if let (BatchSize::Any, [Dim::Fixed(1), Dim::Free(_)]) = (batch_size, shape.as_slice()) {
            shape.remove(0);
            return Self::new(declared.name, declared.element, shape, Some(0));
        }
        let row_axis = match (batch_size, shape.first()) {
            (BatchSize::Unbatched, _) | (_, None) => None,
            // Where no axis grows, the rows are not independent: the first one will not have their number.
            (BatchSize::Any, _) => row_axis.or(Some(0)),
            (BatchSize::Fixed(rows), Some(first)) => match row_axis {
                Some(axis) if shape.get(axis).is_some_and(|dim| dim.fixed() == Some(rows)) => Some(axis),
                _ => (first.fixed() == Some(rows)).then_some(0),
            },
        };
        let mut port = Self::new(declared.name, declared.element, shape, row_axis);
        port.drop_ones_before_rows();
        port.is_shared = growth == Growth::None;
        port
    }

    /// Axes of length 1 in front of the rows, the one layer or direction of a recurrent network's state, are no
    /// dimensions of an output's row.
    fn drop_ones_before_rows(&mut self) {
        let split = self.row_axis.and_then(|axis| self.row.split_at_checked(axis));
        if let Some((before, behind)) = split
            && before.iter().all(|dim| dim.fixed() == Some(1))
        {
            self.row = behind.to_vec();
            self.data_type = row_type(self.element, &self.row);
        }
    }

    fn new(name: String, element: ElementType, shape: Vec<Dim>, row_axis: Option<usize>) -> Self {
        let row: Vec<Dim> = shape
            .iter()
            .enumerate()
            .filter(|(axis, _)| Some(*axis) != row_axis)
            .map(|(_, dim)| dim.clone())
            .collect();
        let data_type = row_type(element, &row);
        Self {
            name,
            data_type,
            shape,
            required: true,
            has_default: false,
            is_shared: false,
            element,
            missing: None,
            row_axis,
            row,
        }
    }

    /// The axis that counts rows.
    pub(super) fn row_axis(&self) -> Option<usize> {
        self.row_axis
    }

    /// The dimensions of one row.
    pub(super) fn row_shape(&self) -> &[Dim] {
        &self.row
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
        let mut shape = row.to_vec();
        if let Some(axis) = self.row_axis {
            shape.insert(axis.min(row.len()), rows);
        }
        shape
    }

    /// The same with the rows in front, as values are written and read.
    pub(super) fn rows_first_shape(&self, rows: usize, row: &[usize]) -> Vec<usize> {
        self.row_axis.map(|_| rows).into_iter().chain(row.iter().copied()).collect()
    }
}

/// The type of a row of these dimensions.
fn row_type(element: ElementType, row: &[Dim]) -> DataType {
    match row {
        [] | [Dim::Fixed(1)] => scalar_type(element),
        [_, _, ..] if element.is_float() => DataType::Tensor,
        _ => DataType::array(scalar_type(element)),
    }
}

/// BigQuery's mapping: all integers are INT64, all floats FLOAT64.
pub(super) fn scalar_type(element: ElementType) -> DataType {
    match element {
        ElementType::Bool => DataType::Bool,
        ElementType::String => DataType::String,
        _ if element.is_float() => DataType::Float64,
        _ => DataType::Int64,
    }
}
