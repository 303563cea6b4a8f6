//! FORMAT, as C's printf. Source: GoogleSQL, "FORMAT function". Formats of JSON (`%p`) and `%a` are left out.

use arrow_array::ArrayRef;

use super::super::{BatchCall, Function, Signature, Type};
use crate::data::{
    DataType, Scalar, StructField, date_text, datetime_text, decimal_text, float_text, scalar_at,
    timestamp_text,
};
use crate::diag::{Code, Error, Result};
use crate::json::{self, Layout, read_exact};
use crate::limits::TEXT_BYTES;

pub(super) const FUNCTIONS: &[Function] = &[Function::new(
    "FORMAT",
    "A text with values in the places of %d, %f, %e, %g, %x, %o, %s, %t and %T, as C's printf writes them.",
    &[
        Signature::scalar(&[Type::String], Type::String, format),
        Signature::scalar(&[Type::String, Type::Arbitrary], Type::String, format).variadic(),
    ],
)];

/// One place of a format.
#[derive(Default)]
struct Place {
    left: bool,
    sign: Option<char>,
    alternate: bool,
    zeros: bool,
    grouped: bool,
    width: usize,
    precision: Option<usize>,
}

fn format(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let formats = call.arg(0)?;
    let texts = formats.strings()?;
    call.without_args().strings(&|row| {
        if formats.is_null(row) {
            return Ok(None);
        }
        let mut values = call.args.iter().zip(call.types).skip(1);
        let mut next = || match values.next() {
            Some((value, data_type)) => {
                Ok((scalar_at(value.array(), data_type, value.index(row))?, data_type.clone()))
            }
            None => Err(invalid("FORMAT has fewer values than places")),
        };
        let text = formatted(texts.at(row), &mut next)?;
        if values.next().is_some() {
            return Err(invalid("FORMAT has more values than places"));
        }
        Ok(text.map(Into::into))
    })
}

/// The next value and its type.
type Next<'a> = dyn FnMut() -> Result<(Scalar, DataType)> + 'a;

#[cold]
fn invalid(message: &str) -> Error {
    Error::new(Code::InvalidValue, message)
}

/// The text; `None` where a value is NULL whose place has no text for it.
fn formatted(format: &str, next: &mut Next<'_>) -> Result<Option<String>> {
    let mut text = String::new();
    let mut is_null = false;
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let (place, kind, behind) = place(after, next)?;
        rest = behind;
        if kind == '%' {
            text.push('%');
            continue;
        }
        let (value, data_type) = next()?;
        match written(&place, kind, &value, &data_type)? {
            Some(value) => text.push_str(&value),
            None => is_null = true,
        }
        if text.len() > TEXT_BYTES {
            return Err(too_long());
        }
    }
    text.push_str(rest);
    Ok((!is_null).then_some(text))
}

/// What stands behind a `%`: flags, width, precision and kind; and the rest.
fn place<'a>(mut rest: &'a str, next: &mut Next<'_>) -> Result<(Place, char, &'a str)> {
    let mut place = Place::default();
    loop {
        let mut flags = rest.chars();
        match flags.next() {
            Some('-') => place.left = true,
            Some(sign @ '+') => place.sign = Some(sign),
            Some(' ') => place.sign = place.sign.or(Some(' ')),
            Some('#') => place.alternate = true,
            Some('0') => place.zeros = true,
            Some('\'') => place.grouped = true,
            _ => break,
        }
        rest = flags.as_str();
    }
    let width = number(&mut rest, next)?;
    place.left |= width.is_some_and(|width| width < 0);
    place.width = width.map_or(0, |width| usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX));
    if let Some(after) = rest.strip_prefix('.') {
        rest = after;
        place.precision = Some(usize::try_from(number(&mut rest, next)?.unwrap_or(0)).unwrap_or(0));
    }
    if place.width.max(place.precision.unwrap_or(0)) > TEXT_BYTES {
        return Err(too_long());
    }
    let mut rest = rest.chars();
    let kind = rest.next().ok_or_else(|| invalid("the format ends with %; write %% for a per cent sign"))?;
    Ok((place, kind, rest.as_str()))
}

