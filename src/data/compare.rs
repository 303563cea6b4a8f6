//! Order: of values for comparisons, of rows for ORDER BY.
//!
//! As in BigQuery, NULL sorts before everything and NaN before every other number.

use std::cmp::Ordering;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float64Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, UInt64Array};

use predictql_kernels::sort::{self, ordered_float, ordered_int};

use super::operand::BytesView;
use super::{DataType, row_index};
use crate::diag::{Code, Error, Invariant, Result, ensure};

/// One key of an ORDER BY.
#[derive(Clone)]
pub(crate) struct SortKey {
    pub(crate) column: ArrayRef,
    pub(crate) data_type: DataType,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

/// NaN before every other number, -0.0 equal to 0.0.
pub(crate) fn compare_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// The first `limit` of the row numbers `0..rows` in the order of `keys`; rows that compare equal keep their order.
///
/// # Errors
/// `type-mismatch` for keys of a type without order; `internal` for a key of fewer than `rows` values.
pub(crate) fn top_indices(rows: usize, keys: &[SortKey], limit: usize) -> Result<UInt64Array> {
    let Some((first, rest)) = keys.split_first() else {
        return Ok((0..rows.min(limit)).map(|row| row as u64).collect());
    };
    ensure(keys.iter().all(|key| key.column.len() >= rows), "a sort key is too short")?;
    let abbreviated = AbbreviatedKeys::of(first)?;
    let in_full = order_of(&first.column, &first.data_type)?;
    let rest = rest.iter().map(by_key).collect::<Result<Vec<_>>>()?;
    let by_rest = |a: usize, b: usize| {
        let first_difference = rest.iter().map(|compare| compare(a, b)).find(|order| order.is_ne());
        first_difference.unwrap_or_else(|| a.cmp(&b))
    };
    let (mut nulls, mut values) = abbreviated.numbered(first, rows);
    let by_value = |a: usize, b: usize| {
        let (a, b) = if first.descending { (b, a) } else { (a, b) };
        if abbreviated.are_exact() { Ordering::Equal } else { in_full(a, b) }
    };
    let by_value =
        |(_, a): &(u64, usize), (_, b): &(u64, usize)| by_value(*a, *b).then_with(|| by_rest(*a, *b));
    let by_null = |(_, a): &(u64, usize), (_, b): &(u64, usize)| by_rest(*a, *b);
    // Rows of equal numbers are in their own order already.
    let by_value: Option<&Order<'_>> = (!abbreviated.are_exact() || !rest.is_empty()).then_some(&by_value);
    let by_null: Option<&Order<'_>> = (!rest.is_empty()).then_some(&by_null);
    let (before, after) = if first.nulls_first {
        shorten(&mut nulls, limit, by_null);
        shorten(&mut values, limit - nulls.len(), by_value);
        (nulls, values)
    } else {
        shorten(&mut values, limit, by_value);
        shorten(&mut nulls, limit - values.len(), by_null);
        (values, nulls)
    };
    Ok(before.into_iter().chain(after).map(|(_, row)| row as u64).collect())
}

/// For each row a number: where it is less than that of another row, its key comes first.
///
/// # Errors
/// As [`top_indices`].
pub(crate) fn first_numbers(key: &SortKey) -> Result<Vec<u64>> {
    let abbreviated = AbbreviatedKeys::of(key)?;
    let of_null = if key.nulls_first { 0 } else { u64::MAX };
    let number = |row| match key.column.is_null(row) {
        true => of_null,
        false => abbreviated.get(row, key.descending),
    };
    Ok((0..key.column.len()).map(number).collect())
}

/// The order of rows by all `keys`.
///
/// # Errors
/// As [`top_indices`].
pub(crate) fn row_order(keys: &[SortKey]) -> Result<Comparator<'_>> {
    let keys = keys.iter().map(by_key).collect::<Result<Vec<_>>>()?;
    Ok(Box::new(move |a, b| {
        let difference = keys.iter().map(|compare| compare(a, b)).find(|order| order.is_ne());
        difference.unwrap_or(Ordering::Equal)
    }))
}

