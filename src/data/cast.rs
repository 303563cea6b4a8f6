//! CAST, SAFE_CAST and coercion.
//!
//! FLOAT64 to INT64 rounds half away from zero. Text forms are BigQuery's: `2014-09-27 12:30:00+00` for
//! timestamps, the shortest digits that read back for floats, `true` and `false`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, ListArray};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::scalar::{array_of, nulls, scalars};
use super::tensor::tensors;
use super::{DataType, Scalar, StructField};
use crate::diag::{Code, Error, Result};

/// What a value that cannot be converted becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CastMode {
    /// An error.
    Strict,
    /// NULL.
    Safe,
}

/// Whether values of `from` become `to` without being asked: INT64 to FLOAT64, alone or in arrays; a shape and
/// values to a tensor.
pub(crate) fn can_coerce(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Array(from), DataType::Array(to)) => can_coerce(from, to),
        (DataType::Struct(fields), DataType::Tensor) => {
            let array = |field: &StructField, takes: fn(&DataType) -> bool| matches!(&field.data_type, DataType::Array(element) if takes(element));
            matches!(
                fields.as_slice(),
                [shape, data]
                    if array(shape, |it| *it == DataType::Int64) && array(data, DataType::is_numeric)
            )
        }
        (DataType::Int64, DataType::Float64) => true,
        _ => from == to,
    }
}

/// Whether `CAST` between the types exists at all; single values may still fail.
pub(crate) fn can_cast(from: &DataType, to: &DataType) -> bool {
    use DataType::{Array, Bool, Bytes, Date, Float64, Int64, String, Timestamp};
    match (from, to) {
        _ if can_coerce(from, to) => true,
        (Array(from), Array(to)) => can_cast(from, to),
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
        (DataType::Struct(fields), DataType::Tensor) if can_coerce(from, to) => {
            let parts = array.as_struct_opt().ok_or_else(|| layout(from))?;
            let [(shape, _), (data, field)] = parts.columns().iter().zip(fields).collect::<Vec<_>>()[..]
            else {
                return Err(layout(from));
            };
            let data = cast(data, &field.data_type, &DataType::array(DataType::Float64), mode)?;
            tensors(shape, &data, parts.nulls())
        }
        _ if !can_cast(from, to) => {
            Err(Error::new(Code::InvalidCast, format!("there is no cast from {from} to {to}")))
        }
        _ if array.null_count() == array.len() => Ok(nulls(to, array.len())),
        _ => {
            let values = scalars(array, from)?
                .into_iter()
                .enumerate()
                .map(|(row, value)| match (cast_scalar(&value, to), mode) {
                    (Some(value), _) => Ok(value),
                    (None, CastMode::Safe) => Ok(Scalar::Null),
                    (None, CastMode::Strict) => Err(failed(&value, to).in_row(row)),
                })
                .collect::<Result<Vec<_>>>()?;
            array_of(&values, to)
        }
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
        (Scalar::Float64(it), DataType::Int64) => Scalar::Int64(round_to_int(*it)?),
        (Scalar::Int64(it), DataType::String) => Scalar::String(it.to_string()),
        (Scalar::Float64(it), DataType::String) => Scalar::String(float_text(*it)),
        (Scalar::Bool(it), DataType::String) => Scalar::String(it.to_string()),
        (Scalar::Date(it), DataType::String) => Scalar::String(date_text(*it)),
        (Scalar::Timestamp(it), DataType::String) => Scalar::String(timestamp_text(*it)),
        (Scalar::Bytes(it), DataType::String) => Scalar::String(String::from_utf8(it.clone()).ok()?),
        (Scalar::String(it), DataType::Bytes) => Scalar::Bytes(it.clone().into_bytes()),
        (Scalar::String(it), DataType::Int64) => Scalar::Int64(parse_int(it)?),
        (Scalar::String(it), DataType::Float64) => Scalar::Float64(parse_float(it)?),
        (Scalar::String(it), DataType::Bool) => Scalar::Bool(parse_bool(it)?),
        (Scalar::String(it), DataType::Date) => Scalar::Date(parse_date(it)?),
        (Scalar::String(it), DataType::Timestamp) => Scalar::Timestamp(parse_timestamp(it)?),
        (Scalar::Date(it), DataType::Timestamp) => Scalar::Timestamp(i64::from(*it).checked_mul(DAY)?),
        (Scalar::Timestamp(it), DataType::Date) => Scalar::Date(i32::try_from(it.div_euclid(DAY)).ok()?),
        _ => return None,
    })
}

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

