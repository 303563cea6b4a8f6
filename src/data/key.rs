//! A table of keys: rows with equal values get the same number. GROUP BY, DISTINCT, joins and windows use it.
//!
//! The table itself is a kernel; here columns become what it reads.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int64Type,
    TimestampMicrosecondType, UInt32Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use predictql_kernels::bits::Bits;
use predictql_kernels::keys::{self, Column, TooManyKeys, Values};

use crate::diag::{Code, Error, Result, ensure};

/// All distinct keys so far, numbered from 0 in the order in which they first came.
#[derive(Default)]
pub(crate) struct KeyTable(keys::KeyTable);

impl KeyTable {
    /// The number of keys.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The bytes that long keys take.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// The numbers of the keys in the `rows` rows of `columns`; new keys are added.
    pub(crate) fn intern(&mut self, columns: &[ArrayRef], rows: usize) -> Result<Vec<u32>> {
        self.0.intern(&key_columns(columns, rows)?, rows).map_err(too_many)
    }

    /// As [`KeyTable::intern`]; `None` for keys with a NULL or NaN, which equal nothing, not even themselves.
    pub(crate) fn intern_comparable(
        &mut self,
        columns: &[ArrayRef],
        rows: usize,
    ) -> Result<Vec<Option<u32>>> {
        self.0.intern_comparable(&key_columns(columns, rows)?, rows).map_err(too_many)
    }

    /// The numbers of the keys in the `rows` rows of `columns`; `None` for keys that are not in the table, and for
    /// those with a NULL or NaN.
    pub(crate) fn find(&self, columns: &[ArrayRef], rows: usize) -> Result<Vec<Option<u32>>> {
        Ok(self.0.find(&key_columns(columns, rows)?, rows))
    }
}

/// For each of the `rows` rows of `columns` a number that rows with equal keys share, on every machine.
///
/// # Errors
/// As [`KeyTable::intern`].
#[cfg(not(target_family = "wasm"))]
pub(crate) fn key_hashes(columns: &[ArrayRef], rows: usize) -> Result<Vec<i64>> {
    Ok(keys::hashes(&key_columns(columns, rows)?, rows))
}

/// Rows by their keys, each row with the number of its key, which is below `count`: those of key `k` are
/// `rows[starts[k]..starts[k + 1]]`, in the order in which they come.
#[expect(
    clippy::indexing_slicing,
    reason = "numbers are below `count`, `starts` has one entry more, and its entries are sums of counts of rows"
)]
pub(crate) fn rows_by_key(
    numbered: impl DoubleEndedIterator<Item = (u64, u32)> + Clone,
    count: usize,
) -> (Vec<usize>, Vec<u64>) {
    // A counting sort: count the rows of each key, sum up, and distribute the rows from the last one to the first.
    let mut starts = vec![0; count + 1];
    for (_, key) in numbered.clone() {
        starts[key as usize] += 1;
    }
    let mut end = 0;
    for start in &mut starts {
        end += *start;
        *start = end;
    }
    let mut rows = vec![0; end];
    for (row, key) in numbered.rev() {
        let start = &mut starts[key as usize];
        *start -= 1;
        rows[*start] = row;
    }
    (starts, rows)
}

/// Whether two columns of one type hold the same values in the same order.
///
/// # Errors
/// As [`KeyTable::intern`].
pub(crate) fn is_same(left: &ArrayRef, right: &ArrayRef) -> Result<bool> {
    let mut keys = KeyTable::default();
    let mut numbers = |array: &ArrayRef| keys.intern(std::slice::from_ref(array), array.len());
    Ok(left.len() == right.len() && numbers(left)? == numbers(right)?)
}

fn too_many(TooManyKeys: TooManyKeys) -> Error {
    Error::new(Code::LimitExceeded, "there are too many different keys")
}

/// # Errors
/// `internal` where a column has fewer than `rows` values, or values that cannot be a key.
fn key_columns(columns: &[ArrayRef], rows: usize) -> Result<Vec<Column<'_>>> {
    ensure(columns.iter().all(|column| column.len() >= rows), "a key column is too short")?;
    columns.iter().map(key_column).collect()
}

