//! Single values as text and as JSON.

use std::fmt::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as Layout;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::DateTime;
use jiff::{Span, Timestamp};
use predictql::data::{Batch, DataType, Schema};

/// The values of a row as text; none for NULL.
pub(super) fn texts<'a>(
    schema: &'a Schema,
    batch: &'a Batch,
    row: usize,
) -> impl Iterator<Item = Option<String>> + 'a {
    let columns = schema.fields.iter().zip(batch.columns());
    columns.map(move |(field, column)| text(&field.data_type, column, row))
}

/// A row as RFC 4180 has it: NULL is an empty field, an empty text a quoted one.
pub(super) fn csv_line(fields: impl Iterator<Item = Option<String>>, out: &mut String) {
    for (place, field) in fields.enumerate() {
        if place > 0 {
            out.push(',');
        }
        let Some(text) = field else { continue };
        if text.is_empty() || text.contains([',', '"', '\n', '\r']) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\"{}\"", text.replace('"', "\"\""));
        } else {
            out.push_str(&text);
        }
    }
    out.push('\n');
}

/// A row as a JSON object.
pub(super) fn object(schema: &Schema, batch: &Batch, row: usize, out: &mut String) {
    out.push('{');
    for (place, (field, column)) in schema.fields.iter().zip(batch.columns()).enumerate() {
        if place > 0 {
            out.push(',');
        }
        string(&field.name, out);
        out.push(':');
        json(&field.data_type, column, row, out);
    }
    out.push('}');
}

/// A value as text; none for NULL. Those that have parts are JSON.
fn text(data_type: &DataType, column: &ArrayRef, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        Layout::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        Layout::Timestamp(..) => {
            let time = time(column.as_primitive::<TimestampMicrosecondType>().value(row), ' ');
            if *data_type == DataType::Timestamp { time + "+00" } else { time }
        }
        Layout::Float64 => float(column.as_primitive::<Float64Type>().value(row)),
        Layout::List(_) | Layout::Struct(_) => {
            let mut text = String::new();
            json(data_type, column, row, &mut text);
            text
        }
        _ => plain(column, row),
    })
}

/// A value that reads the same in text and in JSON, but for its quotes.
fn plain(column: &ArrayRef, row: usize) -> String {
    match column.data_type() {
        Layout::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        Layout::Boolean => column.as_boolean().value(row).to_string(),
        Layout::Binary => STANDARD.encode(column.as_binary::<i32>().value(row)),
        Layout::Date32 => date(column.as_primitive::<Date32Type>().value(row)),
        Layout::Decimal128(..) => decimal(column.as_primitive::<Decimal128Type>().value_as_string(row)),
        Layout::Decimal256(..) => decimal(column.as_primitive::<Decimal256Type>().value_as_string(row)),
        // Columns have no other layouts.
        other => other.to_string(),
    }
}

fn json(data_type: &DataType, column: &ArrayRef, row: usize, out: &mut String) {
    if column.is_null(row) {
        return out.push_str("null");
    }
    match column.data_type() {
        Layout::Utf8 if *data_type == DataType::Json => out.push_str(column.as_string::<i32>().value(row)),
        Layout::Utf8 => string(column.as_string::<i32>().value(row), out),
        Layout::Float64 => number(column.as_primitive::<Float64Type>().value(row), out),
        Layout::Float32 => {
            let value = column.as_primitive::<Float32Type>().value(row);
            if value.is_finite() { out.push_str(&value.to_string()) } else { number(value.into(), out) }
        }
        Layout::Timestamp(..) => {
            let time = time(column.as_primitive::<TimestampMicrosecondType>().value(row), 'T');
            string(&if *data_type == DataType::Timestamp { time + "Z" } else { time }, out);
        }
        Layout::Binary | Layout::Date32 => string(&plain(column, row), out),
        Layout::List(_) => {
            let items = column.as_list::<i32>().value(row);
            let element = match data_type {
                DataType::Array(element) => element,
                // Columns of other types are no lists.
                other => other,
            };
            out.push('[');
            for item in 0..items.len() {
                if item > 0 {
                    out.push(',');
                }
                json(element, &items, item, out);
            }
            out.push(']');
        }
        Layout::Struct(_) => {
            out.push('{');
            let fields = data_type.fields();
            for (place, (field, part)) in fields.iter().zip(column.as_struct().columns()).enumerate() {
                if place > 0 {
                    out.push(',');
                }
                if field.name.is_empty() {
                    string(&format!("_field_{}", place + 1), out);
                } else {
                    string(&field.name, out);
                }
                out.push(':');
                json(&field.data_type, part, row, out);
            }
            out.push('}');
        }
        _ => out.push_str(&plain(column, row)),
    }
}

fn string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// JSON has no words for these numbers: they are strings, as BigQuery writes them.
fn number(value: f64, out: &mut String) {
    if value.is_finite() { out.push_str(&float(value)) } else { string(&float(value), out) }
}

/// The shortest digits that read back as the same number.
fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    // Long rows of zeros are for nobody to count.
    let is_usual = value == 0.0 || (1e-5..1e17).contains(&value.abs());
    if is_usual { value.to_string() } else { format!("{value:e}") }
}

fn decimal(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn date(days: i32) -> String {
    let day = jiff::civil::date(1970, 1, 1).checked_add(Span::new().days(days));
    // The engine's range is jiff's.
    day.map_or_else(|_| days.to_string(), |day| day.to_string())
}

fn time(micros: i64, between: char) -> String {
    let Ok(time) = Timestamp::from_microsecond(micros) else { return micros.to_string() };
    let time: DateTime = time.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let (date, hour, minute, second) = (time.date(), time.hour(), time.minute(), time.second());
    let micros = time.subsec_nanosecond() / 1_000;
    let fraction = match (micros, micros % 1_000) {
        (0, _) => String::new(),
        (_, 0) => format!(".{:03}", micros / 1_000),
        _ => format!(".{micros:06}"),
    };
    format!("{date}{between}{hour:02}:{minute:02}:{second:02}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_as_people_write_them() {
        assert_eq!(
            [0.1, 1e21, 5e-324, -0.0, 1e16].map(float),
            ["0.1", "1e21", "5e-324", "-0", "10000000000000000"]
        );
        assert_eq!(decimal("1.500000000".into()), "1.5");
        assert_eq!(decimal("100.000000000".into()), "100");
        assert_eq!(time(1_709_210_096_789_000, ' '), "2024-02-29 12:34:56.789");
        assert_eq!(time(-1, 'T'), "1969-12-31T23:59:59.999999");
        assert_eq!(date(-1), "1969-12-31");
    }

    #[test]
    fn fields_of_csv_are_quoted_where_they_must_be() {
        let mut line = String::new();
        let fields = [Some("a,b"), None, Some(""), Some("say \"x\"")];
        csv_line(fields.into_iter().map(|it| it.map(str::to_owned)), &mut line);
        assert_eq!(line, "\"a,b\",,\"\",\"say \"\"x\"\"\"\n");
    }
}