/// Half away from zero; `None` for NaN and for numbers beyond INT64.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn round_to_int(value: f64) -> Option<i64> {
    let rounded = value.round();
    let bound = 2f64.powi(63);
    (rounded >= -bound && rounded < bound).then_some(rounded as i64)
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

/// `YYYY-MM-DD` with one or two digits of month and day, as days since 1970-01-01.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    days(parse_day(text.trim())?)
}

fn days(date: NaiveDate) -> Option<i32> {
    i32::try_from(date.signed_duration_since(epoch()).num_days()).ok()
}

fn epoch() -> NaiveDate {
    DateTime::UNIX_EPOCH.date_naive()
}

fn parse_day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.splitn(3, '-');
    let mut part = |digits: std::ops::RangeInclusive<usize>| {
        parts.next().filter(|it| digits.contains(&it.len()) && it.bytes().all(|c| c.is_ascii_digit()))
    };
    let (year, month, day) = (part(4..=4)?, part(1..=2)?, part(1..=2)?);
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// A date, then optionally a time after a space or `T`, then optionally `Z`, `UTC` or an offset such as `+01:30`;
/// in microseconds since 1970-01-01 UTC.
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    let text = text.trim();
    let (day, rest) = match text.find([' ', 'T', 't']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?.trim()),
        None => (text, ""),
    };
    let date = parse_day(day)?;
    let split = rest.find(|c: char| !matches!(c, '0'..='9' | ':' | '.')).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(split);
    let time = match time {
        "" => NaiveTime::MIN,
        time => ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|it| NaiveTime::parse_from_str(time, it).ok())?,
    };
    let offset = parse_zone(zone.trim())?;
    let local = NaiveDateTime::new(date, time).checked_sub_offset(offset)?;
    Some(local.and_utc().timestamp_micros())
}

fn parse_zone(zone: &str) -> Option<FixedOffset> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") || zone.eq_ignore_ascii_case("utc") {
        return FixedOffset::east_opt(0);
    }
    let east = match zone.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':').unwrap_or((zone.get(1..)?, "0"));
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes))
        .then(|| FixedOffset::east_opt(east * (hours * 3600 + minutes * 60)))
        .flatten()
}

/// `YYYY-MM-DD`.
pub(crate) fn date_text(days: i32) -> String {
    match epoch().checked_add_signed(TimeDelta::days(days.into())) {
        Some(date) => date.format("%Y-%m-%d").to_string(),
        None => format!("{days} days since 1970-01-01"),
    }
}

/// `YYYY-MM-DD HH:MM:SS[.ffffff]+00`, with three or six digits of a second's fraction where there is one.
pub(crate) fn timestamp_text(micros: i64) -> String {
    let Some(time) = DateTime::from_timestamp_micros(micros) else {
        return format!("{micros} microseconds since 1970-01-01");
    };
    let format = match time.nanosecond() / 1000 {
        0 => "%Y-%m-%d %H:%M:%S+00",
        it if it % 1000 == 0 => "%Y-%m-%d %H:%M:%S%.3f+00",
        _ => "%Y-%m-%d %H:%M:%S%.6f+00",
    };
    time.format(format).to_string()
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

    fn cast_one(value: Scalar, to: DataType) -> Option<Scalar> {
        cast_scalar(&value, &to)
    }

    // Expectations are the examples of BigQuery's conversion rules.
    #[test]
    fn floats_round_half_away_from_zero() {
        for (from, to) in [(1.5, 2), (-0.5, -1), (0.4999, 0), (2.5, 3)] {
            assert_eq!(cast_one(Scalar::Float64(from), DataType::Int64), Some(Scalar::Int64(to)));
        }
        for beyond in [f64::NAN, f64::INFINITY, 9.3e18] {
            assert_eq!(cast_one(Scalar::Float64(beyond), DataType::Int64), None);
        }
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

    #[test]
    fn timestamps_read_and_print() {
        assert_eq!(parse_timestamp("2014-09-27 12:30:00.45-8:00"), Some(1_411_849_800_450_000));
        assert_eq!(timestamp_text(1_411_849_800_450_000), "2014-09-27 20:30:00.450+00");
        assert_eq!(parse_timestamp("2014-09-27"), Some(1_411_776_000_000_000));
        assert_eq!(parse_timestamp("2014-09-27T12:30:00Z"), Some(1_411_821_000_000_000));
        for wrong in ["2014-13-01", "2014-09-27 25:00:00", "yesterday", "2014-09-27 12:30:00+99"] {
            assert_eq!(parse_timestamp(wrong), None);
        }
        assert_eq!(parse_date("2014-9-3"), Some(16_316));
        assert_eq!(date_text(16_316), "2014-09-03");
    }
}
