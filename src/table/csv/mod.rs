//! CSV to typed columns.
//!
//! The bytes are split into fields twice, once to infer the types over all rows and once to build the columns: that
//! takes little time, and less memory than remembering where every field is.

mod columns;
mod delimiter;
mod guess;
mod records;

use std::collections::HashMap;

use self::columns::Column;
use self::guess::Guess;
use self::records::{Field as FieldText, Record, Records};
use super::{Table, check_columns, check_size, names, sniff};
use crate::data::{Batch, DataType, Field, Schema};
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::limits::Limits;

/// How CSV is read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CsvOptions {
    /// Whether the first row names the columns; by default it does. Without it they are `column_1`, `column_2` …
    pub header: bool,
    /// What stands between fields: an ASCII character; by default found among comma, semicolon, tab and pipe.
    pub delimiter: Option<u8>,
    /// What reads as NULL where it is not quoted; by default the empty field and `NA`.
    pub null_values: Vec<String>,
    /// Types by column name, in any case, in place of inference.
    pub schema: Vec<(String, DataType)>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            header: true,
            delimiter: None,
            null_values: vec![String::new(), "NA".into()],
            schema: Vec::new(),
        }
    }
}

/// Reads CSV in UTF-8, with or without a byte order mark, lines ending in any way, fields quoted by `"`.
///
/// The type of a column is the first of BOOL, INT64, FLOAT64, DATE and TIMESTAMP in which all of its values are
/// written, as `CAST` reads them, else STRING; a column without values is STRING. Numbers with leading zeros,
/// such as the postcode `01067`, are text. Quoted numbers are numbers too. The quoted empty field is the empty
/// string, and NULL in columns of other types. Spaces around numbers, dates and names do not count. Empty lines
/// are skipped.
///
/// # Errors
/// `invalid-csv` for bytes that are no CSV, rows of differing length and values that do not fit a given type, all
/// with their line; `unknown-column` and `invalid-option` for a schema that cannot be; `limit-exceeded` for too
/// many bytes or columns.
pub fn read_csv(bytes: &[u8], options: &CsvOptions, limits: &Limits) -> Result<Table> {
    check_size(bytes, limits)?;
    if let Some(found) = sniff::sniff(bytes) {
        return Err(
            Error::new(Code::InvalidCsv, format!("expected CSV, found {found}")).hint_opt(advice(found))
        );
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let delimiter = match options.delimiter {
        Some(delimiter) => delimiter::checked(delimiter)?,
        None => delimiter::find(bytes),
    };
    let mut body = Body { bytes, start: 0, delimiter, options, limits };
    let mut records = body.records();
    let names = match records.next()? {
        None => return Err(Error::new(Code::InvalidCsv, "expected CSV, found no row at all")),
        Some(first) if options.header => names::unique(first.fields().map(|field| field.text)),
        Some(first) => names::unique(first.fields().map(|_| "")),
    };
    check_columns(names.len(), limits)?;
    if options.header {
        body.start = records.position();
    }
    let (schema, rows) = body.schema(names)?;
    let batches = body.batches(&schema, rows)?;
    Ok(Table { schema, batches })
}

/// The rows below the header, and how they are read.
struct Body<'a> {
    bytes: &'a [u8],
    start: usize,
    delimiter: u8,
    options: &'a CsvOptions,
    limits: &'a Limits,
}