fn key_column(array: &ArrayRef) -> Result<Column<'_>> {
    let values = if let Some(array) = array.as_primitive_opt::<Int64Type>() {
        Values::Ints(array.values())
    } else if let Some(array) = array.as_primitive_opt::<Float64Type>() {
        Values::Floats(array.values())
    } else if let Some(array) = array.as_string_opt::<i32>() {
        Values::Blobs(array.value_offsets(), array.value_data())
    } else if let Some(array) = array.as_primitive_opt::<UInt32Type>() {
        Values::Numbers(array.values())
    } else if let Some(array) = array.as_boolean_opt() {
        Values::Bools(bits(array.values()))
    } else if let Some(array) = array.as_primitive_opt::<TimestampMicrosecondType>() {
        Values::Ints(array.values())
    } else if let Some(array) = array.as_primitive_opt::<Date32Type>() {
        Values::Days(array.values())
    } else if let Some(array) = array.as_binary_opt::<i32>() {
        Values::Blobs(array.value_offsets(), array.value_data())
    } else if let Some(array) = array.as_list_opt::<i32>() {
        Values::Lists(array.value_offsets(), Box::new(key_column(array.values())?))
    } else if let Some(array) = array.as_struct_opt() {
        Values::Structs(array.columns().iter().map(key_column).collect::<Result<_>>()?)
    } else if let Some(array) = array.as_primitive_opt::<Float32Type>() {
        Values::Floats32(array.values())
    } else if let Some(array) = array.as_primitive_opt::<Decimal128Type>() {
        Values::Wides(array.values())
    } else if let Some(array) = array.as_primitive_opt::<Decimal256Type>() {
        Values::Blocks(array.values().inner().as_chunks().0)
    } else {
        return Err(Error::internal(format!("a column of {} cannot be a key", array.data_type())));
    };
    Ok(Column { valid: array.nulls().map(valid_bits), values })
}

fn bits(bits: &BooleanBuffer) -> Bits<'_> {
    Bits { bytes: bits.values(), offset: bits.offset() }
}

/// Which values there are, as kernels read it.
pub(crate) fn valid_bits(nulls: &NullBuffer) -> Bits<'_> {
    bits(nulls.inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DataType, Scalar, array_of};

    fn floats(values: &[f64]) -> ArrayRef {
        let values: Vec<_> = values.iter().map(|value| Scalar::Float64(*value)).collect();
        array_of(&values, &DataType::Float64).unwrap()
    }

    #[test]
    fn nan_and_zero_group_but_only_zero_joins() {
        let column = [floats(&[0.0, f64::NAN, -0.0, -f64::NAN])];
        assert_eq!(KeyTable::default().intern(&column, 4).unwrap(), [0, 1, 0, 1]);
        let mut keys = KeyTable::default();
        assert_eq!(keys.intern_comparable(&column, 4).unwrap(), [Some(0), None, Some(0), None]);
        assert_eq!(keys.find(&[floats(&[f64::NAN, -0.0, 1.0])], 3).unwrap(), [None, Some(0), None]);
    }

    #[test]
    fn neighbouring_texts_do_not_run_into_each_other() {
        let texts = |values: [&str; 3]| {
            array_of(&values.map(|text| Scalar::String(text.into())), &DataType::String).unwrap()
        };
        let columns = [texts(["ab", "a", "ab"]), texts(["c", "bc", "c"])];
        assert_eq!(KeyTable::default().intern(&columns, 3).unwrap(), [0, 1, 0]);
    }

    #[test]
    fn null_is_a_key_of_its_own() {
        let column = [array_of(&[Scalar::Null, Scalar::Int64(0), Scalar::Null], &DataType::Int64).unwrap()];
        assert_eq!(KeyTable::default().intern(&column, 3).unwrap(), [0, 1, 0]);
        assert_eq!(KeyTable::default().intern_comparable(&column, 3).unwrap(), [None, Some(0), None]);
    }

    #[test]
    fn a_row_beyond_the_end_of_a_column_is_no_key() {
        let error = KeyTable::default().intern(&[floats(&[1.0])], 2).unwrap_err();
        assert_eq!(error.code(), Code::Internal);
    }

    #[test]
    fn no_columns_are_one_key() {
        assert_eq!(KeyTable::default().intern(&[], 3).unwrap(), [0, 0, 0]);
    }

    #[test]
    fn integers_of_every_size_differ() {
        let mut values: Vec<_> =
            (0..63).flat_map(|bits| [1 << bits, -(1_i64 << bits), (1 << bits) - 1]).collect();
        values.extend([i64::MIN, i64::MAX]);
        values.sort_unstable();
        values.dedup();
        let column =
            array_of(&values.iter().map(|value| Scalar::Int64(*value)).collect::<Vec<_>>(), &DataType::Int64);
        let numbers = KeyTable::default().intern(&[column.unwrap()], values.len()).unwrap();
        assert!(numbers.into_iter().eq(0..u32::try_from(values.len()).unwrap()));
    }

    #[test]
    fn many_keys_are_found_again() {
        let column = |from: i64| {
            let values: Vec<_> = (from..from + 10_000).map(|value| Scalar::Int64(value << 32)).collect();
            array_of(&values, &DataType::Int64).unwrap()
        };
        let mut keys = KeyTable::default();
        keys.intern(&[column(0)], 10_000).unwrap();
        let found = keys.find(&[column(5_000)], 10_000).unwrap();
        assert!(found.iter().take(5_000).zip(5_000..).all(|(found, number)| *found == Some(number)));
        assert!(found.iter().skip(5_000).all(Option::is_none));
    }
}
