//! Bytes to typed columns and back: CSV and Arrow IPC in, Arrow IPC out, and listings of files as tables.
//!
//! What comes in leaves in the layout of [`DataType::storage`](crate::data::DataType::storage), in batches of
//! at most [`Limits::batch_rows`](crate::Limits::batch_rows) rows, under names that are unique without regard to
//! case. This room knows no SQL and no models, and does no I/O: it is given the bytes of files.

mod arrow;
mod convert;
mod csv;
mod names;
pub mod objects;
mod part;
mod sniff;
mod stream;

pub(crate) use arrow::read_arrow_as;
pub use arrow::{END, read_arrow, write_batch, write_schema};
pub use csv::{CsvOptions, Encoding, read_csv};
pub use objects::{Hash, Object};
pub use part::Part;
pub use stream::{Stream, StreamFormat};

use arrow_schema::ArrowError;

use crate::data::{Batch, Schema};
use crate::diag::{Code, Error, Result};
use crate::limits::Limits;

/// Rows in memory.
#[derive(Debug, Clone)]
pub struct Table {
    /// The columns.
    pub schema: Schema,
    /// The rows, in order.
    pub batches: Vec<Batch>,
    /// What a reader decided or left out, in words.
    pub notes: Vec<String>,
}

impl Table {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(Batch::rows).sum()
    }

    /// The rows of a part, without a copy.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn part(&self, part: Part) -> Self {
        let range = part.range(self.rows());
        let mut start = 0;
        let batches = self.batches.iter().filter_map(|batch| {
            let (from, to) = (range.start.max(start), range.end.min(start + batch.rows()));
            let rows = (from < to).then(|| batch.slice(from - start, to - from));
            start += batch.rows();
            rows
        });
        Self { schema: self.schema.clone(), batches: batches.collect(), notes: Vec::new() }
    }

    /// The memory that the values take.
    pub fn bytes(&self) -> usize {
        self.batches.iter().map(Batch::bytes).sum()
    }
}

/// # Errors
/// `limit-exceeded` for a source of more than [`Limits::table_bytes`].
fn check_size(source: &[u8], limits: &Limits) -> Result<()> {
    if source.len() <= limits.table_bytes {
        return Ok(());
    }
    Err(Error::new(
        Code::LimitExceeded,
        format!("expected a table of at most {} bytes, found {}", limits.table_bytes, source.len()),
    ))
}

/// # Errors
/// `limit-exceeded` for more than [`Limits::columns`].
fn check_columns(columns: usize, limits: &Limits) -> Result<()> {
    if columns <= limits.columns {
        return Ok(());
    }
    Err(Error::new(
        Code::LimitExceeded,
        format!("expected a table of at most {} columns, found {columns}", limits.columns),
    ))
}

/// Columns that were built here do not fit together.
fn internal(error: ArrowError) -> Error {
    Error::internal("a table cannot be built").detail(error)
}
