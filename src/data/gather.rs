//! Rows of columns picked by their numbers, and columns put one behind the other.
//!
//! arrow-select has these kernels too, once for each of some forty layouts: one byte in fifteen of the download. The
//! layouts of [`DataType::storage`](super::DataType::storage) are of five kinds: values of a fixed width,
//! bits, bytes behind offsets, lists, structs.

use std::sync::Arc;

use arrow_array::builder::GenericByteBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{BinaryType, ByteArrayType, Utf8Type};
use arrow_array::{Array, ArrayRef, BooleanArray, GenericByteArray, ListArray, StructArray, UInt64Array};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, i256};
use arrow_schema::DataType as Arrow;
use predictql_kernels::gather::{Fixed as _, are_below, choose, mix, set_bits, take_blobs};
use predictql_kernels::operand::Operand as Side;

use super::copy::{Run, copied};
use super::layout::{self, Values, failed};
use super::operand::Operand;
use crate::diag::{Code, Error, Invariant as _, Result, ensure};

/// The values of `array` at `indices`, in that order; NULL where an index is NULL.
///
/// # Errors
/// `limit-exceeded` where they would be too large for one column.
pub(crate) fn take(array: &ArrayRef, indices: &UInt64Array) -> Result<ArrayRef> {
    if indices.null_count() == indices.len() {
        return layout::null_column(array.data_type(), indices.len());
    }
    let within = |index: u64| row_index(index) < array.len();
    // Those below NULLs may be anything.
    let all_within = are_below(indices.values(), array.len() as u64);
    let all_within = all_within || indices.null_count() > 0 && indices.iter().flatten().all(within);
    ensure(all_within, "an index beyond the end of a column")?;
    let nulls = nulls_at(array, indices);
    Ok(match array.data_type() {
        Arrow::Boolean => {
            let values = array.as_boolean().values();
            let bits = rows(indices).map(|row| row.is_some_and(|row| values.value(row)));
            Arc::new(BooleanArray::new(bits.collect(), nulls))
        }
        Arrow::Utf8 => Arc::new(strings(array.as_bytes::<Utf8Type>(), indices)?),
        Arrow::Binary => Arc::new(strings(array.as_bytes::<BinaryType>(), indices)?),
        Arrow::List(_) => copied(&[array], &runs(indices))?,
        Arrow::Struct(fields) => {
            let columns = array.as_struct().columns().iter().map(|column| take(column, indices));
            let columns = columns.collect::<Result<_>>()?;
            Arc::new(
                StructArray::try_new_with_length(fields.clone(), columns, nulls, indices.len())
                    .map_err(failed)?,
            )
        }
        other => match layout::width(other)? {
            4 => fixed(array, indices, nulls, u32::take)?,
            8 => fixed(array, indices, nulls, u64::take)?,
            16 => fixed(array, indices, nulls, u128::take)?,
            _ => fixed(array, indices, nulls, wide)?,
        },
    })
}

/// The values of all `arrays`, one behind the other. There is at least one array, and all have one layout.
///
/// # Errors
/// As [`take`].
pub(crate) fn concat(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    match arrays {
        [only] => Ok(only.clone()),
        arrays => {
            let whole = arrays.iter().enumerate().map(|(index, array)| Run::Of(index, 0..array.len()));
            copied(&arrays.iter().collect::<Vec<_>>(), &whole.collect::<Vec<_>>())
        }
    }
}

