//! CAST, SAFE_CAST and coercion.
//!
//! FLOAT64 to INT64 rounds half away from zero. Text forms are BigQuery's: `2014-09-27 12:30:00+00` for
//! timestamps, 15 or 17 digits for floats, `true` and `false`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, ListArray, StructArray};
use arrow_buffer::i256;

use super::calendar::DAY;
use super::calendar_text::{
    date_text, datetime_text, parse_date, parse_datetime, parse_time, parse_timestamp, time_text,
    timestamp_text,
};
use super::decimal::{self, Excess, Rounding};
use super::float_text::float_text;
use super::layout::null_column;
use super::operand::Operand;
use super::scalar::{array_of, scalar_at, scalars};
use super::tensor::{marked, tensors};
use super::{DataType, Interval, Scalar, StructField, TimeZone, TimeZones};
use crate::diag::{Code, Error, Invariant, Result, ensure};

/// What a value that cannot be converted becomes, and how FLOAT64 becomes INT64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CastMode {
    /// An error.
    Strict,
    /// NULL.
    Safe,
    /// An error; fractions are cut off, as in T-SQL.
    Truncate,
    /// NULL; fractions are cut off.
    SafeTruncate,
    /// An error, as is a value that would lose something: a fraction, or a number as BOOL that is not 0 or 1.
    Exact,
}

impl CastMode {
    fn is_safe(self) -> bool {
        matches!(self, Self::Safe | Self::SafeTruncate)
    }

    /// How a decimal number becomes whole; `None` where only a whole one would do.
    fn rounding(self) -> Option<Rounding> {
        match self {
            Self::Strict | Self::Safe => Some(Rounding::HalfAwayFromZero),
            Self::Truncate | Self::SafeTruncate => Some(Rounding::TowardsZero),
            Self::Exact => None,
        }
    }

    /// A whole number near `value`; `None` where only itself would do.
    fn whole(self, value: f64) -> Option<f64> {
        match self {
            Self::Strict | Self::Safe => Some(value.round()),
            Self::Truncate | Self::SafeTruncate => Some(value.trunc()),
            Self::Exact => (value.fract() == 0.0).then_some(value),
        }
    }
}

/// Whether values of `from` become `to` without a CAST: INT64 to NUMERIC to BIGNUMERIC to FLOAT64, DATE to DATETIME, also in arrays and in
/// structs, whose fields match by position; and a struct of dimensions and FLOAT64 values to a tensor.
pub(crate) fn can_coerce(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Array(from), DataType::Array(to)) => can_coerce(from, to),
        (DataType::Picture | DataType::IntegerPicture, to) => {
            from == to || from.of_picture().is_some_and(|from| can_coerce(&from, to))
        }
        // A tensor is the struct that it reads as. Values of INT64 are another kind of picture.
        (DataType::Struct(parts), DataType::Tensor) => {
            let types = parts.iter().map(|part| &part.data_type);
            types.eq(to.fields().iter().map(|field| &field.data_type))
        }
        (DataType::Struct(from), DataType::Struct(to)) => {
            from.len() == to.len()
                && from.iter().zip(to).all(|(from, to)| can_coerce(&from.data_type, &to.data_type))
        }
        (DataType::Int64, DataType::Numeric | DataType::BigNumeric | DataType::Float64)
        | (DataType::Numeric, DataType::BigNumeric | DataType::Float64)
        | (DataType::BigNumeric, DataType::Float64)
        | (DataType::Date, DataType::Datetime) => true,
        _ => from == to,
    }
}

