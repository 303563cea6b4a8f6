//! CAST, SAFE_CAST and coercion.
//!
//! FLOAT64 to INT64 rounds half away from zero. Text forms are BigQuery's: `2014-09-27 12:30:00+00` for
//! timestamps, the shortest digits that read back for floats, `true` and `false`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, ListArray, StructArray};

use super::calendar::{DAY, date_text, parse_date, parse_timestamp, timestamp_text};
use super::scalar::{array_of, nulls, scalars};
use super::tensor::tensors;
use super::{DataType, Scalar};
use crate::diag::{Code, Error, Result};

/// What a value that cannot be converted becomes, and how FLOAT64 becomes INT64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CastMode {
    /// An error.
    Strict,
    /// NULL.
    Safe,
    /// An error; what stands behind the point is cut off, as T-SQL does.
    Truncate,
    /// NULL; what stands behind the point is cut off.
    SafeTruncate,
}

impl CastMode {
    fn is_safe(self) -> bool {
        matches!(self, Self::Safe | Self::SafeTruncate)
    }

    fn whole(self, value: f64) -> f64 {
        match self {
            Self::Strict | Self::Safe => value.round(),
            Self::Truncate | Self::SafeTruncate => value.trunc(),
        }
    }
}

/// Whether values of `from` become `to` without being asked: INT64 to FLOAT64, alone, in arrays or in structs, whose
/// fields match by position; a shape and values to a tensor.
pub(crate) fn can_coerce(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Array(from), DataType::Array(to)) => can_coerce(from, to),
        // A tensor is the struct that it reads as.
        (DataType::Struct(_), DataType::Tensor) => can_coerce(from, &DataType::Struct(to.fields())),
        (DataType::Struct(from), DataType::Struct(to)) => {
            from.len() == to.len()
                && from.iter().zip(to).all(|(from, to)| can_coerce(&from.data_type, &to.data_type))
        }
        (DataType::Int64, DataType::Float64) => true,
        _ => from == to,
    }
}

/// Whether `CAST` between the types exists at all; single values may still fail.
pub(crate) fn can_cast(from: &DataType, to: &DataType) -> bool {
    use DataType::{Array, Bool, Bytes, Date, Float64, Int64, String, Struct, Tensor, Timestamp};
    match (from, to) {
        _ if can_coerce(from, to) => true,
        (Array(from), Array(to)) => can_cast(from, to),
        (Struct(from), Struct(to)) => {
            from.len() == to.len()
                && from.iter().zip(to).all(|(from, to)| can_cast(&from.data_type, &to.data_type))
        }
        (Struct(_), Tensor) => can_cast(from, &Struct(to.fields())),
        (Int64 | Bool | Date | Timestamp | Bytes | Float64, String) => true,
        (String, Int64 | Float64 | Bool | Date | Timestamp | Bytes) => true,
        (Int64, Float64 | Bool) | (Float64 | Bool, Int64) | (Date, Timestamp) | (Timestamp, Date) => true,
        _ => false,
    }
}

/// Converts a column.
///
/// # Errors
/// `cast-failed` for a value without counterpart, in strict mode; `invalid-cast` where the types have no cast.
pub(crate) fn cast(array: &ArrayRef, from: &DataType, to: &DataType, mode: CastMode) -> Result<ArrayRef> {
    match (from, to) {
        _ if from == to => Ok(array.clone()),
        (DataType::Int64, DataType::Float64) => {
            let ints = array.as_primitive_opt::<Int64Type>().ok_or_else(|| layout(from))?;
            #[expect(clippy::cast_precision_loss, reason = "BigQuery rounds large integers here too")]
            Ok(Arc::new(ints.unary::<_, Float64Type>(|it| it as f64)))
        }
        (DataType::Array(from), DataType::Array(to)) => {
            let list = array.as_list_opt::<i32>().ok_or_else(|| layout(from))?;
            let field = Arc::new(arrow_schema::Field::new_list_field(to.storage(), true));
            let values = cast(list.values(), from, to, mode).map_err(|mut error| {
                // It counts elements, not rows.
                error.take_row();
                error
            })?;
            ListArray::try_new(field, list.offsets().clone(), values, list.nulls().cloned())
                .map(|list| Arc::new(list) as ArrayRef)
                .map_err(|error| Error::new(Code::Internal, "an array cannot be converted").detail(error))
        }
        (DataType::Struct(fields), DataType::Struct(wanted)) if can_cast(from, to) => {
            let parts = array.as_struct_opt().ok_or_else(|| layout(from))?;
            let columns = parts
                .columns()
                .iter()
                .zip(fields.iter().zip(wanted))
                .map(|(column, (from, to))| cast(column, &from.data_type, &to.data_type, mode))
                .collect::<Result<_>>()?;
            let arrow_schema::DataType::Struct(names) = to.storage() else { return Err(layout(to)) };
            StructArray::try_new_with_length(names, columns, parts.nulls().cloned(), array.len())
                .map(|parts| Arc::new(parts) as ArrayRef)
                .map_err(|error| Error::new(Code::Internal, "a struct cannot be converted").detail(error))
        }
        (DataType::Struct(_), DataType::Tensor) if can_cast(from, to) => {
            let plain = DataType::Struct(to.fields());
            let parts = cast(array, from, &plain, mode)?;
            tensors(parts.as_struct_opt().ok_or_else(|| layout(from))?)
        }
        (DataType::Float64, DataType::Int64) => {
            let floats = array.as_primitive_opt::<Float64Type>().ok_or_else(|| layout(from))?;
            let ints = floats.iter().enumerate().map(|(row, value)| match value {
                None => Ok(None),
                Some(value) => settled(to_int(mode.whole(value)), mode, || Scalar::Float64(value), to, row),
            });
            Ok(Arc::new(ints.collect::<Result<Int64Array>>()?))
        }
        (DataType::String, DataType::Float64) => {
            let texts = array.as_string_opt::<i32>().ok_or_else(|| layout(from))?;
            let floats = texts.iter().enumerate().map(|(row, text)| match text {
                None => Ok(None),
                Some(text) => settled(parse_float(text), mode, || Scalar::String(text.into()), to, row),
            });
            Ok(Arc::new(floats.collect::<Result<Float64Array>>()?))
        }
        _ if !can_cast(from, to) => {
            Err(Error::new(Code::InvalidCast, format!("there is no cast from {from} to {to}")))
        }
        _ if array.null_count() == array.len() => Ok(nulls(to, array.len())),
        _ => {
            let values = scalars(array, from)?
                .into_iter()
                .enumerate()
                .map(|(row, value)| {
                    let converted = settled(cast_scalar(&value, to), mode, || value.clone(), to, row)?;
                    Ok(converted.unwrap_or(Scalar::Null))
                })
                .collect::<Result<Vec<_>>>()?;
            array_of(&values, to)
        }
    }
}

