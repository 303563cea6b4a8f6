//! Options as JSON has them, written as SQL.

use serde_json::Value;

/// A value as a SQL literal. Objects are structs.
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Bool(true) => "TRUE".into(),
        Value::Bool(false) => "FALSE".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", listed(items.iter().map(literal))),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{} AS {}", literal(value), named(name)));
            format!("STRUCT({})", listed(fields))
        }
    }
}

/// A text as a SQL literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut literal = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => literal.extend(['\\', c]),
            c if c.is_control() => literal += &format!("\\U{:08x}", u32::from(c)),
            c => literal.push(c),
        }
    }
    literal + "'"
}

/// A name as SQL writes any name. None has a backtick.
pub(crate) fn named(name: &str) -> String {
    format!("`{name}`")
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}
