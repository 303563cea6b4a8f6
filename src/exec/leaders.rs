//! The first rows of each partition of a window, where a query wants no others: `ROW_NUMBER() … <= 3`.
//!
//! A row that enough rows of its partition precede is dropped when it comes. Those that stay are numbered as among all rows.

use arrow_array::UInt64Array;
use predictql_kernels::groups::FirstRows;

use super::{Context, expr};
use crate::data::{Batch, first_numbers};
use crate::diag::{Invariant, Result};
use crate::function::Held;
use crate::plan::Order;

pub(super) struct Leaders {
    order: Vec<Order>,
    rows: FirstRows,
    held: Option<Held>,
}

impl Leaders {
    /// The first `first` rows in `order`.
    pub(super) fn new(first: usize, order: Vec<Order>) -> Self {
        Self { order, rows: FirstRows::new(first), held: None }
    }

    /// The rows of `batch` that can be among the first of their partitions, whose numbers are below `count`.
    pub(super) fn candidates(
        &mut self,
        batch: &Batch,
        partitions: &[u32],
        count: usize,
        ctx: &mut Context,
    ) -> Result<UInt64Array> {
        let order = expr::columns(self.order.iter().map(|order| &order.expr), batch, ctx)?;
        let (key, column) =
            self.order.first().zip(order.into_iter().next()).invariant("a window in order")?;
        let numbers = first_numbers(&key.key(column))?;
        let candidates = self.rows.candidates(&numbers, partitions, count);
        let held = self.held.get_or_insert_with(|| Held::new(&ctx.env.memory));
        held.set(self.rows.bytes());
        held.check("OVER", "filter the rows with WHERE")?;
        Ok(candidates.into())
    }
}
