//! Tables whose rows the host brings while a query runs, piece by piece: files that no memory has to hold, and rows that come
//! over time. What such a table is known by is the schema of its first piece.

#[cfg(not(target_family = "wasm"))]
use arrow_array::{Array, ArrayRef};

use super::csv::CsvPieces;
use super::{CsvOptions, Table, read_arrow_as};
use crate::data::{Batch, ColumnType, DataType, Field, Schema, can_coerce, null_column};
use crate::diag::{Code, Error, Invariant, Result};
use crate::limits::{Limits, PIECE_ROW};

/// How the pieces of a stream are read.
#[derive(Debug, Clone)]
pub enum StreamFormat {
    /// Each piece is some bytes of the file, cut anywhere.
    Csv(Box<CsvOptions>),
    /// Each piece is an Arrow IPC stream that has at least the columns that were asked for; what it lacks is NULL. Columns have
    /// these types.
    Arrow(Vec<(String, ColumnType)>),
}

/// Rows that the host is asked for while a query runs.
#[derive(Debug)]
pub struct Stream {
    /// The columns.
    pub schema: Schema,
    /// What the first piece has told, in words.
    pub notes: Vec<String>,
    /// Its name for the host.
    pub(crate) source: String,
    /// Whether nobody knows that it ends: a query that had to see all rows before it gives one would wait for ever.
    pub(crate) is_endless: bool,
    /// Bytes of the source; 0 where they are not known.
    pub(crate) bytes: u64,
    pieces: Pieces,
}

#[derive(Debug)]
enum Pieces {
    Csv(Box<CsvPieces>),
    Arrow(Vec<(String, ColumnType)>),
    /// Rows as they are in memory, of which the host brings any part.
    #[cfg(not(target_family = "wasm"))]
    Rows,
    /// Rows of the input of this number of a fragment, with all their columns.
    #[cfg(not(target_family = "wasm"))]
    Fragment(usize),
}

impl Stream {
    /// # Errors
    /// As [`read_csv`](super::read_csv) and [`read_arrow`](super::read_arrow), of the first piece.
    pub(crate) fn open(
        source: &str,
        first: &[u8],
        format: StreamFormat,
        is_endless: bool,
        bytes: u64,
        limits: &Limits,
    ) -> Result<Self> {
        let (Table { schema, notes, .. }, pieces) = match format {
            StreamFormat::Csv(options) => {
                let (table, pieces) = CsvPieces::open(first, &options, limits)?;
                (table, Pieces::Csv(Box::new(pieces)))
            }
            StreamFormat::Arrow(types) => {
                let table = read_arrow_as(first, &types, limits)?.retyped(&types)?;
                (table, Pieces::Arrow(types))
            }
        };
        Ok(Self { schema, notes, source: source.into(), is_endless, bytes, pieces })
    }

