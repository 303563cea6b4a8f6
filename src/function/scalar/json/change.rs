//! JSON documents with other parts at paths. Source: GoogleSQL, "JSON_SET", "JSON_REMOVE", "JSON_ARRAY_APPEND", "JSON_ARRAY_INSERT",
//! "JSON_STRIP_NULLS": a change that does not fit what is at its path is left out.

use std::borrow::Cow;

use arrow_array::ArrayRef;

use super::make::{SORTED, json_of};
use super::{Step, steps};
use crate::data::DataType;
use crate::diag::{Code, Error, Result};
use crate::function::BatchCall;
use crate::json::{self, Value, read_exact};
use crate::limits::TEXT_BYTES;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Set,
    Remove,
    Append,
    Insert,
}

/// The document with all changes, one after the other. Behind the pairs of paths and values stands a flag: whether parts that are
/// missing are made, or whether the elements of an array go in one by one.
pub(super) fn changed(call: &BatchCall<'_>, change: Change) -> Result<ArrayRef> {
    let width = if change == Change::Remove { 1 } else { 2 };
    let end = call.args.len() + 1 - width;
    let paths: Vec<_> = (1..end).step_by(width).collect();
    let is_path = |place: &usize| call.arg_type(*place).is_ok_and(|path| *path == DataType::String);
    if paths.is_empty() || !(end - 1).is_multiple_of(width) || !paths.iter().all(is_path) {
        return Err(Error::new(Code::InvalidValue, "behind the document come paths, each before its value")
            .hint("write JSON_SET(j, '$.a', 1, '$.b', 'x')"));
    }
    call.without_args().strings(&|row| {
        let text = call.arg(0)?;
        if text.is_null(row) {
            return Ok(None);
        }
        let flag = if width == 1 { Some(true) } else { call.arg(end)?.bools()?.get(row) };
        let value =
            |place: &usize| if width == 1 { Ok(String::new()) } else { json_of(call, place + 1, row) };
        let values = paths.iter().map(value).collect::<Result<Vec<_>>>()?;
        let mut document = read_exact(text.strings()?.at(row)).map_err(no_document)?;
        for (place, value) in paths.iter().zip(&values) {
            let path = call.arg(*place)?;
            let (Some(flag), false) = (flag, path.is_null(row)) else { continue };
            let steps = steps(path.strings()?.at(row))?;
            let value = if width == 1 { Value::Null } else { read_exact(value).map_err(no_document)? };
            let is_array = width == 2 && matches!(call.arg_type(place + 1)?, DataType::Array(_));
            match change {
                Change::Set => {
                    if let Some(part) = part(&mut document, &steps, flag)? {
                        *part = value;
                    }
                }
                Change::Remove => removed(&mut document, &steps)?,
                Change::Append => {
                    if let Some(list) = part(&mut document, &steps, false)?.and_then(elements) {
                        list.extend(one_by_one(value, flag && is_array));
                    }
                }
                Change::Insert => {
                    let Some((Step::Index(index), before)) = steps.split_last() else { continue };
                    if let Some(list) = part(&mut document, before, false)?.and_then(elements) {
                        padded(list, *index)?;
                        list.splice(*index..*index, one_by_one(value, flag && is_array));
                    }
                }
            }
        }
        Ok(Some(written(&document)))
    })
}

/// The document without the nulls in its objects, and in its arrays if asked for, at a path.
pub(super) fn without_nulls(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, paths) = (call.arg(0)?.strings()?, call.arg(1)?.strings()?);
    let (arrays, empty) = (call.arg(2)?.bools()?, call.arg(3)?.bools()?);
    call.strings(&|row| {
        let (Some(arrays), Some(empty)) = (arrays.get(row), empty.get(row)) else { return Ok(None) };
        let mut document = read_exact(texts.at(row)).map_err(no_document)?;
        if let Some(part) = part(&mut document, &steps(paths.at(row))?, false)? {
            strip(part, arrays, empty);
            if is_nothing(part, arrays, empty) {
                *part = Value::Null;
            }
        }
        Ok(Some(written(&document)))
    })
}

