//! Rows that are in memory: a table's, and the one row of a query without FROM.

use std::sync::Arc;

use super::{Context, Operator, Poll};
use crate::data::Batch;
use crate::diag::Result;
use crate::table::Table;

/// Columns of a table, batch by batch.
pub(super) struct Scan {
    table: Arc<Table>,
    columns: Vec<usize>,
    /// The table's batch that is read, and how many of its rows were returned.
    next: usize,
    returned: usize,
}

impl Scan {
    pub(super) fn new(table: Arc<Table>, columns: Vec<usize>) -> Self {
        Self { table, columns, next: 0, returned: 0 }
    }
}

impl Operator for Scan {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let Some(batch) = self.table.batches.get(self.next) else { return Ok(Poll::Done) };
        let batch = batch.slice(self.returned, ctx.env.limits.batch_rows);
        self.returned += batch.rows();
        if batch.rows() == 0 {
            self.next += 1;
            self.returned = 0;
            return Ok(Poll::Working);
        }
        batch.select(&self.columns).map(Poll::Batch)
    }

    fn rewind(&mut self) -> bool {
        (self.next, self.returned) = (0, 0);
        true
    }
}

/// One row without columns.
#[derive(Default)]
pub(super) struct OneRow {
    returned: bool,
}

impl Operator for OneRow {
    fn poll(&mut self, _: &mut Context) -> Result<Poll> {
        if std::mem::replace(&mut self.returned, true) {
            return Ok(Poll::Done);
        }
        Batch::new(1, Vec::new()).map(Poll::Batch)
    }

    fn is_one_row(&self) -> bool {
        true
    }

    fn rewind(&mut self) -> bool {
        self.returned = false;
        true
    }
}