/// The column with empty arrays in place of NULL ones, in its structs too.
///
/// # Errors
/// As [`take`].
pub(crate) fn without_null_arrays(array: &ArrayRef) -> Result<ArrayRef> {
    if let Some(structs) = array.as_struct_opt() {
        let columns = structs.columns().iter().map(without_null_arrays).collect::<Result<_>>()?;
        let (fields, nulls) = (structs.fields().clone(), structs.nulls().cloned());
        let structs = StructArray::try_new_with_length(fields, columns, nulls, array.len());
        return structs.map(|structs| Arc::new(structs) as ArrayRef).map_err(failed);
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
        .map_err(failed)
}

/// The numbers of the rows for which `keep` is true: neither false nor NULL.
pub(crate) fn kept_rows(keep: &BooleanArray) -> UInt64Array {
    numbers_of(&true_bits(keep))
}

/// The numbers of the rows for which `condition` is true, and those of the others, for which it is false or NULL.
pub(crate) fn parted(condition: &BooleanArray) -> (UInt64Array, UInt64Array) {
    let met = true_bits(condition);
    (numbers_of(&met), numbers_of(&!&met))
}

/// Where `condition` is true the values of `met`, and those of `others` where it is false or NULL. Values take 8 bytes.
///
/// # Errors
/// `internal` for values of other layouts, or for other numbers of rows.
pub(crate) fn chosen(condition: &BooleanArray, met: &Operand, others: &Operand) -> Result<ArrayRef> {
    let (bits, rows) = (true_bits(condition), condition.len());
    ensure(met.has_rows(rows) && others.has_rows(rows), "a condition has other rows than its values")?;
    let words: Vec<_> = bits.bit_chunks().iter_padded().collect();
    let (met_values, other_values) = (layout::values(met.array())?, layout::values(others.array())?);
    let chosen = choose(&words, rows, side(met, &met_values)?, side(others, &other_values)?);
    let nulls = match (met.nulls(rows), others.nulls(rows)) {
        (None, None) => None,
        (met, others) => {
            let valid = |nulls: Option<NullBuffer>| {
                nulls.map_or_else(|| BooleanBuffer::new_set(rows), |nulls| nulls.inner().clone())
            };
            Some(NullBuffer::new(&(&bits & &valid(met)) | &(&!&bits & &valid(others))))
        }
    };
    layout::column(met.array().data_type(), rows, Values::Fixed(Buffer::from_vec(chosen)), nulls)
}

/// For each row of a left side all rows of a right one, of which there are `rights`: the left row's value where it is
/// the row's `own` that is wanted, and else the right rows' values. A side that no row asks for may be missing.
///
/// # Errors
/// As [`take`]; `internal` where a value is asked for that is missing.
pub(crate) fn mixed(
    own: &[bool],
    left: Option<ArrayRef>,
    right: Option<ArrayRef>,
    rights: usize,
) -> Result<ArrayRef> {
    let sides: Vec<_> = left.iter().chain(&right).collect();
    let first = sides.first().invariant("a column of a product is of one of its sides")?;
    if sides.iter().all(|side| side.null_count() == 0 && matches!(layout::width(side.data_type()), Ok(8))) {
        let fixed = |side: Option<&ArrayRef>| match side.map(layout::values).transpose()? {
            Some(Values::Fixed(values)) => Ok(values),
            None => Ok(Buffer::from_vec(Vec::<u64>::new())),
            _ => Err(Error::internal("expected values of a fixed width")),
        };
        let (left, right) = (fixed(left.as_ref())?, fixed(right.as_ref())?);
        let values = mix(own, left.typed_data(), right.typed_data(), rights);
        let values = values.invariant("a row of a product has no value")?;
        let (rows, values) = (values.len(), Values::Fixed(Buffer::from_vec(values)));
        return layout::column(first.data_type(), rows, values, None);
    }
    let (lefts, rights) = (left.as_ref().map_or(0, |left| left.len()) as u64, rights as u64);
    let mut indices = Vec::with_capacity(own.len() * row_index(rights));
    for (row, own) in (0..).zip(own) {
        if *own {
            indices.extend((0..rights).map(|_| row));
        } else {
            indices.extend(lefts..lefts + rights);
        }
    }
    take(&concat(&sides.into_iter().cloned().collect::<Vec<_>>())?, &indices.into())
}

/// The values of an operand as the kernel reads them.
fn side<'a>(operand: &Operand, values: &'a Values) -> Result<Side<'a, u64>> {
    let Values::Fixed(values) = values else {
        return Err(Error::internal("expected values of a fixed width"));
    };
    let values: &[u64] = values.typed_data();
    ensure(values.len() == operand.array().len(), "expected values of 8 bytes")?;
    Ok(match values {
        [value] if operand.is_constant() => Side::Constant(*value),
        values => Side::Column(values),
    })
}

fn true_bits(condition: &BooleanArray) -> BooleanBuffer {
    match condition.nulls() {
        Some(nulls) => condition.values() & nulls.inner(),
        None => condition.values().clone(),
    }
}