#[cold]
fn too_long() -> Error {
    Error::new(Code::LimitExceeded, format!("FORMAT would give more than {TEXT_BYTES} bytes"))
}

/// Digits, or `*` for the next value.
fn number(rest: &mut &str, next: &mut Next<'_>) -> Result<Option<i64>> {
    if let Some(after) = rest.strip_prefix('*') {
        *rest = after;
        return match next()?.0 {
            Scalar::Int64(number) => Ok(Some(number)),
            _ => Err(invalid("`*` in a format takes an INT64")),
        };
    }
    let end = rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    if digits.is_empty() {
        return Ok(None);
    }
    digits.parse().map(Some).map_err(|_| invalid("a width in the format is too large"))
}

fn written(place: &Place, kind: char, value: &Scalar, data_type: &DataType) -> Result<Option<String>> {
    Ok(Some(match (kind, value) {
        ('t' | 'T', _) => {
            let text = printed(value, data_type, kind == 'T')?;
            padded(place, "", cut(place, text), false)
        }
        (_, Scalar::Null) => return Ok(None),
        ('p', Scalar::String(text)) if *data_type == DataType::Json => {
            padded(place, "", cut(place, text.clone()), false)
        }
        ('P', Scalar::String(text)) if *data_type == DataType::Json => {
            let document = read_exact(text).map_err(|error| invalid("no JSON").detail(error))?;
            let mut lines = String::new();
            json::write(&document, Layout { indent: Some(0), is_sorted: false }, &mut lines);
            padded(place, "", cut(place, lines), false)
        }
        ('s', Scalar::String(text)) => padded(place, "", cut(place, text.clone()), false),
        ('d' | 'i', Scalar::Int64(number)) => {
            let digits = grouped(place, number.unsigned_abs().to_string());
            let sign = sign_of(place, *number < 0);
            padded(place, sign, least_digits(place, digits), place.precision.is_none())
        }
        ('d' | 'i', Scalar::Numeric(_) | Scalar::BigNumeric(_)) => {
            return Err(invalid("%d takes an INT64: write CAST(… AS INT64), or %f"));
        }
        ('x' | 'X' | 'o', Scalar::Int64(number)) => {
            let magnitude = number.unsigned_abs();
            let digits = match kind {
                'x' => format!("{magnitude:x}"),
                'X' => format!("{magnitude:X}"),
                _ => format!("{magnitude:o}"),
            };
            let prefix = match (kind, place.alternate && magnitude != 0) {
                (_, false) => "",
                ('x', true) => "0x",
                ('X', true) => "0X",
                _ => "0",
            };
            let sign = format!("{}{prefix}", sign_of(place, *number < 0));
            padded(place, &sign, least_digits(place, digits), place.precision.is_none())
        }
        ('f' | 'F', Scalar::Numeric(_) | Scalar::BigNumeric(_)) => decimal(place, &decimal_text(value)),
        ('f' | 'F' | 'e' | 'E' | 'g' | 'G', value) => match number_of(value) {
            Some(number) => float(place, kind, number),
            None => return Err(mismatch(kind, value)),
        },
        (kind, value) => return Err(mismatch(kind, value)),
    }))
}

#[cold]
fn mismatch(kind: char, value: &Scalar) -> Error {
    let found = value.data_type().map_or_else(|| "NULL".into(), |data_type: DataType| data_type.to_string());
    let known = "diouxXfFeEgGstTpP".contains(kind);
    let message = if known {
        format!("%{kind} of FORMAT does not take {found}")
    } else {
        format!("FORMAT has no %{kind}")
    };
    invalid(&message).hint("%d is for INT64, %f for other numbers, %s for STRING, %t for any value")
}

