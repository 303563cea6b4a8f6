//! What divides CSV into records and fields.

use super::options::{CsvOptions, invalid};
use crate::diag::Result;

/// The characters with a meaning.
#[derive(Debug, Clone)]
pub(super) struct Syntax {
    /// At least one byte.
    pub(super) delimiter: Vec<u8>,
    pub(super) quote: Option<u8>,
    pub(super) escape: Option<u8>,
    pub(super) comment: Option<u8>,
    pub(super) quoted_newlines: bool,
}

impl Syntax {
    /// What `options` say; a comma where they name no delimiter.
    ///
    /// # Errors
    /// `invalid-option` for characters that cannot have the meaning.
    pub(super) fn new(options: &CsvOptions) -> Result<Self> {
        let quote = character("quote", Some(&options.quote))?;
        let delimiter = options.delimiter.as_deref().unwrap_or(",");
        let is_taken = |byte| matches!(byte, b'\r' | b'\n' | 0) || Some(byte) == quote;
        if delimiter.is_empty() || delimiter.bytes().any(is_taken) {
            return Err(invalid(format!(
                "expected a delimiter without quotes and line ends, found `{}`",
                delimiter.escape_default()
            )));
        }
        Ok(Self {
            delimiter: delimiter.into(),
            quote,
            // A doubled quote stands for a quote anyway.
            escape: character("escape", options.escape.as_deref())?.filter(|escape| Some(*escape) != quote),
            comment: character("comment", options.comment.as_deref())?,
            quoted_newlines: options.allow_quoted_newlines,
        })
    }

    pub(super) fn delimiter_at(&self, bytes: &[u8], at: usize) -> bool {
        match self.delimiter.as_slice() {
            [delimiter] => bytes.get(at) == Some(delimiter),
            delimiter => bytes.get(at..).is_some_and(|rest| rest.starts_with(delimiter)),
        }
    }

    /// How many of the bytes are records that have ended: behind the last line end outside of quotes.
    pub(super) fn ended(&self, bytes: &[u8]) -> usize {
        let (mut end, mut at) = (0, 0);
        // Whether a field begins, a quoted one goes on, the line is a comment.
        let (mut begins, mut quoted, mut comment) = (true, false, false);
        while let Some(byte) = bytes.get(at) {
            let escaped = self.escape == Some(*byte) && !comment;
            if quoted {
                quoted = self.quote != Some(*byte);
            } else if matches!(byte, b'\r' | b'\n') {
                (end, begins, comment) = (at + 1, true, false);
            } else if comment {
            } else if begins && at == end && self.comment == Some(*byte) {
                comment = true;
            } else if self.delimiter_at(bytes, at) {
                begins = true;
                at += self.delimiter.len();
                continue;
            } else {
                // A quote behind a closing one goes on with the field.
                let reopens = at > 0 && bytes.get(at - 1).copied() == self.quote;
                quoted = self.quote == Some(*byte) && (begins || reopens);
                begins = false;
            }
            at += if escaped { 2 } else { 1 };
        }
        end
    }

    /// Whether the whole field is `\N`, which databases write for NULL: it stays as it is, for the null values.
    pub(super) fn is_null_escape(&self, bytes: &[u8], start: usize, at: usize) -> bool {
        let ends = || match bytes.get(at + 2) {
            None | Some(b'\r' | b'\n') => true,
            Some(_) => self.delimiter_at(bytes, at + 2),
        };
        at == start && bytes.get(at + 1) == Some(&b'N') && ends()
    }
}

/// The ASCII character that an option is; none for an empty text.
fn character(option: &str, text: Option<&str>) -> Result<Option<u8>> {
    match text.unwrap_or_default().as_bytes() {
        [] => Ok(None),
        [byte @ (b'\t' | b' '..=b'~')] => Ok(Some(*byte)),
        _ => Err(invalid(format!(
            "expected one ASCII character as {option}, found `{}`",
            text.unwrap_or_default().escape_default()
        ))),
    }
}
