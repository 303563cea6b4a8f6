//! JSON in texts: parts of it by path, and values as JSON. Source: GoogleSQL, "JSON functions", for values of type STRING.
//!
//! A text that is no JSON has no parts: NULL, as in BigQuery.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use arrow_buffer::NullBuffer;

use super::super::{BatchCall, Function, Signature, Type};
use super::hash::to_base64;
use crate::data::{
    DataType, Scalar, date_text, datetime_text, decimal_text, float_text, list_column, scalar_at,
    timestamp_text,
};
use crate::diag::{Code, Error, Result};
use crate::limits::JSON_NESTING;

use Type::{Arbitrary, ArrayOf, Bool, String};

const ONE: &[Type] = &[String, String];
const STRINGS: Type = ArrayOf(&Type::String);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "JSON_VALUE",
        "The text, number or truth at a path of a JSON text, as a text; NULL for arrays and objects.",
        &[Signature::scalar(ONE, String, |call| part(call, scalar_text)).optional(1)],
    ),
    Function::new(
        "JSON_EXTRACT_SCALAR",
        "JSON_VALUE, with `['key']` for keys in its paths too.",
        &[Signature::scalar(ONE, String, |call| part(call, scalar_text)).optional(1)],
    ),
    Function::new(
        "JSON_QUERY",
        "The JSON text at a path of another one.",
        &[Signature::scalar(ONE, String, |call| part(call, json_text)).optional(1)],
    ),
    Function::new(
        "JSON_EXTRACT",
        "JSON_QUERY, with `['key']` for keys in its paths too.",
        &[Signature::scalar(ONE, String, |call| part(call, json_text)).optional(1)],
    ),
    Function::new(
        "JSON_VALUE_ARRAY",
        "The texts, numbers and truths of a JSON array, as texts; NULL for other values.",
        &[Signature::scalar(ONE, STRINGS, |call| elements(call, scalar_text)).optional(1)],
    ),
    Function::new(
        "JSON_EXTRACT_STRING_ARRAY",
        "JSON_VALUE_ARRAY, with `['key']` for keys in its paths too.",
        &[Signature::scalar(ONE, STRINGS, |call| elements(call, scalar_text)).optional(1)],
    ),
    Function::new(
        "JSON_QUERY_ARRAY",
        "The JSON texts of a JSON array's elements; NULL for other values.",
        &[Signature::scalar(ONE, STRINGS, |call| elements(call, json_text)).optional(1)],
    ),
    Function::new(
        "JSON_EXTRACT_ARRAY",
        "JSON_QUERY_ARRAY, with `['key']` for keys in its paths too.",
        &[Signature::scalar(ONE, STRINGS, |call| elements(call, json_text)).optional(1)],
    ),
    Function::new(
        "TO_JSON_STRING",
        "A value as JSON. Numbers that a FLOAT64 does not hold are texts.",
        &[Signature::scalar(&[Arbitrary, Bool], String, to_json_string).optional(1)],
    ),
];

/// A step of a path.
enum Step {
    Key(std::string::String),
    Index(usize),
}

/// What becomes of a part: `None` is NULL.
type Take = fn(&str) -> Option<std::string::String>;

fn part(call: &BatchCall<'_>, take: Take) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    let paths = call.args.get(1).map(crate::data::Operand::strings).transpose()?;
    call.strings(&|row| {
        let steps = steps(paths.as_ref().map_or("$", |paths| paths.at(row)))?;
        Ok(lookup(texts.at(row), &steps).and_then(take).map(Cow::Owned))
    })
}

fn elements(call: &BatchCall<'_>, take: Take) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    let paths = call.args.get(1).map(crate::data::Operand::strings).transpose()?;
    let nulls = call.nulls();
    let (mut lengths, mut values, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..call.rows {
        let mut found = None;
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            let steps = steps(paths.as_ref().map_or("$", |paths| paths.at(row)))
                .map_err(|error| error.in_row(row))?;
            found = lookup(texts.at(row), &steps).and_then(|list| items(list, take));
        }
        valid.push(found.is_some());
        // NULL has no elements.
        lengths.push(found.as_ref().map_or(0, Vec::len));
        values.extend(found.into_iter().flatten());
    }
    let values: ArrayRef = Arc::new(StringArray::from(values));
    list_column(lengths, values, &DataType::String, Some(NullBuffer::from(valid)))
}

/// The elements of a JSON array; NULL where it is none, and where an element has no such value but is not null.
fn items(list: &str, take: Take) -> Option<Vec<Option<std::string::String>>> {
    let mut items = Vec::new();
    let mut reader = Reader { text: list, at: 0 };
    reader.eat(b'[').then_some(())?;
    if reader.eat(b']') {
        return Some(items);
    }
    loop {
        let item = reader.value(0)?;
        let taken = take(item);
        if taken.is_none() && item != "null" {
            return None;
        }
        items.push(taken);
        if !reader.eat(b',') {
            return Some(items);
        }
    }
}

