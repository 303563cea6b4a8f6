//! JSON: parts of documents by path, values as JSON, and the type JSON. Source: GoogleSQL, "JSON functions".
//!
//! A text that is no JSON has no parts: NULL, as in BigQuery. A value of type JSON is stored as its text, without blanks and with keys in
//! order.

mod change;
mod convert;
mod make;

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use arrow_buffer::NullBuffer;

use change::{Change, changed};

use super::super::{BatchCall, Function, Signature, Type};
use crate::data::{DataType, Operand, list_column};
use crate::diag::{Code, Error, Result};
use crate::json::{self, Layout, Value, read_exact};

use Type::{Arbitrary, ArrayOf, Bool, Float64, Int64, Json, String};

const ONE: &[Type] = &[String, String];
const OF_JSON: &[Type] = &[Json, String];
const STRINGS: Type = ArrayOf(&Type::String);
const DOCUMENTS: Type = ArrayOf(&Type::Json);

/// Writes without blanks, fields in their order.
const COMPACT: Layout = Layout { indent: None, is_sorted: false };

const fn value_at(types: &'static [Type]) -> Signature {
    Signature::scalar(types, String, |call| part(call, scalar_text)).optional(1)
}

const fn values_at(types: &'static [Type]) -> Signature {
    Signature::scalar(types, STRINGS, |call| elements(call, scalar_text)).optional(1)
}

/// The signatures of a function that gives a part as JSON: as a text, and as JSON.
const QUERY: &[Signature] = &[
    Signature::scalar(ONE, String, |call| part(call, json_text)).optional(1),
    Signature::scalar(OF_JSON, Json, |call| part(call, document)).optional(1),
];

