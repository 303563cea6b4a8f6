//! Foreign Arrow layouts to the one layout of each SQL type.

use std::fmt::Display;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Float64Array, ListArray, PrimitiveArray, StringArray, StructArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType as Arrow, Field as ArrowField, TimeUnit};

use super::frame::{damaged, invalid};
use super::read::too_large;
use crate::data::{DataType, StructField, TensorColumn};
use crate::diag::{Error, Result};

/// Where values come from, for messages, and how many bytes they may become.
pub(super) struct Source<'a> {
    pub(super) column: &'a str,
    /// The number of the first value's row; `None` for values inside of lists and structs.
    pub(super) first_row: Option<usize>,
    pub(super) bytes: usize,
}

impl Source<'_> {
    /// The same for what a list or struct holds.
    fn inner(&self) -> Self {
        Self { first_row: None, ..*self }
    }

    fn claim(&self, bytes: usize) -> Result<()> {
        match bytes <= self.bytes {
            true => Ok(()),
            false => Err(too_large(self.bytes)),
        }
    }

    /// A value without counterpart, at `index` of the values.
    fn misfit(&self, index: usize, what: impl Display) -> Error {
        let column = self.column;
        invalid(match self.first_row {
            Some(first) => format!("column `{column}`, row {}: {what}", first.saturating_add(index)),
            None => format!("column `{column}`: {what}"),
        })
    }
}

/// The SQL type of a column of the layout `arrow`.
///
/// # Errors
/// `invalid-arrow` where there is none.
pub(super) fn data_type(column: &str, arrow: &Arrow) -> Result<DataType> {
    let unsupported = |hint: &str| {
        invalid(format!("column `{column}` has the type {arrow}, which has no counterpart in SQL"))
            .hint(format!("{hint}, or leave the column out"))
    };
    Ok(match arrow {
        Arrow::Int8 | Arrow::Int16 | Arrow::Int32 | Arrow::Int64 => DataType::Int64,
        Arrow::UInt8 | Arrow::UInt16 | Arrow::UInt32 | Arrow::UInt64 => DataType::Int64,
        Arrow::Float16 | Arrow::Float32 | Arrow::Float64 => DataType::Float64,
        Arrow::Decimal32(..) | Arrow::Decimal64(..) | Arrow::Decimal128(..) | Arrow::Decimal256(..) => {
            DataType::Float64
        }
        Arrow::Boolean => DataType::Bool,
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View | Arrow::Null => DataType::String,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView => DataType::Bytes,
        Arrow::FixedSizeBinary(0..) => DataType::Bytes,
        Arrow::Date32 | Arrow::Date64 => DataType::Date,
        Arrow::Timestamp(..) => DataType::Timestamp,
        Arrow::Dictionary(_, values) => match data_type(column, values)? {
            DataType::Array(_) | DataType::Struct(_) | DataType::Tensor => {
                return Err(unsupported("write it without a dictionary"));
            }
            scalar => scalar,
        },
        Arrow::List(item) | Arrow::LargeList(item) | Arrow::FixedSizeList(item, 0..) => {
            match data_type(column, item.data_type())? {
                DataType::Array(_) => return Err(unsupported("flatten the inner lists")),
                element => DataType::array(element),
            }
        }
        Arrow::Struct(fields) if is_tensor(fields) => DataType::Tensor,
        Arrow::Struct(fields) if !fields.is_empty() => DataType::Struct(
            fields
                .iter()
                .map(|field| {
                    let data_type = data_type(column, field.data_type())?;
                    Ok(StructField { name: field.name().clone(), data_type })
                })
                .collect::<Result<_>>()?,
        ),
        _ => return Err(unsupported("convert it to numbers or text")),
    })
}

/// A struct of `shape` and flat `data` in 32-bit floats.
fn is_tensor(fields: &arrow_schema::Fields) -> bool {
    let item = |field: &ArrowField| match field.data_type() {
        Arrow::List(item) | Arrow::LargeList(item) | Arrow::FixedSizeList(item, 0..) => {
            Some(item.data_type().clone())
        }
        _ => None,
    };
    match fields.as_ref() {
        [shape, data] => {
            shape.name() == "shape"
                && item(shape).is_some_and(|item| item.is_integer())
                && data.name() == "data"
                && item(data) == Some(Arrow::Float32)
        }
        _ => false,
    }
}