/// Whether `CAST` between the types exists at all; single values may still fail.
pub(crate) fn can_cast(from: &DataType, to: &DataType) -> bool {
    use DataType::{
        Array, BigNumeric, Bool, Bytes, Date, Datetime, Float64, Int64, IntegerPicture, Interval, Numeric,
        Picture, String, Struct, Tensor, Time, Timestamp,
    };
    match (from, to) {
        _ if can_coerce(from, to) => true,
        (Array(from), Array(to)) => can_cast(from, to),
        (Struct(from), Struct(to)) => {
            from.len() == to.len()
                && from.iter().zip(to).all(|(from, to)| can_cast(&from.data_type, &to.data_type))
        }
        (IntegerPicture, to) => from.of_picture().is_some_and(|from| can_cast(&from, to)),
        (Struct(_), Tensor | Picture) => can_cast(from, &Struct(to.fields())),
        (Int64 | Bool | Date | Timestamp | Datetime | Bytes | Float64 | Numeric | BigNumeric, String) => true,
        (String, Int64 | Float64 | Numeric | BigNumeric | Bool | Date | Timestamp | Datetime | Bytes) => true,
        (Datetime, Date | Timestamp | Time) | (Timestamp, Datetime | Time) => true,
        (String, Time | Interval) | (Time | Interval, String) => true,
        (Float64 | BigNumeric, Numeric) | (Float64, BigNumeric) | (Numeric | BigNumeric, Int64) => true,
        (Int64, Float64 | Bool) | (Float64 | Bool, Int64) | (Date, Timestamp) | (Timestamp, Date) => true,
        _ => false,
    }
}

/// Converts a column; texts that name a time zone need one of `zones`.
///
/// # Errors
/// `cast-failed` for a value without counterpart, in strict mode; `invalid-cast` where the types have no cast;
/// `unsupported-syntax` for a named time zone where the host has no database.
pub(crate) fn cast(
    array: &ArrayRef,
    from: &DataType,
    to: &DataType,
    mode: CastMode,
    zones: &TimeZones,
) -> Result<ArrayRef> {
    match (from, to) {
        _ if from == to => Ok(array.clone()),
        _ if !can_cast(from, to) => {
            Err(Error::new(Code::InvalidCast, format!("there is no cast from {from} to {to}")))
        }
        (DataType::Int64, DataType::Float64) => {
            let ints = array.as_primitive_opt::<Int64Type>().ok_or_else(|| layout(from))?;
            #[expect(clippy::cast_precision_loss, reason = "BigQuery rounds large integers here too")]
            Ok(Arc::new(ints.unary::<_, Float64Type>(|value| value as f64)))
        }
        (DataType::Float64, DataType::Int64) => floats_to_ints(array, mode),
        (DataType::Timestamp, DataType::Datetime) | (DataType::Datetime, DataType::Timestamp) => {
            let micros = array.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| layout(from))?;
            let zone = (*to == DataType::Timestamp).then_some("UTC");
            Ok(Arc::new(micros.clone().with_timezone_opt(zone)))
        }
        (_, DataType::Numeric | DataType::BigNumeric) => to_decimals(array, from, to, mode),
        (DataType::Numeric | DataType::BigNumeric, DataType::Int64 | DataType::Float64) => {
            from_decimals(array, from, to, mode)
        }
        (DataType::String, DataType::Float64) => texts_to_floats(array, mode),
        (DataType::Array(from), DataType::Array(to)) => cast_elements(array, from, to, mode, zones),
        (DataType::Struct(fields), DataType::Struct(wanted)) => {
            cast_fields(array, fields, wanted, to, mode, zones)
        }
        (DataType::Picture | DataType::IntegerPicture, _) => {
            let plain = from.of_picture().invariant("the type of a picture's values")?;
            cast(&marked(array, &plain)?, &plain, to, mode, zones)
        }
        (_, DataType::Picture) => marked(&cast(array, from, &DataType::Tensor, mode, zones)?, to),
        (DataType::Struct(_), DataType::Tensor) => {
            let structs = cast(array, from, &DataType::Struct(to.fields()), mode, zones)?;
            tensors(structs.as_struct_opt().ok_or_else(|| layout(from))?)
        }
        _ if array.null_count() == array.len() => null_column(&to.storage(), array.len()),
        _ => cast_one_by_one(array, from, to, mode, zones),
    }
}

fn floats_to_ints(array: &ArrayRef, mode: CastMode) -> Result<ArrayRef> {
    let floats = array.as_primitive_opt::<Float64Type>().ok_or_else(|| layout(&DataType::Float64))?;
    let ints = floats.iter().enumerate().map(|(row, value)| match value {
        None => Ok(None),
        Some(value) => {
            let int = mode.whole(value).and_then(to_int);
            or_failed(int, mode, || Scalar::Float64(value), &DataType::Int64, row)
        }
    });
    Ok(Arc::new(ints.collect::<Result<Int64Array>>()?))
}

