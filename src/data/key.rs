//! A table of keys: rows with equal values get the same number. GROUP BY, DISTINCT, joins and windows use it.
//!
//! Keys are encoded as bytes and compared as such: all NULLs have one encoding, as do all NaNs, and -0.0 is encoded as
//! 0.0. This file knows nothing of what a key stands for.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int64Type,
    TimestampMicrosecondType, UInt32Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::{NullBuffer, i256};
use hashbrown::HashTable;

use crate::diag::{Code, Error, Result, ensure};

/// All distinct keys so far, numbered from 0 in the order in which they first came.
#[derive(Default)]
pub(crate) struct KeyTable {
    /// The fingerprint and the number of each key.
    table: HashTable<(u64, u32)>,
    /// The encodings of long keys, end to end, and for every key where its encoding ends (short keys take no bytes).
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl KeyTable {
    /// The number of keys.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The numbers of the keys in the `rows` rows of `columns`; new keys are added.
    pub(crate) fn intern(&mut self, columns: &[ArrayRef], rows: usize) -> Result<Vec<u32>> {
        // Without columns all rows are alike.
        if columns.is_empty() && rows > 0 {
            return Ok(vec![self.add(&[])?; rows]);
        }
        let columns = encoders(columns, rows)?;
        let mut key = Vec::new();
        (0..rows)
            .map(|row| {
                encode(&columns, row, &mut key);
                self.add(&key)
            })
            .collect()
    }

    /// As [`KeyTable::intern`]; `None` for keys with a NULL or NaN, which equal nothing, not even themselves.
    pub(crate) fn intern_comparable(
        &mut self,
        columns: &[ArrayRef],
        rows: usize,
    ) -> Result<Vec<Option<u32>>> {
        let columns = encoders(columns, rows)?;
        let mut key = Vec::new();
        (0..rows).map(|row| encode(&columns, row, &mut key).then(|| self.add(&key)).transpose()).collect()
    }

    /// The numbers of the keys in the `rows` rows of `columns`; `None` for keys that are not in the table, and for
    /// those with a NULL or NaN.
    pub(crate) fn find(&self, columns: &[ArrayRef], rows: usize) -> Result<Vec<Option<u32>>> {
        let columns = encoders(columns, rows)?;
        let mut key = Vec::new();
        let find =
            |row| encode(&columns, row, &mut key).then(|| self.lookup(fingerprint(&key), &key)).flatten();
        Ok((0..rows).map(find).collect())
    }

    fn lookup(&self, fingerprint: u64, key: &[u8]) -> Option<u32> {
        let is_equal = |(candidate, number): &(u64, u32)| {
            *candidate == fingerprint && (key.len() <= SHORT || self.bytes_of(*number) == key)
        };
        self.table.find(hash(fingerprint), is_equal).map(|(_, number)| *number)
    }

    fn add(&mut self, key: &[u8]) -> Result<u32> {
        let fingerprint = fingerprint(key);
        if let Some(number) = self.lookup(fingerprint, key) {
            return Ok(number);
        }
        let number = u32::try_from(self.ends.len())
            .map_err(|_| Error::new(Code::LimitExceeded, "there are too many different keys"))?;
        if key.len() > SHORT {
            self.bytes.extend_from_slice(key);
        }
        self.ends.push(self.bytes.len());
        self.table.insert_unique(hash(fingerprint), (fingerprint, number), |(candidate, _)| hash(*candidate));
        Ok(number)
    }

    /// The encoding of a long key.
    #[expect(clippy::indexing_slicing, reason = "`add` writes an end for every number it gives out")]
    fn bytes_of(&self, number: u32) -> &[u8] {
        let index = number as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }
}

/// The longest encoding, in bytes, that is its own fingerprint.
const SHORT: usize = 7;

/// Of a short key the key itself, which is unique since no encoding is a prefix of another; of a long key a hash that
/// differs from all short keys and is seldom that of another long one.
fn fingerprint(key: &[u8]) -> u64 {
    let (words, rest) = key.as_chunks();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let last = u64::from_le_bytes(last);
    match words {
        [] => last,
        words => {
            let mixed = words.iter().fold(last, |mixed, word| hash(mixed) ^ u64::from_le_bytes(*word));
            hash(mixed) | 0xff << 56
        }
    }
}

/// A quick multiplicative hash. It does not resist collisions made on purpose: people query their own data.
fn hash(word: u64) -> u64 {
    let product = word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

/// Encodes the key of `row` into `key`; returns whether it can equal another key.
fn encode(columns: &[Encoder<'_>], row: usize, key: &mut Vec<u8>) -> bool {
    key.clear();
    columns.iter().fold(true, |comparable, column| column.encode(row, key) & comparable)
}

/// # Errors
/// `internal` where a column has fewer than `rows` values, or values that cannot be a key.
fn encoders(columns: &[ArrayRef], rows: usize) -> Result<Vec<Encoder<'_>>> {
    ensure(columns.iter().all(|column| column.len() >= rows), "a key column is too short")?;
    columns.iter().map(Encoder::new).collect()
}

/// Encodes a column value by value.
struct Encoder<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

enum Values<'a> {
    /// INT64 and TIMESTAMP.
    Ints(&'a [i64]),
    Floats(&'a [f64]),
    Numerics(&'a [i128]),
    BigNumerics(&'a [i256]),
    Dates(&'a [i32]),
    Bools(&'a BooleanArray),
    /// STRING and BYTES: offsets and bytes.
    Blobs(&'a [i32], &'a [u8]),
    /// ARRAY: offsets and elements.
    Lists(&'a [i32], Box<Encoder<'a>>),
    Structs(Vec<Encoder<'a>>),
    /// The 32-bit floats of tensors.
    Floats32(&'a [f32]),
    /// Numbers of other keys.
    Numbers(&'a [u32]),
}

impl<'a> Encoder<'a> {
    fn new(array: &'a ArrayRef) -> Result<Self> {
        let values = if let Some(array) = array.as_primitive_opt::<Int64Type>() {
            Values::Ints(array.values())
        } else if let Some(array) = array.as_primitive_opt::<Float64Type>() {
            Values::Floats(array.values())
        } else if let Some(array) = array.as_string_opt::<i32>() {
            Values::Blobs(array.value_offsets(), array.value_data())
        } else if let Some(array) = array.as_primitive_opt::<UInt32Type>() {
            Values::Numbers(array.values())
        } else if let Some(array) = array.as_boolean_opt() {
            Values::Bools(array)
        } else if let Some(array) = array.as_primitive_opt::<TimestampMicrosecondType>() {
            Values::Ints(array.values())
        } else if let Some(array) = array.as_primitive_opt::<Date32Type>() {
            Values::Dates(array.values())
        } else if let Some(array) = array.as_binary_opt::<i32>() {
            Values::Blobs(array.value_offsets(), array.value_data())
        } else if let Some(array) = array.as_list_opt::<i32>() {
            Values::Lists(array.value_offsets(), Box::new(Self::new(array.values())?))
        } else if let Some(array) = array.as_struct_opt() {
            Values::Structs(array.columns().iter().map(Self::new).collect::<Result<_>>()?)
        } else if let Some(array) = array.as_primitive_opt::<Float32Type>() {
            Values::Floats32(array.values())
        } else if let Some(array) = array.as_primitive_opt::<Decimal128Type>() {
            Values::Numerics(array.values())
        } else if let Some(array) = array.as_primitive_opt::<Decimal256Type>() {
            Values::BigNumerics(array.values())
        } else {
            return Err(Error::internal(format!("a column of {} cannot be a key", array.data_type())));
        };
        Ok(Self { nulls: array.nulls(), values })
    }

    /// Appends the value in `row` so that no two different sequences of values have the same encoding; returns whether
    /// it can equal another value.
    #[expect(
        clippy::indexing_slicing,
        reason = "`encoders` has checked the columns' lengths; arrow keeps offsets ascending and within the elements, \
                  and the fields of a struct as long as the struct"
    )]
    fn encode(&self, row: usize, key: &mut Vec<u8>) -> bool {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            key.push(0);
            return false;
        }
        match &self.values {
            Values::Ints(values) => encode_int(values[row], key),
            Values::Dates(values) => encode_int(values[row].into(), key),
            Values::Numbers(values) => encode_int(values[row].into(), key),
            Values::Bools(values) => encode_int(values.value(row).into(), key),
            Values::Floats(values) => return encode_float(values[row], key),
            Values::Numerics(values) => encode_numeric(values[row], key),
            Values::BigNumerics(values) => {
                key.push(1);
                key.extend_from_slice(&values[row].to_le_bytes());
            }
            Values::Floats32(values) => return encode_float(values[row].into(), key),
            Values::Blobs(offsets, bytes) => {
                let range = range(offsets, row);
                encode_length(range.len(), key);
                key.extend_from_slice(&bytes[range]);
            }
            Values::Lists(offsets, elements) => {
                let range = range(offsets, row);
                encode_length(range.len(), key);
                return range.fold(true, |comparable, index| elements.encode(index, key) & comparable);
            }
            Values::Structs(fields) => {
                key.push(1);
                return fields.iter().fold(true, |comparable, field| field.encode(row, key) & comparable);
            }
        }
        true
    }
}

/// Encodes as few bytes as the value needs, behind their number.
#[expect(clippy::cast_possible_truncation, clippy::indexing_slicing, reason = "at most 8 bytes are needed")]
fn encode_int(value: i64, key: &mut Vec<u8>) {
    // ZigZag: numbers near 0 are small whatever their sign.
    let small = ((value << 1) ^ (value >> 63)).cast_unsigned();
    let needed = 8 - small.leading_zeros() as usize / 8;
    key.push(1 + needed as u8);
    key.extend_from_slice(&small.to_le_bytes()[..needed]);
}

/// Short lengths take one byte, which is never that of NULL.
fn encode_length(length: usize, key: &mut Vec<u8>) {
    match u8::try_from(length + 1) {
        Ok(short) if short < u8::MAX => key.push(short),
        _ => {
            key.push(u8::MAX);
            key.extend_from_slice(&length.to_le_bytes());
        }
    }
}

fn encode_numeric(value: i128, key: &mut Vec<u8>) {
    key.push(1);
    key.extend_from_slice(&value.to_le_bytes());
}

fn encode_float(value: f64, key: &mut Vec<u8>) -> bool {
    // Adding 0.0 turns -0.0 into 0.0; NaN has many bit patterns.
    let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
    key.push(1);
    key.extend_from_slice(&value.to_le_bytes());
    !value.is_nan()
}

/// The elements or bytes of `row`.
#[expect(
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "arrow has one offset more than rows, and no negative one"
)]
fn range(offsets: &[i32], row: usize) -> Range<usize> {
    offsets[row] as usize..offsets[row + 1] as usize
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