fn number_of(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Float64(number) => Some(*number),
        Scalar::Numeric(_) | Scalar::BigNumeric(_) => decimal_text(value).parse().ok(),
        _ => None,
    }
}

/// A NUMERIC with all its digits, halves rounded away from zero.
fn decimal(place: &Place, text: &str) -> String {
    let magnitude = text.trim_start_matches('-');
    let sign = sign_of(place, magnitude.len() < text.len());
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let precision = place.precision.unwrap_or(6);
    let mut digits: Vec<u8> =
        whole.bytes().chain(fraction.bytes().chain(std::iter::repeat(b'0')).take(precision)).collect();
    if fraction.as_bytes().get(precision).is_some_and(|next| *next >= b'5') {
        // Nines behind the last digit that can grow become zeros.
        match digits.iter().rposition(|digit| *digit != b'9') {
            Some(last) => {
                for (place, digit) in digits.iter_mut().enumerate().skip(last) {
                    *digit = if place == last { *digit + 1 } else { b'0' };
                }
            }
            None => {
                digits.fill(b'0');
                digits.insert(0, b'1');
            }
        }
    }
    let digits = String::from_utf8_lossy(&digits).into_owned();
    let (whole, fraction) = digits.split_at(digits.len() - precision);
    let point = if precision > 0 || place.alternate { "." } else { "" };
    let text = format!("{}{point}{fraction}", grouped(place, whole.into()));
    padded(place, sign, text, true)
}

fn float(place: &Place, kind: char, number: f64) -> String {
    let upper = kind.is_ascii_uppercase();
    let sign = sign_of(place, number.is_sign_negative() && !number.is_nan());
    let magnitude = number.abs();
    if !magnitude.is_finite() {
        let text = if number.is_nan() { "nan" } else { "inf" };
        let text = if upper { text.to_ascii_uppercase() } else { text.into() };
        return padded(
            &Place { zeros: false, ..Place { width: place.width, left: place.left, ..Place::default() } },
            sign,
            text,
            false,
        );
    }
    let precision = place.precision.unwrap_or(6);
    let text = match kind.to_ascii_lowercase() {
        'f' => {
            let text = format!("{magnitude:.precision$}");
            match text.split_once('.') {
                Some((whole, fraction)) => format!("{}.{fraction}", grouped(place, whole.into())),
                None => grouped(place, text),
            }
        }
        'e' => exponent(magnitude, precision),
        _ => shortest(place, magnitude, precision.max(1)),
    };
    padded(place, sign, if upper { text.to_ascii_uppercase() } else { text }, true)
}