/// Converts INT64, FLOAT64, STRING, NUMERIC and BIGNUMERIC to NUMERIC or BIGNUMERIC.
fn to_decimals(array: &ArrayRef, from: &DataType, to: &DataType, mode: CastMode) -> Result<ArrayRef> {
    let scale = to.decimal_scale().ok_or_else(|| layout(to))?;
    let operand = Operand::column(array.clone());
    let convert: Box<dyn Fn(usize) -> Option<i256> + '_> = match from {
        DataType::Int64 => {
            let values = operand.ints()?;
            Box::new(move |row| Some(decimal::from_int(values.at(row), scale)))
        }
        DataType::Float64 => {
            let values = operand.floats()?;
            Box::new(move |row| decimal::from_float(values.at(row), scale))
        }
        DataType::String => {
            let values = operand.strings()?;
            Box::new(move |row| decimal::parsed(values.at(row), scale, Excess::Rounded))
        }
        _ => {
            let (values, own_scale) =
                (operand.decimals()?, from.decimal_scale().ok_or_else(|| layout(from))?);
            Box::new(move |row| decimal::rescaled(values.at(row), own_scale, scale))
        }
    };
    let units = (0..array.len()).map(|row| {
        if array.is_null(row) {
            return Ok(None);
        }
        match convert(row).filter(|units| decimal::in_range(*units, scale)) {
            None if !mode.is_safe() => Err(failed(&scalar_at(array, from, row)?, to, mode).in_row(row)),
            units => Ok(units),
        }
    });
    Ok(decimal::column(units.collect::<Result<_>>()?, scale))
}

/// Converts NUMERIC and BIGNUMERIC to INT64 or FLOAT64.
fn from_decimals(array: &ArrayRef, from: &DataType, to: &DataType, mode: CastMode) -> Result<ArrayRef> {
    let scale = from.decimal_scale().ok_or_else(|| layout(from))?;
    let operand = Operand::column(array.clone());
    let values = operand.decimals()?;
    if *to == DataType::Float64 {
        let floats = (0..array.len()).map(|row| Some(decimal::to_float(values.get(row)?, scale)));
        return Ok(Arc::new(floats.collect::<Float64Array>()));
    }
    let ints = (0..array.len()).map(|row| match values.get(row) {
        None => Ok(None),
        Some(units) => match decimal::to_int(units, scale, mode.rounding()) {
            None if !mode.is_safe() => Err(failed(&scalar_at(array, from, row)?, to, mode).in_row(row)),
            int => Ok(int),
        },
    });
    Ok(Arc::new(ints.collect::<Result<Int64Array>>()?))
}

fn texts_to_floats(array: &ArrayRef, mode: CastMode) -> Result<ArrayRef> {
    let texts = array.as_string_opt::<i32>().ok_or_else(|| layout(&DataType::String))?;
    let floats = texts.iter().enumerate().map(|(row, text)| match text {
        None => Ok(None),
        Some(text) => {
            or_failed(parse_float(text), mode, || Scalar::String(text.into()), &DataType::Float64, row)
        }
    });
    Ok(Arc::new(floats.collect::<Result<Float64Array>>()?))
}

/// Converts the elements of arrays.
fn cast_elements(
    array: &ArrayRef,
    from: &DataType,
    to: &DataType,
    mode: CastMode,
    zones: &TimeZones,
) -> Result<ArrayRef> {
    let list = array.as_list_opt::<i32>().ok_or_else(|| layout(from))?;
    let field = Arc::new(arrow_schema::Field::new_list_field(to.storage(), true));
    let elements = cast(list.values(), from, to, mode, zones).map_err(|mut error| {
        // It counts elements, not rows.
        error.take_row();
        error
    })?;
    ListArray::try_new(field, list.offsets().clone(), elements, list.nulls().cloned())
        .map(|list| Arc::new(list) as ArrayRef)
        .map_err(|error| Error::internal("an array cannot be converted").detail(error))
}

