//! CSV to typed columns.
//!
//! The bytes are split into fields twice, once to infer the types over all rows and once to build the columns: that
//! takes little time, and less memory than remembering where every field is.

mod body;
mod columns;
mod encoding;
mod guess;
mod infer;
mod layout;
mod options;
mod pattern;
mod pieces;
mod records;
mod syntax;
mod values;

use std::borrow::Cow;

pub use self::encoding::Encoding;
pub use self::options::CsvOptions;
pub(crate) use self::pieces::CsvPieces;

use self::body::Body;
use self::layout::Layout;
use self::records::{FaultKind, Records};
use self::values::Values;
use super::{Table, check_columns, check_size, names, sniff};
use crate::diag::{Code, Error, Result};
use crate::limits::Limits;

/// Reads CSV, lines ending in any way, fields quoted by `"`; [`CsvOptions`] say what else a file may have.
///
/// The type of a column is the first of BOOL, INT64, FLOAT64, DATE and TIMESTAMP in which all of its values are
/// written, as `CAST` reads them, else STRING; a column without values is STRING. Numbers with leading zeros,
/// such as the postcode `01067`, are text, as are whole numbers beyond INT64, columns with fractions and whole numbers
/// that FLOAT64 does not hold, and telephone numbers that begin with a plus. Quoted numbers are numbers too. The
/// quoted empty field is the empty string, and NULL in columns of other types. Spaces around numbers, dates and
/// names do not count. Empty lines are skipped. What else was decided is told in [`Table::notes`].
///
/// # Errors
/// `invalid-csv` for bytes that are no CSV, text behind a closing quote, rows of differing length and values that do
/// not fit a given type, all with their line; `unknown-column` and `invalid-option` for options that cannot be;
/// `limit-exceeded` for too many bytes or columns.
pub fn read_csv(bytes: &[u8], options: &CsvOptions, limits: &Limits) -> Result<Table> {
    check_size(bytes, limits)?;
    let mut notes = Vec::new();
    let text = decode(bytes, options, &mut notes)?;
    let values = Values::new(options)?;
    let mut layout = layout::find(&text, options, &values, limits)?;
    if options.escape.is_none() && needs_backslash(&text, &layout, limits) {
        layout.syntax.escape = Some(b'\\');
        notes.push("a backslash before a quote is read as its escape".into());
    }
    if layout.titles > 0 {
        notes.push(format!("title lines above the names are left out: {}", layout.titles));
    }
    let mut records = Records::new(&text, layout.start, &layout.syntax, limits);
    let first = records.next().map_err(|fault| body::fault(&text, &layout.syntax, &[], fault))?;
    let names = match first {
        // Whoever knows the columns knows that there are no rows.
        None if !options.has_header() && !options.schema.is_empty() => {
            unnamed(options.schema.len(), options)?
        }
        None => return Err(Error::new(Code::InvalidCsv, "expected CSV, found no row at all")),
        Some(first) if options.has_header() => names::unique(first.fields().map(|field| field.text)),
        Some(first) => unnamed(first.len(), options)?,
    };
    let names = by_place(names, options, &mut notes);
    check_columns(names.len(), limits)?;
    let start = if options.has_header() { records.position() } else { layout.start };
    let body = Body { text: &text, start, syntax: &layout.syntax, options, values: &values, limits };
    body.read(names, notes)
}

/// The names of columns that a skipped row names: where a type is given for each column and none by these names, the types
/// are those of the columns in order, as BigQuery has it.
fn by_place(names: Vec<String>, options: &CsvOptions, notes: &mut Vec<String>) -> Vec<String> {
    let is_named = |given: &String| names.iter().any(|name| name.eq_ignore_ascii_case(given.trim()));
    let skips = options.skip_leading_rows.is_some_and(|rows| rows > 0) && options.has_header();
    if !skips || options.schema.len() != names.len() || options.schema.iter().any(|(name, _)| is_named(name))
    {
        return names;
    }
    notes.push(format!("the columns are taken in their order: the file calls them `{}`", names.join("`, `")));
    names::unique(options.schema.iter().map(|(name, _)| name))
}

/// The names of columns that no row names: those of the given types, unless these mean `column_1`, `column_2` …
fn unnamed(columns: usize, options: &CsvOptions) -> Result<Vec<String>> {
    let plain = names::unique(std::iter::repeat_n("", columns));
    let is_plain = |name: &str| plain.iter().any(|plain| plain.eq_ignore_ascii_case(name.trim()));
    if options.schema.iter().all(|(name, _)| is_plain(name)) {
        return Ok(plain);
    }
    let given = options.schema.len();
    if given != columns {
        let message = format!("expected the types of all {columns} columns, found {given}");
        return Err(Error::new(Code::ColumnCount, message).hint("nothing in the file names the columns"));
    }
    Ok(names::unique(options.schema.iter().map(|(name, _)| name)))
}

/// The text of a file, after a look at what else it may be.
fn decode<'a>(bytes: &'a [u8], options: &CsvOptions, notes: &mut Vec<String>) -> Result<Cow<'a, str>> {
    let refuse = |bytes: &[u8]| match sniff::sniff(bytes, options.preserve_ascii_control_characters) {
        Some(found) => {
            Err(Error::new(Code::InvalidCsv, format!("expected CSV, found {found}")).hint_opt(advice(found)))
        }
        None => Ok(()),
    };
    let (encoding, bytes) = match encoding::marked(bytes) {
        Some((encoding, rest)) => (Some(encoding), rest),
        None => (options.encoding.clone(), bytes),
    };
    if let Some(encoding @ (Encoding::Utf16(_) | Encoding::Utf32(_))) = &encoding {
        let text = encoding::decode(bytes, encoding)?;
        refuse(text.as_bytes())?;
        return Ok(text);
    }
    refuse(bytes)?;
    let text = encoding::decode(bytes, encoding.as_ref().unwrap_or(&Encoding::Utf8));
    if encoding.is_none() && text.is_err() && encoding::is_single_byte(bytes) {
        notes.push("the file is not UTF-8 and was read as windows-1252: name another `encoding` if letters are wrong".into());
        return encoding::decode(bytes, &Encoding::Windows1252);
    }
    text
}

/// Whether only a backslash can be the escape: it stands before quotes, and without it no reading is possible.
fn needs_backslash(text: &str, layout: &Layout, limits: &Limits) -> bool {
    if !text.contains("\\\"") {
        return false;
    }
    let is_readable = |escape| {
        let syntax = syntax::Syntax { escape, ..layout.syntax.clone() };
        let mut records = Records::new(text, layout.start, &syntax, limits);
        loop {
            match records.next() {
                Ok(Some(_)) => {}
                Ok(None) => break true,
                Err(fault) => break !matches!(fault.kind, FaultKind::AfterQuote | FaultKind::Endless),
            }
        }
    };
    !is_readable(None) && is_readable(Some(b'\\'))
}

/// What to do with bytes that were recognised as `found`.
fn advice(found: &str) -> Option<String> {
    Some(match found {
        "an HTML page" => "check the address: the server answered with a page, not with the file".into(),
        found if found.starts_with("an Arrow") => "read it as `arrow`".into(),
        found if found.contains("Excel") => "export the sheet as CSV UTF-8".into(),
        found if found.contains("archive") => "unpack it first".into(),
        "binary data" => "text in UTF-16 needs the option `encoding`".into(),
        _ => return None,
    })
}
