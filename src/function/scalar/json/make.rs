//! JSON out of texts and values.

use std::borrow::Cow;

use arrow_array::ArrayRef;

use super::super::hash::to_base64;
use super::{COMPACT, Layout};
use crate::data::{
    DataType, Interval, Operand, Scalar, date_text, datetime_text, decimal_text, float_text, scalar_at,
    shortest_text, timestamp_text,
};
use crate::diag::{Code, Error, Result};
use crate::function::BatchCall;
use crate::json::{self, Value, read_exact, write_parts, write_text};

/// Writes fields in the order of their names, as the type JSON keeps them.
pub(super) const SORTED: Layout = Layout { is_sorted: true, ..COMPACT };

pub(super) fn to_json_string(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let pretty = call.args.get(1).map(Operand::bools).transpose()?;
    call.without_args().strings(&|row| {
        let indent = pretty.as_ref().and_then(|pretty| pretty.get(row)).unwrap_or(false).then_some(0);
        let mut text = String::new();
        write_argument(call, 0, row, Style { indent, keeps_numbers: false }, &mut text)?;
        Ok(Some(text.into()))
    })
}

pub(super) fn to_json(call: &BatchCall<'_>) -> Result<ArrayRef> {
    call.without_args().strings(&|row| json_of(call, 0, row).map(Cow::Owned).map(Some))
}

/// An argument's value as the type JSON keeps it.
pub(super) fn json_of(call: &BatchCall<'_>, place: usize, row: usize) -> Result<String> {
    let mut text = String::new();
    write_argument(call, place, row, NUMBERS, &mut text)?;
    normal(&text, false)
}

pub(super) fn parse_json(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    let modes = call.args.get(1).map(Operand::strings).transpose()?;
    call.strings(&|row| {
        let rounds = match modes.as_ref().map(|modes| modes.at(row)) {
            None | Some("exact") => false,
            Some("round") => true,
            Some(mode) => {
                let message = format!("wide_number_mode is 'exact' or 'round', found {mode:?}");
                return Err(Error::new(Code::InvalidValue, message));
            }
        };
        normal(texts.at(row), rounds).map(Cow::Owned).map(Some)
    })
}

pub(super) fn json_array(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let places: Vec<_> = (0..call.args.len()).collect();
    made(call, &places, ['[', ']'], &|place, row, text| write_argument(call, *place, row, NUMBERS, text))
}

pub(super) fn json_object(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let places: Vec<_> = (0..call.args.len()).step_by(2).collect();
    let is_key = |place: &usize| call.arg_type(*place).is_ok_and(|key| *key == DataType::String);
    if !call.args.len().is_multiple_of(2) || !places.iter().all(is_key) {
        return Err(Error::new(
            Code::InvalidValue,
            "JSON_OBJECT takes keys of type STRING, each before its value",
        )
        .hint("write JSON_OBJECT('a', 1, 'b', TRUE)"));
    }
    made(call, &places, ['{', '}'], &|place, row, text| {
        let key = call.arg(*place)?;
        if key.is_null(row) {
            return Err(Error::new(Code::InvalidValue, "a key of JSON_OBJECT is NULL"));
        }
        write_text(key.strings()?.at(row), text);
        text.push(':');
        write_argument(call, place + 1, row, NUMBERS, text)
    })
}

/// Documents of parts that `write` writes for the arguments at these places.
fn made(
    call: &BatchCall<'_>,
    places: &[usize],
    brackets: [char; 2],
    write: &dyn Fn(&usize, usize, &mut String) -> Result<()>,
) -> Result<ArrayRef> {
    call.without_args().strings(&|row| {
        let (mut text, mut failed) = (String::new(), None);
        write_parts(places, None, brackets, &mut text, &mut |place, _, text| {
            failed = failed.take().or(write(place, row, text).err());
        });
        match failed {
            Some(error) => Err(error),
            None => normal(&text, false).map(Cow::Owned).map(Some),
        }
    })
}

/// A text as the type JSON keeps it; numbers that it does not hold are rounded if asked for.
fn normal(text: &str, rounds: bool) -> Result<String> {
    let mut document = read_exact(text).map_err(|error| {
        Error::new(Code::InvalidValue, "the text is no JSON")
            .hint("SAFE.PARSE_JSON gives NULL for such texts")
            .detail(error)
    })?;
    let mut numbers = Vec::new();
    collect_numbers(&document, rounds, &mut numbers)?;
    let mut numbers = numbers.iter();
    put_numbers(&mut document, &mut numbers);
    let mut written = String::with_capacity(text.len());
    json::write(&document, SORTED, &mut written);
    Ok(written)
}

/// The numbers of a document as they are kept, in their order.
fn collect_numbers(value: &Value<'_>, rounds: bool, numbers: &mut Vec<String>) -> Result<()> {
    match value {
        Value::Digits(digits) => numbers.push(normal_number(digits, rounds)?),
        Value::List(items) => items.iter().try_for_each(|item| collect_numbers(item, rounds, numbers))?,
        Value::Object(fields) => {
            fields.iter().try_for_each(|(_, field)| collect_numbers(field, rounds, numbers))?
        }
        _ => {}
    }
    Ok(())
}