/// Converts the fields of structs, which match by position.
fn cast_fields(
    array: &ArrayRef,
    fields: &[StructField],
    wanted: &[StructField],
    to: &DataType,
    mode: CastMode,
    zones: &TimeZones,
) -> Result<ArrayRef> {
    let structs = array.as_struct_opt().ok_or_else(|| layout(&DataType::Struct(fields.to_vec())))?;
    ensure(structs.num_columns() == fields.len(), "a struct column has other fields than its type")?;
    let columns = structs
        .columns()
        .iter()
        .zip(fields.iter().zip(wanted))
        .map(|(column, (from, to))| cast(column, &from.data_type, &to.data_type, mode, zones))
        .collect::<Result<_>>()?;
    let arrow_schema::DataType::Struct(names) = to.storage() else { return Err(layout(to)) };
    StructArray::try_new_with_length(names, columns, structs.nulls().cloned(), array.len())
        .map(|structs| Arc::new(structs) as ArrayRef)
        .map_err(|error| Error::internal("a struct cannot be converted").detail(error))
}

/// Converts the values of rarer types by way of [`Scalar`].
fn cast_one_by_one(
    array: &ArrayRef,
    from: &DataType,
    to: &DataType,
    mode: CastMode,
    zones: &TimeZones,
) -> Result<ArrayRef> {
    let values = scalars(array, from)?
        .into_iter()
        .enumerate()
        .map(|(row, value)| {
            let is_exact = mode != CastMode::Exact
                || *to != DataType::Bool
                || !matches!(value, Scalar::Int64(number) if !(0..=1).contains(&number));
            let converted = match (&value, to) {
                (Scalar::String(text), DataType::Timestamp) => {
                    let micros = parse_timestamp(text, zones, &TimeZone::Offset(0));
                    micros.map_err(|error| error.in_row(row))?.map(Scalar::Timestamp)
                }
                _ => Some(()).filter(|()| is_exact).and_then(|()| cast_scalar(&value, to)),
            };
            let converted = or_failed(converted, mode, || value.clone(), to, row)?;
            Ok(converted.unwrap_or(Scalar::Null))
        })
        .collect::<Result<Vec<_>>>()?;
    array_of(&values, to)
}

/// The converted value; where the value has no counterpart, NULL in safe modes and an error in the others.
fn or_failed<T>(
    converted: Option<T>,
    mode: CastMode,
    value: impl FnOnce() -> Scalar,
    to: &DataType,
    row: usize,
) -> Result<Option<T>> {
    match converted {
        None if !mode.is_safe() => Err(failed(&value(), to, mode).in_row(row)),
        converted => Ok(converted),
    }
}

#[cold]
fn failed(value: &Scalar, to: &DataType, mode: CastMode) -> Error {
    let hint = match (mode, value) {
        (CastMode::Exact, Scalar::Float64(_) | Scalar::Int64(_)) => {
            format!("nothing is lost on the way into a model; CAST(… AS {to}) changes the value")
        }
        _ => "SAFE_CAST returns NULL for values that cannot be converted".into(),
    };
    Error::new(Code::CastFailed, format!("cannot convert {value} to {to}")).hint(hint)
}

#[cold]
#[track_caller]
fn layout(expected: &DataType) -> Error {
    Error::internal(format!("expected a column of type {expected}"))
}

