//! What stands between the fields.

use super::records::Records;
use crate::diag::{Code, Error, Result};
use crate::limits::Limits;

/// Where several split the rows equally well the first one wins: commas stand inside numbers and text most often.
const CANDIDATES: [u8; 4] = *b"\t;|,";

/// How far to look.
const SAMPLE_BYTES: usize = 1 << 16;
const SAMPLE_RECORDS: usize = 100;

/// # Errors
/// `invalid-option` for a byte that cannot stand between fields.
pub(super) fn checked(delimiter: u8) -> Result<u8> {
    match delimiter.is_ascii() && !matches!(delimiter, b'"' | b'\r' | b'\n' | 0) {
        true => Ok(delimiter),
        false => Err(Error::new(
            Code::InvalidOption,
            format!("expected an ASCII character as delimiter, found `{}`", delimiter.escape_ascii()),
        )),
    }
}

/// The one that splits most rows into as many fields as the first row; a comma where there is one field only.
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

/// Rows of a thousand that have as many fields as the first row, which has several.
fn score(bytes: &[u8], delimiter: u8) -> usize {
    let sample = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes);
    let limits = Limits::default();
    let mut records = Records::new(sample, 0, delimiter, &limits);
    let mut lengths = Vec::new();
    // A sample may end within a quoted field, which reads as one without end.
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