/// `$.a['b'][0]` as steps.
fn steps(path: &str) -> Result<Vec<Step>> {
    let invalid = || {
        Error::new(Code::InvalidValue, format!("`{path}` is no JSON path"))
            .hint("write $ and then .key, .\"key\" or [0]: $.items[0].name")
    };
    let mut rest = path.strip_prefix('$').ok_or_else(invalid)?;
    let mut steps = Vec::new();
    while let Some(first) = rest.chars().next() {
        let after = rest.get(1..).ok_or_else(invalid)?;
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        match (first, quote) {
            ('.', Some('"')) => {
                let (key, behind) = after.get(1..).and_then(|it| it.split_once('"')).ok_or_else(invalid)?;
                steps.push(Step::Key(key.to_owned()));
                rest = behind;
            }
            ('.', _) => {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (key, behind) = after.split_at(end);
                if key.is_empty() {
                    return Err(invalid());
                }
                steps.push(Step::Key(key.to_owned()));
                rest = behind;
            }
            ('[', Some(quote)) => {
                let close = format!("{quote}]");
                let (key, behind) =
                    after.get(1..).and_then(|it| it.split_once(&close)).ok_or_else(invalid)?;
                steps.push(Step::Key(key.to_owned()));
                rest = behind;
            }
            ('[', None) => {
                let (index, behind) = after.split_once(']').ok_or_else(invalid)?;
                steps.push(Step::Index(index.trim().parse().map_err(|_| invalid())?));
                rest = behind;
            }
            _ => return Err(invalid()),
        }
    }
    Ok(steps)
}

/// The part of a JSON text at a path; `None` where there is none, and where the text is no JSON.
fn lookup<'a>(text: &'a str, steps: &[Step]) -> Option<&'a str> {
    let mut reader = Reader { text, at: 0 };
    let mut value = reader.value(0)?;
    reader.is_at_end().then_some(())?;
    for step in steps {
        let mut inside = Reader { text: value, at: 0 };
        value = match step {
            Step::Key(key) => inside.member(key)?,
            Step::Index(index) => inside.element(*index)?,
        };
    }
    Some(value)
}

/// Walks over a JSON text.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes this sign, with space around it.
    fn eat(&mut self, sign: u8) -> bool {
        self.skip_space();
        let is_next = self.peek() == Some(sign);
        self.at += usize::from(is_next);
        is_next
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_space();
        self.at == self.text.len()
    }

    /// The text of the value that comes next.
    fn value(&mut self, depth: usize) -> Option<&'a str> {
        self.skip_space();
        let start = self.at;
        match self.peek()? {
            _ if depth > JSON_NESTING => return None,
            b'{' => {
                self.at += 1;
                if !self.eat(b'}') {
                    loop {
                        self.skip_space();
                        self.string()?;
                        self.eat(b':').then_some(())?;
                        self.value(depth + 1)?;
                        if !self.eat(b',') {
                            break;
                        }
                    }
                    self.eat(b'}').then_some(())?;
                }
            }
            b'[' => {
                self.at += 1;
                if !self.eat(b']') {
                    loop {
                        self.value(depth + 1)?;
                        if !self.eat(b',') {
                            break;
                        }
                    }
                    self.eat(b']').then_some(())?;
                }
            }
            b'"' => {
                self.string()?;
            }
            _ => {
                while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
                    self.at += 1;
                }
                let word = self.text.get(start..self.at)?;
                let is_number = word.starts_with(|first: char| first == '-' || first.is_ascii_digit());
                let is_known = matches!(word, "true" | "false" | "null");
                (is_known || is_number && word.parse::<f64>().is_ok()).then_some(())?;
            }
        }
        self.text.get(start..self.at)
    }

    /// The string that comes next, with its quotes.
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at;
        (self.peek() == Some(b'"')).then_some(())?;
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.text.get(start..self.at)
    }

    /// The value of a key of the object that comes next; of several the first.
    fn member(&mut self, wanted: &str) -> Option<&'a str> {
        self.eat(b'{').then_some(())?;
        loop {
            self.skip_space();
            let key = unquoted(self.string()?)?;
            self.eat(b':').then_some(())?;
            let value = self.value(0)?;
            if key == wanted {
                return Some(value);
            }
            self.eat(b',').then_some(())?;
        }
    }

    fn element(&mut self, index: usize) -> Option<&'a str> {
        self.eat(b'[').then_some(())?;
        for _ in 0..index {
            self.value(0)?;
            self.eat(b',').then_some(())?;
        }
        self.value(0)
    }
}

