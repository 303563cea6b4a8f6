//! Taking and concatenating columns: Arrow's kernels, with our errors.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, StructArray, UInt64Array, new_null_array};
use arrow_buffer::OffsetBuffer;
use arrow_schema::ArrowError;

use crate::diag::{Code, Error, Result, ensure};

/// The values of `array` at `indices`, in that order; NULL where an index is NULL.
///
/// # Errors
/// `limit-exceeded` where they would be too large for one column.
pub(crate) fn take(array: &ArrayRef, indices: &UInt64Array) -> Result<ArrayRef> {
    if array.is_empty() {
        ensure(indices.null_count() == indices.len(), "values are taken from an empty column")?;
        return Ok(new_null_array(array.data_type(), indices.len()));
    }
    arrow_select::take::take(array, indices, None).map_err(failed)
}

/// The values of all `arrays`, concatenated. There is at least one array, and all have one layout.
///
/// # Errors
/// As [`take`].
pub(crate) fn concat(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    match arrays {
        [only] => Ok(only.clone()),
        arrays => {
            let arrays: Vec<_> = arrays.iter().map(AsRef::as_ref).collect();
            arrow_select::concat::concat(&arrays).map_err(failed)
        }
    }
}

/// The column with empty arrays in place of NULL ones, in its structs too.
///
/// # Errors
/// As [`take`].
pub(crate) fn without_null_arrays(array: &ArrayRef) -> Result<ArrayRef> {
    let broken = |error: ArrowError| Error::internal("a column can be built again").detail(error);
    if let Some(structs) = array.as_struct_opt() {
        let columns = structs.columns().iter().map(without_null_arrays).collect::<Result<_>>()?;
        let (fields, nulls) = (structs.fields().clone(), structs.nulls().cloned());
        let structs = StructArray::try_new_with_length(fields, columns, nulls, array.len());
        return structs.map(|structs| Arc::new(structs) as ArrayRef).map_err(broken);
    }
    let Some(list) = array.as_list_opt::<i32>().filter(|list| list.null_count() > 0) else {
        return Ok(array.clone());
    };
    let ranges = list.offsets().windows(2).enumerate().map(|(row, range)| match *range {
        [start, end] if list.is_valid(row) => start..end,
        _ => 0..0,
    });
    let ranges: Vec<_> = ranges.collect();
    let lengths = ranges.iter().map(ExactSizeIterator::len);
    let kept = ranges.iter().cloned().flatten().map(i32::unsigned_abs).map(u64::from);
    let values = take(list.values(), &kept.collect::<Vec<_>>().into())?;
    let arrow_schema::DataType::List(field) = array.data_type() else {
        return Err(Error::internal("an array column has another type"));
    };
    ListArray::try_new(field.clone(), OffsetBuffer::from_lengths(lengths), values, None)
        .map(|list| Arc::new(list) as ArrayRef)
        .map_err(broken)
}

#[cold]
fn failed(error: ArrowError) -> Error {
    match error {
        ArrowError::OffsetOverflowError(_) => {
            Error::new(Code::LimitExceeded, "a column of text, bytes or arrays holds more than 2 GiB")
                .hint("filter the rows or select fewer columns before they are sorted, joined or grouped")
        }
        error => Error::internal("columns do not fit together").detail(error),
    }
}

/// A row number as an index. Rows are in memory, so their numbers fit.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rows are in memory: there are at most usize::MAX of them"
)]
pub(crate) fn row_index(row: u64) -> usize {
    row as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DataType, array_of};

    #[test]
    fn only_nulls_are_taken_from_an_empty_column() {
        let empty = array_of(&[], &DataType::Int64).unwrap();
        assert_eq!(take(&empty, &UInt64Array::new_null(2)).unwrap().null_count(), 2);
        assert_eq!(take(&empty, &UInt64Array::from(vec![0])).unwrap_err().code(), Code::Internal);
    }
}