/// `1.500000e+00`.
fn exponent(magnitude: f64, precision: usize) -> String {
    let text = format!("{magnitude:.precision$e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// C's `%g`: without trailing zeros, with an exponent where the number is very large or small.
fn shortest(place: &Place, magnitude: f64, precision: usize) -> String {
    let scientific = exponent(magnitude, precision - 1);
    let power = scientific.split_once('e').and_then(|(_, power)| power.parse::<i32>().ok()).unwrap_or(0);
    let digits = i32::try_from(precision).unwrap_or(i32::MAX);
    let trimmed = |text: &str| {
        if place.alternate || !text.contains('.') {
            return text.to_owned();
        }
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if power < -4 || power >= digits {
        let (mantissa, tail) = scientific.split_at(scientific.find('e').unwrap_or(scientific.len()));
        return format!("{}{tail}", trimmed(mantissa));
    }
    let decimals = usize::try_from(digits - 1 - power).unwrap_or(0);
    trimmed(&format!("{magnitude:.decimals$}"))
}

fn sign_of(place: &Place, negative: bool) -> &'static str {
    match (negative, place.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(_)) => " ",
        (false, None) => "",
    }
}

/// A comma behind every third digit from the right.
fn grouped(place: &Place, digits: String) -> String {
    if !place.grouped {
        return digits;
    }
    let count = digits.len();
    let mut text = String::with_capacity(count + count / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (count - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn least_digits(place: &Place, digits: String) -> String {
    let missing = place.precision.unwrap_or(0).saturating_sub(digits.len());
    format!("{}{digits}", "0".repeat(missing))
}

fn cut(place: &Place, text: String) -> String {
    match place.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text,
    }
}

fn padded(place: &Place, sign: &str, text: String, takes_zeros: bool) -> String {
    let missing = place.width.saturating_sub(sign.len() + text.chars().count());
    if place.left {
        format!("{sign}{text}{}", " ".repeat(missing))
    } else if place.zeros && takes_zeros {
        format!("{sign}{}{text}", "0".repeat(missing))
    } else {
        format!("{}{sign}{text}", " ".repeat(missing))
    }
}

/// A value as a person reads it, or as it is written in SQL.
fn printed(value: &Scalar, data_type: &DataType, as_literal: bool) -> Result<String> {
    let quoted = |text: &str| {
        let mark = if text.contains('"') && !text.contains('\'') { '\'' } else { '"' };
        let text = text.replace('\\', "\\\\").replace('\n', "\\n");
        let text = if mark == '"' { text.replace('"', "\\\"") } else { text };
        format!("{mark}{text}{mark}")
    };
    let fields = |fields: &[StructField], values: &[Scalar]| -> Result<String> {
        let parts = fields.iter().zip(values);
        let parts = parts.map(|(field, value)| printed(value, &field.data_type, as_literal));
        Ok(parts.collect::<Result<Vec<_>>>()?.join(", "))
    };
    Ok(match value {
        Scalar::Null => "NULL".into(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Int64(value) => value.to_string(),
        Scalar::Float64(value) => {
            let text = float_text(*value);
            match value.is_finite() {
                true if text.chars().all(|next| next.is_ascii_digit() || next == '-') => format!("{text}.0"),
                true => text,
                false if as_literal => format!("CAST(\"{text}\" AS FLOAT64)"),
                false => text,
            }
        }
        Scalar::Numeric(_) if as_literal => format!("NUMERIC \"{}\"", decimal_text(value)),
        Scalar::BigNumeric(_) if as_literal => format!("BIGNUMERIC \"{}\"", decimal_text(value)),
        Scalar::Numeric(_) | Scalar::BigNumeric(_) => decimal_text(value),
        Scalar::String(text) if !as_literal => text.clone(),
        Scalar::String(text) => match data_type {
            DataType::Time => format!("TIME {}", quoted(text)),
            DataType::Json => format!("JSON {}", quoted(text)),
            DataType::Interval => format!("INTERVAL {} YEAR TO SECOND", quoted(text)),
            _ => quoted(text),
        },
        Scalar::Bytes(bytes) => {
            let text = bytes.escape_ascii().to_string();
            if as_literal { format!("b\"{text}\"") } else { text }
        }
        Scalar::Date(days) if as_literal => format!("DATE \"{}\"", date_text(*days)),
        Scalar::Date(days) => date_text(*days),
        Scalar::Timestamp(micros) if as_literal => format!("TIMESTAMP \"{}\"", timestamp_text(*micros)),
        Scalar::Timestamp(micros) => timestamp_text(*micros),
        Scalar::Datetime(micros) if as_literal => format!("DATETIME \"{}\"", datetime_text(*micros)),
        Scalar::Datetime(micros) => datetime_text(*micros),
        Scalar::Array(element, items) => {
            let items = items.iter().map(|item| printed(item, element, as_literal));
            format!("[{}]", items.collect::<Result<Vec<_>>>()?.join(", "))
        }
        Scalar::Column(..) => return Err(Error::internal("a row holds the elements of an array one by one")),
        Scalar::Struct(types, values) if values.len() == 1 && as_literal => {
            format!("STRUCT({})", fields(types, values)?)
        }
        Scalar::Struct(types, values) => format!("({})", fields(types, values)?),
    })
}