fn numbers_of(bits: &BooleanBuffer) -> UInt64Array {
    set_bits(&bits.bit_chunks().iter_padded().collect::<Vec<_>>()).into()
}

/// Those of `numbers` in the places `places`.
///
/// # Errors
/// `internal` where there is no such place.
pub(crate) fn numbers_at(numbers: &UInt64Array, places: &UInt64Array) -> Result<UInt64Array> {
    ensure(are_below(places.values(), numbers.len() as u64), "a row that was picked is missing")?;
    Ok(u64::take(numbers.values(), places.values()).into())
}

/// The rows that `indices` name.
fn rows(indices: &UInt64Array) -> impl Iterator<Item = Option<usize>> + '_ {
    indices.iter().map(|index| index.map(row_index))
}

/// Which of the values of `array` at `indices` there are; `None` where all are.
fn nulls_at(array: &ArrayRef, indices: &UInt64Array) -> Option<NullBuffer> {
    match array.nulls() {
        Some(nulls) => {
            let valid = rows(indices).map(|row| row.is_some_and(|row| nulls.is_valid(row)));
            Some(NullBuffer::new(valid.collect::<BooleanBuffer>()))
        }
        None => indices.nulls().cloned(),
    }
}

/// Values that take as many bytes as `T`; `pick` gives those at indices within the values.
fn fixed<T: ArrowNativeType>(
    array: &ArrayRef,
    indices: &UInt64Array,
    nulls: Option<NullBuffer>,
    pick: fn(&[T], &[u64]) -> Vec<T>,
) -> Result<ArrayRef> {
    let Values::Fixed(values) = layout::values(array)? else {
        return Err(Error::internal("expected values of a fixed width"));
    };
    let values: &[T] = values.typed_data();
    let taken = if are_below(indices.values(), values.len() as u64) {
        pick(values, indices.values())
    } else {
        #[expect(clippy::indexing_slicing, reason = "`take` has compared every index with the length")]
        // Default: the value below a NULL is never read.
        rows(indices).map(|row| row.map_or_else(T::default, |row| values[row])).collect()
    };
    let taken = Values::Fixed(Buffer::from_vec(taken));
    layout::column(array.data_type(), indices.len(), taken, nulls)
}

#[expect(clippy::indexing_slicing, reason = "`take` has compared every index with the length")]
fn wide(values: &[i256], indices: &[u64]) -> Vec<i256> {
    indices.iter().map(|index| values[row_index(*index)]).collect()
}

/// Texts or bytes.
fn strings<T: ByteArrayType<Offset = i32>>(
    array: &GenericByteArray<T>,
    indices: &UInt64Array,
) -> Result<GenericByteArray<T>> {
    if array.null_count() == 0 && indices.null_count() == 0 {
        let taken = take_blobs(array.value_offsets(), array.value_data(), indices.values());
        let (offsets, bytes) = taken.ok_or_else(too_large)?;
        let offsets = OffsetBuffer::new(offsets.into());
        return GenericByteArray::try_new(offsets, bytes.into(), None).map_err(failed);
    }
    let valid = |row: Option<usize>| row.filter(|row| array.is_valid(*row));
    let length = |row: usize| array.value_length(row).as_usize() as u64;
    let bytes: u64 = rows(indices).filter_map(valid).map(length).sum();
    let bytes = i32::try_from(bytes).map_err(|_| too_large())?.as_usize();
    let mut taken = GenericByteBuilder::with_capacity(indices.len(), bytes);
    for row in rows(indices).map(valid) {
        taken.append_option(row.map(|row| array.value(row)));
    }
    Ok(taken.finish())
}

/// Rows that follow one another in `indices` and in their array, as one run each.
fn runs(indices: &UInt64Array) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for row in rows(indices) {
        match (runs.last_mut(), row) {
            (Some(Run::Of(_, range)), Some(row)) if range.end == row => range.end += 1,
            (Some(Run::Nulls(count)), None) => *count += 1,
            (_, Some(row)) => runs.push(Run::Of(0, row..row + 1)),
            (_, None) => runs.push(Run::Nulls(1)),
        }
    }
    runs
}

