//! Values for the parameters of statements, as the command line gives them.

use predictql::Params;
use predictql::data::{DataType, Scalar};
use serde_json::Value;

use crate::failure::Failure;

/// `name=value` for `@name`, `=value` for `?`.
pub(crate) fn parameters(given: &[String]) -> Result<Params, Failure> {
    let mut named = Vec::new();
    let mut positional = Vec::new();
    for text in given {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Failure::usage(format!(
                "--param {text}: expected `name=value`, or `=value` for `?`"
            )));
        };
        let value = scalar(value).map_err(|fault| Failure::usage(format!("--param {text}: {fault}")))?;
        if name.is_empty() {
            positional.push(value);
        } else {
            named.push((name.trim_start_matches('@').to_owned(), value));
        }
    }
    match (named.is_empty(), positional.is_empty()) {
        (false, false) => {
            Err(Failure::usage("--param: give values for names or for `?`, and not both".into()))
        }
        (false, true) => Ok(Params::Named(named)),
        (true, _) => Ok(Params::Positional(positional)),
    }
}

/// What JSON says; what is no JSON is a text.
fn scalar(text: &str) -> Result<Scalar, String> {
    serde_json::from_str(text).map_or_else(|_| Ok(Scalar::String(text.to_owned())), |value| of_json(&value))
}

fn of_json(value: &Value) -> Result<Scalar, String> {
    Ok(match value {
        Value::Null => Scalar::Null,
        Value::Bool(value) => Scalar::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Scalar::Int64(whole),
            (None, Some(number)) => Scalar::Float64(number),
            (None, None) => return Err(format!("{number} is out of FLOAT64's range")),
        },
        Value::String(text) => Scalar::String(text.clone()),
        Value::Array(items) => {
            let mut items = items.iter().map(of_json).collect::<Result<Vec<_>, _>>()?;
            let mut types: Vec<_> = items.iter().filter_map(Scalar::data_type).collect();
            types.dedup();
            let is_number = |it: &DataType| matches!(it, DataType::Int64 | DataType::Float64);
            let element = match types.as_slice() {
                [] => DataType::Int64,
                [DataType::Array(_)] => return Err("an array cannot hold arrays".into()),
                [only] => only.clone(),
                several if several.iter().all(is_number) => {
                    for item in &mut items {
                        if let Scalar::Int64(whole) = item {
                            *item = widened(*whole)?;
                        }
                    }
                    DataType::Float64
                }
                _ => return Err("the elements of an array are of several types".into()),
            };
            Scalar::Array(element, items)
        }
        Value::Object(_) => return Err("an object is no value: give its fields as parameters".into()),
    })
}

#[expect(clippy::cast_precision_loss, reason = "what loses digits is refused")]
fn widened(whole: i64) -> Result<Scalar, String> {
    if whole.unsigned_abs() > 1 << 53 {
        return Err(format!("{whole} among fractions would lose digits"));
    }
    Ok(Scalar::Float64(whole as f64))
}
