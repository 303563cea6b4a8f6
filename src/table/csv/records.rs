//! Splits CSV into records and fields.

use std::fmt::{self, Display};

use predictql_kernels::bytes::{Stops, until};

use super::syntax::Syntax;
use crate::limits::Limits;

/// Reads one record after the other.
pub(super) struct Records<'a> {
    text: &'a str,
    /// The byte after the last record.
    position: usize,
    syntax: &'a Syntax,
    limits: &'a Limits,
    /// The fields of one record; reused for every record, as is the next.
    places: Vec<Place>,
    /// Fields that the text does not hold as they are, without their quotes and escapes, end to end.
    rewritten: String,
    /// The bytes that mean something in a field without quotes, and inside of quotes.
    in_plain: Stops,
    in_quotes: Stops,
}

/// Where a field stands: in the text, or among the fields that were rewritten.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
    quoted: bool,
    rewritten: bool,
}

/// One record.
pub(super) struct Record<'r> {
    text: &'r str,
    rewritten: &'r str,
    places: &'r [Place],
    /// The byte at which the record starts.
    pub(super) start: usize,
}

/// One field.
#[derive(Clone, Copy)]
pub(super) struct Field<'r> {
    pub(super) text: &'r str,
    /// Without spaces around it.
    pub(super) trimmed: &'r str,
    pub(super) quoted: bool,
}

/// Why a record cannot be read. The next one begins in the line below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// The byte at which it shows.
    pub(super) position: usize,
    /// The field, from 0.
    pub(super) field: usize,
    pub(super) kind: FaultKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// There is text between a closing quote and the next delimiter.
    AfterQuote,
    /// A quoted field does not end.
    Endless,
    /// A quoted field goes on in the next line, which the options forbid.
    Newline,
    /// There are far too many fields.
    Columns,
}

impl<'a> Records<'a> {
    /// Reads `text` from byte `position`, which is the start of a line.
    #[expect(clippy::indexing_slicing, reason = "there is a stop for every byte")]
    pub(super) fn new(text: &'a str, position: usize, syntax: &'a Syntax, limits: &'a Limits) -> Self {
        let stops = |bytes: &[Option<u8>]| {
            let mut stops = [false; 256];
            bytes.iter().flatten().for_each(|byte| stops[usize::from(*byte)] = true);
            stops
        };
        let line_ends = [Some(b'\n'), Some(b'\r')];
        let [newline, carriage] = if syntax.quoted_newlines { [None; 2] } else { line_ends };
        Self {
            text,
            position,
            syntax,
            limits,
            places: Vec::new(),
            rewritten: String::new(),
            in_plain: stops(&[Some(b'\n'), Some(b'\r'), syntax.delimiter.first().copied(), syntax.escape]),
            in_quotes: stops(&[syntax.quote, syntax.escape, newline, carriage]),
        }
    }

