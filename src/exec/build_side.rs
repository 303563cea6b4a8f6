//! The side of a join that is held, by key.

use crate::data::{Batch, KeyTable};
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
    #[expect(
        clippy::indexing_slicing,
        reason = "the table numbers its keys below its length, `starts` has one entry more, and its entries are sums \
                  of counts of rows"
    )]
    pub(super) fn new(
        batch: Batch,
        keys: KeyTable,
        key_of_rows: &[Option<u32>],
        held: [Option<Held>; 2],
    ) -> Self {
        // A counting sort: count the rows of each key, sum up, and distribute the rows from the last one to the first.
        let mut starts = vec![0; keys.len() + 1];
        let mut rows = vec![0; key_of_rows.iter().flatten().count()];
        for key in key_of_rows.iter().flatten() {
            starts[*key as usize] += 1;
        }
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        for (row, key) in key_of_rows.iter().enumerate().rev() {
            // Rows whose key equals nothing are candidates of none.
            let Some(key) = key else { continue };
            let start = &mut starts[*key as usize];
            *start -= 1;
            rows[*start] = row as u64;
        }
        Self { batch, keys, starts, rows, _held: held }
    }

    /// The rows with key `key`, a number that the table of keys gave.
    #[expect(clippy::indexing_slicing, reason = "`starts` has one entry more than there are keys, ascending")]
    pub(super) fn rows_of(&self, key: u32) -> &[u64] {
        let key = key as usize;
        &self.rows[self.starts[key]..self.starts[key + 1]]
    }
}
