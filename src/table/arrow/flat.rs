//! Conversions of columns without parts: numbers, dates, times, text and bytes.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Float64Array, PrimitiveArray, StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::i256;
use arrow_schema::{DataType as Arrow, TimeUnit};

use super::frame::damaged;
use super::source::Source;
use crate::data::decimal;
use crate::diag::Result;

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

/// Converts values; one for which `to` returns `None` is an error that names it.
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
            let found = values.iter().enumerate().find_map(|(row, value)| Some((row, misfit(value)?)));
            Err(match found {
                Some((row, value)) => source.misfit(row, format!("{value:?} is out of the range of {name}")),
                None => damaged("a column's values"),
            })
        }
    }
}

pub(super) fn integers(array: &ArrayRef, source: &Source<'_>) -> Result<ArrayRef> {
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

pub(super) fn floats(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        Arrow::Float16 => widen::<Float16Type, Float64Type>(array, f64::from),
        Arrow::Float32 => widen::<Float32Type, Float64Type>(array, f64::from),
        Arrow::Decimal32(..) => decimals::<Decimal32Type>(array),
        Arrow::Decimal64(..) => decimals::<Decimal64Type>(array),
        Arrow::Decimal128(..) => decimals::<Decimal128Type>(array),
        _ => decimals::<Decimal256Type>(array),
    }
}

/// The nearest doubles, parsed from the decimal digits: dividing by a power of ten would round twice.
fn decimals<T: DecimalType>(array: &ArrayRef) -> Result<ArrayRef> {
    let values = primitive::<T>(array)?;
    let nearest = |row: usize| {
        if values.is_null(row) {
            return Ok(None);
        }
        values.value_as_string(row).parse().map(Some).map_err(|_| damaged("a decimal"))
    };
    Ok(Arc::new((0..values.len()).map(nearest).collect::<Result<Float64Array>>()?))
}

pub(super) fn dates(array: &ArrayRef, source: &Source<'_>) -> Result<ArrayRef> {
    convert::<Date64Type, Date32Type>(array, source, "DATE", |ms| {
        i32::try_from(ms.div_euclid(86_400_000)).ok()
    })
}

/// In microseconds; finer units are rounded towards the past.
pub(super) fn timestamps(array: &ArrayRef, source: &Source<'_>) -> Result<ArrayRef> {
    type Micros = TimestampMicrosecondType;
    let name = "TIMESTAMP";
    let micros = match array.data_type() {
        Arrow::Timestamp(TimeUnit::Second, _) => {
            convert::<TimestampSecondType, Micros>(array, source, name, |time| time.checked_mul(1_000_000))?
        }
        Arrow::Timestamp(TimeUnit::Millisecond, _) => {
            convert::<TimestampMillisecondType, Micros>(array, source, name, |time| time.checked_mul(1_000))?
        }
        Arrow::Timestamp(TimeUnit::Nanosecond, _) => {
            widen::<TimestampNanosecondType, Micros>(array, |time| time.div_euclid(1_000))?
        }
        _ => array.clone(),
    };
    let micros: TimestampMicrosecondArray = primitive::<Micros>(&micros)?.clone();
    Ok(Arc::new(micros.with_timezone("UTC")))
}

/// The same moments as local times.
pub(super) fn without_zone(micros: ArrayRef) -> Result<ArrayRef> {
    Ok(Arc::new(primitive::<TimestampMicrosecondType>(&micros)?.clone().with_timezone_opt(None::<&str>)))
}

pub(super) fn text(array: &ArrayRef, source: &Source<'_>) -> Result<ArrayRef> {
    match array.data_type() {
        Arrow::Time32(TimeUnit::Second) => return times::<Time32SecondType>(array, source, 0),
        Arrow::Time32(_) => return times::<Time32MillisecondType>(array, source, 3),
        Arrow::Time64(TimeUnit::Nanosecond) => return times::<Time64NanosecondType>(array, source, 9),
        Arrow::Time64(_) => return times::<Time64MicrosecondType>(array, source, 6),
        Arrow::Decimal32(..) => return digits::<Decimal32Type>(array, source),
        Arrow::Decimal64(..) => return digits::<Decimal64Type>(array, source),
        Arrow::Decimal128(..) => return digits::<Decimal128Type>(array, source),
        Arrow::Decimal256(..) => return digits::<Decimal256Type>(array, source),
        _ => {}
    }
    Ok(Arc::new(if let Some(values) = array.as_string_opt::<i64>() {
        source.claim(values.iter().flatten().map(str::len).sum())?;
        values.iter().collect::<StringArray>()
    } else {
        let values = array.as_string_view_opt().ok_or_else(|| damaged("a column's layout"))?;
        source.claim(values.iter().flatten().map(str::len).sum())?;
        values.iter().collect::<StringArray>()
    }))
}