impl<'a> Body<'a> {
    fn records(&self) -> Records<'a> {
        Records::new(self.bytes, self.start, self.delimiter, self.limits)
    }

    /// The types of the columns, and the number of rows.
    fn schema(&self, names: Vec<String>) -> Result<(Schema, usize)> {
        let given = given_types(self.options, &names)?;
        let mut guesses = vec![Guess::default(); names.len()];
        let mut rows = 0;
        let mut records = self.records();
        while let Some(record) = records.next()? {
            if record.len() != names.len() {
                return Err(self.ragged(&record, names.len()));
            }
            for ((guess, field), given) in guesses.iter_mut().zip(record.fields()).zip(&given) {
                if given.is_none() && !self.is_null(&field) {
                    guess.widen(field.text.trim_ascii());
                }
            }
            rows += 1;
        }
        let types = given.into_iter().zip(guesses).map(|(given, guess)| given.unwrap_or(guess.data_type()));
        let fields =
            names.into_iter().zip(types).map(|(name, data_type)| Field { name, data_type }).collect();
        Ok((Schema { fields }, rows))
    }

    fn batches(&self, schema: &Schema, rows: usize) -> Result<Vec<Batch>> {
        let most = self.limits.batch_rows.max(1);
        let mut records = self.records();
        (0..rows)
            .step_by(most)
            .map(|first| {
                let size = most.min(rows - first);
                let columns = schema.fields.iter().map(|field| Column::new(&field.data_type, size));
                let mut columns = columns.collect::<Result<Vec<_>>>()?;
                for _ in 0..size {
                    let record = records.next()?.invariant("a record is gone when it is read again")?;
                    ensure(record.len() == columns.len(), "a record has changed when it is read again")?;
                    for ((builder, value), column) in
                        columns.iter_mut().zip(record.fields()).zip(&schema.fields)
                    {
                        if !builder.append((!self.is_null(&value)).then_some(&value)) {
                            return Err(self.misfit(&record, column, value.text));
                        }
                    }
                }
                Batch::new(size, columns.into_iter().map(Column::finish).collect())
            })
            .collect()
    }

    fn is_null(&self, field: &FieldText<'_>) -> bool {
        let text = field.text.trim_ascii();
        !field.quoted && self.options.null_values.iter().any(|null| null == text)
    }

    fn ragged(&self, record: &Record<'_>, expected: usize) -> Error {
        let (line, found) = (record.line(self.bytes), record.len());
        let hint = if found > expected {
            format!("put fields that contain `{}` in double quotes", self.delimiter.escape_ascii())
        } else {
            "add the missing fields, empty ones for NULL".into()
        };
        Error::new(Code::InvalidCsv, format!("line {line}: expected {expected} fields, found {found}"))
            .hint(hint)
    }

    fn misfit(&self, record: &Record<'_>, column: &Field, text: &str) -> Error {
        let Field { name, data_type } = column;
        let line = record.line(self.bytes);
        let short: String = text.chars().take(100).collect();
        Error::new(
            Code::InvalidCsv,
            format!("line {line}, column `{name}`: expected {data_type}, found `{short}`"),
        )
        .hint("name values that stand for NULL in the null values, or read the column as STRING")
    }
}

/// The type that the options give to each column.
fn given_types(options: &CsvOptions, names: &[String]) -> Result<Vec<Option<DataType>>> {
    let columns: HashMap<String, usize> =
        names.iter().enumerate().map(|(column, name)| (name.to_lowercase(), column)).collect();
    let mut types = vec![None; names.len()];
    for (name, data_type) in &options.schema {
        let column = columns.get(&name.trim().to_lowercase()).and_then(|column| types.get_mut(*column));
        let Some(column) = column else {
            return Err(Error::new(Code::UnknownColumn, format!("the CSV has no column `{name}`"))
                .did_you_mean(name, names.iter().map(String::as_str))
                .or_hint(format!("the columns are `{}`", names.join("`, `"))));
        };
        if column.replace(data_type.clone()).is_some() {
            return Err(Error::new(Code::InvalidOption, format!("column `{name}` is given two types")));
        }
        Column::new(data_type, 0).map_err(|error| error.context(format!("column `{name}`")))?;
    }
    Ok(types)
}

/// What to do with bytes that were recognised as `found`.
fn advice(found: &str) -> Option<String> {
    Some(match found {
        "an HTML page" => "check the address: the server answered with a page, not with the file".into(),
        found if found.starts_with("an Arrow") => "read it as `arrow`".into(),
        found if found.contains("Excel") => "export the sheet as CSV UTF-8".into(),
        found if found.contains("archive") => "unpack it first".into(),
        "text in UTF-16" => "save it as UTF-8".into(),
        _ => return None,
    })
}