fn written(document: &Value<'_>) -> Cow<'static, str> {
    let mut text = String::new();
    json::write(document, SORTED, &mut text);
    text.into()
}

/// The part at a path; `None` where there is none. If asked for, it is made, in places that are missing or null.
fn part<'d, 'a>(
    document: &'d mut Value<'a>,
    steps: &[Step],
    make: bool,
) -> Result<Option<&'d mut Value<'a>>> {
    let mut at = document;
    for step in steps {
        if make && *at == Value::Null {
            *at = match step {
                Step::Key(_) => Value::Object(Vec::new()),
                Step::Index(_) => Value::List(Vec::new()),
            };
        }
        let inner = match (step, at) {
            (Step::Key(key), Value::Object(fields)) => {
                let found = fields.iter().position(|(name, _)| name == key);
                if found.is_none() && make {
                    fields.push((Cow::Owned(key.clone()), Value::Null));
                }
                let place = found.or(fields.len().checked_sub(1).filter(|_| make));
                place.and_then(|place| fields.get_mut(place)).map(|(_, value)| value)
            }
            (Step::Index(index), Value::List(items)) => {
                if make {
                    padded(items, index.saturating_add(1))?;
                }
                items.get_mut(*index)
            }
            _ => None,
        };
        let Some(inner) = inner else { return Ok(None) };
        at = inner;
    }
    Ok(Some(at))
}

fn removed(document: &mut Value<'_>, steps: &[Step]) -> Result<()> {
    let Some((last, before)) = steps.split_last() else {
        return Err(Error::new(Code::InvalidValue, "JSON_REMOVE takes no path of the whole document: `$`"));
    };
    match (last, part(document, before, false)?) {
        (Step::Key(key), Some(Value::Object(fields))) => fields.retain(|(name, _)| name != key),
        (Step::Index(index), Some(Value::List(items))) if *index < items.len() => {
            items.remove(*index);
        }
        _ => {}
    }
    Ok(())
}

/// The elements of an array; a null becomes an array without some.
fn elements<'d, 'a>(value: &'d mut Value<'a>) -> Option<&'d mut Vec<Value<'a>>> {
    if *value == Value::Null {
        *value = Value::List(Vec::new());
    }
    match value {
        Value::List(items) => Some(items),
        _ => None,
    }
}

fn one_by_one(value: Value<'_>, is_array: bool) -> Vec<Value<'_>> {
    match value {
        Value::List(items) if is_array => items,
        value => vec![value],
    }
}

/// Brings an array to this length with nulls, where it is shorter.
fn padded(items: &mut Vec<Value<'_>>, length: usize) -> Result<()> {
    if length > TEXT_BYTES {
        let message = format!("an array of {length} elements is larger than a text may be");
        return Err(Error::new(Code::LimitExceeded, message));
    }
    while items.len() < length {
        items.push(Value::Null);
    }
    Ok(())
}

fn strip(value: &mut Value<'_>, arrays: bool, empty: bool) {
    match value {
        Value::Object(fields) => {
            fields.iter_mut().for_each(|(_, field)| strip(field, arrays, empty));
            fields.retain(|(_, field)| !is_nothing(field, arrays, empty));
        }
        Value::List(items) => {
            items.iter_mut().for_each(|item| strip(item, arrays, empty));
            items.retain(|item| !arrays || !is_nothing(item, arrays, empty));
        }
        _ => {}
    }
}

fn is_nothing(value: &Value<'_>, arrays: bool, empty: bool) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => empty && fields.is_empty(),
        Value::List(items) => empty && arrays && items.is_empty(),
        _ => false,
    }
}

#[cold]
fn no_document(error: json::ReadError) -> Error {
    Error::internal("a value of JSON is no document").detail(error)
}