/// A value that has no counterpart is NULL or an error, as the mode wants it.
fn settled<T>(
    converted: Option<T>,
    mode: CastMode,
    value: impl FnOnce() -> Scalar,
    to: &DataType,
    row: usize,
) -> Result<Option<T>> {
    match converted {
        None if !mode.is_safe() => Err(failed(&value(), to).in_row(row)),
        converted => Ok(converted),
    }
}

#[cold]
fn failed(value: &Scalar, to: &DataType) -> Error {
    Error::new(Code::CastFailed, format!("cannot convert {value} to {to}"))
        .hint("SAFE_CAST gives NULL for values that cannot be converted")
}

fn layout(expected: &DataType) -> Error {
    Error::new(Code::Internal, format!("expected a column of type {expected}"))
}

/// `None` where the value has no counterpart.
fn cast_scalar(value: &Scalar, to: &DataType) -> Option<Scalar> {
    Some(match (value, to) {
        (Scalar::Null, _) => Scalar::Null,
        (Scalar::Int64(it), DataType::Bool) => Scalar::Bool(*it != 0),
        (Scalar::Bool(it), DataType::Int64) => Scalar::Int64(i64::from(*it)),
        (Scalar::Int64(it), DataType::String) => Scalar::String(it.to_string()),
        (Scalar::Float64(it), DataType::String) => Scalar::String(float_text(*it)),
        (Scalar::Bool(it), DataType::String) => Scalar::String(it.to_string()),
        (Scalar::Date(it), DataType::String) => Scalar::String(date_text(*it)),
        (Scalar::Timestamp(it), DataType::String) => Scalar::String(timestamp_text(*it)),
        (Scalar::Bytes(it), DataType::String) => Scalar::String(String::from_utf8(it.clone()).ok()?),
        (Scalar::String(it), DataType::Bytes) => Scalar::Bytes(it.clone().into_bytes()),
        (Scalar::String(it), DataType::Int64) => Scalar::Int64(parse_int(it)?),
        (Scalar::String(it), DataType::Bool) => Scalar::Bool(parse_bool(it)?),
        (Scalar::String(it), DataType::Date) => Scalar::Date(parse_date(it)?),
        (Scalar::String(it), DataType::Timestamp) => Scalar::Timestamp(parse_timestamp(it)?),
        (Scalar::Date(it), DataType::Timestamp) => Scalar::Timestamp(i64::from(*it).checked_mul(DAY)?),
        (Scalar::Timestamp(it), DataType::Date) => Scalar::Date(i32::try_from(it.div_euclid(DAY)).ok()?),
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

/// The shortest digits that read back to the same number; an exponent beyond 15 digits, as C's `%g` has it.
pub(crate) fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let precision = if digits.bytes().filter(u8::is_ascii_digit).count() > 15 { 17 } else { 15 };
    if (-4..precision).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_ints(values: &[f64], mode: CastMode) -> Result<Vec<Option<i64>>> {
        let floats: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
        let ints = cast(&floats, &DataType::Float64, &DataType::Int64, mode)?;
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
    fn floats_print_as_bigquery_prints_them() {
        for (value, text) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (1e20, "1e+20"),
            (1.5e-7, "1.5e-07"),
            (-0.0, "-0"),
            (123456.75, "123456.75"),
        ] {
            assert_eq!(float_text(value), text);
        }
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
