//! Tables from other programs, compared with what pyarrow reads.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use predictql::Limits;
use predictql::diag::{Code, Error};
use predictql::table::{CsvOptions, Table, read_arrow, read_csv};
use serde_json::Value;

use crate::host;
use crate::table::{columns, rows};

fn csv(name: &str) -> Result<Table, Error> {
    read_csv(&host::read(&format!("tables/{name}")), &CsvOptions::default(), &Limits::default())
}

fn arrow(name: &str) -> Result<Table, Error> {
    read_arrow(&host::read(&format!("tables/{name}")), &Limits::default())
}

/// The SQL type of what pyarrow calls `arrow`.
fn sql_type(arrow: &str) -> String {
    let inside =
        |name: &str| arrow.strip_prefix(name).and_then(|rest| rest.rsplit_once('>')).map(|(it, _)| it);
    for list in ["list<item: ", "large_list<item: ", "fixed_size_list<item: "] {
        if let Some(item) = inside(list) {
            return format!("ARRAY<{}>", sql_type(item));
        }
    }
    if let Some(fields) = inside("struct<") {
        let typed = |field: &str| {
            let (name, arrow) = field.split_once(": ").unwrap();
            format!("{name} {}", sql_type(arrow))
        };
        return format!("STRUCT<{}>", parts(fields).into_iter().map(typed).collect::<Vec<_>>().join(", "));
    }
    if let Some(entry) = inside("map<") {
        let types: Vec<String> = parts(entry).into_iter().map(sql_type).collect();
        return format!("ARRAY<STRUCT<key {}, value {}>>", types[0], types[1]);
    }
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| arrow.starts_with(prefix));
    match arrow {
        "decimal128(9, 2)" => "FLOAT64",
        _ if starts(&["int", "uint"]) => "INT64",
        _ if starts(&["halffloat", "float", "double"]) => "FLOAT64",
        _ if starts(&["bool"]) => "BOOL",
        _ if starts(&["decimal"]) => decimal_type(arrow),
        // What SQL has no type for keeps its text.
        _ if starts(&["time32", "time64"]) => "STRING",
        _ if starts(&["string", "large_string", "dictionary<values=string", "null"]) => "STRING",
        _ if starts(&["binary"]) => "BYTES",
        _ if starts(&["date"]) => "DATE",
        _ if starts(&["timestamp"]) => "TIMESTAMP",
        other => panic!("the type {other} is new"),
    }
    .into()
}

/// The first type that has the digits of `decimal128(precision, scale)`.
fn decimal_type(arrow: &str) -> &'static str {
    let (_, numbers) = arrow.trim_end_matches(')').split_once('(').unwrap();
    let (precision, scale) = numbers.split_once(", ").unwrap();
    let (precision, scale): (i32, i32) = (precision.parse().unwrap(), scale.parse().unwrap());
    match precision - scale {
        ..=29 if scale <= 9 => "NUMERIC",
        ..=38 if scale <= 38 => "BIGNUMERIC",
        _ => "STRING",
    }
}

/// What commas divide outside of brackets.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let divides = |it: char| {
        depth += i32::from(matches!(it, '<' | '(' | '[')) - i32::from(matches!(it, '>' | ')' | ']'));
        it == ',' && depth == 0
    };
    text.split(divides).map(str::trim).collect()
}

/// A value as [`rows`] writes it.
fn cell(value: &Value, sql_type: &str) -> String {
    let joined = |values: &mut dyn Iterator<Item = String>| values.collect::<Vec<_>>().join(", ");
    let inside = |name: &str| sql_type.strip_prefix(name).and_then(|rest| rest.strip_suffix('>'));
    let number = |number: f64| format!("{number:?}");
    if let Some(fields) = inside("STRUCT<") {
        let types = parts(fields).into_iter().map(|field| field.split_once(' ').unwrap().1);
        let values: Vec<&Value> = match value {
            Value::Null => return "NULL".into(),
            Value::Array(entry) => entry.iter().collect(),
            fields => fields.as_object().unwrap().values().collect(),
        };
        return format!(
            "({})",
            joined(&mut values.into_iter().zip(types).map(|(it, field)| cell(it, field)))
        );
    }
    match (value, sql_type) {
        (Value::Null, _) => "NULL".into(),
        (Value::Array(items), _) => {
            let item = inside("ARRAY<").unwrap();
            format!("[{}]", joined(&mut items.iter().map(|value| cell(value, item))))
        }
        (Value::String(text), "FLOAT64") => match text.as_str() {
            "NaN" => number(f64::NAN),
            "Infinity" => number(f64::INFINITY),
            "-Infinity" => number(f64::NEG_INFINITY),
            decimal => number(decimal.parse().unwrap()),
        },
        (Value::String(decimal), "NUMERIC" | "BIGNUMERIC") => {
            decimal.trim_end_matches('0').trim_end_matches('.').into()
        }
        (Value::String(text), "DATE") => {
            let days = text.parse::<NaiveDate>().unwrap() - DateTime::UNIX_EPOCH.date_naive();
            days.num_days().to_string()
        }
        (Value::String(text), "TIMESTAMP") => {
            let moment: NaiveDateTime = text.trim_end_matches('Z').parse().unwrap();
            moment.and_utc().timestamp_micros().to_string()
        }
        (Value::String(text), "BYTES") => {
            let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
            let bytes: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
            bytes.escape_ascii().to_string()
        }
        // pyarrow writes the fractions of times with all of their digits.
        (Value::String(time), _) if time.parse::<chrono::NaiveTime>().is_ok() && time.contains('.') => {
            time.trim_end_matches('0').into()
        }
        (Value::String(text), _) => text.clone(),
        (Value::Number(it), "FLOAT64") => number(it.as_f64().unwrap()),
        (other, _) => other.to_string(),
    }
}