/// Decimals in the units of NUMERIC or BIGNUMERIC, whichever has this scale.
pub(super) fn numbers(array: &ArrayRef, scale: u8, source: &Source<'_>) -> Result<ArrayRef> {
    match array.data_type() {
        Arrow::Decimal32(..) => units::<Decimal32Type>(array, scale, source),
        Arrow::Decimal64(..) => units::<Decimal64Type>(array, scale, source),
        Arrow::Decimal128(..) => units::<Decimal128Type>(array, scale, source),
        _ => units::<Decimal256Type>(array, scale, source),
    }
}

fn units<T: DecimalType>(array: &ArrayRef, scale: u8, source: &Source<'_>) -> Result<ArrayRef>
where
    T::Native: Into<i256>,
{
    source.claim(array.len().saturating_mul(size_of::<i256>()))?;
    let values = primitive::<T>(array)?;
    let more = u32::try_from(i16::from(scale) - i16::from(values.scale()))
        .map_err(|_| damaged("a decimal's scale"))?;
    // Beyond 256 bits only zero has a counterpart.
    let factor = i256::from_i128(10).checked_pow(more);
    let scaled = |row: usize, value: i256| match factor {
        _ if value == i256::ZERO => Ok(value),
        Some(factor) => {
            value.checked_mul(factor).filter(|units| decimal::in_range(*units, scale)).ok_or_else(|| {
                source.misfit(
                    row,
                    format!("{} has more digits than its type says", values.value_as_string(row)),
                )
            })
        }
        None => Err(source.misfit(row, format!("{} has too many digits", values.value_as_string(row)))),
    };
    let units = values
        .iter()
        .enumerate()
        .map(|(row, value)| value.map(|value| scaled(row, value.into())).transpose());
    Ok(decimal::column(units.collect::<Result<_>>()?, scale))
}

/// The digits of decimals.
fn digits<T: DecimalType>(array: &ArrayRef, source: &Source<'_>) -> Result<ArrayRef> {
    let values = primitive::<T>(array)?;
    // A sign, a point, and zeros in front of it.
    source.claim(values.len().saturating_mul(usize::from(values.precision()) + 3))?;
    let text = (0..values.len()).map(|row| values.is_valid(row).then(|| values.value_as_string(row)));
    Ok(Arc::new(text.collect::<StringArray>()))
}

/// Times of day in units of which `10.pow(digits)` are a second: `12:34:56.789`, without zeros at the end.
fn times<T: ArrowPrimitiveType>(array: &ArrayRef, source: &Source<'_>, digits: u32) -> Result<ArrayRef>
where
    T::Native: Into<i64>,
{
    let values = primitive::<T>(array)?;
    source.claim(values.len().saturating_mul("12:34:56.123456789".len()))?;
    let unit = 10i64.pow(digits);
    let text = values.iter().enumerate().map(|(row, time)| {
        let Some(time) = time.map(Into::<i64>::into) else { return Ok(None) };
        let (seconds, fraction) = (time.div_euclid(unit), time.rem_euclid(unit));
        if !(0..86_400).contains(&seconds) {
            return Err(source.misfit(row, format!("{time} is no time of day")));
        }
        let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if fraction > 0 {
            let fraction = format!(".{fraction:0width$}", width = digits as usize);
            text.push_str(fraction.trim_end_matches('0'));
        }
        Ok(Some(text))
    });
    Ok(Arc::new(text.collect::<Result<StringArray>>()?))
}

pub(super) fn bytes(array: &ArrayRef, source: &Source<'_>) -> Result<ArrayRef> {
    Ok(Arc::new(if let Some(values) = array.as_binary_opt::<i64>() {
        source.claim(values.iter().flatten().map(<[u8]>::len).sum())?;
        values.iter().collect::<BinaryArray>()
    } else if let Some(values) = array.as_binary_view_opt() {
        source.claim(values.iter().flatten().map(<[u8]>::len).sum())?;
        values.iter().collect::<BinaryArray>()
    } else {
        let values = array.as_fixed_size_binary_opt().ok_or_else(|| damaged("a column's layout"))?;
        values.iter().collect::<BinaryArray>()
    }))
}
