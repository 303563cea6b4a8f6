//! Reading array arguments row by row.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, ListArray, StringArray};

use crate::data::Operand;
use crate::diag::{Code, Error, Result};

/// The arrays of an operand: where the elements of a row are among [`ArrayView::values`].
pub(crate) struct ArrayView<'a> {
    operand: &'a Operand,
    list: &'a ListArray,
}

/// The arrays of an `ARRAY<FLOAT64>` operand as slices.
pub(crate) struct VectorView<'a> {
    arrays: ArrayView<'a>,
    values: &'a Float64Array,
}

/// The arrays of an `ARRAY<STRING>` operand.
pub(super) struct TokenView<'a> {
    arrays: ArrayView<'a>,
    values: &'a StringArray,
}

impl<'a> ArrayView<'a> {
    pub(crate) fn new(operand: &'a Operand) -> Result<Self> {
        let list = operand.array().as_list_opt().ok_or_else(layout)?;
        Ok(Self { operand, list })
    }

    /// The elements of all rows.
    pub(crate) fn values(&self) -> &'a ArrayRef {
        self.list.values()
    }

    /// The positions of the elements of `row`: none where the array is NULL.
    #[expect(
        clippy::cast_sign_loss,
        clippy::indexing_slicing,
        reason = "a row that is not NULL is one of the list's; a list has an offset more than rows, none negative"
    )]
    pub(crate) fn range(&self, row: usize) -> Range<usize> {
        if self.operand.is_null(row) {
            return 0..0;
        }
        let (index, offsets) = (self.operand.index(row), self.list.value_offsets());
        offsets[index] as usize..offsets[index + 1] as usize
    }
}

impl<'a> VectorView<'a> {
    pub(crate) fn new(operand: &'a Operand) -> Result<Self> {
        let arrays = ArrayView::new(operand)?;
        let values = arrays.values().as_primitive_opt::<Float64Type>().ok_or_else(layout)?;
        Ok(Self { arrays, values })
    }

    /// The elements of `row`; `None` where the array is NULL.
    ///
    /// # Errors
    /// `invalid-value` where an element is NULL.
    #[expect(clippy::indexing_slicing, reason = "a list's offsets lie within its values")]
    pub(crate) fn get(&self, row: usize) -> Result<Option<&'a [f64]>> {
        if self.arrays.operand.is_null(row) {
            return Ok(None);
        }
        let range = self.arrays.range(row);
        if self.values.null_count() > 0
            && let Some(place) = range.clone().position(|element| self.values.is_null(element))
        {
            return Err(Error::new(Code::InvalidValue, format!("element {} of a vector is NULL", place + 1))
                .in_row(row)
                .hint("fill it with IFNULL(element, 0.0)"));
        }
        Ok(Some(&self.values.values()[range]))
    }
}

impl<'a> TokenView<'a> {
    pub(super) fn new(operand: &'a Operand) -> Result<Self> {
        let arrays = ArrayView::new(operand)?;
        let values = arrays.values().as_string_opt().ok_or_else(layout)?;
        Ok(Self { arrays, values })
    }

    /// The elements of `row`, `None` standing for NULL; none where the array is NULL.
    pub(super) fn get(&self, row: usize) -> impl Iterator<Item = Option<&'a str>> + use<'a> {
        let values = self.values;
        self.arrays.range(row).map(move |element| values.is_valid(element).then(|| values.value(element)))
    }
}

fn layout() -> Error {
    Error::internal("an array has the layout of its type")
}
