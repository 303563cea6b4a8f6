//! Values of type JSON as values of other types: strictly, or as far as they go.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};

use super::{Texts, lists};
use crate::data::{parse_bool, parse_float};
use crate::diag::{Code, Error, Result};
use crate::function::BatchCall;
use crate::json::{Value, read_exact, write_text};

/// What a JSON value is, as JSON_TYPE says.
pub(super) fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) | Value::Digits(_) => "number",
        Value::Text(_) => "string",
        Value::Numbers(_) | Value::List(_) => "array",
        Value::Object(_) => "object",
    }
}

fn read(text: &str) -> Result<Value<'_>> {
    read_exact(text)
        .map_err(|error| Error::new(Code::InvalidValue, "a value of type JSON is none").detail(error))
}

#[cold]
fn other(value: &Value<'_>, wanted: &str) -> Error {
    Error::new(Code::InvalidValue, format!("expected {wanted}, found a JSON value of type {}", kind(value)))
        .hint("LAX_BOOL, LAX_INT64, LAX_FLOAT64 and LAX_STRING convert between types, and give NULL for the rest")
}

pub(super) fn strings(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    call.strings(&|row| match read(texts.at(row))? {
        Value::Text(text) => Ok(Some(Cow::Owned(text.into_owned()))),
        found => Err(other(&found, "a text")),
    })
}

pub(super) fn bools(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    call.bools(&|row| match read(texts.at(row))? {
        Value::Bool(truth) => Ok(truth),
        found => Err(other(&found, "true or false")),
    })
}

pub(super) fn ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    call.ints(&|row| {
        let found = read(texts.at(row))?;
        let Value::Digits(digits) = &found else { return Err(other(&found, "a whole number")) };
        let whole = digits.parse::<f64>().ok().filter(|float| float.fract() == 0.0);
        match digits.parse().ok().or_else(|| whole.and_then(rounded)) {
            Some(int) => Ok(Some(int)),
            None => Err(Error::new(Code::InvalidValue, format!("the JSON number {digits} is no INT64"))
                .hint("LAX_INT64 rounds fractions")),
        }
    })
}

pub(super) fn floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    call.floats(&|row| {
        let found = read(texts.at(row))?;
        match &found {
            Value::Digits(digits) => Ok(parse_float(digits)),
            _ => Err(other(&found, "a number")),
        }
    })
}

pub(super) fn lax_bools(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    let nulls = call.nulls();
    let truths = (0..call.rows).map(|row| {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(None);
        }
        Ok(match read(texts.at(row)).map_err(|error| error.in_row(row))? {
            Value::Bool(truth) => Some(truth),
            Value::Text(text) if text.trim() == text => parse_bool(&text),
            Value::Text(_) => None,
            Value::Digits(digits) => parse_float(digits).map(|number| number != 0.0),
            _ => None,
        })
    });
    Ok(Arc::new(truths.collect::<Result<BooleanArray>>()?))
}

pub(super) fn lax_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    call.ints(&|row| {
        Ok(match read(texts.at(row))? {
            Value::Bool(truth) => Some(truth.into()),
            Value::Text(text) => whole(text.trim()),
            Value::Digits(digits) => whole(digits),
            _ => None,
        })
    })
}

pub(super) fn lax_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    call.floats(&|row| {
        Ok(match read(texts.at(row))? {
            Value::Text(text) => parse_float(&text),
            Value::Digits(digits) => parse_float(digits),
            _ => None,
        })
    })
}

/// Digits as INT64, rounded half away from zero.
fn whole(digits: &str) -> Option<i64> {
    digits.parse().ok().or_else(|| rounded(parse_float(digits)?))
}

/// `None` beyond INT64.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn rounded(float: f64) -> Option<i64> {
    let bound = 2f64.powi(63);
    Some(float.round()).filter(|whole| *whole >= -bound && *whole < bound).map(|whole| whole as i64)
}

/// The paths of the keys of objects, in order.
pub(super) fn keys(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let depths = if call.args.len() > 1 { Some(call.arg(1)?.ints()?) } else { None };
    lists(call, &|row, document| {
        let depth = depths.as_ref().map_or(i64::MAX, |depths| depths.at(row));
        if depth < 1 {
            return Err(Error::new(Code::InvalidValue, "JSON_KEYS goes down by 1 level at least"));
        }
        let mut paths = Vec::new();
        collect_keys(document, "", depth, &mut paths);
        paths.sort();
        paths.dedup();
        Ok(Texts::Some(paths.into_iter().map(Some).collect()))
    })
}

fn collect_keys(value: &Value<'_>, before: &str, depth: i64, paths: &mut Vec<String>) {
    let Value::Object(fields) = value else { return };
    for (name, field) in fields {
        let mut path = String::from(before);
        if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            path.push_str(name);
        } else {
            write_text(name, &mut path);
        }
        if depth > 1 {
            collect_keys(field, &format!("{path}."), depth - 1, paths);
        }
        paths.push(path);
    }
}
