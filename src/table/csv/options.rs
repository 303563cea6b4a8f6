//! How CSV is read.

use super::encoding::Encoding;
use crate::data::{ColumnType, Scalar};
use crate::diag::{Code, Error, Result};

/// How CSV is read. The names are those of BigQuery's external tables where it has the option.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CsvOptions {
    /// Whether a row names the columns; by default it does, unless no leading row is skipped. Without it they are
    /// `column_1`, `column_2` …
    pub header: Option<bool>,
    /// How many lines stand above the rows, the names included; by default title lines are found.
    pub skip_leading_rows: Option<usize>,
    /// What stands between fields; by default found among comma, semicolon, tab and pipe.
    pub delimiter: Option<String>,
    /// An ASCII character around fields; none where it is empty.
    pub quote: String,
    /// An ASCII character that takes the meaning of the one behind it away. A doubled quote always stands for a quote;
    /// by default a backslash is found where nothing else is possible.
    pub escape: Option<String>,
    /// An ASCII character at the start of lines that are left out.
    pub comment: Option<String>,
    /// Whether quoted fields may go on in the next line.
    pub allow_quoted_newlines: bool,
    /// Whether fields may be missing at the end of a row: they are NULL.
    pub allow_jagged_rows: bool,
    /// Whether fields beyond the last column are left out.
    pub ignore_unknown_values: bool,
    /// How many rows that cannot be read are left out before that is an error.
    pub max_bad_records: usize,
    /// Whether text may hold control characters.
    pub preserve_ascii_control_characters: bool,
    /// By default the byte order mark tells, else UTF-8, else Windows-1252 where nothing in the file is UTF-8.
    pub encoding: Option<Encoding>,
    /// What stands before the fraction of a number: `.` or `,`; by default found.
    pub decimal: Option<char>,
    /// How dates are written beside `YYYY-MM-DD`, in BigQuery's format elements: `DD.MM.YYYY`.
    pub date_format: Option<String>,
    /// The same for timestamps: `DD/MM/YYYY HH24:MI:SS`.
    pub timestamp_format: Option<String>,
    /// What reads as NULL where it is not quoted. By default the empty field, and `NA` except among other codes of two
    /// capital letters.
    pub null_values: Option<Vec<String>>,
    /// Types in place of inference: by column name in any case, or in the order of the columns where nothing names them.
    pub schema: Vec<(String, ColumnType)>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            header: None,
            skip_leading_rows: None,
            delimiter: None,
            quote: "\"".into(),
            escape: None,
            comment: None,
            allow_quoted_newlines: true,
            allow_jagged_rows: false,
            ignore_unknown_values: false,
            max_bad_records: 0,
            preserve_ascii_control_characters: false,
            encoding: None,
            decimal: None,
            date_format: None,
            timestamp_format: None,
            null_values: None,
            schema: Vec::new(),
        }
    }
}

impl CsvOptions {
    /// The options that [`CsvOptions::set`] knows.
    pub const NAMES: &[&str] = &[
        "header",
        "skip_leading_rows",
        "field_delimiter",
        "quote",
        "escape",
        "comment",
        "allow_quoted_newlines",
        "allow_jagged_rows",
        "ignore_unknown_values",
        "max_bad_records",
        "preserve_ascii_control_characters",
        "encoding",
        "decimal",
        "date_format",
        "timestamp_format",
        "null_marker",
        "null_markers",
    ];

    /// Sets the option called `name`, one of [`CsvOptions::NAMES`].
    ///
    /// # Errors
    /// `invalid-option` for a value that it cannot have; `unknown-option` for another name.
    pub fn set(&mut self, name: &str, value: &Scalar) -> Result<()> {
        match name {
            "header" => self.header = Some(flag(name, value)?),
            "skip_leading_rows" => self.skip_leading_rows = Some(count(name, value)?),
            "field_delimiter" => self.delimiter = Some(delimiter(text(name, value)?)),
            "quote" => self.quote = text(name, value)?,
            "escape" => self.escape = Some(text(name, value)?),
            "comment" => self.comment = Some(text(name, value)?),
            "allow_quoted_newlines" => self.allow_quoted_newlines = flag(name, value)?,
            "allow_jagged_rows" => self.allow_jagged_rows = flag(name, value)?,
            "ignore_unknown_values" => self.ignore_unknown_values = flag(name, value)?,
            "max_bad_records" => self.max_bad_records = count(name, value)?,
            "preserve_ascii_control_characters" => {
                self.preserve_ascii_control_characters = flag(name, value)?
            }
            "encoding" => self.encoding = Some(Encoding::named(&text(name, value)?)),
            "decimal" => {
                self.decimal = Some(match text(name, value)?.as_str() {
                    "." => '.',
                    "," => ',',
                    _ => return Err(misfit(name, "'.' or ','", value)),
                });
            }
            "date_format" => self.date_format = Some(text(name, value)?),
            "timestamp_format" => self.timestamp_format = Some(text(name, value)?),
            "null_marker" => self.null_values = Some(vec![text(name, value)?]),
            "null_markers" => self.null_values = Some(texts(name, value)?),
            _ => {
                let known = Self::NAMES.iter().copied();
                return Err(Error::new(Code::UnknownOption, format!("CSV has no option `{name}`"))
                    .did_you_mean(name, known.clone())
                    .or_list("the options are", known));
            }
        }
        Ok(())
    }

    pub(super) fn has_header(&self) -> bool {
        self.header.unwrap_or(self.skip_leading_rows != Some(0))
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidOption, message)
}

fn misfit(name: &str, takes: &str, found: &Scalar) -> Error {
    invalid(format!("option `{name}` takes {takes}, found {found}"))
}

fn flag(name: &str, value: &Scalar) -> Result<bool> {
    if let Scalar::Bool(flag) = value { Ok(*flag) } else { Err(misfit(name, "TRUE or FALSE", value)) }
}

fn text(name: &str, value: &Scalar) -> Result<String> {
    if let Scalar::String(text) = value { Ok(text.clone()) } else { Err(misfit(name, "a text", value)) }
}

fn texts(name: &str, value: &Scalar) -> Result<Vec<String>> {
    match value {
        Scalar::Array(_, values) => values.iter().map(|value| text(name, value)).collect(),
        _ => Err(misfit(name, "a list of texts", value)),
    }
}

fn count(name: &str, value: &Scalar) -> Result<usize> {
    let count = if let Scalar::Int64(count) = value { usize::try_from(*count).ok() } else { None };
    count.ok_or_else(|| misfit(name, "a whole number from 0 on", value))
}

/// BigQuery's words for a tab, which no text shows.
fn delimiter(given: String) -> String {
    match given.as_str() {
        "tab" | "\\t" => "\t".into(),
        _ => given,
    }
}
