//! Converts foreign Arrow layouts to the one layout of each SQL type.

use std::fmt::Display;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt64Array, new_null_array};
use arrow_schema::{ArrowError, DataType as Arrow};

use super::frame::{damaged, invalid};
use super::read::too_large;
use super::{flat, nested};
use crate::data::{DataType, row_index, take};
use crate::diag::{Error, Result};

/// Where values come from, for messages, and how many bytes they may take when they are converted.
pub(super) struct Source<'a> {
    pub(super) column: &'a str,
    /// The number of the first value's row; `None` for values inside of lists and structs.
    pub(super) first_row: Option<usize>,
    pub(super) bytes: usize,
}

impl Source<'_> {
    /// The source of the elements of lists and the fields of structs.
    pub(super) fn inner(&self) -> Self {
        Self { first_row: None, ..*self }
    }

    /// # Errors
    /// `limit-exceeded` where the values would become more than [`Source::bytes`].
    pub(super) fn claim(&self, bytes: usize) -> Result<()> {
        if bytes <= self.bytes { Ok(()) } else { Err(too_large(self.bytes)) }
    }

    /// The error of the value at `index`, which has no counterpart.
    pub(super) fn misfit(&self, index: usize, what: impl Display) -> Error {
        let column = self.column;
        invalid(match self.first_row {
            Some(first) => format!("column `{column}`, row {}: {what}", first.saturating_add(index)),
            None => format!("column `{column}`: {what}"),
        })
    }
}

/// The same values in the layout of `to`, which [`data_type`](super::types::data_type) gave for this column.
///
/// # Errors
/// `invalid-arrow` for a value that `to` cannot hold; `limit-exceeded` where the values grow too large.
pub(super) fn normalise(array: &ArrayRef, to: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
    if to.is_tensor() {
        return nested::tensors(array, to, source);
    }
    if *array.data_type() == to.storage() {
        return Ok(array.clone());
    }
    source.claim(array.len().saturating_mul(8))?;
    match array.data_type() {
        Arrow::Null => Ok(new_null_array(&to.storage(), array.len())),
        Arrow::Dictionary(..) => unpack(array, to, source),
        _ => match to {
            DataType::Int64 => flat::integers(array, source),
            DataType::Float64 => flat::floats(array),
            DataType::String => flat::text(array, source),
            DataType::Bytes => flat::bytes(array, source),
            DataType::Date => flat::dates(array, source),
            DataType::Timestamp => flat::timestamps(array, source),
            DataType::Array(element) => nested::lists(array, element, source),
            DataType::Struct(fields) => nested::structs(array, fields, to, source),
            DataType::IntegerPicture => nested::structs(array, &to.fields(), to, source),
            DataType::Bool
            | DataType::Numeric
            | DataType::BigNumeric
            | DataType::Tensor
            | DataType::Picture => Err(damaged("a column's layout")),
        },
    }
}

/// The values that the keys of a dictionary column stand for.
fn unpack(array: &ArrayRef, to: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
    let dictionary = array.as_any_dictionary_opt().ok_or_else(|| damaged("a column's layout"))?;
    let values = normalise(dictionary.values(), to, &source.inner())?;
    if values.is_empty() {
        // Arrow has checked the keys: all are NULL.
        return Ok(new_null_array(&to.storage(), array.len()));
    }
    let keys = dictionary.normalized_keys().into_iter().map(|key| key as u64).collect::<Vec<_>>();
    let keys = UInt64Array::new(keys.into(), array.nulls().cloned());
    let offsets = match to {
        DataType::String => values.as_string_opt::<i32>().map(|values| values.offsets()),
        DataType::Bytes => values.as_binary_opt::<i32>().map(|values| values.offsets()),
        _ => None,
    };
    if let Some(offsets) = offsets {
        let lengths: Vec<usize> = offsets.lengths().collect();
        #[expect(clippy::indexing_slicing, reason = "arrow normalises keys to be below the number of values")]
        let length = |key: u64| lengths[row_index(key)];
        source.claim(keys.iter().flatten().map(length).sum())?;
    }
    take(&values, &keys)
}

/// The error of an array that arrow refuses to build from values that it has read.
pub(super) fn misbuilt(error: &ArrowError) -> Error {
    damaged("a column's values").detail(error)
}
