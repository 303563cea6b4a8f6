//! The side of a join that is held, by key.

use crate::data::{Batch, KeyTable, rows_by_key};
use crate::function::Held;

/// The rows of the right side by key.
pub(super) struct BuildSide {
    pub(super) batch: Batch,
    pub(super) keys: KeyTable,
    /// The rows with key `k` are `rows[starts[k]..starts[k + 1]]`.
    starts: Vec<usize>,
    pub(super) rows: Vec<u64>,
    /// What the query is told of it.
    _held: [Option<Held>; 2],
}

impl BuildSide {
    /// The rows of `batch`, whose keys have these numbers in the table.
    pub(super) fn new(
        batch: Batch,
        keys: KeyTable,
        key_of_rows: &[Option<u32>],
        held: [Option<Held>; 2],
    ) -> Self {
        // Rows whose key equals nothing are candidates of none.
        let numbered = key_of_rows.iter().enumerate().filter_map(|(row, key)| Some((row as u64, (*key)?)));
        let (starts, rows) = rows_by_key(numbered, keys.len());
        Self { batch, keys, starts, rows, _held: held }
    }

    /// The rows with key `key`, a number that the table of keys gave.
    #[expect(clippy::indexing_slicing, reason = "`starts` has one entry more than there are keys, ascending")]
    pub(super) fn rows_of(&self, key: u32) -> &[u64] {
        let key = key as usize;
        &self.rows[self.starts[key]..self.starts[key + 1]]
    }
}
