//! Structs and arrays: their parts, and how they are made.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, ListArray, StructArray, UInt64Array};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use predictql_kernels::gather::elements;

use crate::data::{DataType, Operand, concat, element_range, null_column, row_index, take, with_nulls};
use crate::diag::{Code, Error, Invariant, Result};

/// The field at `index` of a struct or tensor; NULL where the whole is NULL.
pub(super) fn field(array: &ArrayRef, index: usize, data_type: &DataType) -> Result<ArrayRef> {
    let field = stored(array, index)?;
    if *field.data_type() == data_type.storage() { Ok(field) } else { widened(&field, data_type) }
}

/// As [`field`], with the floats that a tensor has.
pub(super) fn stored(array: &ArrayRef, index: usize) -> Result<ArrayRef> {
    let missing = || Error::internal("a field is missing");
    let structs = array.as_struct_opt().ok_or_else(missing)?;
    let field = structs.columns().get(index).ok_or_else(missing)?;
    let nulls = NullBuffer::union(structs.nulls(), field.nulls());
    with_nulls(field, nulls)
}

/// An element of [`stored`] as a value of its type.
pub(super) fn wide(elements: ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    match elements.as_primitive_opt::<Float32Type>() {
        Some(floats) if *data_type == DataType::Float64 => {
            Ok(Arc::new(floats.unary::<_, Float64Type>(f64::from)))
        }
        _ => Ok(elements),
    }
}

/// A tensor's 32-bit floats as FLOAT64.
fn widened(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let missing = || Error::internal(format!("a field is not of type {data_type}"));
    let list = array.as_list_opt::<i32>().ok_or_else(missing)?;
    let floats = list.values().as_primitive_opt::<Float32Type>().ok_or_else(missing)?;
    let floats = floats.unary::<_, Float64Type>(f64::from);
    let field = Arc::new(arrow_schema::Field::new_list_field(floats.data_type().clone(), true));
    ListArray::try_new(field, list.offsets().clone(), Arc::new(floats), list.nulls().cloned())
        .map(|list| Arc::new(list) as ArrayRef)
        .map_err(|error| missing().detail(error))
}

/// The element at `index` of each array, counted from `base`. Where there is none, NULL if `safe` and else an error. With
/// `picked` the arrays of the rows are those of `array` that it numbers.
pub(super) fn element(
    array: &Operand,
    picked: Option<&UInt64Array>,
    index: &Operand,
    (base, safe): (i64, bool),
    rows: usize,
) -> Result<ArrayRef> {
    let list = array.array().as_list_opt::<i32>().invariant("expected an array")?;
    let indices = index.ints()?;
    // The same element of every row, as of probabilities.
    if picked.is_none()
        && index.is_constant()
        && list.len() == rows
        && list.null_count() == 0
        && let Some(offset) = indices.get(0).and_then(|index| u32::try_from(index.checked_sub(base)?).ok())
        && let Some(places) = elements(list.offsets(), offset)
    {
        return take(list.values(), &UInt64Array::from(places));
    }
    let positions = (0..rows)
        .map(|row| {
            let place = match picked {
                Some(picked) => row_index(*picked.values().get(row).invariant("a row that was picked")?),
                None => array.index(row),
            };
            let (Some(index), false) = (indices.get(row), list.is_null(place)) else { return Ok(None) };
            let elements = element_range(list, place);
            let length = elements.len();
            let offset = index.checked_sub(base).and_then(|offset| usize::try_from(offset).ok());
            match offset.filter(|offset| *offset < length) {
                Some(offset) => Ok(Some((elements.start + offset) as u64)),
                None if safe => Ok(None),
                None => Err(Error::new(
                    Code::IndexOutOfRange,
                    format!("index {index} is out of bounds for an array of {length} elements"),
                )
                .in_row(row)
                .hint("SAFE_OFFSET and SAFE_ORDINAL return NULL where there is no element")),
            }
        })
        .collect::<Result<UInt64Array>>()?;
    take(list.values(), &positions)
}

/// For each row the array of its values of `items`.
pub(super) fn array(items: &[Operand], rows: usize, data_type: &DataType) -> Result<ArrayRef> {
    let failed = |error| Error::new(Code::LimitExceeded, "an array is too large").detail(error);
    let arrays: Vec<_> = items.iter().map(|item| item.array().clone()).collect();
    let DataType::Array(element) = data_type else {
        return Err(Error::internal("an array has the type of an array"));
    };
    let values = if arrays.is_empty() {
        null_column(&element.storage(), 0)?
    } else {
        // Concatenated, then taken row by row: a third kernel (`interleave`) would add much to the download.
        let starts: Vec<_> = items
            .iter()
            .scan(0, |start, item| Some(std::mem::replace(start, *start + item.array().len())))
            .collect();
        let positions_of =
            |row| items.iter().zip(&starts).map(move |(item, start)| (start + item.index(row)) as u64);
        let positions: UInt64Array = (0..rows).flat_map(positions_of).collect();
        take(&concat(&arrays)?, &positions)?
    };
    let field = Arc::new(arrow_schema::Field::new_list_field(element.storage(), true));
    let offsets = OffsetBuffer::from_repeated_length(items.len(), rows);
    ListArray::try_new(field, offsets, values, None).map(|array| Arc::new(array) as ArrayRef).map_err(failed)
}

/// For each row the struct of its values of `items`.
pub(super) fn structure(items: &[Operand], rows: usize, data_type: &DataType) -> Result<ArrayRef> {
    let arrow_schema::DataType::Struct(fields) = data_type.storage() else {
        return Err(Error::internal("a struct has the type of a struct"));
    };
    let columns = items.iter().map(|item| item.clone().into_column(rows)).collect::<Result<_>>()?;
    StructArray::try_new_with_length(fields, columns, None, rows)
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| Error::internal("a struct cannot be built").detail(error))
}
