//! SQL text made of names and values.

use crate::data::Scalar;

/// The text `template` with what stands for each of the names in braces; what is put in stays as it is.
pub(in super::super) fn filled(template: &str, parts: &[(&str, &str)]) -> String {
    let mut pieces = template.split('{');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let part = piece.split_once('}').and_then(|(name, rest)| {
            let (_, part) = parts.iter().find(|(known, _)| *known == name)?;
            Some((part, rest))
        });
        match part {
            Some((part, rest)) => text.extend([part, rest]),
            None => text.extend(["{", piece]),
        }
    }
    text
}

/// A column's name.
pub(in super::super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// A text as a literal.
pub(in super::super) fn string(text: &str) -> String {
    let mut literal = String::from("'");
    for letter in text.chars() {
        match letter {
            '\'' | '\\' => literal.extend(['\\', letter]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            _ => literal.push(letter),
        }
    }
    literal.push('\'');
    literal
}

/// A class, a number or NULL as a literal.
pub(super) fn literal(value: &Scalar) -> String {
    match value {
        Scalar::String(text) => string(text),
        Scalar::Float64(value) => float(*value),
        other => other.to_string(),
    }
}

/// A FLOAT64 as a literal.
pub(super) fn float(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { format!("CAST('{value}' AS FLOAT64)") }
}

/// The columns of classes are called after them: what is no letter, digit or underscore is an underscore, and so is what
/// stands before a digit; those whose names are taken get a number.
pub(super) fn column_names(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = vec!["expected_label".into()];
    for text in texts {
        let mut name: String =
            text.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).take(300).collect();
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            name.insert(0, '_');
        }
        let plain = name.clone();
        for number in 1.. {
            if !names.iter().any(|taken| taken.eq_ignore_ascii_case(&name)) {
                break;
            }
            name = format!("{plain}_{number}");
        }
        names.push(name);
    }
    names.split_off(1)
}