/// Puts numbers in the places of those of the document.
fn put_numbers<'a>(value: &mut Value<'a>, numbers: &mut std::slice::Iter<'a, String>) {
    match value {
        Value::Digits(digits) => *digits = numbers.next().map_or(*digits, String::as_str),
        Value::List(items) => items.iter_mut().for_each(|item| put_numbers(item, numbers)),
        Value::Object(fields) => fields.iter_mut().for_each(|(_, field)| put_numbers(field, numbers)),
        _ => {}
    }
}

/// A whole number of 64 bits, or a FLOAT64 with the same digits: the fewest that tell it, or those of its text.
fn normal_number(digits: &str, rounds: bool) -> Result<String> {
    if let Ok(whole) = digits.parse::<i64>() {
        return Ok(whole.to_string());
    }
    if let Ok(whole) = digits.parse::<u64>() {
        return Ok(whole.to_string());
    }
    let float = digits.parse::<f64>().ok().filter(|float| float.is_finite());
    let is_same = |text: &str| significant(text) == significant(digits);
    let float =
        float.filter(|float| rounds || is_same(&format!("{float:e}")) || is_same(&float_text(*float)));
    match float {
        Some(float) => Ok(with_point(&shortest_text(float))),
        None => Err(Error::new(
            Code::InvalidValue,
            format!("neither INT64 nor FLOAT64 holds the number {digits} exactly"),
        )
        .hint("write PARSE_JSON(text, wide_number_mode => 'round'), or put it in quotes")),
    }
}

/// The digits of a number without the zeros at both ends.
fn significant(number: &str) -> String {
    let mantissa = number.split(['e', 'E']).next().unwrap_or(number);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').into()
}

/// A FLOAT64 as JSON tells it from a whole number.
fn with_point(text: &str) -> String {
    if text.contains(['.', 'e']) { text.into() } else { format!("{text}.0") }
}

#[derive(Clone, Copy)]
struct Style {
    indent: Option<usize>,
    /// Whether whole numbers beyond those of FLOAT64 stay numbers, and a FLOAT64 has a point.
    keeps_numbers: bool,
}

const NUMBERS: Style = Style { indent: None, keeps_numbers: true };

fn write_argument(
    call: &BatchCall<'_>,
    place: usize,
    row: usize,
    style: Style,
    text: &mut String,
) -> Result<()> {
    let (value, data_type) = (call.arg(place)?, call.arg_type(place)?);
    let scalar = scalar_at(value.array(), data_type, value.index(row))?;
    write_scalar(&scalar, data_type, style, text);
    Ok(())
}

fn write_scalar(value: &Scalar, data_type: &DataType, style: Style, text: &mut String) {
    match value {
        Scalar::Null => text.push_str("null"),
        Scalar::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        // Beyond 2^53 a reader that knows FLOAT64 alone would lose digits.
        Scalar::Int64(value) if value.unsigned_abs() > 1 << 53 && !style.keeps_numbers => {
            write_text(&value.to_string(), text);
        }
        Scalar::Int64(value) => text.push_str(&value.to_string()),
        Scalar::Float64(value) if value.is_nan() => text.push_str("\"NaN\""),
        Scalar::Float64(value) if value.is_infinite() => {
            text.push_str(if *value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
        }
        Scalar::Float64(value) if style.keeps_numbers => text.push_str(&with_point(&float_text(*value))),
        Scalar::Float64(value) => text.push_str(&float_text(*value)),
        Scalar::Numeric(_) | Scalar::BigNumeric(_) => text.push_str(&decimal_text(value)),
        Scalar::String(value) if *data_type == DataType::Json => match (style.indent, read_exact(value)) {
            (Some(_), Ok(document)) => {
                json::write(&document, Layout { indent: style.indent, ..COMPACT }, text);
            }
            _ => text.push_str(value),
        },
        Scalar::String(value) if *data_type == DataType::Interval => {
            write_text(&Interval::parse(value).map_or_else(String::new, Interval::iso_text), text);
        }
        Scalar::String(value) => write_text(value, text),
        Scalar::Bytes(value) => write_text(&to_base64(value), text),
        Scalar::Date(days) => write_text(&date_text(*days), text),
        Scalar::Datetime(micros) => write_text(&datetime_text(*micros).replacen(' ', "T", 1), text),
        Scalar::Timestamp(micros) => {
            let written = timestamp_text(*micros);
            let written = written.strip_suffix("+00").unwrap_or(&written).replacen(' ', "T", 1);
            write_text(&format!("{written}Z"), text);
        }
        // No row holds one: `scalar_at` gives the elements of arrays one by one.
        Scalar::Column(..) => write_text(&value.to_string(), text),
        Scalar::Array(element, items) => {
            write_parts(items, style.indent, ['[', ']'], text, &mut |item, indent, text| {
                write_scalar(item, element, Style { indent, ..style }, text);
            });
        }
        Scalar::Struct(fields, values) => {
            let parts: Vec<_> = fields.iter().zip(values).enumerate().collect();
            write_parts(
                &parts,
                style.indent,
                ['{', '}'],
                text,
                &mut |(index, (field, value)), indent, text| {
                    match field.name.as_str() {
                        "" => write_text(&format!("_field_{}", index + 1), text),
                        name => write_text(name, text),
                    }
                    text.push_str(if indent.is_some() { ": " } else { ":" });
                    write_scalar(value, &field.data_type, Style { indent, ..style }, text);
                },
            );
        }
    }
}
