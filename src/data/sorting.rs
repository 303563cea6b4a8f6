//! The order of many rows in pieces of work: runs of rows are sorted, one at a time, and merged as the rows are asked for.
//! Between two pieces a host may do something else, or give the query up.

use arrow_array::UInt64Array;

use super::compare::{SortKey, row_order, top_indices};
use super::gather::row_index;
use crate::diag::{Invariant, Result};

/// Rows that are sorted at once, some milliseconds: of more, so many are a run.
pub(crate) const ROWS_AT_ONCE: usize = 1 << 16;

/// Rows on their way into the order of keys; of equal ones the earlier comes first.
pub(crate) struct Sorting {
    keys: Vec<SortKey>,
    rows: usize,
    runs: Vec<Run>,
    /// The runs with rows left, the one whose next row comes first before all others, each before its two children.
    heap: Vec<usize>,
    /// How many rows are still wanted.
    wanted: usize,
}

/// Rows in order, and how many of them were taken.
struct Run {
    rows: UInt64Array,
    taken: usize,
}

impl Sorting {
    /// The first `limit` of `rows` rows; a key has a value for each.
    pub(crate) fn new(keys: Vec<SortKey>, rows: usize, limit: usize) -> Self {
        Self { keys, rows, runs: Vec::new(), heap: Vec::new(), wanted: limit.min(rows) }
    }

    /// Does a piece of work: the numbers of the next rows in order, `most` of them and none at the end, or `None` before
    /// there are any.
    ///
    /// # Errors
    /// As [`top_indices`].
    pub(crate) fn step(&mut self, most: usize) -> Result<Option<UInt64Array>> {
        if self.runs.len() * ROWS_AT_ONCE < self.rows {
            self.sort_run()?;
            return Ok(None);
        }
        self.next(most).map(Some)
    }

    fn sort_run(&mut self) -> Result<()> {
        let start = self.runs.len() * ROWS_AT_ONCE;
        let rows = ROWS_AT_ONCE.min(self.rows - start);
        let slice = |key: &SortKey| SortKey { column: key.column.slice(start, rows), ..key.clone() };
        let keys: Vec<_> = self.keys.iter().map(slice).collect();
        let sorted = top_indices(rows, &keys, self.wanted.min(rows))?;
        let rows = sorted.values().iter().map(|row| row + start as u64).collect();
        self.heap.push(self.runs.len());
        self.runs.push(Run { rows, taken: 0 });
        if self.runs.len() * ROWS_AT_ONCE >= self.rows {
            let is_before = before(&self.keys)?;
            for place in (0..self.heap.len()).rev() {
                sink(&mut self.heap, place, &self.runs, &is_before);
            }
        }
        Ok(())
    }

    fn next(&mut self, most: usize) -> Result<UInt64Array> {
        let count = most.min(self.wanted);
        let is_before = before(&self.keys)?;
        let mut rows = Vec::with_capacity(count);
        while rows.len() < count {
            let first = *self.heap.first().invariant("there are rows left")?;
            let run = self.runs.get_mut(first).invariant("a run of the order")?;
            rows.push(*run.rows.values().get(run.taken).invariant("a run with rows left")?);
            run.taken += 1;
            if run.taken == run.rows.values().len() {
                self.heap.swap_remove(0);
            }
            sink(&mut self.heap, 0, &self.runs, &is_before);
        }
        self.wanted -= count;
        Ok(rows.into())
    }
}

/// Whether the next row of one run comes before that of another; of equal rows the earlier one does.
fn before(keys: &[SortKey]) -> Result<impl Fn(&[Run], usize, usize) -> bool> {
    let order = row_order(keys)?;
    #[expect(clippy::indexing_slicing, reason = "the heap holds numbers of runs with rows left")]
    Ok(move |runs: &[Run], a: usize, b: usize| {
        let row = |run: &Run| row_index(run.rows.values()[run.taken]);
        order(row(&runs[a]), row(&runs[b])).then(a.cmp(&b)).is_lt()
    })
}

/// Moves the run at `place` of the heap down to where both children come after it.
#[expect(clippy::indexing_slicing, reason = "places are compared with the heap's length")]
fn sink(
    heap: &mut [usize],
    mut place: usize,
    runs: &[Run],
    is_before: &impl Fn(&[Run], usize, usize) -> bool,
) {
    loop {
        let mut first = place;
        for child in [2 * place + 1, 2 * place + 2] {
            if child < heap.len() && is_before(runs, heap[child], heap[first]) {
                first = child;
            }
        }
        if first == place {
            return;
        }
        heap.swap(place, first);
        place = first;
    }
}