#[test]
fn csv_reads_as_pyarrow_reads_it() {
    for (name, expected) in host::json("expected/tables.json").as_object().unwrap() {
        let table = csv(name).unwrap();
        assert_eq!(table.rows() as u64, expected["rows"], "{name}");
        let types: Vec<(&Value, String)> = expected["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| (column, sql_type(column["type"].as_str().unwrap())))
            .collect();
        let named: Vec<String> = types
            .iter()
            .map(|(column, sql_type)| format!("{} {sql_type}", column["name"].as_str().unwrap()))
            .collect();
        assert_eq!(columns(&table), named, "{name}");

        let rows = rows(&table);
        if let Some(records) = expected.get("records") {
            for (row, record) in rows.iter().zip(records.as_array().unwrap()) {
                let cells = record.as_array().unwrap().iter().zip(&types);
                let cells: Vec<String> = cells.map(|(value, (_, sql_type))| cell(value, sql_type)).collect();
                assert_eq!(*row, cells.join(" | "), "{name}");
            }
        }
        let cells: Vec<Vec<&str>> = rows.iter().map(|row| row.split(" | ").collect()).collect();
        for (at, (column, _)) in types.iter().enumerate() {
            let values = || cells.iter().map(|row| row[at]).filter(|value| *value != "NULL");
            let place = format!("{name}, {}", column["name"]);
            if !rows.iter().any(|row| row.contains('"')) {
                assert_eq!(
                    cells.len() - values().count(),
                    column["nulls"].as_u64().unwrap() as usize,
                    "{place}"
                );
            }
            let Some(sum) = column.get("sum").and_then(Value::as_f64) else { continue };
            let numbers: Vec<f64> = values().map(|value| value.parse().unwrap()).collect();
            let near = |found: f64, expected: f64| (found - expected).abs() <= expected.abs() * 1e-12;
            assert!(near(numbers.iter().sum(), sum), "{place}");
            assert_eq!(
                numbers.iter().copied().fold(f64::INFINITY, f64::min),
                column["min"].as_f64().unwrap()
            );
            assert_eq!(
                numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                column["max"].as_f64().unwrap()
            );
        }
    }
}

#[test]
fn bad_csv_is_refused_at_its_line() {
    for (name, message) in [
        ("bad/empty.csv", "expected CSV, found no row at all"),
        ("bad/ragged.csv", "line 4: expected 6 fields, found 4"),
        ("bad/unclosed_quote.csv", "line 4: a quoted field begins here and does not end"),
        ("bad/half_latin1.csv", "line 2: expected UTF-8, found other bytes"),
    ] {
        let error = csv(name).unwrap_err();
        assert_eq!((error.code(), error.first().message.as_str()), (Code::InvalidCsv, message));
    }
}

#[test]
fn arrow_reads_as_pyarrow_wrote_it() {
    let expected = host::json("expected/types.json");
    let expected = expected["columns"].as_object().unwrap();
    for name in ["types.arrow", "types.arrows"] {
        let table = arrow(name).unwrap();
        assert_eq!(table.schema.fields.len(), expected.len());
        assert_eq!(table.rows(), 4);
        let types: Vec<String> =
            table.schema.fields.iter().map(|field| field.data_type.to_string()).collect();
        let theirs: Vec<&Value> = table.schema.fields.iter().map(|field| &expected[&field.name]).collect();
        let named: Vec<String> = theirs.iter().map(|it| sql_type(it["type"].as_str().unwrap())).collect();
        assert_eq!(types, named);
        for (at, row) in rows(&table).iter().enumerate() {
            let cells: Vec<String> =
                theirs.iter().zip(&types).map(|(it, sql_type)| cell(&it["values"][at], sql_type)).collect();
            assert_eq!(*row, cells.join(" | "));
        }
    }
    assert_eq!(rows(&arrow("dictionary_replaced.arrows").unwrap()), ["cat", "dog", "cat", "eel", "cat"]);
    assert_eq!(arrow("no_rows.arrows").unwrap().rows(), 0);
}

#[test]
fn bad_arrow_is_refused() {
    for (name, message) in [
        ("compressed_lz4.arrows", "expected uncompressed values, found a compressed batch"),
        ("compressed_zstd.arrows", "expected uncompressed values, found a compressed batch"),
        (
            "bad/uint64_too_large.arrows",
            "column `x`, row 2: 9223372036854775808 is out of the range of INT64",
        ),
        ("bad/duration.arrows", "column `x` has the type Duration(s), which has no counterpart in SQL"),
    ] {
        let error = arrow(name).unwrap_err();
        assert_eq!((error.code(), error.first().message.as_str()), (Code::InvalidArrow, message));
    }
}

#[test]
fn repeated_names_get_a_number() {
    assert_eq!(columns(&csv("bad/repeated_header.csv").unwrap())[2], "Name_1 STRING");
    assert_eq!(columns(&arrow("bad/repeated_column.arrows").unwrap())[1], "X_1 INT64");
}
