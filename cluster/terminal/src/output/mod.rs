//! Rows as they are written: a table for people, CSV and JSON as text, Parquet and Arrow. This room knows nothing of statements.

mod destination;
mod shown;
mod values;

use std::io::IsTerminal;

use predictql::data::{Batch, Schema};
use predictql::table::{END, write_batch, write_schema};
use predictql_host::{ParquetWriter, Stores};

use crate::arguments::{Format, Writing};
use crate::failure::Failure;
use destination::Destination;
use shown::Shown;

/// How and where rows are written.
pub struct Output {
    stores: Stores,
    format: Format,
    /// Standard output without one.
    file: Option<String>,
    max_rows: usize,
}

/// The results of one text.
pub struct Results<'a> {
    output: &'a Output,
    count: usize,
}

/// The rows of one query.
pub struct Rows<'a> {
    output: &'a Output,
    schema: Schema,
    form: Form,
    /// What stands before the first row: nothing of a query that fails before it has one.
    head: Vec<u8>,
    to: Destination,
}

enum Form {
    Table(Shown),
    Csv,
    Lines,
    /// Whether a row was written.
    List(bool),
    Parquet(Box<ParquetWriter>),
    Arrow,
}

impl Output {
    /// # Errors
    /// For Parquet and Arrow, where they would go to a terminal; where the file's ending is no format's.
    pub fn new(writing: &Writing, stores: &Stores) -> Result<Self, Failure> {
        let is_shown = writing.output.is_none() && std::io::stdout().is_terminal();
        let told = match (writing.format, writing.output.as_deref().and_then(ending)) {
            (None, Some(ending)) => Some(format_of(ending)?),
            (format, _) => format,
        };
        let format = told.unwrap_or(if is_shown { Format::Table } else { Format::Csv });
        if is_shown && matches!(format, Format::Parquet | Format::Arrow) {
            return Err(Failure::Usage(
                "a terminal shows no Parquet and no Arrow: write `--output FILE`".into(),
            ));
        }
        let (stores, file) = (stores.clone(), writing.output.clone());
        Ok(Self { stores, format, file, max_rows: writing.max_rows })
    }

    /// Begins to write the results of a text.
    pub fn begin(&self) -> Results<'_> {
        Results { output: self, count: 0 }
    }
}

/// What stands behind the last point of a file's name.
fn ending(uri: &str) -> Option<&str> {
    let name = uri.rsplit('/').next().unwrap_or(uri);
    name.rsplit_once('.').map(|(_, ending)| ending)
}

/// The format that the ending of a file tells.
fn format_of(ending: &str) -> Result<Format, Failure> {
    Ok(match ending.to_ascii_lowercase().as_str() {
        "csv" => Format::Csv,
        "json" => Format::Json,
        "jsonl" | "ndjson" => Format::Jsonl,
        "parquet" => Format::Parquet,
        "arrow" | "arrows" => Format::Arrow,
        "txt" => Format::Table,
        _ => {
            let message = format!(
                "files `.{ending}` are not known: name one .csv, .json, .jsonl, .parquet, .arrow or .txt, or say the format by `--format`"
            );
            return Err(Failure::Usage(message));
        }
    })
}

impl<'a> Results<'a> {
    /// Begins to write the rows of one more query.
    ///
    /// # Errors
    /// Where a file is to have the rows of several.
    pub fn next(&mut self, schema: &Schema) -> Result<Rows<'a>, Failure> {
        let Output { stores, format, file, max_rows } = self.output;
        self.count += 1;
        let is_one = file.is_some() || matches!(format, Format::Parquet | Format::Arrow);
        if is_one && self.count > 1 {
            let message = "a file has the rows of one query, and the text has another one: EXPORT DATA writes a file for each";
            return Err(Failure::Output(message.into()));
        }
        let to = Destination::begin(stores, file.as_deref())?;
        let mut head = Vec::new();
        let form = match format {
            Format::Table => Form::Table(Shown::new(schema, *max_rows)),
            Format::Csv => {
                let names = schema.fields.iter().map(|field| Some(field.name.clone()));
                let mut line = if self.count > 1 { "\n".to_owned() } else { String::new() };
                values::csv_line(names, &mut line);
                head = line.into_bytes();
                Form::Csv
            }
            Format::Json => {
                head.push(b'[');
                Form::List(false)
            }
            Format::Jsonl => Form::Lines,
            Format::Parquet => {
                let mut writer = Box::<ParquetWriter>::default();
                // The columns, also where there are no rows.
                let mut stream = write_schema(schema).map_err(unwritten)?;
                stream.extend(END);
                head = writer.write(&stream).map_err(Failure::Output)?;
                Form::Parquet(writer)
            }
            Format::Arrow => {
                head = write_schema(schema).map_err(unwritten)?;
                Form::Arrow
            }
        };
        Ok(Rows { output: self.output, schema: schema.clone(), form, head, to })
    }
}

impl Rows<'_> {
    /// Writes some rows.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let Self { schema, form, head, to, .. } = self;
        to.write(&std::mem::take(head))?;
        let mut text = String::new();
        match form {
            Form::Table(shown) => shown.add(schema, batch),
            Form::Csv => {
                for row in 0..batch.rows() {
                    values::csv_line(values::texts(schema, batch, row), &mut text);
                }
            }
            Form::Lines => {
                for row in 0..batch.rows() {
                    values::object(schema, batch, row, &mut text);
                    text.push('\n');
                }
            }
            Form::List(has_rows) => {
                for row in 0..batch.rows() {
                    text.push_str(if std::mem::replace(has_rows, true) { ",\n " } else { "" });
                    values::object(schema, batch, row, &mut text);
                }
            }
            Form::Parquet(writer) => {
                let mut stream = write_schema(schema).map_err(unwritten)?;
                stream.extend(write_batch(schema, batch).map_err(unwritten)?);
                stream.extend(END);
                return to.write(&writer.write(&stream).map_err(Failure::Output)?);
            }
            Form::Arrow => return to.write(&write_batch(schema, batch).map_err(unwritten)?),
        }
        to.write(text.as_bytes())
    }

    /// Ends the rows: a file is there from now on.
    ///
    /// # Errors
    /// As [`Rows::write`].
    pub fn end(self) -> Result<(), Failure> {
        let Self { output, form, head, mut to, .. } = self;
        to.write(&head)?;
        match form {
            Form::Table(shown) => to.write(shown.table(width(output)).as_bytes())?,
            Form::Csv | Form::Lines => {}
            Form::List(_) => to.write(b"]\n")?,
            Form::Parquet(writer) => to.write(&writer.finish().map_err(Failure::Output)?)?,
            Form::Arrow => to.write(&END)?,
        }
        to.end()
    }
}

/// The columns of the terminal; none where rows go elsewhere.
fn width(output: &Output) -> Option<usize> {
    let term = console::Term::stdout();
    (output.file.is_none() && term.is_term()).then(|| usize::from(term.size().1))
}

fn unwritten(error: predictql::diag::Error) -> Failure {
    Failure::Output(format!("rows cannot be written: {error}"))
}