/// The same values in the layout of `to`, which [`data_type`] gave for this column.
///
/// # Errors
/// `invalid-arrow` for a value that `to` cannot hold; `limit-exceeded` where the values grow too large.
pub(super) fn normalise(array: &ArrayRef, to: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
    if *to == DataType::Tensor {
        return tensor(array, source);
    }
    if *array.data_type() == to.storage() {
        return Ok(array.clone());
    }
    source.claim(array.len().saturating_mul(8))?;
    match array.data_type() {
        Arrow::Null => Ok(new_null_array(&to.storage(), array.len())),
        Arrow::Dictionary(..) => unpack(array, to, source),
        _ => match to {
            DataType::Int64 => integers(array, source),
            DataType::Float64 => floats(array),
            DataType::String => text(array, source),
            DataType::Bytes => bytes(array, source),
            DataType::Date => convert::<Date64Type, Date32Type>(array, source, "DATE", |ms| {
                i32::try_from(ms.div_euclid(86_400_000)).ok()
            }),
            DataType::Timestamp => timestamps(array, source),
            DataType::Array(element) => {
                let list = list(array, source, |values| normalise(values, element, &source.inner()))?;
                Ok(Arc::new(list))
            }
            DataType::Struct(fields) => structs(array, fields, to, source),
            DataType::Bool | DataType::Tensor => Err(damaged("a column's layout")),
        },
    }
}

fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<&PrimitiveArray<T>> {
    array.as_primitive_opt::<T>().ok_or_else(|| damaged("a column's layout"))
}

/// Converts values that all have a counterpart.
fn widen<T: ArrowPrimitiveType, R: ArrowPrimitiveType>(
    array: &ArrayRef,
    to: impl Fn(T::Native) -> R::Native,
) -> Result<ArrayRef> {
    Ok(Arc::new(primitive::<T>(array)?.unary::<_, R>(to)))
}

/// Converts values; one for which `to` gives nothing is an error that names it.
fn convert<T: ArrowPrimitiveType, R: ArrowPrimitiveType>(
    array: &ArrayRef,
    source: &Source<'_>,
    name: &str,
    to: impl Fn(T::Native) -> Option<R::Native>,
) -> Result<ArrayRef> {
    let values = primitive::<T>(array)?;
    match values.try_unary::<_, R, _>(|value| to(value).ok_or(())) {
        Ok(converted) => Ok(Arc::new(converted)),
        Err(()) => {
            let misfit = |value: Option<T::Native>| value.filter(|value| to(*value).is_none());
            let found = values.iter().enumerate().find_map(|(at, value)| Some((at, misfit(value)?)));
            Err(match found {
                Some((at, value)) => source.misfit(at, format!("{value:?} is out of the range of {name}")),
                None => damaged("a column's values"),
            })
        }
    }
}

fn integers(array: &ArrayRef, source: &Source<'_>) -> Result<ArrayRef> {
    match array.data_type() {
        Arrow::Int8 => widen::<Int8Type, Int64Type>(array, i64::from),
        Arrow::Int16 => widen::<Int16Type, Int64Type>(array, i64::from),
        Arrow::Int32 => widen::<Int32Type, Int64Type>(array, i64::from),
        Arrow::UInt8 => widen::<UInt8Type, Int64Type>(array, i64::from),
        Arrow::UInt16 => widen::<UInt16Type, Int64Type>(array, i64::from),
        Arrow::UInt32 => widen::<UInt32Type, Int64Type>(array, i64::from),
        _ => convert::<UInt64Type, Int64Type>(array, source, "INT64", |value| i64::try_from(value).ok()),
    }
}

fn floats(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        Arrow::Float16 => widen::<Float16Type, Float64Type>(array, f64::from),
        Arrow::Float32 => widen::<Float32Type, Float64Type>(array, f64::from),
        Arrow::Decimal32(..) => decimals::<Decimal32Type>(array),
        Arrow::Decimal64(..) => decimals::<Decimal64Type>(array),
        Arrow::Decimal128(..) => decimals::<Decimal128Type>(array),
        _ => decimals::<Decimal256Type>(array),
    }
}

/// The nearest double, found by way of the digits: dividing by a power of ten would round twice.
fn decimals<T: DecimalType>(array: &ArrayRef) -> Result<ArrayRef> {
    let values = primitive::<T>(array)?;
    let nearest = |at: usize| match values.is_valid(at) {
        true => values.value_as_string(at).parse().map(Some).map_err(|_| damaged("a decimal")),
        false => Ok(None),
    };
    Ok(Arc::new((0..values.len()).map(nearest).collect::<Result<Float64Array>>()?))
}

/// To microseconds; finer units lose what is below, towards the past.
fn timestamps(array: &ArrayRef, source: &Source<'_>) -> Result<ArrayRef> {
    type Micros = TimestampMicrosecondType;
    let name = "TIMESTAMP";
    let micros = match array.data_type() {
        Arrow::Timestamp(TimeUnit::Second, _) => {
            convert::<TimestampSecondType, Micros>(array, source, name, |it| it.checked_mul(1_000_000))?
        }
        Arrow::Timestamp(TimeUnit::Millisecond, _) => {
            convert::<TimestampMillisecondType, Micros>(array, source, name, |it| it.checked_mul(1_000))?
        }
        Arrow::Timestamp(TimeUnit::Nanosecond, _) => {
            widen::<TimestampNanosecondType, Micros>(array, |it| it.div_euclid(1_000))?
        }
        _ => array.clone(),
    };
    let micros: TimestampMicrosecondArray = primitive::<Micros>(&micros)?.clone();
    Ok(Arc::new(micros.with_timezone("UTC")))
}