/// The text in quotes, without them and without escapes.
fn unquoted(string: &str) -> Option<Cow<'_, str>> {
    let inside = string.get(1..string.len().checked_sub(1)?)?;
    if !inside.contains('\\') {
        return Some(inside.into());
    }
    let mut units: Vec<u16> = Vec::with_capacity(inside.len());
    let mut rest = inside.chars();
    while let Some(next) = rest.next() {
        if next != '\\' {
            units.extend(next.encode_utf16(&mut [0; 2]).iter());
            continue;
        }
        units.push(match rest.next()? {
            'u' => {
                let digits: std::string::String = rest.by_ref().take(4).collect();
                u16::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4)?
            }
            'n' => 10,
            't' => 9,
            'r' => 13,
            'b' => 8,
            'f' => 12,
            sign @ ('"' | '\\' | '/') => u16::try_from(u32::from(sign)).ok()?,
            _ => return None,
        });
    }
    std::string::String::from_utf16(&units).ok().map(Cow::Owned)
}

fn scalar_text(value: &str) -> Option<std::string::String> {
    match value.as_bytes().first()? {
        b'{' | b'[' => None,
        b'"' => unquoted(value).map(Cow::into_owned),
        _ if value == "null" => None,
        _ => Some(value.to_owned()),
    }
}

/// The JSON without space between its parts; a null is NULL.
fn json_text(value: &str) -> Option<std::string::String> {
    let mut text = std::string::String::with_capacity(value.len());
    let (mut in_string, mut escaped) = (false, false);
    for next in value.chars() {
        if !in_string && matches!(next, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        in_string ^= next == '"' && !escaped;
        escaped = next == '\\' && !escaped;
        text.push(next);
    }
    (text != "null").then_some(text)
}

fn to_json_string(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (value, data_type) = (call.arg(0)?, call.arg_type(0)?);
    let pretty = call.args.get(1).map(crate::data::Operand::bools).transpose()?;
    call.without_args().strings(&|row| {
        let scalar = scalar_at(value.array(), data_type, value.index(row))?;
        let indent = pretty.as_ref().and_then(|pretty| pretty.get(row)).unwrap_or(false).then_some(0);
        let mut text = std::string::String::new();
        write_json(&scalar, indent, &mut text);
        Ok(Some(text.into()))
    })
}

/// Writes a value; with an `indent` each part on a line of its own.
fn write_json(value: &Scalar, indent: Option<usize>, text: &mut std::string::String) {
    match value {
        Scalar::Null => text.push_str("null"),
        Scalar::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        // Beyond 2^53 a reader that knows FLOAT64 alone would lose digits.
        Scalar::Int64(value) if value.unsigned_abs() > 1 << 53 => write_string(&value.to_string(), text),
        Scalar::Int64(value) => text.push_str(&value.to_string()),
        Scalar::Float64(value) if value.is_nan() => text.push_str("\"NaN\""),
        Scalar::Float64(value) if value.is_infinite() => {
            text.push_str(if *value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
        }
        Scalar::Float64(value) => text.push_str(&float_text(*value)),
        Scalar::Numeric(_) | Scalar::BigNumeric(_) => text.push_str(&decimal_text(value)),
        Scalar::String(value) => write_string(value, text),
        Scalar::Bytes(value) => write_string(&to_base64(value), text),
        Scalar::Date(days) => write_string(&date_text(*days), text),
        Scalar::Datetime(micros) => write_string(&datetime_text(*micros).replacen(' ', "T", 1), text),
        Scalar::Timestamp(micros) => {
            let written = timestamp_text(*micros);
            let written = written.strip_suffix("+00").unwrap_or(&written).replacen(' ', "T", 1);
            write_string(&format!("{written}Z"), text);
        }
        Scalar::Array(_, items) => {
            write_parts(items.len(), indent, ['[', ']'], text, &mut |index, inner, text| {
                if let Some(item) = items.get(index) {
                    write_json(item, inner, text);
                }
            });
        }
        Scalar::Struct(fields, values) => {
            write_parts(values.len(), indent, ['{', '}'], text, &mut |index, inner, text| {
                let (Some(field), Some(value)) = (fields.get(index), values.get(index)) else { return };
                match field.name.as_str() {
                    "" => write_string(&format!("_field_{}", index + 1), text),
                    name => write_string(name, text),
                }
                text.push_str(if inner.is_some() { ": " } else { ":" });
                write_json(value, inner, text);
            });
        }
    }
}

fn write_parts(
    count: usize,
    indent: Option<usize>,
    [open, close]: [char; 2],
    text: &mut std::string::String,
    write: &mut dyn FnMut(usize, Option<usize>, &mut std::string::String),
) {
    let inner = indent.map(|indent| indent + 2);
    let line = |indent: Option<usize>, text: &mut std::string::String| {
        if let Some(indent) = indent {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
        }
    };
    text.push(open);
    for index in 0..count {
        if index > 0 {
            text.push(',');
        }
        line(inner, text);
        write(index, inner, text);
    }
    if count > 0 {
        line(indent, text);
    }
    text.push(close);
}

fn write_string(value: &str, text: &mut std::string::String) {
    text.push('"');
    for next in value.chars() {
        match next {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            next if u32::from(next) < 32 => text.push_str(&format!("\\u{:04x}", u32::from(next))),
            next => text.push(next),
        }
    }
    text.push('"');
}