/// Rows behind the numbers that they are sorted by.
type Numbered = Vec<(u64, usize)>;

type Order<'a> = dyn Fn(&(u64, usize), &(u64, usize)) -> Ordering + 'a;

/// Sorts the first `limit` of the rows, each behind its number, and drops the others. Rows of equal numbers have the
/// order `ties`, or that of the rows.
fn shorten(rows: &mut Numbered, limit: usize, ties: Option<&Order<'_>>) {
    sort::keep_first(rows, limit);
    sort::sort(rows);
    if let Some(ties) = ties {
        let mut wanted = limit;
        for mut equals in rows.chunk_by_mut(|(a, _), (b, _)| a == b) {
            // Of many that tie for the last places, only those that get one are sorted.
            if let Some(last) = wanted.checked_sub(1).filter(|last| *last < equals.len()) {
                equals = equals.select_nth_unstable_by(last, ties).0;
            }
            wanted = wanted.saturating_sub(equals.len());
            equals.sort_unstable_by(ties);
        }
    }
    rows.truncate(limit);
}

/// Numbers in the order of a key's values, NULL aside: most pairs of rows compare by them alone.
enum AbbreviatedKeys<'a> {
    Ints(&'a [i64]),
    Days(&'a [i32]),
    Floats(&'a [f64]),
    /// STRING and BYTES by their first eight bytes.
    Blobs(BytesView<'a>),
    /// Other types by nothing: all abbreviated keys are equal.
    None,
}

impl<'a> AbbreviatedKeys<'a> {
    fn of(key: &'a SortKey) -> Result<Self> {
        let array = &key.column;
        Ok(match key.data_type {
            DataType::Int64 => Self::Ints(primitives::<Int64Type>(array)?),
            DataType::Timestamp | DataType::Datetime => {
                Self::Ints(primitives::<TimestampMicrosecondType>(array)?)
            }
            DataType::Date => Self::Days(primitives::<Date32Type>(array)?),
            DataType::Float64 => Self::Floats(primitives::<Float64Type>(array)?),
            DataType::String | DataType::Time | DataType::Bytes => Self::Blobs(BytesView::new(array, false)?),
            _ => Self::None,
        })
    }

    /// Whether equal numbers mean equal values.
    fn are_exact(&self) -> bool {
        !matches!(self, Self::Blobs(_) | Self::None)
    }

    /// The first `rows` rows that are NULL, and the others, each behind its number.
    fn numbered(&self, key: &SortKey, rows: usize) -> (Numbered, Numbered) {
        let number = |row| self.get(row, key.descending);
        match (key.column.nulls(), self) {
            (None, Self::Ints(values)) => (Vec::new(), sort::ints(values, rows, key.descending)),
            (None, Self::Floats(values)) => (Vec::new(), sort::floats(values, rows, key.descending)),
            (None, _) => (Vec::new(), (0..rows).map(|row| (number(row), row)).collect()),
            (Some(nulls), _) => {
                let numbered = |row| if nulls.is_null(row) { (0, row) } else { (number(row), row) };
                (0..rows).map(numbered).partition(|(_, row)| nulls.is_null(*row))
            }
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "`top_indices` has checked that there is a value for every row"
    )]
    fn get(&self, row: usize, descending: bool) -> u64 {
        let ascending = match self {
            Self::Ints(values) => ordered_int(values[row]),
            Self::Days(values) => ordered_int(values[row].into()),
            Self::Floats(values) => ordered_float(values[row]),
            Self::Blobs(values) => {
                // Shorter values are padded with zeros.
                let mut prefix = [0; 8];
                prefix.iter_mut().zip(values.at(row)).for_each(|(to, from)| *to = *from);
                u64::from_be_bytes(prefix)
            }
            Self::None => 0,
        };
        if descending { !ascending } else { ascending }
    }
}

/// For each place of `sorted` the places of the rows that are equal to its own in all keys. They stand together in one of
/// `parts`, which follow one another.
///
/// # Errors
/// As [`top_indices`].
pub(crate) fn equals_in_order(
    sorted: &[u64],
    parts: &[Range<usize>],
    keys: &[SortKey],
) -> Result<Vec<Range<usize>>> {
    ensure(keys.iter().all(|key| key.column.len() >= sorted.len()), "a sort key is too short")?;
    let keys = keys.iter().map(equality).collect::<Result<Vec<_>>>()?;
    let is_same = |a: &u64, b: &u64| keys.iter().all(|is_same| is_same(row_index(*a), row_index(*b)));
    let mut places = Vec::with_capacity(sorted.len());
    for part in parts {
        let rows = sorted.get(part.clone()).invariant("the rows of a part")?;
        for equals in rows.chunk_by(is_same) {
            let start = places.len();
            let end = start + equals.len();
            places.extend(equals.iter().map(|_| start..end));
        }
    }
    Ok(places)
}

/// Whether rows are equal in a key.
fn equality(key: &SortKey) -> Result<Box<dyn Fn(usize, usize) -> bool + '_>> {
    let abbreviated = AbbreviatedKeys::of(key)?;
    if abbreviated.are_exact() && key.column.null_count() == 0 {
        return Ok(Box::new(move |a, b| abbreviated.get(a, false) == abbreviated.get(b, false)));
    }
    let compare = by_key(key)?;
    Ok(Box::new(move |a, b| compare(a, b).is_eq()))
}

/// Compares the values of two rows of a column, neither of them NULL nor beyond the column's end.
pub(crate) type Comparator<'a> = Box<dyn Fn(usize, usize) -> Ordering + 'a>;

/// The order of a column's values.
///
/// # Errors
/// `type-mismatch` for a type without order.
pub(crate) fn order_of<'a>(array: &'a ArrayRef, data_type: &DataType) -> Result<Comparator<'a>> {
    Ok(match data_type {
        DataType::Int64 => by_primitive::<Int64Type>(array, Ord::cmp)?,
        DataType::Float64 => by_primitive::<Float64Type>(array, |a, b| compare_floats(*a, *b))?,
        DataType::Numeric => by_primitive::<Decimal128Type>(array, Ord::cmp)?,
        DataType::BigNumeric => by_primitive::<Decimal256Type>(array, Ord::cmp)?,
        DataType::Date => by_primitive::<Date32Type>(array, Ord::cmp)?,
        DataType::Timestamp | DataType::Datetime => {
            by_primitive::<TimestampMicrosecondType>(array, Ord::cmp)?
        }
        DataType::Bool => {
            let array = array.as_boolean_opt().ok_or_else(layout)?;
            Box::new(move |a, b| array.value(a).cmp(&array.value(b)))
        }
        DataType::String | DataType::Time | DataType::Bytes => {
            let values = BytesView::new(array, false)?;
            Box::new(move |a, b| values.at(a).cmp(values.at(b)))
        }
        DataType::Json
        | DataType::Interval
        | DataType::Array(_)
        | DataType::Struct(_)
        | DataType::Tensor
        | DataType::Picture
        | DataType::IntegerPicture => {
            return Err(Error::new(Code::TypeMismatch, format!("values of type {data_type} have no order")));
        }
    })
}

