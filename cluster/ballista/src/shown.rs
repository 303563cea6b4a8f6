//! Rows on standard output.

use std::io::{self, BufWriter, Write};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::arrow::util::pretty::pretty_format_batches;

use crate::arguments::Format;
use crate::told::Told;

/// Writes the rows of one statement.
pub(crate) enum Shown {
    /// All of them are needed for the widths of the columns.
    Table(Vec<RecordBatch>),
    Csv(Box<csv::Writer<Out>>),
    Jsonl(LineDelimitedWriter<Out>),
}

type Out = BufWriter<io::Stdout>;

impl Shown {
    pub(crate) fn new(format: Format) -> Self {
        let out = BufWriter::new(io::stdout());
        match format {
            Format::Table => Self::Table(Vec::new()),
            Format::Csv => Self::Csv(Box::new(csv::Writer::new(out))),
            Format::Jsonl => Self::Jsonl(LineDelimitedWriter::new(out)),
        }
    }

    pub(crate) fn write(&mut self, rows: RecordBatch) -> Result<(), Told> {
        match self {
            Self::Table(batches) => batches.push(rows),
            Self::Csv(writer) => writer.write(&rows).map_err(unwritten)?,
            Self::Jsonl(writer) => writer.write(&rows).map_err(unwritten)?,
        }
        Ok(())
    }

    pub(crate) fn end(self) -> Result<(), Told> {
        match self {
            Self::Table(batches) => {
                let table = pretty_format_batches(&batches).map_err(unwritten)?;
                writeln!(io::stdout(), "{table}")?;
            }
            Self::Csv(writer) => writer.into_inner().flush()?,
            Self::Jsonl(mut writer) => {
                writer.finish().map_err(unwritten)?;
                writer.into_inner().flush()?;
            }
        }
        Ok(())
    }
}

fn unwritten(error: ArrowError) -> Told {
    match error {
        ArrowError::IoError(_, error) => error.into(),
        error => Told::Plain(format!("rows cannot be written: {error}")),
    }
}
