//! The delimiter of a CSV: checked if it is given, else inferred from the first rows.

use super::records::Records;
use crate::diag::{Code, Error, Result};
use crate::limits::Limits;

/// Of delimiters that split the rows equally well the first one wins; commas are last, as numbers and text contain them.
const CANDIDATES: [u8; 4] = *b"\t;|,";

/// How much is read to infer the delimiter.
const SAMPLE_BYTES: usize = 1 << 16;
const SAMPLE_RECORDS: usize = 100;

/// # Errors
/// `invalid-option` for a byte that cannot stand between fields.
pub(super) fn checked(delimiter: u8) -> Result<u8> {
    if delimiter.is_ascii() && !matches!(delimiter, b'"' | b'\r' | b'\n' | 0) {
        return Ok(delimiter);
    }
    Err(Error::new(
        Code::InvalidOption,
        format!("expected an ASCII character as delimiter, found `{}`", delimiter.escape_ascii()),
    ))
}

/// The delimiter that splits most rows into as many fields as the first row; a comma if all rows have one field.
pub(super) fn find(bytes: &[u8]) -> u8 {
    let mut best = (0, b',');
    for candidate in CANDIDATES {
        let score = score(bytes, candidate);
        if score > best.0 {
            best = (score, candidate);
        }
    }
    best.1
}

/// How many of a thousand rows have as many fields as the first row; 0 if that has only one.
fn score(bytes: &[u8], delimiter: u8) -> usize {
    let sample = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes);
    let limits = Limits::default();
    let mut records = Records::new(sample, 0, delimiter, &limits);
    let mut lengths = Vec::new();
    // The sample may end within a quoted field, which is then an error.
    while lengths.len() < SAMPLE_RECORDS
        && let Ok(Some(record)) = records.next()
    {
        lengths.push(record.len());
    }
    if lengths.len() > 1 && records.position() == sample.len() && sample.len() < bytes.len() {
        lengths.pop();
    }
    match lengths.first() {
        None | Some(1) => 0,
        Some(first) => 1000 * lengths.iter().filter(|length| *length == first).count() / lengths.len(),
    }
}