pub(super) fn too_large() -> Error {
    Error::new(Code::LimitExceeded, "a column of text, bytes or arrays holds more than 2 GiB")
        .hint("filter the rows or select fewer columns before they are sorted, joined or grouped")
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
    use crate::data::{DataType, Scalar, StructField, array_of, scalar_at};

    /// Every layout, with NULLs on every level.
    fn columns() -> Vec<(ArrayRef, DataType)> {
        let row = |number: u8| {
            let text = Scalar::String("é".repeat(usize::from(number % 4)));
            let element = |i: u8| if i == 1 { Scalar::Null } else { Scalar::Int64(i64::from(i)) };
            let ints = Scalar::Array(DataType::Int64, (0..number % 3).map(element).collect());
            let field = |data_type| StructField { name: "field".into(), data_type };
            let fields = vec![field(DataType::String), field(DataType::array(DataType::Int64))];
            [
                Scalar::Int64(i64::from(number)),
                Scalar::Float64(f64::from(number) / 2.0),
                Scalar::Bool(number.is_multiple_of(2)),
                text.clone(),
                Scalar::Bytes(vec![7; usize::from(number % 5)]),
                Scalar::Date(i32::from(number)),
                ints.clone(),
                Scalar::Struct(fields, vec![text, ints]),
            ]
        };
        let types = row(0).map(|value| value.data_type().unwrap());
        let column = |(index, data_type): (usize, &DataType)| {
            let value = |number: u8| if number % 4 == 3 { Scalar::Null } else { row(number)[index].clone() };
            let values: Vec<_> = (0..40).map(value).collect();
            (array_of(&values, data_type).unwrap(), data_type.clone())
        };
        types.iter().enumerate().map(column).collect()
    }

    fn values(array: &ArrayRef, data_type: &DataType) -> Vec<Scalar> {
        (0..array.len()).map(|row| scalar_at(array, data_type, row).unwrap()).collect()
    }

    #[test]
    fn rows_are_taken_with_their_nulls() {
        let picks: [&[Option<u64>]; 5] = [
            &[Some(39), Some(0), None, Some(7), Some(8), Some(9), Some(3), Some(3), None, None],
            &[Some(2), Some(1)],
            &[Some(0)],
            &[None, None],
            &[],
        ];
        for (column, data_type) in columns() {
            let before = values(&column, &data_type);
            let value = |index: Option<usize>| index.map_or(Scalar::Null, |index| before[index].clone());
            for pick in picks {
                let indices = UInt64Array::from(pick.to_vec());
                let expected: Vec<_> = rows(&indices).map(value).collect();
                assert_eq!(values(&take(&column, &indices).unwrap(), &data_type), expected, "{data_type}");
            }
            let (part, indices) = (column.slice(3, 20), UInt64Array::from(vec![19, 0, 5, 6]));
            let expected = [22, 3, 8, 9].map(|index| before[index].clone());
            assert_eq!(values(&take(&part, &indices).unwrap(), &data_type), expected, "{data_type}");
            assert_eq!(take(&part, &UInt64Array::from(vec![20])).unwrap_err().code(), Code::Internal);
        }
    }

    #[test]
    fn columns_are_put_one_behind_the_other() {
        for (column, data_type) in columns() {
            let before = values(&column, &data_type);
            let parts = [column.slice(30, 10), column.slice(0, 0), column.slice(5, 9)];
            let expected = [&before[30..], &before[5..14]].concat();
            assert_eq!(values(&concat(&parts).unwrap(), &data_type), expected, "{data_type}");
        }
    }

    #[test]
    fn rows_are_kept_where_the_condition_is_true() {
        let keep = BooleanArray::from(vec![Some(true), None, Some(false), Some(true), Some(true)]);
        assert_eq!(kept_rows(&keep.slice(1, 4)).values(), &[2, 3]);
        let (met, rest) = parted(&keep.slice(1, 4));
        assert_eq!((met.values().as_ref(), rest.values().as_ref()), ([2, 3].as_slice(), [0, 1].as_slice()));
    }

    #[test]
    fn only_nulls_are_taken_from_an_empty_column() {
        let empty = array_of(&[], &DataType::Int64).unwrap();
        assert_eq!(take(&empty, &UInt64Array::new_null(2)).unwrap().null_count(), 2);
        assert_eq!(take(&empty, &UInt64Array::from(vec![0])).unwrap_err().code(), Code::Internal);
    }
}
