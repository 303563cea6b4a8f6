//! Structs and arrays: their parts, and how they are made.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, StructArray, UInt64Array};
use arrow_buffer::{NullBuffer, OffsetBuffer};

use crate::data::{DataType, Operand, concat, take};
use crate::diag::{Code, Error, Result};

/// Field `at` of a struct or tensor; NULL where the whole is NULL.
pub(super) fn field(array: &ArrayRef, at: usize, data_type: &DataType) -> Result<ArrayRef> {
    let missing = || Error::new(Code::Internal, "a field is missing");
    let parts = array.as_struct_opt().ok_or_else(missing)?;
    let part = parts.columns().get(at).ok_or_else(missing)?;
    let nulls = NullBuffer::union(parts.nulls(), part.nulls());
    let data = part.to_data().into_builder().nulls(nulls).build().map_err(|_| missing())?;
    let part = arrow_array::make_array(data);
    if *part.data_type() == data_type.storage() { Ok(part) } else { widened(&part, data_type) }
}

/// A tensor's 32-bit floats as FLOAT64.
fn widened(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let missing = || Error::new(Code::Internal, format!("a field is not of type {data_type}"));
    let list = array.as_list_opt::<i32>().ok_or_else(missing)?;
    let floats = list.values().as_primitive_opt::<arrow_array::types::Float32Type>().ok_or_else(missing)?;
    let floats = floats.unary::<_, arrow_array::types::Float64Type>(f64::from);
    let field = Arc::new(arrow_schema::Field::new_list_field(floats.data_type().clone(), true));
    ListArray::try_new(field, list.offsets().clone(), Arc::new(floats), list.nulls().cloned())
        .map(|list| Arc::new(list) as ArrayRef)
        .map_err(|error| missing().detail(error))
}

pub(super) fn element(
    array: &Operand,
    index: &Operand,
    base: i64,
    safe: bool,
    rows: usize,
) -> Result<ArrayRef> {
    let list =
        array.array().as_list_opt::<i32>().ok_or_else(|| Error::new(Code::Internal, "expected an array"))?;
    let indices = index.ints()?;
    let places = (0..rows)
        .map(|row| {
            let at = array.index(row);
            let (Some(index), false) = (indices.get(row), array.is_null(row)) else { return Ok(None) };
            let (start, length) = (i64::from(start_of(list, at)), i64::from(list.value_length(at)));
            let place = index.checked_sub(base).filter(|it| (0..length).contains(it));
            match place.and_then(|it| u64::try_from(start + it).ok()) {
                Some(place) => Ok(Some(place)),
                None if safe => Ok(None),
                None => Err(Error::new(
                    Code::IndexOutOfRange,
                    format!("index {index} is out of an array of {length} elements"),
                )
                .in_row(row)
                .hint("SAFE_OFFSET and SAFE_ORDINAL give NULL where there is no element")),
            }
        })
        .collect::<Result<UInt64Array>>()?;
    take(list.values(), &places)
}

fn start_of(list: &ListArray, at: usize) -> i32 {
    list.value_offsets().get(at).copied().unwrap_or_default()
}

/// One array a row, of the row's values of `items`.
pub(super) fn array(items: &[Operand], rows: usize, data_type: &DataType) -> Result<ArrayRef> {
    let failed = |error| Error::new(Code::LimitExceeded, "an array is too large").detail(error);
    let arrays: Vec<_> = items.iter().map(|item| item.array().clone()).collect();
    let DataType::Array(element) = data_type else {
        return Err(Error::new(Code::Internal, "an array has the type of an array"));
    };
    let values = if arrays.is_empty() {
        arrow_array::new_empty_array(&element.storage())
    } else {
        // Behind one another, then picked row by row: a third kernel (`interleave`) would be much of the download.
        let starts: Vec<_> = items
            .iter()
            .scan(0, |start, item| Some(std::mem::replace(start, *start + item.array().len())))
            .collect();
        let place =
            |row| items.iter().zip(&starts).map(move |(item, start)| (start + item.index(row)) as u64);
        let places: UInt64Array = (0..rows).flat_map(place).collect();
        take(&concat(&arrays)?, &places)?
    };
    let field = Arc::new(arrow_schema::Field::new_list_field(element.storage(), true));
    let offsets = OffsetBuffer::from_repeated_length(items.len(), rows);
    ListArray::try_new(field, offsets, values, None).map(|it| Arc::new(it) as ArrayRef).map_err(failed)
}

pub(super) fn structure(items: &[Operand], rows: usize, data_type: &DataType) -> Result<ArrayRef> {
    let arrow_schema::DataType::Struct(fields) = data_type.storage() else {
        return Err(Error::new(Code::Internal, "a struct has the type of a struct"));
    };
    let columns = items.iter().map(|item| item.clone().into_column(rows)).collect::<Result<_>>()?;
    StructArray::try_new_with_length(fields, columns, None, rows)
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| Error::new(Code::Internal, "a struct cannot be built").detail(error))
}
