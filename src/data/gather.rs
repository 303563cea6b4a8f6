//! Taking and concatenating columns: Arrow's kernels, with our errors.

use arrow_array::{Array, ArrayRef, UInt64Array, new_null_array};
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
