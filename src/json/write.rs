//! JSON texts out of trees.

use super::Value;

/// How a document is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// How far the value stands from the margin, where each part gets a line of its own.
    pub(crate) indent: Option<usize>,
    /// Whether the fields of objects are in the order of their names, and of several of one name only the first is left.
    pub(crate) is_sorted: bool,
}

/// Writes a document.
pub(crate) fn write(value: &Value<'_>, layout: Layout, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::Digits(digits) => text.push_str(digits),
        Value::Text(value) => write_text(value, text),
        Value::Numbers(numbers) => {
            write_parts(numbers, layout.indent, ['[', ']'], text, &mut |number, _, text| {
                text.push_str(&number.to_string());
            });
        }
        Value::List(items) => {
            write_parts(items, layout.indent, ['[', ']'], text, &mut |item, indent, text| {
                write(item, Layout { indent, ..layout }, text);
            })
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            if layout.is_sorted {
                fields.sort_by(|(a, _), (b, _)| a.cmp(b));
                fields.dedup_by(|(later, _), (first, _)| later == first);
            }
            write_parts(&fields, layout.indent, ['{', '}'], text, &mut |(name, value), indent, text| {
                write_text(name, text);
                text.push_str(if indent.is_some() { ": " } else { ":" });
                write(value, Layout { indent, ..layout }, text);
            });
        }
    }
}

/// Writes the parts of a list or an object, each on a line of its own where there is an indent.
pub(crate) fn write_parts<T>(
    parts: &[T],
    indent: Option<usize>,
    [open, close]: [char; 2],
    text: &mut String,
    write: &mut dyn FnMut(&T, Option<usize>, &mut String),
) {
    let inner = indent.map(|indent| indent + 2);
    let line = |indent: Option<usize>, text: &mut String| {
        if let Some(indent) = indent {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
        }
    };
    text.push(open);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        line(inner, text);
        write(part, inner, text);
    }
    if !parts.is_empty() {
        line(indent, text);
    }
    text.push(close);
}

/// Writes a text with its quotes and escapes.
pub(crate) fn write_text(value: &str, text: &mut String) {
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