const QUERY_ARRAY: &[Signature] = &[
    Signature::scalar(ONE, STRINGS, |call| elements(call, json_text)).optional(1),
    Signature::scalar(OF_JSON, DOCUMENTS, |call| elements(call, document)).optional(1),
];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "JSON_VALUE",
        "The text, number or truth at a path of a JSON document, as a text; NULL for arrays and objects.",
        &[value_at(ONE), value_at(OF_JSON)],
    ),
    Function::new(
        "JSON_EXTRACT_SCALAR",
        "JSON_VALUE, with `['key']` for keys in its paths too.",
        &[value_at(ONE), value_at(OF_JSON)],
    ),
    Function::new("JSON_QUERY", "The JSON at a path of a JSON document.", QUERY),
    Function::new("JSON_EXTRACT", "JSON_QUERY, with `['key']` for keys in its paths too.", QUERY),
    Function::new(
        "JSON_VALUE_ARRAY",
        "The texts, numbers and truths of a JSON array, as texts; NULL for other values.",
        &[values_at(ONE), values_at(OF_JSON)],
    ),
    Function::new(
        "JSON_EXTRACT_STRING_ARRAY",
        "JSON_VALUE_ARRAY, with `['key']` for keys in its paths too.",
        &[values_at(ONE), values_at(OF_JSON)],
    ),
    Function::new(
        "JSON_QUERY_ARRAY",
        "The JSON of a JSON array's elements; NULL for other values.",
        QUERY_ARRAY,
    ),
    Function::new(
        "JSON_EXTRACT_ARRAY",
        "JSON_QUERY_ARRAY, with `['key']` for keys in its paths too.",
        QUERY_ARRAY,
    ),
    Function::new(
        "TO_JSON_STRING",
        "A value as a JSON text. Numbers that a FLOAT64 does not hold are texts.",
        &[Signature::scalar(&[Arbitrary, Bool], String, make::to_json_string).optional(1)],
    ),
    Function::new("TO_JSON", "A value as JSON.", &[Signature::scalar(&[Arbitrary], Json, make::to_json)]),
    Function::new(
        "PARSE_JSON",
        "The JSON that a text holds. A number that neither INT64 nor FLOAT64 holds with all its digits is an error, with \
         wide_number_mode => 'round' the nearest one.",
        &[Signature::scalar(&[String, String], Json, make::parse_json).optional(1)],
    ),
    Function::new(
        "JSON_ARRAY",
        "A JSON array of values.",
        &[Signature::scalar(&[Arbitrary], Json, make::json_array).optional(1).variadic()],
    ),
    Function::new(
        "JSON_OBJECT",
        "A JSON object of keys, each followed by its value.",
        &[Signature::scalar(&[Arbitrary], Json, make::json_object).optional(1).variadic()],
    ),
    Function::new(
        "JSON_SET",
        "A JSON document with other values at paths, which are made unless create_if_missing => FALSE stands behind.",
        &[Signature::scalar(&[Json, Arbitrary], Json, |call| changed(call, Change::Set)).variadic()],
    ),
    Function::new(
        "JSON_REMOVE",
        "A JSON document without the parts at paths.",
        &[Signature::scalar(&[Json, String], Json, |call| changed(call, Change::Remove)).variadic()],
    ),
    Function::new(
        "JSON_ARRAY_APPEND",
        "A JSON document with values behind the elements of the arrays at paths; those of an ARRAY one by one, unless \
         append_each_element => FALSE.",
        &[Signature::scalar(&[Json, Arbitrary], Json, |call| changed(call, Change::Append)).variadic()],
    ),
    Function::new(
        "JSON_ARRAY_INSERT",
        "A JSON document with values before the elements of arrays at paths; those of an ARRAY one by one, unless \
         insert_each_element => FALSE.",
        &[Signature::scalar(&[Json, Arbitrary], Json, |call| changed(call, Change::Insert)).variadic()],
    ),
    Function::new(
        "JSON_STRIP_NULLS",
        "A JSON document without nulls, in arrays too unless include_arrays => FALSE, nor what is empty then with remove_empty => TRUE.",
        &[Signature::scalar(&[Json, String, Bool, Bool], Json, change::without_nulls)],
    ),
    Function::new(
        "JSON_SUBSCRIPT",
        "What `json['key']`, `json.key` and `json[0]` mean; NULL where there is no such part.",
        &[
            Signature::scalar(&[Json, String], Json, subscript),
            Signature::scalar(&[Json, Int64], Json, subscript),
        ],
    ),
    Function::new(
        "JSON_TYPE",
        "What a JSON value is: 'object', 'array', 'string', 'number', 'boolean' or 'null'.",
        &[Signature::scalar(&[Json], String, |call| part(call, |value| Some(convert::kind(value).into())))],
    ),
    Function::new(
        "JSON_KEYS",
        "The paths of keys in a JSON object and the objects in it, down to a depth; arrays aside.",
        &[Signature::scalar(&[Json, Int64], STRINGS, convert::keys).optional(1)],
    ),
    Function::new(
        "BOOL",
        "The truth that a JSON value is.",
        &[Signature::scalar(&[Json], Bool, convert::bools)],
    ),
    Function::new(
        "INT64",
        "The whole number that a JSON value is.",
        &[Signature::scalar(&[Json], Int64, convert::ints)],
    ),
    Function::new(
        "FLOAT64",
        "The number that a JSON value is.",
        &[Signature::scalar(&[Json], Float64, convert::floats)],
    ),
    Function::new(
        "LAX_BOOL",
        "A JSON truth, number or text as BOOL; NULL for what has none.",
        &[Signature::scalar(&[Json], Bool, convert::lax_bools)],
    ),
    Function::new(
        "LAX_INT64",
        "A JSON number, truth or text as INT64, rounded; NULL for what has none.",
        &[Signature::scalar(&[Json], Int64, convert::lax_ints)],
    ),
    Function::new(
        "LAX_FLOAT64",
        "A JSON number or text as FLOAT64; NULL for what has none.",
        &[Signature::scalar(&[Json], Float64, convert::lax_floats)],
    ),
    Function::new(
        "LAX_STRING",
        "A JSON text, number or truth as STRING; NULL for what has none.",
        &[Signature::scalar(&[Json], String, |call| part(call, scalar_text))],
    ),
];