/// `None` where the value has no counterpart.
fn cast_scalar(scalar: &Scalar, to: &DataType) -> Option<Scalar> {
    Some(match (scalar, to) {
        (Scalar::Null, _) => Scalar::Null,
        (Scalar::Int64(value), DataType::Bool) => Scalar::Bool(*value != 0),
        (Scalar::Bool(value), DataType::Int64) => Scalar::Int64(i64::from(*value)),
        (Scalar::Int64(value), DataType::String) => Scalar::String(value.to_string()),
        (Scalar::Float64(value), DataType::String) => Scalar::String(float_text(*value)),
        (Scalar::Numeric(value), DataType::String) => {
            Scalar::String(decimal::text(i256::from_i128(*value), decimal::NUMERIC_SCALE))
        }
        (Scalar::BigNumeric(value), DataType::String) => {
            Scalar::String(decimal::text(*value, decimal::BIGNUMERIC_SCALE))
        }
        (Scalar::Bool(value), DataType::String) => Scalar::String(value.to_string()),
        (Scalar::Date(value), DataType::String) => Scalar::String(date_text(*value)),
        (Scalar::Timestamp(value), DataType::String) => Scalar::String(timestamp_text(*value)),
        (Scalar::Datetime(value), DataType::String) => Scalar::String(datetime_text(*value)),
        (Scalar::String(value), DataType::Datetime) => Scalar::Datetime(parse_datetime(value)?),
        (Scalar::Date(value), DataType::Datetime) => Scalar::Datetime(i64::from(*value).checked_mul(DAY)?),
        (Scalar::String(value), DataType::String) => Scalar::String(value.clone()),
        (Scalar::String(value), DataType::Interval) => Scalar::String(Interval::parse(value)?.text()),
        (Scalar::String(value), DataType::Time) => Scalar::String(time_text(parse_time(value)?)),
        (Scalar::Timestamp(value) | Scalar::Datetime(value), DataType::Time) => {
            Scalar::String(time_text(value.rem_euclid(DAY)))
        }
        (Scalar::Bytes(value), DataType::String) => Scalar::String(String::from_utf8(value.clone()).ok()?),
        (Scalar::String(value), DataType::Bytes) => Scalar::Bytes(value.clone().into_bytes()),
        (Scalar::String(value), DataType::Int64) => Scalar::Int64(parse_int(value)?),
        (Scalar::String(value), DataType::Bool) => Scalar::Bool(parse_bool(value)?),
        (Scalar::String(value), DataType::Date) => Scalar::Date(parse_date(value)?),
        (Scalar::Date(value), DataType::Timestamp) => Scalar::Timestamp(i64::from(*value).checked_mul(DAY)?),
        (Scalar::Timestamp(value) | Scalar::Datetime(value), DataType::Date) => {
            Scalar::Date(i32::try_from(value.div_euclid(DAY)).ok()?)
        }
        _ => return None,
    })
}

/// A whole number as INT64; `None` for NaN and for numbers beyond INT64.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn to_int(whole: f64) -> Option<i64> {
    let bound = 2f64.powi(63);
    (whole >= -bound && whole < bound).then_some(whole as i64)
}

/// Decimal or `0x` hexadecimal with an optional sign, spaces around allowed.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) if !hex.starts_with(['+', '-']) => i64::from_str_radix(&format!("{sign}{hex}"), 16).ok(),
        Some(_) => None,
        None if digits.starts_with(['+', '-']) => None,
        None => format!("{sign}{digits}").parse().ok(),
    }
}

/// Decimal notation, `inf`, `infinity` and `nan` in any case, spaces around allowed.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// `true` or `false` in any case.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_ints(values: &[f64], mode: CastMode) -> Result<Vec<Option<i64>>> {
        let floats: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
        let ints = cast(&floats, &DataType::Float64, &DataType::Int64, mode, &TimeZones::default())?;
        Ok(ints.as_primitive::<Int64Type>().iter().collect())
    }

    // Expectations are the examples of BigQuery's conversion rules.
    #[test]
    fn floats_round_half_away_from_zero() {
        let rounded = to_ints(&[1.5, -0.5, 0.4999, 2.5], CastMode::Strict).unwrap();
        assert_eq!(rounded, [2, -1, 0, 3].map(Some));
        for beyond in [f64::NAN, f64::INFINITY, 9.3e18] {
            assert_eq!(to_ints(&[beyond], CastMode::Strict).unwrap_err().code(), Code::CastFailed);
            assert_eq!(to_ints(&[beyond], CastMode::SafeTruncate).unwrap(), [None]);
        }
    }

    // The example of T-SQL's CAST and CONVERT.
    #[test]
    fn floats_are_cut_where_the_dialect_wants_it() {
        assert_eq!(to_ints(&[10.98, -10.98], CastMode::Truncate).unwrap(), [10, -10].map(Some));
    }

    #[test]
    fn integers_read_decimal_and_hexadecimal() {
        assert_eq!(parse_int("0x87a"), Some(2170));
        assert_eq!(parse_int("-0x87a"), Some(-2170));
        assert_eq!(parse_int("-9223372036854775808"), Some(i64::MIN));
        for wrong in ["", "1.5", "+-1", "0x-1", "9223372036854775808"] {
            assert_eq!(parse_int(wrong), None);
        }
    }
}
