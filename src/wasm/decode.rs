//! What JavaScript gives: options, listings, parameters. Unknown or mistyped fields are errors.

use std::sync::Arc;

use arrow_array::{Float64Array as Float64Column, Int64Array as Int64Column};
use js_sys::{
    Array, BigInt64Array, Date, Float32Array, Float64Array, Int32Array, JsString, Object as JsObject,
    Uint8Array,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};

use super::tokenizer::TOKENIZERS;
use crate::catalog::Registration;
use crate::data::{ColumnType, DataType, Scalar, StructField, can_coerce};
use crate::diag::{Code, Error, Invariant, Result};
use crate::engine::Session;
use crate::model::{ModelOptions, digest_of};
use crate::plan::Params;
use crate::syntax::Dialect;
use crate::table::{CsvOptions, Hash, Object};

/// How the bytes of a table are read.
pub(super) enum TableFormat {
    Csv(Box<CsvOptions>),
    /// With these types of columns.
    Arrow(Vec<(String, ColumnType)>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ObjectShape {
    uri: String,
    size: f64,
    content_type: String,
    updated: f64,
    md5_hash: Option<String>,
    #[serde(default)]
    is_remote: bool,
    #[serde(default)]
    is_live: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ScriptShape {
    batch_size: Option<usize>,
    dialect: Option<String>,
    on_error: Option<OnErrorShape>,
    replay: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnErrorShape {
    Fail,
    Null,
}

fn shape<T: DeserializeOwned>(value: JsValue) -> Result<T> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|error| Error::new(Code::InvalidOption, format!("an option cannot be read: {error}")))
}

pub(super) fn table_format(value: &JsValue) -> Result<TableFormat> {
    let mut options = CsvOptions::default();
    let mut format = String::new();
    for (name, value) in entries(value)? {
        match name.as_str() {
            "format" => format = value.as_string().unwrap_or_else(|| type_of(&value)),
            "schema" => options.schema = schema(&value)?,
            name => options.set(name, &scalar(&value)?)?,
        }
    }
    match format.as_str() {
        "csv" => Ok(TableFormat::Csv(Box::new(options))),
        "arrow" => Ok(TableFormat::Arrow(options.schema)),
        _ => Err(Error::new(
            Code::InvalidOption,
            format!("expected the format csv or arrow, found `{format}`"),
        )),
    }
}

/// Types by the names of columns.
fn schema(value: &JsValue) -> Result<Vec<(String, ColumnType)>> {
    let typed = |(column, value): (String, JsValue)| {
        let name = value.as_string().unwrap_or_else(|| type_of(&value));
        let given =
            ColumnType::named(&name).map_err(|error| error.context(format_args!("column `{column}`")))?;
        Ok((column, given))
    };
    entries(value)?.into_iter().map(typed).collect()
}

pub(super) fn objects(value: JsValue) -> Result<Vec<Object>> {
    let objects: Vec<ObjectShape> = shape(value)?;
    objects.into_iter().map(object).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn object(
    ObjectShape { uri, size, content_type, updated, md5_hash, is_remote, is_live }: ObjectShape,
) -> Result<Object> {
    // Whole up to here; a Date's range is smaller still.
    let whole = 0.0..=2f64.powi(53);
    if !whole.contains(&size) || !updated.is_finite() {
        return Err(Error::new(
            Code::InvalidValue,
            format!(
                "expected a size in bytes and a time in milliseconds for `{uri}`, found {size} and {updated}"
            ),
        ));
    }
    let hash = match md5_hash {
        Some(hash) => Hash::Told(hash),
        None if is_remote => Hash::Remote,
        None => Hash::OfBytes,
    };
    Ok(Object { uri, size: size as u64, content_type, updated_ms: updated as i64, hash, is_live })
}

/// `session` as the options of a script ask for it.
pub(super) fn session(session: Session, options: JsValue) -> Result<Session> {
    if options.is_undefined() {
        return Ok(session);
    }
    let ScriptShape { batch_size, dialect, on_error, replay } = shape(options)?;
    let session = session.with_failed_rows_as_null(on_error == Some(OnErrorShape::Null));
    let session = session.without_log(replay == Some(true));
    let session = match batch_size {
        Some(rows) => session.with_batch_rows(rows),
        None => session,
    };
    Ok(match self::dialect(dialect)? {
        Some(dialect) => session.with_dialect(dialect),
        None => session,
    })
}

/// A dialect by its name.
///
/// # Errors
/// `invalid-option` for other names, which the package lets through nowhere.
pub(super) fn dialect(name: Option<String>) -> Result<Option<Dialect>> {
    match name.as_deref() {
        None => Ok(None),
        Some("bigquery") => Ok(Some(Dialect::BigQuery)),
        Some("tsql") => Ok(Some(Dialect::TSql)),
        Some(other) => Err(Error::new(Code::InvalidOption, format!("`{other}` is no dialect"))),
    }
}

pub(super) fn params(value: &JsValue) -> Result<Params> {
    if value.is_undefined() || value.is_null() {
        return Ok(Params::Positional(Vec::new()));
    }
    if let Some(values) = value.dyn_ref::<Float64Array>() {
        return Ok(Params::Positional(values.to_vec().into_iter().map(number).collect()));
    }
    if let Some(values) = value.dyn_ref::<Array>() {
        return values.iter().map(|it| scalar(&it)).collect::<Result<_>>().map(Params::Positional);
    }
    let named = entries(value)?.into_iter().map(|(name, value)| {
        let value = scalar(&value).map_err(|error| error.context(format_args!("parameter `{name}`")))?;
        Ok((name, value))
    });
    named.collect::<Result<_>>().map(Params::Named)
}

/// The fields of an object; `undefined` and `null` have none.
///
/// # Errors
/// `invalid-value` for everything else.
fn entries(value: &JsValue) -> Result<Vec<(String, JsValue)>> {
    if value.is_undefined() || value.is_null() {
        return Ok(Vec::new());
    }
    let Some(object) = value.dyn_ref::<JsObject>() else {
        let found = type_of(value);
        return Err(Error::new(
            Code::InvalidValue,
            format!("expected an object, found a value of type {found}"),
        ));
    };
    let entry = |entry: JsValue| {
        let entry = Array::from(&entry);
        Ok((entry.get(0).as_string().invariant("an object's key is a string")?, entry.get(1)))
    };
    JsObject::entries(object).iter().map(entry).collect()
}

/// What `typeof` says.
fn type_of(value: &JsValue) -> String {
    value.js_typeof().dyn_into::<JsString>().map_or_else(|_| "unknown".to_owned(), String::from)
}

/// Options of a model by the names that SQL has for them; labels and the tokenizer may be the bytes of their file.
pub(super) fn model_options(value: &JsValue) -> Result<ModelOptions> {
    let mut options = ModelOptions::default();
    for (name, value) in entries(value)? {
        match setting(&value)? {
            Scalar::Bytes(file) if name == "labels" => options.read_labels(&file)?,
            Scalar::Bytes(file) if name == "tokenizer" => options.read_tokenizer_by(&TOKENIZERS, &file)?,
            value => options.set(&name, &value)?,
        }
    }
    Ok(options)
}

/// What is said of a version of a model when it is made.
pub(super) fn registration(value: &JsValue) -> Result<Registration> {
    let mut registration = Registration::default();
    for (name, value) in entries(value)? {
        match (name.as_str(), scalar(&value)?) {
            ("keep", Scalar::Bool(keep)) => registration.keep = keep,
            ("source", Scalar::String(source)) => registration.source = Some(source),
            ("sha256", Scalar::String(digits)) => registration.sha256 = digest_of(&digits),
            ("created", Scalar::Float64(created)) => registration.created = Some(created),
            #[expect(clippy::cast_precision_loss, reason = "a time's milliseconds are far from 2^53")]
            ("created", Scalar::Int64(created)) => registration.created = Some(created as f64),
            ("version", Scalar::Int64(number)) => {
                let number = u32::try_from(number).map_err(|_| {
                    Error::new(Code::InvalidOption, format!("`{number}` cannot be the number of a version"))
                })?;
                registration.number = Some(number);
            }
            ("alias", Scalar::String(alias)) => registration.aliases.push(alias),
            ("alias", Scalar::Array(_, aliases)) => {
                registration.aliases.extend(aliases.into_iter().filter_map(|alias| match alias {
                    Scalar::String(alias) => Some(alias),
                    _ => None,
                }));
            }
            (name, value) => {
                let message = format!("`{name}` of a version cannot be {value}");
                return Err(Error::new(Code::InvalidOption, message));
            }
        }
    }
    Ok(registration)
}

/// A value, or an object with a value for each input.
fn setting(value: &JsValue) -> Result<Scalar> {
    let is_value = value.has_type::<Array>() || value.has_type::<Uint8Array>() || value.has_type::<Date>();
    if is_value || !value.is_object() {
        return scalar(value)?.spread();
    }
    structure(value)
}

/// A STRUCT: the fields of an object in their order.
fn structure(value: &JsValue) -> Result<Scalar> {
    let mut fields = Vec::new();
    let mut values = Vec::new();
    for (name, value) in entries(value)? {
        let value = scalar(&value)?;
        fields.push(StructField { name, data_type: value.data_type().unwrap_or(DataType::Int64) });
        values.push(value);
    }
    Ok(Scalar::Struct(fields, values))
}

/// The files beside a model's own.
///
/// # Errors
/// `invalid-value` for a file whose content is not a `Uint8Array`.
pub(super) fn files(value: &JsValue) -> Result<Vec<(String, Vec<u8>)>> {
    let file = |(name, value): (String, JsValue)| match value.dyn_ref::<Uint8Array>() {
        Some(bytes) => Ok((name, bytes.to_vec())),
        None => Err(Error::new(
            Code::InvalidValue,
            format!("expected the bytes of `{name}`, found a value of type {}", type_of(&value)),
        )),
    };
    entries(value)?.into_iter().map(file).collect()
}

/// The type of a parameter is that of its value: whole numbers are INT64.
fn scalar(value: &JsValue) -> Result<Scalar> {
    if value.is_null() || value.is_undefined() {
        return Ok(Scalar::Null);
    }
    if let Some(value) = value.as_bool() {
        return Ok(Scalar::Bool(value));
    }
    if let Some(value) = value.as_f64() {
        return Ok(number(value));
    }
    if let Some(value) = value.as_string() {
        return Ok(Scalar::String(value));
    }
    if value.is_bigint() {
        return i64::try_from(value.clone()).map(Scalar::Int64).map_err(|_| {
            Error::new(Code::OutOfRange, "a parameter is out of INT64's range")
                .hint("give it as a string, and write CAST(? AS NUMERIC)")
        });
    }
    if let Some(date) = value.dyn_ref::<Date>() {
        let ms = date.get_time();
        #[expect(clippy::cast_possible_truncation, reason = "a Date's range is far smaller")]
        return if ms.is_nan() {
            Err(Error::new(Code::InvalidValue, "a parameter is an invalid Date"))
        } else {
            Ok(Scalar::Timestamp((ms * 1000.0) as i64))
        };
    }
    if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        return Ok(Scalar::Bytes(bytes.to_vec()));
    }
    if let Some(numbers) = numbers(value) {
        return Ok(numbers);
    }
    if let Some(values) = value.dyn_ref::<Array>() {
        return array(values.iter().map(|it| scalar(&it)).collect::<Result<_>>()?);
    }
    if value.is_object() && !value.is_function() {
        return structure(value);
    }
    let kind = type_of(value);
    Err(Error::new(Code::InvalidValue, format!("a parameter cannot be a value of type {kind}")).hint(
        "parameters are null, booleans, numbers, bigints, strings, dates, bytes, arrays and objects of these",
    ))
}

/// The ARRAY of a typed array.
fn numbers(value: &JsValue) -> Option<Scalar> {
    let floats = |numbers| Scalar::Column(DataType::Float64, Arc::new(Float64Column::from(numbers)));
    let wholes = |numbers| Scalar::Column(DataType::Int64, Arc::new(Int64Column::from(numbers)));
    if let Some(numbers) = value.dyn_ref::<Float64Array>() {
        return Some(floats(numbers.to_vec()));
    }
    if let Some(numbers) = value.dyn_ref::<Float32Array>() {
        return Some(floats(numbers.to_vec().into_iter().map(f64::from).collect::<Vec<_>>()));
    }
    if let Some(numbers) = value.dyn_ref::<Int32Array>() {
        return Some(wholes(numbers.to_vec().into_iter().map(i64::from).collect::<Vec<_>>()));
    }
    value.dyn_ref::<BigInt64Array>().map(|numbers| wholes(numbers.to_vec()))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn number(value: f64) -> Scalar {
    let safe =
        value.fract() == 0.0 && value.abs() < 2f64.powi(53) && !(value == 0.0 && value.is_sign_negative());
    if safe { Scalar::Int64(value as i64) } else { Scalar::Float64(value) }
}

/// Numbers of both kinds in one array are FLOAT64.
#[expect(clippy::cast_precision_loss, reason = "JavaScript's whole numbers are exact in FLOAT64")]
fn array(values: Vec<Scalar>) -> Result<Scalar> {
    let types: Vec<_> = values.iter().filter_map(Scalar::data_type).collect();
    if types.iter().any(|element| matches!(element, DataType::Array(_))) {
        return Err(Error::new(Code::TypeMismatch, "an array as parameter cannot hold arrays"));
    }
    let element = match types.iter().find(|to| types.iter().all(|from| can_coerce(from, to))) {
        Some(element) => element.clone(),
        None if types.is_empty() => DataType::Int64,
        None => {
            return Err(Error::new(
                Code::TypeMismatch,
                "an array as parameter has elements of several types",
            ));
        }
    };
    let widened = values.into_iter().map(|value| match value {
        Scalar::Int64(value) if element == DataType::Float64 => Scalar::Float64(value as f64),
        value => value,
    });
    let values = widened.collect();
    Ok(Scalar::Array(element, values))
}