/// The signature of STRING for JSON.
pub(super) const STRING_OF_JSON: Signature = Signature::scalar(&[Json], String, convert::strings);

/// A step of a path.
enum Step {
    Key(std::string::String),
    Index(usize),
}

/// What becomes of a part: `None` is NULL.
type Take = fn(&Value<'_>) -> Option<std::string::String>;

fn part(call: &BatchCall<'_>, take: Take) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    let paths = call.args.get(1).map(Operand::strings).transpose()?;
    call.strings(&|row| {
        let steps = steps(paths.as_ref().map_or("$", |paths| paths.at(row)))?;
        let document = read_exact(texts.at(row)).ok();
        Ok(document.as_ref().and_then(|document| lookup(document, &steps)).and_then(take).map(Cow::Owned))
    })
}

fn subscript(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, place) = (call.arg(0)?.strings()?, call.arg(1)?);
    let (keys, indices) = match call.arg_type(1)? {
        DataType::String => (Some(place.strings()?), None),
        _ => (None, Some(place.ints()?)),
    };
    call.strings(&|row| {
        let step = match (&keys, &indices) {
            (Some(keys), _) => Some(Step::Key(keys.at(row).into())),
            (None, indices) => {
                indices.as_ref().and_then(|indices| usize::try_from(indices.at(row)).ok()).map(Step::Index)
            }
        };
        let document = read_exact(texts.at(row)).ok();
        let found = document.as_ref().zip(step).and_then(|(document, step)| lookup(document, &[step]));
        Ok(found.and_then(self::document).map(Cow::Owned))
    })
}

fn elements(call: &BatchCall<'_>, take: Take) -> Result<ArrayRef> {
    let paths = call.args.get(1).map(Operand::strings).transpose()?;
    lists(call, &|row, document| {
        let steps = steps(paths.as_ref().map_or("$", |paths| paths.at(row)))?;
        Ok(lookup(document, &steps).and_then(|list| items(list, take)))
    })
}

type Texts = Option<Vec<Option<std::string::String>>>;

/// A column of lists of texts, of which `list` makes one out of each document; `None` is NULL.
fn lists(call: &BatchCall<'_>, list: &dyn Fn(usize, &Value<'_>) -> Result<Texts>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    let nulls = call.nulls();
    let (mut lengths, mut values, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..call.rows {
        let mut found = None;
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row))
            && let Ok(document) = read_exact(texts.at(row))
        {
            found = list(row, &document).map_err(|error| error.in_row(row))?;
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
fn items(list: &Value<'_>, take: Take) -> Texts {
    let Value::List(list) = list else { return None };
    let taken = |item: &Value<'_>| match take(item) {
        None if *item != Value::Null => None,
        taken => Some(taken),
    };
    list.iter().map(taken).collect()
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

/// The part of a document at a path.
fn lookup<'a, 'b>(document: &'a Value<'b>, steps: &[Step]) -> Option<&'a Value<'b>> {
    steps.iter().try_fold(document, |value, step| match (step, value) {
        (Step::Key(key), value) => value.get(key),
        (Step::Index(index), Value::List(items)) => items.get(*index),
        (Step::Index(_), _) => None,
    })
}

/// A text, number or truth as text.
fn scalar_text(value: &Value<'_>) -> Option<std::string::String> {
    match value {
        Value::Text(text) => Some(text.clone().into_owned()),
        Value::Digits(_) | Value::Bool(_) => document(value),
        _ => None,
    }
}

/// The JSON without blanks; a null is NULL.
fn json_text(value: &Value<'_>) -> Option<std::string::String> {
    if *value == Value::Null { None } else { document(value) }
}

/// The JSON without blanks.
fn document(value: &Value<'_>) -> Option<std::string::String> {
    let mut text = std::string::String::new();
    json::write(value, COMPACT, &mut text);
    Some(text)
}