/// The order of rows that a key asks for.
fn by_key(key: &SortKey) -> Result<Comparator<'_>> {
    let array = &key.column;
    let values = order_of(array, &key.data_type)?;
    let (descending, nulls_first) = (key.descending, key.nulls_first);
    Ok(Box::new(move |a, b| match (array.is_null(a), array.is_null(b)) {
        (false, false) if descending => values(b, a),
        (false, false) => values(a, b),
        (true, true) => Ordering::Equal,
        (a_is_null, _) if a_is_null == nulls_first => Ordering::Less,
        _ => Ordering::Greater,
    }))
}

fn by_primitive<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    compare: fn(&T::Native, &T::Native) -> Ordering,
) -> Result<Comparator<'_>> {
    let values = primitives::<T>(array)?;
    #[expect(clippy::indexing_slicing, reason = "callers compare rows of the column")]
    Ok(Box::new(move |a, b| compare(&values[a], &values[b])))
}

fn primitives<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<&[T::Native]> {
    array.as_primitive_opt::<T>().map(|array| array.values().as_ref()).ok_or_else(layout)
}

#[track_caller]
fn layout() -> Error {
    Error::internal("a sort key has another layout than its type")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Scalar, array_of};

    fn key(values: &[Scalar], data_type: DataType, descending: bool, nulls_first: bool) -> SortKey {
        SortKey { column: array_of(values, &data_type).unwrap(), data_type, descending, nulls_first }
    }

    fn order(values: &[Scalar], data_type: DataType, descending: bool, nulls_first: bool) -> Vec<u64> {
        let key = key(values, data_type, descending, nulls_first);
        top_indices(values.len(), &[key], values.len()).unwrap().values().to_vec()
    }

    #[test]
    fn null_then_nan_then_numbers() {
        let values = [
            Scalar::Float64(1.0),
            Scalar::Null,
            Scalar::Float64(f64::NAN),
            Scalar::Float64(f64::NEG_INFINITY),
        ];
        assert_eq!(order(&values, DataType::Float64, false, true), [1, 2, 3, 0]);
        assert_eq!(order(&values, DataType::Float64, true, false), [0, 3, 2, 1]);
        assert_eq!(order(&values, DataType::Float64, true, true), [1, 0, 3, 2]);
    }

    #[test]
    fn equal_rows_keep_their_order() {
        let values = ["b", "a", "b", "a"].map(|text| Scalar::String(text.into()));
        assert_eq!(order(&values, DataType::String, false, true), [1, 3, 0, 2]);
        assert_eq!(order(&values, DataType::String, true, false), [0, 2, 1, 3]);
        let zeros = [0.0, -0.0, -1.5, 0.0, 2.5].map(Scalar::Float64);
        assert_eq!(order(&zeros, DataType::Float64, false, true), [2, 0, 1, 3, 4]);
    }

    #[test]
    fn texts_that_share_eight_bytes_compare_by_the_rest() {
        let values =
            ["prefix-of-b", "prefix-of-a", "prefix-o", "prefix", ""].map(|text| Scalar::String(text.into()));
        assert_eq!(order(&values, DataType::String, false, true), [4, 3, 2, 1, 0]);
        assert_eq!(order(&values, DataType::String, true, true), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_first_rows_are_those_of_the_whole_order() {
        let ints = [Some(3), None, Some(1), Some(3), None, Some(-2), Some(1)]
            .map(|value| value.map_or(Scalar::Null, Scalar::Int64));
        let dates = [5, 4, 3, 2, 1, 0, -1].map(Scalar::Date);
        for nulls_first in [true, false] {
            for descending in [true, false] {
                let keys = [
                    key(&ints, DataType::Int64, descending, nulls_first),
                    key(&dates, DataType::Date, false, true),
                ];
                let whole = top_indices(7, &keys, 7).unwrap().values().to_vec();
                for limit in 0..9 {
                    let top = top_indices(7, &keys, limit).unwrap();
                    assert_eq!(top.values(), whole.get(..limit).unwrap_or(&whole));
                }
            }
        }
        let keys = [key(&ints, DataType::Int64, false, true), key(&dates, DataType::Date, false, true)];
        assert_eq!(top_indices(7, &keys, 7).unwrap().values(), &[4, 1, 5, 6, 2, 3, 0]);
    }
}
