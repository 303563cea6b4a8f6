//! Casts of texts beside Rust's own reading of numbers, and back.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use predictql::data::Batch;

use crate::Rng;
use crate::like::ask;

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    ["1", "-9223372036854775808", "1e308", "0.1", "-0", "nan", " 5 ", "0x10", "+inf", "1_0", ""]
        .map(Vec::from)
        .to_vec()
}

pub(crate) fn mutate(input: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut text = input.to_vec();
    for _ in 0..=random.usize(..3) {
        let at = random.usize(..=text.len());
        match random.u8(..3) {
            0 if at < text.len() => drop(text.remove(at)),
            _ => text.insert(at, b"0123456789012345678901234567899.eE+-x "[random.usize(..37)]),
        }
    }
    text.truncate(40);
    text
}

pub(crate) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let sql = "SELECT SAFE_CAST(@text AS INT64), SAFE_CAST(@text AS FLOAT64), CAST(SAFE_CAST(@text AS FLOAT64) AS STRING)";
    let row = ask(sql, &[("text", &text)]).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    integers(&text, &row);
    floats(&text, &row);
}

/// A sign and digits are what Rust reads; of what it does not read, SQL has hexadecimal digits alone.
fn integers(text: &str, row: &Batch) {
    let column = row.columns()[0].as_primitive::<Int64Type>();
    let found = (!column.is_null(0)).then(|| column.value(0));
    let trimmed = text.trim();
    if !trimmed.to_ascii_lowercase().contains('x') {
        assert_eq!(found, trimmed.parse().ok(), "CAST({text:?} AS INT64)");
    }
}

fn floats(text: &str, row: &Batch) {
    let column = row.columns()[1].as_primitive::<Float64Type>();
    let found = (!column.is_null(0)).then(|| column.value(0));
    let trimmed = text.trim();
    let is_plain = trimmed.bytes().all(|byte| byte.is_ascii_digit() || b".+-eE".contains(&byte));
    if is_plain {
        let wanted: Option<f64> = trimmed.parse().ok().filter(|value: &f64| value.is_finite());
        assert_eq!(found.filter(|value| value.is_finite()), wanted, "CAST({text:?} AS FLOAT64)");
    }
    // A number's text reads as the same number.
    if let Some(found) = found {
        let text = row.columns()[2].as_string::<i32>().value(0).to_owned();
        let again: f64 = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(again == found || again.is_nan() && found.is_nan(), "{found:?} as {text}");
    }
}
