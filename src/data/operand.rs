//! Arguments of functions: a column, or one value that stands for every row.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, StringArray, UInt64Array};
use arrow_buffer::NullBuffer;

use crate::diag::{Code, Error, Result};

/// A column of as many values as there are rows, or a constant: a column of one value.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    array: ArrayRef,
    constant: bool,
}

impl Operand {
    pub(crate) fn column(array: ArrayRef) -> Self {
        Self { array, constant: false }
    }

    /// `array` holds the one value.
    pub(crate) fn constant(array: ArrayRef) -> Self {
        Self { array, constant: true }
    }

    pub(crate) fn is_constant(&self) -> bool {
        self.constant
    }

    /// The values: one for a constant, else one a row.
    pub(crate) fn array(&self) -> &ArrayRef {
        &self.array
    }

    /// Where the value of `row` stands in [`Operand::array`].
    pub(crate) fn index(&self, row: usize) -> usize {
        if self.constant { 0 } else { row }
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        let at = self.index(row);
        at >= self.array.len() || self.array.is_null(at)
    }

    /// Rows `offset..offset + rows`, without a copy.
    pub(crate) fn slice(&self, offset: usize, rows: usize) -> Self {
        if self.constant { self.clone() } else { Self::column(self.array.slice(offset, rows)) }
    }

    /// The rows at `indices`, in that order.
    pub(crate) fn take(&self, indices: &UInt64Array) -> Result<Self> {
        if self.constant {
            return Ok(self.clone());
        }
        arrow_select::take::take(&self.array, indices, None)
            .map(Self::column)
            .map_err(|error| Error::new(Code::LimitExceeded, "a column is too large").detail(error))
    }

    /// A column of `rows` values.
    pub(crate) fn into_column(self, rows: usize) -> Result<ArrayRef> {
        if !self.constant {
            return Ok(self.array);
        }
        let indices = UInt64Array::from_value(0, rows);
        arrow_select::take::take(&self.array, &indices, None)
            .map_err(|error| Error::new(Code::LimitExceeded, "a constant is too large").detail(error))
    }

    pub(crate) fn ints(&self) -> Result<IntView<'_>> {
        self.primitive::<Int64Type>()
    }

    pub(crate) fn floats(&self) -> Result<FloatView<'_>> {
        self.primitive::<Float64Type>()
    }

    pub(crate) fn bools(&self) -> Result<BoolView<'_>> {
        let array = self.array.as_boolean_opt().ok_or_else(|| layout("BOOL", &self.array))?;
        Ok(BoolView { array, stride: usize::from(!self.constant) })
    }

    pub(crate) fn texts(&self) -> Result<TextView<'_>> {
        let array = self.array.as_string_opt().ok_or_else(|| layout("STRING", &self.array))?;
        Ok(TextView { array, stride: usize::from(!self.constant) })
    }

    fn primitive<T: ArrowPrimitiveType>(&self) -> Result<PrimitiveView<'_, T>> {
        let array = self.array.as_primitive_opt::<T>().ok_or_else(|| layout("number", &self.array))?;
        Ok(PrimitiveView {
            values: array.values(),
            nulls: array.nulls(),
            stride: usize::from(!self.constant),
        })
    }
}

fn layout(expected: &str, found: &Arc<dyn Array>) -> Error {
    Error::new(Code::Internal, format!("expected a {expected} column, found {}", found.data_type()))
}

/// Reads INT64 values by row.
pub(crate) type IntView<'a> = PrimitiveView<'a, Int64Type>;

/// Reads FLOAT64 values by row.
pub(crate) type FloatView<'a> = PrimitiveView<'a, Float64Type>;

/// Reads numbers by row; a stride of 0 repeats a constant.
pub(crate) struct PrimitiveView<'a, T: ArrowPrimitiveType> {
    values: &'a [T::Native],
    nulls: Option<&'a NullBuffer>,
    stride: usize,
}

impl<T: ArrowPrimitiveType> PrimitiveView<'_, T> {
    pub(crate) fn get(&self, row: usize) -> Option<T::Native> {
        let at = row * self.stride;
        match self.nulls {
            Some(nulls) if nulls.is_null(at) => None,
            _ => self.values.get(at).copied(),
        }
    }
}

/// Reads BOOL values by row.
pub(crate) struct BoolView<'a> {
    array: &'a BooleanArray,
    stride: usize,
}

impl BoolView<'_> {
    pub(crate) fn get(&self, row: usize) -> Option<bool> {
        let at = row * self.stride;
        (at < self.array.len() && self.array.is_valid(at)).then(|| self.array.value(at))
    }
}

/// Reads STRING values by row.
pub(crate) struct TextView<'a> {
    array: &'a StringArray,
    stride: usize,
}

impl<'a> TextView<'a> {
    pub(crate) fn get(&self, row: usize) -> Option<&'a str> {
        let at = row * self.stride;
        (at < self.array.len() && self.array.is_valid(at)).then(|| self.array.value(at))
    }
}
