//! Values for the parameters of statements, as command lines give them and as they travel: JSON.

use std::str::FromStr;

use predictql::Params;
use predictql::data::{DataType, Scalar};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Error;

/// A value, for a name or for the next `?`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Without one it is for the next `?`.
    pub name: Option<String>,
    /// A number, a text, TRUE, FALSE, NULL, or an array of these.
    pub value: Value,
}

/// `name=value` for `@name`, `=value` for `?`; what is no JSON is a text.
impl FromStr for Parameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("expected `name=value`, or `=value` for `?`")?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        scalar(&value)?;
        let name = name.trim_start_matches('@');
        Ok(Self { name: (!name.is_empty()).then(|| name.to_owned()), value })
    }
}

/// Values of parameters as the engine takes them.
///
/// # Errors
/// For a value that no type holds, and where only some have names.
pub fn params(parameters: &[Parameter]) -> Result<Params, Error> {
    let (mut named, mut positional) = (Vec::new(), Vec::new());
    for Parameter { name, value } in parameters {
        let value = scalar(value).map_err(Error::new)?;
        match name {
            Some(name) => named.push((name.clone(), value)),
            None => positional.push(value),
        }
    }
    match (named.is_empty(), positional.is_empty()) {
        (false, false) => Err(Error::new("give values of parameters for names or for `?`, and not both")),
        (false, true) => Ok(Params::Named(named)),
        (true, _) => Ok(Params::Positional(positional)),
    }
}

fn scalar(value: &Value) -> Result<Scalar, String> {
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
            let mut items = items.iter().map(scalar).collect::<Result<Vec<_>, _>>()?;
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
