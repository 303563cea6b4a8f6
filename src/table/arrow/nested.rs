//! Conversions of lists, structs and tensors.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, StructArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType as Arrow, Field as ArrowField};

use super::frame::damaged;
use super::normalise::{Source, misbuilt, normalise};
use super::read::too_large;
use crate::data::{DataType, StructField, TensorColumn};
use crate::diag::Result;

pub(super) fn lists(array: &ArrayRef, element: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
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

pub(super) fn structs(
    array: &ArrayRef,
    fields: &[StructField],
    to: &DataType,
    source: &Source<'_>,
) -> Result<ArrayRef> {
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
pub(super) fn tensors(array: &ArrayRef, to: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
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
