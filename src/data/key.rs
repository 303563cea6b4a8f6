//! Keys: rows with equal values get one number. GROUP BY, DISTINCT, joins and windows stand on it.
//!
//! Keys are compared as bytes. NULLs are written alike, NaNs too, and -0.0 as 0.0.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int64Type, TimestampMicrosecondType, UInt32Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::NullBuffer;
use hashbrown::HashTable;

use crate::diag::{Code, Error, Result};

/// The keys met so far, numbered in the order in which they came.
#[derive(Default)]
pub(crate) struct Keys {
    /// Each key's word and number.
    table: HashTable<(u64, u32)>,
    /// The long keys, one behind the other, and for every key where they end.
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Keys {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The numbers of the keys that `rows` rows of `columns` hold.
    pub(crate) fn number(&mut self, columns: &[ArrayRef], rows: usize) -> Result<Vec<u32>> {
        // Without columns all rows are alike.
        if columns.is_empty() && rows > 0 {
            return Ok(vec![self.add(&[])?; rows]);
        }
        let columns = readers(columns)?;
        let mut key = Vec::new();
        (0..rows)
            .map(|row| {
                write(&columns, row, &mut key);
                self.add(&key)
            })
            .collect()
    }

    /// As [`Keys::number`]; `None` for keys that equal nothing, not even themselves: with a NULL or NaN.
    pub(crate) fn number_comparable(
        &mut self,
        columns: &[ArrayRef],
        rows: usize,
    ) -> Result<Vec<Option<u32>>> {
        let columns = readers(columns)?;
        let mut key = Vec::new();
        (0..rows).map(|row| write(&columns, row, &mut key).then(|| self.add(&key)).transpose()).collect()
    }

    /// The numbers of the comparable keys that were met before.
    pub(crate) fn find(&self, columns: &[ArrayRef], rows: usize) -> Result<Vec<Option<u32>>> {
        let columns = readers(columns)?;
        let mut key = Vec::new();
        let find = |row| write(&columns, row, &mut key).then(|| self.known(word(&key), &key)).flatten();
        Ok((0..rows).map(find).collect())
    }

    fn known(&self, word: u64, key: &[u8]) -> Option<u32> {
        let is_it =
            |known: &(u64, u32)| known.0 == word && (key.len() <= SHORT || self.bytes_of(known.1) == key);
        self.table.find(hash(word), is_it).map(|known| known.1)
    }

    fn add(&mut self, key: &[u8]) -> Result<u32> {
        let word = word(key);
        if let Some(known) = self.known(word, key) {
            return Ok(known);
        }
        let number = u32::try_from(self.ends.len())
            .map_err(|_| Error::new(Code::LimitExceeded, "there are too many different keys"))?;
        if key.len() > SHORT {
            self.bytes.extend_from_slice(key);
        }
        self.ends.push(self.bytes.len());
        self.table.insert_unique(hash(word), (word, number), |known| hash(known.0));
        Ok(number)
    }

    /// The bytes of a long key.
    fn bytes_of(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.ends.get(at).and_then(|end| self.bytes.get(start..*end)).unwrap_or_default()
    }
}

/// Bytes of a key that fit into its word.
const SHORT: usize = 7;

/// A short key itself, since none is the beginning of another one; of a long one a number that is no short key and
/// seldom the same as another's.
fn word(key: &[u8]) -> u64 {
    let (words, rest) = key.as_chunks();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let last = u64::from_le_bytes(last);
    match words {
        [] => last,
        words => {
            hash(words.iter().fold(last, |all, word| hash(all) ^ u64::from_le_bytes(*word))) | 0xff << 56
        }
    }
}

/// Quick, and of no use against somebody who looks for collisions in his own data.
fn hash(word: u64) -> u64 {
    let product = word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

/// Writes the key of `row` into `key`, and says whether it can equal another one.
fn write(columns: &[Reader<'_>], row: usize, key: &mut Vec<u8>) -> bool {
    key.clear();
    columns.iter().fold(true, |comparable, column| column.write(row, key) & comparable)
}

fn readers(columns: &[ArrayRef]) -> Result<Vec<Reader<'_>>> {
    columns.iter().map(Reader::new).collect()
}

/// Reads a column value by value.
struct Reader<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

enum Values<'a> {
    Longs(&'a [i64]),
    Floats(&'a [f64]),
    Days(&'a [i32]),
    Bools(&'a BooleanArray),
    /// Text and bytes: where each value starts, and all of them.
    Blobs(&'a [i32], &'a [u8]),
    Lists(&'a [i32], Box<Reader<'a>>),
    Structs(Vec<Reader<'a>>),
    /// The values of tensors.
    Singles(&'a [f32]),
    /// Numbers of keys.
    Numbers(&'a [u32]),
}

impl<'a> Reader<'a> {
    fn new(array: &'a ArrayRef) -> Result<Self> {
        let values = if let Some(array) = array.as_primitive_opt::<Int64Type>() {
            Values::Longs(array.values())
        } else if let Some(array) = array.as_primitive_opt::<Float64Type>() {
            Values::Floats(array.values())
        } else if let Some(array) = array.as_string_opt::<i32>() {
            Values::Blobs(array.value_offsets(), array.value_data())
        } else if let Some(array) = array.as_primitive_opt::<UInt32Type>() {
            Values::Numbers(array.values())
        } else if let Some(array) = array.as_boolean_opt() {
            Values::Bools(array)
        } else if let Some(array) = array.as_primitive_opt::<TimestampMicrosecondType>() {
            Values::Longs(array.values())
        } else if let Some(array) = array.as_primitive_opt::<Date32Type>() {
            Values::Days(array.values())
        } else if let Some(array) = array.as_binary_opt::<i32>() {
            Values::Blobs(array.value_offsets(), array.value_data())
        } else if let Some(array) = array.as_list_opt::<i32>() {
            Values::Lists(array.value_offsets(), Box::new(Self::new(array.values())?))
        } else if let Some(array) = array.as_struct_opt() {
            Values::Structs(readers(array.columns())?)
        } else if let Some(array) = array.as_primitive_opt::<Float32Type>() {
            Values::Singles(array.values())
        } else {
            let found = array.data_type();
            return Err(Error::new(Code::Internal, format!("a column of {found} cannot be a key")));
        };
        Ok(Self { nulls: array.nulls(), values })
    }

    /// Appends the value in `row` so that no two sequences of values are written alike; says whether it can equal
    /// another one.
    fn write(&self, row: usize, key: &mut Vec<u8>) -> bool {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            key.push(0);
            return false;
        }
        match &self.values {
            Values::Longs(values) => write_int(at(values, row), key),
            Values::Days(values) => write_int(at(values, row).into(), key),
            Values::Numbers(values) => write_int(at(values, row).into(), key),
            Values::Bools(values) => write_int((row < values.len() && values.value(row)).into(), key),
            Values::Floats(values) => return write_float(at(values, row), key),
            Values::Singles(values) => return write_float(at(values, row).into(), key),
            Values::Blobs(starts, bytes) => {
                let (start, end) = bounds(starts, row);
                write_length(end - start, key);
                key.extend_from_slice(bytes.get(start..end).unwrap_or_default());
            }
            Values::Lists(starts, values) => {
                let (start, end) = bounds(starts, row);
                write_length(end - start, key);
                return (start..end).fold(true, |comparable, row| values.write(row, key) & comparable);
            }
            Values::Structs(fields) => {
                key.push(1);
                return fields.iter().fold(true, |comparable, field| field.write(row, key) & comparable);
            }
        }
        true
    }
}

/// As few bytes as it needs, behind their number.
fn write_int(value: i64, key: &mut Vec<u8>) {
    // Numbers near 0 are small whatever their sign.
    let small = ((value << 1) ^ (value >> 63)).cast_unsigned();
    let bytes = small.to_le_bytes();
    let needed = 8 - small.leading_zeros() as usize / 8;
    key.push(1 + needed as u8);
    key.extend_from_slice(bytes.get(..needed).unwrap_or(&bytes));
}

/// Short lengths take one byte, which is not that of NULL.
fn write_length(length: usize, key: &mut Vec<u8>) {
    match u8::try_from(length + 1) {
        Ok(short) if short < u8::MAX => key.push(short),
        _ => {
            key.push(u8::MAX);
            key.extend_from_slice(&length.to_le_bytes());
        }
    }
}

fn write_float(value: f64, key: &mut Vec<u8>) -> bool {
    // Adding 0.0 turns -0.0 into 0.0; NaN has many bit patterns.
    let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
    key.push(1);
    key.extend_from_slice(&value.to_le_bytes());
    !value.is_nan()
}

fn at<T: Copy + Default>(values: &[T], row: usize) -> T {
    values.get(row).copied().unwrap_or_default()
}

/// Where the elements of `row` start and end.
fn bounds(starts: &[i32], row: usize) -> (usize, usize) {
    let at = |row| usize::try_from(at(starts, row)).unwrap_or_default();
    let (start, end) = (at(row), at(row + 1));
    (start, end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DataType, Scalar, array_of};

    fn floats(values: &[f64]) -> ArrayRef {
        let values: Vec<_> = values.iter().map(|it| Scalar::Float64(*it)).collect();
        array_of(&values, &DataType::Float64).unwrap()
    }

    #[test]
    fn nan_and_zero_group_but_only_zero_joins() {
        let column = [floats(&[0.0, f64::NAN, -0.0, -f64::NAN])];
        assert_eq!(Keys::default().number(&column, 4).unwrap(), [0, 1, 0, 1]);
        let mut keys = Keys::default();
        assert_eq!(keys.number_comparable(&column, 4).unwrap(), [Some(0), None, Some(0), None]);
        assert_eq!(keys.find(&[floats(&[f64::NAN, -0.0, 1.0])], 3).unwrap(), [None, Some(0), None]);
    }

    #[test]
    fn neighbouring_texts_do_not_run_into_each_other() {
        let texts = |values: [&str; 3]| {
            array_of(&values.map(|it| Scalar::String(it.into())), &DataType::String).unwrap()
        };
        let columns = [texts(["ab", "a", "ab"]), texts(["c", "bc", "c"])];
        assert_eq!(Keys::default().number(&columns, 3).unwrap(), [0, 1, 0]);
    }

    #[test]
    fn null_is_a_key_of_its_own() {
        let column = [array_of(&[Scalar::Null, Scalar::Int64(0), Scalar::Null], &DataType::Int64).unwrap()];
        assert_eq!(Keys::default().number(&column, 3).unwrap(), [0, 1, 0]);
        assert_eq!(Keys::default().number_comparable(&column, 3).unwrap(), [None, Some(0), None]);
    }

    #[test]
    fn no_columns_are_one_key() {
        assert_eq!(Keys::default().number(&[], 3).unwrap(), [0, 0, 0]);
    }

    #[test]
    fn integers_of_every_size_differ() {
        let mut values: Vec<_> =
            (0..63).flat_map(|bits| [1 << bits, -(1_i64 << bits), (1 << bits) - 1]).collect();
        values.extend([i64::MIN, i64::MAX]);
        values.sort_unstable();
        values.dedup();
        let column =
            array_of(&values.iter().map(|it| Scalar::Int64(*it)).collect::<Vec<_>>(), &DataType::Int64);
        let numbers = Keys::default().number(&[column.unwrap()], values.len()).unwrap();
        assert!(numbers.into_iter().eq(0..u32::try_from(values.len()).unwrap()));
    }

    #[test]
    fn many_keys_are_found_again() {
        let column = |from: i64| {
            let values: Vec<_> = (from..from + 10_000).map(|it| Scalar::Int64(it << 32)).collect();
            array_of(&values, &DataType::Int64).unwrap()
        };
        let mut keys = Keys::default();
        keys.number(&[column(0)], 10_000).unwrap();
        let found = keys.find(&[column(5_000)], 10_000).unwrap();
        assert!(found.iter().take(5_000).zip(5_000..).all(|(found, at)| *found == Some(at)));
        assert!(found.iter().skip(5_000).all(Option::is_none));
    }
}