fn text(array: &ArrayRef, source: &Source<'_>) -> Result<ArrayRef> {
    let lengths = |total: usize| source.claim(total);
    Ok(Arc::new(if let Some(values) = array.as_string_opt::<i64>() {
        lengths(values.iter().flatten().map(str::len).sum())?;
        values.iter().collect::<StringArray>()
    } else {
        let values = array.as_string_view_opt().ok_or_else(|| damaged("a column's layout"))?;
        lengths(values.iter().flatten().map(str::len).sum())?;
        values.iter().collect::<StringArray>()
    }))
}

fn bytes(array: &ArrayRef, source: &Source<'_>) -> Result<ArrayRef> {
    let lengths = |total: usize| source.claim(total);
    Ok(Arc::new(if let Some(values) = array.as_binary_opt::<i64>() {
        lengths(values.iter().flatten().map(<[u8]>::len).sum())?;
        values.iter().collect::<BinaryArray>()
    } else if let Some(values) = array.as_binary_view_opt() {
        lengths(values.iter().flatten().map(<[u8]>::len).sum())?;
        values.iter().collect::<BinaryArray>()
    } else {
        let values = array.as_fixed_size_binary_opt().ok_or_else(|| damaged("a column's layout"))?;
        values.iter().collect::<BinaryArray>()
    }))
}

/// A dictionary's values, each as often as the keys say.
fn unpack(array: &ArrayRef, to: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
    let dictionary = array.as_any_dictionary_opt().ok_or_else(|| damaged("a column's layout"))?;
    let values = normalise(dictionary.values(), to, &source.inner())?;
    if values.is_empty() {
        return Ok(new_null_array(&to.storage(), array.len()));
    }
    let offsets = match to {
        DataType::String => values.as_string_opt::<i32>().map(|values| values.value_offsets()),
        DataType::Bytes => values.as_binary_opt::<i32>().map(|values| values.value_offsets()),
        _ => None,
    };
    if let Some(offsets) = offsets {
        let ends = offsets.iter().skip(1);
        let lengths: Vec<usize> = offsets
            .iter()
            .zip(ends)
            .map(|(from, to)| usize::try_from(to - from).unwrap_or_default())
            .collect();
        let keys = dictionary.normalized_keys().into_iter().enumerate();
        let length = |key: usize| lengths.get(key).copied().unwrap_or_default();
        source.claim(keys.filter(|(at, _)| array.is_valid(*at)).map(|(_, key)| length(key)).sum())?;
    }
    arrow_select::take::take(&values, dictionary.keys(), None).map_err(|error| misbuilt(&error))
}

/// A list of any kind, its values converted by `values`.
fn list(
    array: &ArrayRef,
    source: &Source<'_>,
    values: impl FnOnce(&ArrayRef) -> Result<ArrayRef>,
) -> Result<ListArray> {
    let (offsets, items) = if let Some(list) = array.as_list_opt::<i32>() {
        (list.offsets().clone(), values(list.values())?)
    } else if let Some(list) = array.as_list_opt::<i64>() {
        let offsets: Option<Vec<i32>> = list.offsets().iter().map(|it| i32::try_from(*it).ok()).collect();
        let offsets = offsets.ok_or_else(|| too_large(source.bytes))?;
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), values(list.values())?)
    } else {
        let list = array.as_fixed_size_list_opt().ok_or_else(|| damaged("a column's layout"))?;
        let length = usize::try_from(list.value_length()).unwrap_or_default();
        let total = length.checked_mul(list.len()).and_then(|total| i32::try_from(total).ok());
        total.ok_or_else(|| too_large(source.bytes))?;
        (OffsetBuffer::from_repeated_length(length, list.len()), values(list.values())?)
    };
    let field = Arc::new(ArrowField::new_list_field(items.data_type().clone(), true));
    ListArray::try_new(field, offsets, items, array.nulls().cloned()).map_err(|error| misbuilt(&error))
}

fn structs(array: &ArrayRef, fields: &[StructField], to: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
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

/// A column of tensors; each has as many values as its shape says.
fn tensor(array: &ArrayRef, source: &Source<'_>) -> Result<ArrayRef> {
    let Some((parts, Arrow::Struct(layout))) = array.as_struct_opt().zip(Some(DataType::Tensor.storage()))
    else {
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
        let Some((shape, data)) = rows.get(row) else { continue };
        let size =
            shape.iter().try_fold(1, |size: usize, side| size.checked_mul(usize::try_from(*side).ok()?));
        if size != Some(data.len()) {
            let what = format!("a tensor of shape {shape:?} cannot have {} values", data.len());
            return Err(source.misfit(row, what));
        }
    }
    Ok(whole)
}

/// What arrow refuses to build from values that it has read.
fn misbuilt(error: &ArrowError) -> Error {
    damaged("a column's values").detail(error)
}
