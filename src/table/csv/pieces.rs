//! CSV that comes in pieces: what its beginning tells of it holds for all that follows, so that no row is remembered.

use std::borrow::Cow;

use super::syntax::Syntax;
use super::values::Values;
use super::{CsvOptions, Encoding, decode, encoding, layout, needs_backslash, options, read_csv};
use crate::diag::{Code, Error, Result};
use crate::limits::Limits;
use crate::table::Table;

/// Bytes of a beginning that are enough to find the names of its columns.
const HEAD: usize = 64 << 10;

/// How the pieces of one file are read.
#[derive(Debug, Clone)]
pub(crate) struct CsvPieces {
    /// What finds the names of the columns in the beginning.
    names: CsvOptions,
    /// For the beginning, once they are known.
    first: CsvOptions,
    rest: CsvOptions,
    syntax: Syntax,
}

impl CsvPieces {
    /// Reads the beginning of a file; its rows show of what types the columns are.
    ///
    /// # Errors
    /// As [`read_csv`]; `invalid-option` for what can only be known of a whole file.
    pub(crate) fn open(bytes: &[u8], options: &CsvOptions, limits: &Limits) -> Result<(Table, Self)> {
        if options.max_bad_records > 0 {
            return Err(options::invalid(
                "`max_bad_records` counts the rows of a whole file, and this one is read in pieces",
            ));
        }
        let marked = encoding::marked(bytes).map(|(encoding, _)| encoding);
        if let Some(Encoding::Utf16(_) | Encoding::Utf32(_)) = marked.as_ref().or(options.encoding.as_ref()) {
            return Err(options::invalid(
                "a file that is read in pieces has to be in UTF-8, or in an encoding of one byte a character",
            ));
        }
        let lines = bytes.iter().rposition(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
        let text = decode(bytes.get(..lines).unwrap_or(bytes), options, &mut Vec::new())?;
        let mut layout = layout::find(&text, options, &Values::new(options)?, limits)?;
        if options.escape.is_none() && needs_backslash(&text, &layout, limits) {
            layout.syntax.escape = Some(b'\\');
        }
        let word = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let found = match text {
            Cow::Borrowed(_) => Encoding::Utf8,
            Cow::Owned(_) => Encoding::Windows1252,
        };
        let mut first = CsvOptions {
            delimiter: Some(word(&layout.syntax.delimiter)),
            escape: layout.syntax.escape.map(|escape| word(&[escape])),
            encoding: options.encoding.clone().or(Some(found)),
            ..options.clone()
        };
        let syntax = layout.syntax;
        let table = read_csv(bytes.get(..syntax.ended(bytes)).unwrap_or(bytes), &first, limits)?;
        let typed = table.schema.fields.iter().map(|field| {
            let given = options.schema.iter().find(|(name, _)| name.trim().eq_ignore_ascii_case(&field.name));
            let column = given.map_or_else(|| field.data_type.clone().into(), |(_, column)| column.clone());
            (field.name.clone(), column)
        });
        let names = first.clone();
        first.schema = typed.collect();
        let rest = CsvOptions { header: Some(false), skip_leading_rows: None, ..first.clone() };
        Ok((table, Self { names, first, rest, syntax }))
    }

    /// How many of the bytes are rows that have ended.
    pub(crate) fn ended(&self, bytes: &[u8]) -> usize {
        self.syntax.ended(bytes)
    }

    /// # Errors
    /// As [`read_csv`]; `column-count` where the columns have other names than when the file was opened.
    pub(crate) fn read(&self, bytes: &[u8], is_first: bool, limits: &Limits) -> Result<Table> {
        if is_first {
            self.check_names(bytes, limits)?;
        }
        read_csv(bytes, if is_first { &self.first } else { &self.rest }, limits)
    }

    /// A file may have been saved again since its columns were found.
    fn check_names(&self, bytes: &[u8], limits: &Limits) -> Result<()> {
        let head = bytes.get(..HEAD).unwrap_or(bytes);
        let head = head.get(..self.ended(head)).filter(|head| !head.is_empty()).unwrap_or(bytes);
        let now = read_csv(head, &self.names, limits)?.schema;
        let now: Vec<_> = now.fields.iter().map(|field| field.name.as_str()).collect();
        let before: Vec<_> = self.first.schema.iter().map(|(name, _)| name.as_str()).collect();
        if now == before {
            return Ok(());
        }
        let message = format!("the file has the columns {}, it had {}", now.join(", "), before.join(", "));
        Err(Error::new(Code::ColumnCount, message).hint("register it again: it has changed since"))
    }
}
