//! Splits CSV into records and fields.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::diag::{Code, Error, Result};
use crate::limits::Limits;
use crate::table::check_columns;

/// Reads one record after the other.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    delimiter: u8,
    limits: &'a Limits,
    reader: Reader,
    /// The fields of one record without their quotes, end to end; kept between records, as are the next two.
    text: Vec<u8>,
    ends: Vec<usize>,
    quoted: Vec<bool>,
}

/// One record.
pub(super) struct Record<'r> {
    text: &'r str,
    ends: &'r [usize],
    /// Empty where no field is quoted.
    quoted: &'r [bool],
    /// The byte at which it starts.
    start: usize,
}

/// One field.
pub(super) struct Field<'r> {
    pub(super) text: &'r str,
    pub(super) quoted: bool,
}

impl<'a> Records<'a> {
    /// Reads `bytes` from byte `at`, which is the start of a line.
    pub(super) fn new(bytes: &'a [u8], at: usize, delimiter: u8, limits: &'a Limits) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Self {
            bytes,
            at,
            delimiter,
            limits,
            reader,
            text: vec![0; 1024],
            ends: vec![0; 64],
            quoted: Vec::new(),
        }
    }

    /// The byte after the last record.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next record that is not an empty line.
    ///
    /// # Errors
    /// `invalid-csv` for bytes that are not UTF-8 and for a quoted field without end; `limit-exceeded` for far
    /// too many fields.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = self.at;
        let (mut length, mut fields) = (0, 0);
        let terminated = loop {
            let (result, read, written, ended) = self.reader.read_record(
                self.bytes.get(self.at..).unwrap_or_default(),
                self.text.get_mut(length..).unwrap_or_default(),
                self.ends.get_mut(fields..).unwrap_or_default(),
            );
            self.at += read;
            length += written;
            fields += ended;
            match result {
                // The input is all there is: the next call, without input, ends the record.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => {
                    check_columns(fields, self.limits)?;
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::Record => break read > 0,
                ReadRecordResult::End => return Ok(None),
            }
        };
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        self.quoted.clear();
        // Without quotes a record is its fields, what stands between them and what ends it.
        if raw.len() + 1 != length + fields + usize::from(terminated)
            && let Some(at) = find_quoted(raw, self.delimiter, &mut self.quoted)
        {
            return Err(Error::new(
                Code::InvalidCsv,
                format!("line {}: a quoted field begins here and does not end", line(self.bytes, start + at)),
            )
            .hint("end it with `\"`, and write quotes inside of it twice"));
        }
        let ends = self.ends.get(..fields).unwrap_or_default();
        match std::str::from_utf8(self.text.get(..length).unwrap_or_default()) {
            Ok(text) if ends.iter().all(|end| text.is_char_boundary(*end)) => {
                Ok(Some(Record { text, ends, quoted: &self.quoted, start }))
            }
            _ => {
                let valid = std::str::from_utf8(raw).err().map_or(0, |error| error.valid_up_to());
                let line = line(self.bytes, start + valid);
                Err(Error::new(Code::InvalidCsv, format!("line {line}: expected UTF-8, found other bytes"))
                    .hint("save the file as UTF-8"))
            }
        }
    }
}

impl<'r> Record<'r> {
    /// The number of fields.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = Field<'r>> {
        let Self { text, ends, quoted, .. } = *self;
        let mut start = 0;
        ends.iter().enumerate().map(move |(at, end)| {
            let text = text.get(start..*end).unwrap_or_default();
            start = *end;
            Field { text, quoted: quoted.get(at).copied().unwrap_or_default() }
        })
    }

    /// The line in `bytes`, from which the record was read, at which it starts; from 1.
    pub(super) fn line(&self, bytes: &[u8]) -> usize {
        line(bytes, self.start)
    }
}

/// Notes which fields of a record are quoted; gives the place of a quote that does not end.
fn find_quoted(raw: &[u8], delimiter: u8, quoted: &mut Vec<bool>) -> Option<usize> {
    let find = |from: usize, wanted: u8| {
        let rest = raw.get(from..).unwrap_or_default();
        rest.iter().position(|byte| *byte == wanted).map(|at| from + at)
    };
    let mut start = 0;
    loop {
        let is_quoted = raw.get(start) == Some(&b'"');
        quoted.push(is_quoted);
        let mut at = start;
        if is_quoted {
            let Some(mut end) = find(start + 1, b'"') else { return Some(start) };
            while raw.get(end + 1) == Some(&b'"') {
                match find(end + 2, b'"') {
                    Some(next) => end = next,
                    None => return Some(start),
                }
            }
            at = end + 1;
        }
        start = find(at, delimiter)? + 1;
    }
}

/// The line of byte `at`, from 1.
fn line(bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or(bytes);
    let ends = before.iter().filter(|byte| **byte == b'\n').count();
    let alone = before.windows(2).filter(|pair| matches!(pair, [b'\r', next] if *next != b'\n')).count();
    1 + ends + alone + usize::from(before.ends_with(b"\r"))
}
