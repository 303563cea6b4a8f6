//! The order of many rows: pieces are sorted, one in each step, and then merged as the rows are asked for.

use arrow_array::{ArrayRef, UInt64Array};

use super::buffer::RowBuffer;
use super::sort::ROWS_AT_ONCE;
use crate::data::{Batch, Schema, SortKey, row_index, row_order, top_indices};
use crate::diag::{Invariant, Result};
use crate::plan::Order;

pub(super) struct Merge {
    schema: Schema,
    orders: Vec<(Order, usize)>,
    /// The rows as they came, until each column is one array.
    batches: Vec<Batch>,
    columns: Vec<ArrayRef>,
    rows: usize,
    keys: Vec<SortKey>,
    pieces: Vec<Piece>,
    /// The pieces with rows left, the one whose next row comes first before all others, each before its two children.
    heap: Vec<usize>,
    /// How many rows are still wanted.
    wanted: usize,
}

/// Rows in order, and how many of them were taken.
struct Piece {
    rows: UInt64Array,
    taken: usize,
}

impl Merge {
    /// The rows of `buffer`, which have the columns of `schema`; the first `limit` of them.
    pub(super) fn new(
        buffer: RowBuffer,
        schema: Schema,
        orders: Vec<(Order, usize)>,
        limit: Option<usize>,
    ) -> Self {
        let rows = buffer.rows();
        Self {
            schema,
            orders,
            batches: buffer.into_batches(),
            columns: Vec::new(),
            rows,
            keys: Vec::new(),
            pieces: Vec::new(),
            heap: Vec::new(),
            wanted: limit.unwrap_or(rows).min(rows),
        }
    }

    /// Does a piece of work: the next rows in order, `most` of them and none at the end, or `None` before there are any.
    pub(super) fn step(&mut self, most: usize) -> Result<Option<Batch>> {
        if self.columns.len() < self.schema.fields.len() {
            self.join_column()?;
            return Ok(None);
        }
        if self.pieces.len() * ROWS_AT_ONCE < self.rows {
            self.sort_piece()?;
            return Ok(None);
        }
        self.next(most).map(Some)
    }

    /// Makes the last column that the batches have one array.
    fn join_column(&mut self) -> Result<()> {
        let at = self.schema.fields.len() - self.columns.len() - 1;
        let field = self.schema.fields.get(at).invariant("a column has a type")?.clone();
        let last = self.batches.iter().map(|batch| batch.select(&[at])).collect::<Result<Vec<_>>>()?;
        let column = Batch::concat(&Schema { fields: vec![field] }, &last)?.column(0)?.clone();
        let rest: Vec<_> = (0..at).collect();
        for batch in &mut self.batches {
            *batch = batch.select(&rest)?;
        }
        self.columns.push(column);
        if at == 0 {
            self.batches.clear();
            self.columns.reverse();
            for (order, column) in &self.orders {
                let values = self.columns.get(*column).invariant("a key has a column")?;
                self.keys.push(order.key(values.clone()));
            }
        }
        Ok(())
    }

    fn sort_piece(&mut self) -> Result<()> {
        let start = self.pieces.len() * ROWS_AT_ONCE;
        let rows = ROWS_AT_ONCE.min(self.rows - start);
        let slice = |key: &SortKey| SortKey { column: key.column.slice(start, rows), ..key.clone() };
        let keys: Vec<_> = self.keys.iter().map(slice).collect();
        let sorted = top_indices(rows, &keys, self.wanted.min(rows))?;
        let rows = sorted.values().iter().map(|row| row + start as u64).collect();
        self.heap.push(self.pieces.len());
        self.pieces.push(Piece { rows, taken: 0 });
        if self.pieces.len() * ROWS_AT_ONCE >= self.rows {
            let is_before = before(&self.keys)?;
            for place in (0..self.heap.len()).rev() {
                sink(&mut self.heap, place, &self.pieces, &is_before);
            }
        }
        Ok(())
    }

    /// The next `most` rows.
    fn next(&mut self, most: usize) -> Result<Batch> {
        let count = most.min(self.wanted);
        let is_before = before(&self.keys)?;
        let mut rows = Vec::with_capacity(count);
        while rows.len() < count {
            let first = *self.heap.first().invariant("there are rows left")?;
            let piece = self.pieces.get_mut(first).invariant("a piece of the order")?;
            rows.push(*piece.rows.values().get(piece.taken).invariant("a piece with rows left")?);
            piece.taken += 1;
            if piece.taken == piece.rows.values().len() {
                self.heap.swap_remove(0);
            }
            sink(&mut self.heap, 0, &self.pieces, &is_before);
        }
        self.wanted -= count;
        Batch::new(self.rows, self.columns.clone())?.take(&rows.into())
    }
}

/// Whether the next row of one piece comes before that of another; of equal rows the earlier one does.
fn before(keys: &[SortKey]) -> Result<impl Fn(&[Piece], usize, usize) -> bool> {
    let order = row_order(keys)?;
    #[expect(clippy::indexing_slicing, reason = "the heap holds numbers of pieces with rows left")]
    Ok(move |pieces: &[Piece], a: usize, b: usize| {
        let row = |piece: &Piece| row_index(piece.rows.values()[piece.taken]);
        order(row(&pieces[a]), row(&pieces[b])).then(a.cmp(&b)).is_lt()
    })
}

/// Moves the piece at `place` of the heap down to where both children come after it.
#[expect(clippy::indexing_slicing, reason = "places are compared with the heap's length")]
fn sink(
    heap: &mut [usize],
    mut place: usize,
    pieces: &[Piece],
    is_before: &impl Fn(&[Piece], usize, usize) -> bool,
) {
    loop {
        let mut first = place;
        for child in [2 * place + 1, 2 * place + 2] {
            if child < heap.len() && is_before(pieces, heap[child], heap[first]) {
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