    /// The byte after the last record.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// The next record that is neither an empty line nor a comment.
    ///
    /// # Errors
    /// For a record that cannot be read; the next call goes on in the line below.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, Fault> {
        self.skip_empty();
        let start = self.position;
        if start >= self.text.len() {
            return Ok(None);
        }
        self.places.clear();
        self.rewritten.clear();
        loop {
            let ended =
                self.field().inspect_err(|fault| self.position = line_end(self.text, fault.position))?;
            if ended {
                break;
            }
        }
        Ok(Some(Record { text: self.text, rewritten: &self.rewritten, places: &self.places, start }))
    }

    /// Empty lines and comments.
    fn skip_empty(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.position) {
                Some(b'\r' | b'\n') => self.position += 1,
                Some(byte) if self.syntax.comment == Some(*byte) => {
                    self.position = line_end(self.text, self.position);
                }
                _ => return,
            }
        }
    }

    /// Reads a field and what ends it; answers whether that was the end of the record.
    fn field(&mut self) -> Result<bool, Fault> {
        let start = self.position;
        if self.places.len() > self.limits.columns {
            return Err(self.fault(start, FaultKind::Columns));
        }
        let quote = self.text.as_bytes().get(start).filter(|byte| self.syntax.quote == Some(**byte));
        match quote {
            Some(quote) => self.quoted(start, *quote)?,
            None => self.plain(start),
        }
        let bytes = self.text.as_bytes();
        match bytes.get(self.position) {
            None => Ok(true),
            Some(b'\n') => {
                self.position += 1;
                Ok(true)
            }
            Some(b'\r') => {
                self.position += if bytes.get(self.position + 1) == Some(&b'\n') { 2 } else { 1 };
                Ok(true)
            }
            Some(_) if self.syntax.delimiter_at(bytes, self.position) => {
                self.position += self.syntax.delimiter.len();
                Ok(false)
            }
            Some(_) => Err(self.fault(self.position, FaultKind::AfterQuote)),
        }
    }

    fn fault(&self, position: usize, kind: FaultKind) -> Fault {
        Fault { position, field: self.places.len().saturating_sub(1), kind }
    }

    /// Up to the next delimiter or line end.
    fn plain(&mut self, start: usize) {
        let bytes = self.text.as_bytes();
        let (first, from) = (self.syntax.delimiter.first().copied(), self.rewritten.len());
        let mut kept = start;
        let mut at = until(bytes, start, &self.in_plain);
        while let Some(byte) = bytes.get(at) {
            if matches!(byte, b'\n' | b'\r') || (Some(*byte) == first && self.syntax.delimiter_at(bytes, at))
            {
                break;
            }
            if self.syntax.escape == Some(*byte) && !self.syntax.is_null_escape(bytes, start, at) {
                self.rewritten.push_str(&self.text[kept..at]);
                kept = at + 1;
                at += after_escape(bytes, at);
            } else {
                at += 1;
            }
            at = until(bytes, at, &self.in_plain);
        }
        self.position = at;
        self.place(start, kept, at, from, false);
    }

    /// Behind the closing quote, and spaces after it.
    fn quoted(&mut self, start: usize, quote: u8) -> Result<(), Fault> {
        let bytes = self.text.as_bytes();
        let from = self.rewritten.len();
        let mut kept = start + 1;
        let mut at = start + 1;
        loop {
            at = until(bytes, at, &self.in_quotes);
            match bytes.get(at) {
                None => {
                    self.places.push(Place { start, end: start, quoted: true, rewritten: false });
                    return Err(self.fault(start, FaultKind::Endless));
                }
                Some(byte) if *byte == quote && bytes.get(at + 1) == Some(&quote) => {
                    self.rewritten.push_str(&self.text[kept..=at]);
                    at += 2;
                    kept = at;
                }
                Some(byte) if *byte == quote => break,
                Some(byte) if self.syntax.escape == Some(*byte) => {
                    self.rewritten.push_str(&self.text[kept..at]);
                    kept = at + 1;
                    at += after_escape(bytes, at);
                }
                Some(b'\n' | b'\r') if !self.syntax.quoted_newlines => {
                    self.places.push(Place { start, end: start, quoted: true, rewritten: false });
                    return Err(self.fault(at, FaultKind::Newline));
                }
                Some(_) => at += 1,
            }
        }
        self.place(start + 1, kept, at, from, true);
        self.position = at + 1;
        // Blanks are no text; where a blank is the delimiter, it is one.
        while bytes.get(self.position).is_some_and(|byte| matches!(byte, b' ' | b'\t'))
            && !self.syntax.delimiter_at(bytes, self.position)
        {
            self.position += 1;
        }
        Ok(())
    }

    /// Notes a field that ends at `end`: as it stands, or rewritten from byte `from` on with what is left from `kept` on.
    fn place(&mut self, start: usize, kept: usize, end: usize, from: usize, quoted: bool) {
        self.places.push(if kept == start {
            Place { start, end, quoted, rewritten: false }
        } else {
            self.rewritten.push_str(&self.text[kept.min(end)..end]);
            Place { start: from, end: self.rewritten.len(), quoted, rewritten: true }
        });
    }
}

/// How many bytes an escape at `at` and what it escapes take: at the end of the text it stands alone, and the rest of a
/// character of several bytes follows by itself.
fn after_escape(bytes: &[u8], at: usize) -> usize {
    if at + 1 < bytes.len() { 2 } else { 1 }
}

/// The byte behind the end of the line that `position` is in.
fn line_end(text: &str, position: usize) -> usize {
    let rest = text.as_bytes().get(position..).unwrap_or_default();
    rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).map_or(text.len(), |end| position + end + 1)
}

impl<'r> Record<'r> {
    /// The number of fields.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = Field<'r>> {
        let Self { text, rewritten, .. } = *self;
        self.places.iter().map(move |place| {
            let source = if place.rewritten { rewritten } else { text };
            let text = &source[place.start..place.end];
            let has_space = |byte: Option<&u8>| byte.is_some_and(|byte| *byte <= b' ');
            let has_spaces = has_space(text.as_bytes().first()) || has_space(text.as_bytes().last());
            Field { text, trimmed: if has_spaces { text.trim_ascii() } else { text }, quoted: place.quoted }
        })
    }
}

/// A place in a text, as people count: lines and characters from 1.
pub(super) struct Location {
    pub(super) line: usize,
    pub(super) character: usize,
}

impl Location {
    pub(super) fn of(text: &str, position: usize) -> Self {
        let before = &text[..position];
        let bytes = before.as_bytes();
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        let alone = bytes.windows(2).filter(|pair| matches!(pair, [b'\r', next] if *next != b'\n')).count();
        let start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
        Self {
            line: 1 + ends + alone + usize::from(before.ends_with('\r')),
            character: 1 + before[start..].chars().count(),
        }
    }
}

impl Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)
    }
}