    /// Rows that the host brings as they are in memory, any part of them.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn of_rows(source: &str, schema: Schema, bytes: u64) -> Self {
        let (source, notes) = (source.to_owned(), Vec::new());
        Self { schema, notes, source, is_endless: false, bytes, pieces: Pieces::Rows }
    }

    /// The rows of input `input` of a fragment.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn of_fragment(input: usize, schema: Schema) -> Self {
        let source = format!("fragment input {input}");
        let pieces = Pieces::Fragment(input);
        Self { schema, notes: Vec::new(), source, is_endless: false, bytes: 0, pieces }
    }

    /// Whether the host can bring a part of the rows.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn is_divisible(&self) -> bool {
        matches!(self.pieces, Pieces::Rows)
    }

    /// The input of a fragment that it stands for.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn input(&self) -> Option<usize> {
        match self.pieces {
            Pieces::Fragment(input) => Some(input),
            _ => None,
        }
    }

    /// The rows of a batch that the host has brought, with these columns; `None` where it brings bytes.
    ///
    /// # Errors
    /// `invalid-arrow` for other columns than those that it was asked for.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn of_batch(&self, batch: &Batch, columns: &[usize]) -> Result<Option<Batch>> {
        let all: Vec<_> = (0..self.schema.fields.len()).collect();
        let brought = match self.pieces {
            Pieces::Csv(_) | Pieces::Arrow(_) => return Ok(None),
            Pieces::Fragment(_) => &all,
            Pieces::Rows => columns,
        };
        let fits = |(column, number): (&ArrayRef, &usize)| {
            let field = self.schema.fields.get(*number);
            field.is_some_and(|field| *column.data_type() == field.data_type.storage())
        };
        let found = batch.columns();
        if found.len() < brought.len() || !found.iter().zip(brought).all(fits) {
            let message = format!("the rows of `{}` have other columns than were asked for", self.source);
            return Err(Error::new(Code::InvalidArrow, message));
        }
        let wanted = if self.input().is_some() { columns } else { all.get(..columns.len()).unwrap_or(&all) };
        batch.select(wanted).map(Some)
    }

    /// The rows that have ended in the bytes at hand, with these columns; what goes on stays in `bytes`. No bytes more come
    /// once it `has_ended`.
    ///
    /// # Errors
    /// As [`Stream::open`]; those of casts; `limit-exceeded` for a row that is as long as a file.
    pub(crate) fn read(
        &self,
        bytes: &mut Vec<u8>,
        columns: &[usize],
        is_first: bool,
        has_ended: bool,
        limits: &Limits,
    ) -> Result<Vec<Batch>> {
        match &self.pieces {
            Pieces::Csv(pieces) => {
                let whole = if has_ended { bytes.len() } else { pieces.ended(bytes) };
                if whole == 0 && bytes.len() > PIECE_ROW {
                    let message =
                        format!("expected a row of at most {PIECE_ROW} bytes, found one without an end");
                    return Err(Error::new(Code::LimitExceeded, message).hint("a quote may be open"));
                }
                let rest = bytes.split_off(whole);
                let whole = std::mem::replace(bytes, rest);
                if whole.is_empty() {
                    return Ok(Vec::new());
                }
                let table = pieces.read(&whole, is_first, limits)?;
                table.batches.iter().map(|batch| batch.select(columns)).collect()
            }
            Pieces::Arrow(types) => {
                let piece = std::mem::take(bytes);
                if piece.is_empty() {
                    return Ok(Vec::new());
                }
                self.conformed(read_arrow_as(&piece, types, limits)?, columns, types)
            }
            #[cfg(not(target_family = "wasm"))]
            Pieces::Rows | Pieces::Fragment(_) => Err(Error::new(
                Code::InvalidArrow,
                format!("the rows of `{}` came as bytes, and not as a batch", self.source),
            )),
        }
    }

    /// The columns of a piece, in the types of the table.
    fn conformed(
        &self,
        piece: Table,
        columns: &[usize],
        types: &[(String, ColumnType)],
    ) -> Result<Vec<Batch>> {
        let field =
            |column: &usize| self.schema.fields.get(*column).invariant("a stream lacks a column of its own");
        let wanted = columns.iter().map(field).collect::<Result<Vec<_>>>()?;
        let is_known =
            |name: &str| self.schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name));
        if let Some(unknown) = piece.schema.fields.iter().find(|field| !is_known(&field.name)) {
            let message = format!("rows have a column `{}`, which the first ones did not have", unknown.name);
            return Err(Error::new(Code::ColumnCount, message)
                .hint("name all columns with their types: registerTable(name, source, { schema: { … } })"));
        }
        // What holds nothing says nothing of its type either.
        let has_values = |name: &str| {
            let place = piece.schema.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name))?;
            let holds = |batch: &Batch| {
                batch.column(place).is_ok_and(|column| column.logical_null_count() < column.len())
            };
            piece.batches.iter().any(holds).then_some(())
        };
        let there: Vec<_> =
            wanted.iter().filter(|field| has_values(&field.name).is_some()).copied().collect();
        for field in &there {
            self.check_type(field, &piece.schema, types)?;
        }
        let names: Vec<_> = there.iter().map(|field| field.name.clone()).collect();
        let rows: Vec<_> = piece.batches.iter().map(Batch::rows).collect();
        let table = piece.converted(&Schema { fields: there.into_iter().cloned().collect() })?;
        let whole = table.batches.iter().zip(rows).map(|(batch, rows)| {
            let column = |field: &&Field| match names.iter().position(|name| *name == field.name) {
                Some(place) => batch.column(place).cloned(),
                None => null_column(&field.data_type.storage(), rows),
            };
            Batch::new(rows, wanted.iter().map(column).collect::<Result<_>>()?)
        });
        whole.collect()
    }

    /// What nobody has declared is not cast: that might change values.
    fn check_type(&self, field: &Field, piece: &Schema, types: &[(String, ColumnType)]) -> Result<()> {
        let is_named = |name: &str| name.eq_ignore_ascii_case(&field.name);
        let found = piece.fields.iter().find(|it| is_named(&it.name)).map(|it| &it.data_type);
        let found = found.invariant("a column with values is gone")?;
        if types.iter().any(|(name, _)| is_named(name)) || widens(found, &field.data_type) {
            return Ok(());
        }
        let Field { name, data_type } = field;
        let message = format!("column `{name}` holds {found}, and {data_type} in the rows before");
        Err(Error::new(Code::TypeMismatch, message).hint(format!(
            "say what it holds: registerTable(name, source, {{ schema: {{ {name}: '{found}' }} }})"
        )))
    }
}

/// Whether every value of the one type is the same value in the other. Fields of a struct are known by their names.
fn widens(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Array(from), DataType::Array(to)) => widens(from, to),
        (DataType::Struct(_), DataType::Struct(_)) => from == to,
        _ => can_coerce(from, to),
    }
}
