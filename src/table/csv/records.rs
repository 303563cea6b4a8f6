//! Splits CSV into records and fields.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::diag::{Code, Error, Result, ensure};
use crate::limits::Limits;
use crate::table::check_columns;

/// Reads one record after the other.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    /// The byte after the last record.
    position: usize,
    delimiter: u8,
    limits: &'a Limits,
    reader: Reader,
    /// The fields of one record without their quotes, end to end; reused for every record, as are the next two.
    text: Vec<u8>,
    ends: Vec<usize>,
    quoted: Vec<bool>,
}

/// One record.
pub(super) struct Record<'r> {
    text: &'r str,
    ends: &'r [usize],
    /// Whether each field is quoted; empty where none is.
    quoted: &'r [bool],
    /// The byte at which the record starts.
    start: usize,
}

/// One field.
pub(super) struct Field<'r> {
    pub(super) text: &'r str,
    pub(super) quoted: bool,
}

impl<'a> Records<'a> {
    /// Reads `bytes` from byte `position`, which is the start of a line.
    pub(super) fn new(bytes: &'a [u8], position: usize, delimiter: u8, limits: &'a Limits) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Self {
            bytes,
            position,
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
        self.position
    }

    /// The next record that is not an empty line.
    ///
    /// # Errors
    /// `invalid-csv` for bytes that are not UTF-8 and for a quoted field without end; `limit-exceeded` for far
    /// too many fields.
    #[expect(
        clippy::indexing_slicing,
        reason = "the reader reads and writes no more than it is given, and these are sums of what it did"
    )]
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>> {
        let rest = &self.bytes[self.position..];
        self.position += rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = self.position;
        let (mut length, mut fields) = (0, 0);
        let terminated = loop {
            let (result, read, written, ended) = self.reader.read_record(
                &self.bytes[self.position..],
                &mut self.text[length..],
                &mut self.ends[fields..],
            );
            self.position += read;
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
        let raw = &self.bytes[start..self.position];
        self.quoted.clear();
        // Without quotes a record consists of its fields, the delimiters between them and its line end.
        if raw.len() + 1 != length + fields + usize::from(terminated) {
            if let Some(quote) = find_quoted(raw, self.delimiter, &mut self.quoted) {
                let line = line(self.bytes, start + quote);
                return Err(Error::new(
                    Code::InvalidCsv,
                    format!("line {line}: a quoted field begins here and does not end"),
                )
                .hint("end it with `\"`, and write quotes inside of it twice"));
            }
            ensure(self.quoted.len() == fields, "the fields of a record were counted differently")?;
        }
        let ends = &self.ends[..fields];
        match std::str::from_utf8(&self.text[..length]) {
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

    #[expect(
        clippy::indexing_slicing,
        reason = "`Records::next` has checked that there is one flag for each field"
    )]
    pub(super) fn fields(&self) -> impl Iterator<Item = Field<'r>> {
        let Self { text, ends, quoted, .. } = *self;
        let mut start = 0;
        ends.iter().enumerate().map(move |(index, end)| {
            // The reader gives ascending ends, and `Records::next` has checked that they are char boundaries.
            let text = &text[start..*end];
            start = *end;
            Field { text, quoted: !quoted.is_empty() && quoted[index] }
        })
    }

    /// The line, from 1, at which the record starts in `bytes`, from which it was read.
    pub(super) fn line(&self, bytes: &[u8]) -> usize {
        line(bytes, self.start)
    }
}

/// Notes for each field of a record whether it is quoted; returns the position of a quote that does not end.
fn find_quoted(raw: &[u8], delimiter: u8, quoted: &mut Vec<bool>) -> Option<usize> {
    let find =
        |from: usize, wanted: u8| Some(from + raw.get(from..)?.iter().position(|byte| *byte == wanted)?);
    let mut start = 0;
    loop {
        let is_quoted = raw.get(start) == Some(&b'"');
        quoted.push(is_quoted);
        let mut rest = start;
        if is_quoted {
            let Some(mut end) = find(start + 1, b'"') else { return Some(start) };
            while raw.get(end + 1) == Some(&b'"') {
                match find(end + 2, b'"') {
                    Some(next) => end = next,
                    None => return Some(start),
                }
            }
            rest = end + 1;
        }
        start = find(rest, delimiter)? + 1;
    }
}

/// The line, from 1, of the byte at `position`.
#[expect(clippy::indexing_slicing, reason = "records and their fields start within the bytes")]
fn line(bytes: &[u8], position: usize) -> usize {
    let before = &bytes[..position];
    let ends = before.iter().filter(|byte| **byte == b'\n').count();
    let alone = before.windows(2).filter(|pair| matches!(pair, [b'\r', next] if *next != b'\n')).count();
    1 + ends + alone + usize::from(before.ends_with(b"\r"))
}
