//! Converts foreign Arrow layouts to the one layout of each SQL type.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, StructArray, UInt64Array, new_null_array};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType as Arrow, Field as ArrowField};

use super::flat;
use super::frame::{damaged, too_large};
use super::source::{Source, misbuilt};
use crate::data::decimal::{BIGNUMERIC_SCALE, NUMERIC_SCALE};
use crate::data::{DataType, StructField, TensorColumn, row_index, take};
use crate::diag::Result;

/// The same values in the layout of `to`, which [`data_type`](super::types::data_type) gave for this column.
///
/// # Errors
/// `invalid-arrow` for a value that `to` cannot hold; `limit-exceeded` where the values grow too large.
pub(super) fn normalise(array: &ArrayRef, to: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
    if to.is_tensor() {
        return tensors(array, to, source);
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
            DataType::Datetime => flat::timestamps(array, source).and_then(flat::without_zone),
            DataType::Array(element) => lists(array, element, source),
            DataType::Struct(fields) => structs(array, fields, to, source),
            DataType::IntegerPicture => structs(array, &to.fields(), to, source),
            DataType::Numeric => flat::numbers(array, NUMERIC_SCALE, source),
            DataType::BigNumeric => flat::numbers(array, BIGNUMERIC_SCALE, source),
            DataType::Bool | DataType::Tensor | DataType::Picture => Err(damaged("a column's layout")),
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

fn lists(array: &ArrayRef, element: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
    let list = list(array, source, |values| normalise(values, element, &source.inner()))?;
    Ok(Arc::new(list))
}

/// A list column of any layout, its values converted by `convert`.
fn list(
    array: &ArrayRef,
    source: &Source<'_>,
    convert: impl FnOnce(&ArrayRef) -> Result<ArrayRef>,
) -> Result<ListArray> {
    let (offsets, items) = if let Some(list) = array.as_list_opt::<i32>() {
        (list.offsets().clone(), convert(list.values())?)
    } else if let Some(list) = array.as_list_opt::<i64>() {
        let offsets: Option<Vec<i32>> =
            list.offsets().iter().map(|offset| i32::try_from(*offset).ok()).collect();
        let offsets = offsets.ok_or_else(|| too_large(source.bytes))?;
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), convert(list.values())?)
    } else if let Some(map) = array.as_map_opt() {
        // A list of entries of two fields, as BigQuery reads maps.
        let entries: ArrayRef = Arc::new(map.entries().clone());
        (map.offsets().clone(), convert(&entries)?)
    } else {
        let list = array.as_fixed_size_list_opt().ok_or_else(|| damaged("a column's layout"))?;
        let length = usize::try_from(list.value_length()).map_err(|_| damaged("a column's layout"))?;
        let total = length.checked_mul(list.len()).and_then(|total| i32::try_from(total).ok());
        total.ok_or_else(|| too_large(source.bytes))?;
        (OffsetBuffer::from_repeated_length(length, list.len()), convert(list.values())?)
    };
    let field = Arc::new(ArrowField::new_list_field(items.data_type().clone(), true));
    ListArray::try_new(field, offsets, items, array.nulls().cloned()).map_err(|error| misbuilt(&error))
}

fn structs(array: &ArrayRef, fields: &[StructField], to: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
    let Some((parts, Arrow::Struct(layout))) = array.as_struct_opt().zip(Some(to.storage())) else {
        return Err(damaged("a column's layout"));
    };
    let columns = parts
        .columns()
        .iter()
        .zip(fields)
        .map(|(column, field)| normalise(column, &field.data_type, &source.inner()))
        .collect::<Result<_>>()?;
    StructArray::try_new(layout, columns, parts.nulls().cloned())
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| misbuilt(&error))
}

/// A column of tensors, or of pictures where `to` says so; each has as many values as its shape says.
fn tensors(array: &ArrayRef, to: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
    let Some((parts, Arrow::Struct(layout))) = array.as_struct_opt().zip(Some(to.storage())) else {
        return Err(damaged("a column's layout"));
    };
    let [shape, data] = parts.columns() else { return Err(damaged("a column's layout")) };
    let shape = list(shape, source, |sizes| normalise(sizes, &DataType::Int64, &source.inner()))?;
    let data = list(data, source, |values| Ok(values.clone()))?;
    if shape.values().null_count() + data.values().null_count() > 0 {
        return Err(source.misfit(0, "expected tensors without NULL inside"));
    }
    let whole: ArrayRef = Arc::new(
        StructArray::try_new(layout, vec![Arc::new(shape), Arc::new(data)], parts.nulls().cloned())
            .map_err(|error| misbuilt(&error))?,
    );
    let rows = TensorColumn::new(&whole)?;
    for row in 0..rows.len() {
        let Some((shape, data)) = rows.get(row) else { continue }; // NULL
        let size =
            shape.iter().try_fold(1, |size: usize, side| size.checked_mul(usize::try_from(*side).ok()?));
        if size != Some(data.len()) {
            let what = format!("a tensor of shape {shape:?} cannot have {} values", data.len());
            return Err(source.misfit(row, what));
        }
    }
    Ok(whole)
}
