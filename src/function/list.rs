//! Reading array arguments row by row.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, ListArray, StringArray};

use crate::data::Operand;
use crate::diag::{Code, Error, Result};

/// The arrays of an operand: where the elements of a row stand among [`Lists::values`].
pub(super) struct Lists<'a> {
    operand: &'a Operand,
    list: &'a ListArray,
}

/// The arrays of an `ARRAY<FLOAT64>` operand as slices.
pub(crate) struct Vectors<'a> {
    lists: Lists<'a>,
    values: &'a Float64Array,
}

/// The arrays of an `ARRAY<STRING>` operand.
pub(super) struct Tokens<'a> {
    lists: Lists<'a>,
    values: &'a StringArray,
}

impl<'a> Lists<'a> {
    pub(super) fn new(operand: &'a Operand) -> Result<Self> {
        let list = operand.array().as_list_opt().ok_or_else(layout)?;
        Ok(Self { operand, list })
    }

    /// The elements of all rows.
    pub(super) fn values(&self) -> &'a ArrayRef {
        self.list.values()
    }

    /// The places of the elements of `row`: none where the array is NULL.
    pub(super) fn range(&self, row: usize) -> Range<usize> {
        if self.operand.is_null(row) {
            return 0..0;
        }
        let at = self.operand.index(row);
        let offset = |at: usize| self.list.value_offsets().get(at).and_then(|it| usize::try_from(*it).ok());
        offset(at).unwrap_or_default()..offset(at + 1).unwrap_or_default()
    }
}

impl<'a> Vectors<'a> {
    pub(crate) fn new(operand: &'a Operand) -> Result<Self> {
        let lists = Lists::new(operand)?;
        let values = lists.values().as_primitive_opt::<Float64Type>().ok_or_else(layout)?;
        Ok(Self { lists, values })
    }

    /// The elements of `row`; `None` where the array is NULL.
    ///
    /// # Errors
    /// `invalid-value` where an element is NULL.
    pub(crate) fn get(&self, row: usize) -> Result<Option<&'a [f64]>> {
        if self.lists.operand.is_null(row) {
            return Ok(None);
        }
        let range = self.lists.range(row);
        if self.values.null_count() > 0
            && let Some(place) = range.clone().position(|at| self.values.is_null(at))
        {
            return Err(Error::new(Code::InvalidValue, format!("element {} of a vector is NULL", place + 1))
                .in_row(row)
                .hint("fill it with IFNULL(element, 0.0)"));
        }
        Ok(self.values.values().get(range))
    }
}

impl<'a> Tokens<'a> {
    pub(super) fn new(operand: &'a Operand) -> Result<Self> {
        let lists = Lists::new(operand)?;
        let values = lists.values().as_string_opt().ok_or_else(layout)?;
        Ok(Self { lists, values })
    }

    /// The elements of `row`, `None` standing for NULL; none where the array is NULL.
    pub(super) fn get(&self, row: usize) -> impl Iterator<Item = Option<&'a str>> + use<'a> {
        let values = self.values;
        self.lists.range(row).map(move |at| values.is_valid(at).then(|| values.value(at)))
    }
}

fn layout() -> Error {
    Error::new(Code::Internal, "an array has another layout than its type")
}
