//! Many rows in order: their columns become one array each, one in each step, then they are sorted in pieces.

use arrow_array::ArrayRef;

use super::buffer::RowBuffer;
use crate::data::{Batch, Schema, Sorting};
use crate::diag::{Invariant, Result};
use crate::plan::Order;

pub(super) struct Merge {
    schema: Schema,
    orders: Vec<(Order, usize)>,
    /// The rows as they came, until each column is one array.
    batches: Vec<Batch>,
    columns: Vec<ArrayRef>,
    rows: usize,
    limit: usize,
    sorting: Option<Sorting>,
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
            limit: limit.unwrap_or(rows),
            sorting: None,
        }
    }

    /// Does a piece of work: the next rows in order, `most` of them and none at the end, or `None` before there are any.
    pub(super) fn step(&mut self, most: usize) -> Result<Option<Batch>> {
        let Some(sorting) = &mut self.sorting else {
            self.join_column()?;
            return Ok(None);
        };
        let Some(rows) = sorting.step(most)? else { return Ok(None) };
        Batch::new(self.rows, self.columns.clone())?.take(&rows).map(Some)
    }

    /// Makes the last column that the batches have one array; behind the first one the order can begin.
    fn join_column(&mut self) -> Result<()> {
        if let Some(at) = (self.schema.fields.len() - self.columns.len()).checked_sub(1) {
            let field = self.schema.fields.get(at).invariant("a column has a type")?.clone();
            let last = self.batches.iter().map(|batch| batch.select(&[at])).collect::<Result<Vec<_>>>()?;
            let column = Batch::concat(&Schema { fields: vec![field] }, &last)?.column(0)?.clone();
            let rest: Vec<_> = (0..at).collect();
            for batch in &mut self.batches {
                *batch = batch.select(&rest)?;
            }
            self.columns.push(column);
            return Ok(());
        }
        self.batches.clear();
        self.columns.reverse();
        let key = |(order, column): &(Order, usize)| {
            let values = self.columns.get(*column).invariant("a key has a column")?;
            Ok(order.key(values.clone()))
        };
        let keys = self.orders.iter().map(key).collect::<Result<Vec<_>>>()?;
        self.sorting = Some(Sorting::new(keys, self.rows, self.limit));
        Ok(())
    }
}
