//! ORDER BY: buffers all rows, then returns them in order.
//!
//! With a LIMIT, rows that cannot be among the first ones are dropped on the way.

use super::buffer::RowBuffer;
use super::{Context, Input, Operator, Poll, expr, name_row};
use crate::data::{Batch, Field, Schema, SortKey, top_indices};
use crate::diag::Result;
use crate::plan::{ExprKind, Order};

/// Batches that are buffered beyond the wanted rows before some are dropped.
const SPARE_BATCHES: usize = 4;

pub(super) struct Sort {
    input: Input,
    keys: SortColumns,
    /// How many of the first rows are wanted.
    limit: Option<usize>,
    buffer: RowBuffer,
    rows_before: usize,
    /// The rows in order, and how many of them were returned.
    sorted: Option<(Batch, usize)>,
}

impl Sort {
    pub(super) fn new(input: Input, schema: Schema, keys: Vec<Order>, limit: Option<usize>) -> Self {
        let keys = SortColumns::new(schema, keys);
        Self { input, keys, limit, buffer: RowBuffer::default(), rows_before: 0, sorted: None }
    }

    fn push(&mut self, batch: Batch, ctx: &mut Context) -> Result<()> {
        let rows = batch.rows();
        let with_keys = self.keys.add_to(batch.clone(), ctx);
        let batch =
            with_keys.map_err(|error| name_row(error, &*self.input, self.rows_before, &batch, ctx))?;
        self.rows_before += rows;
        self.buffer.push(batch, ctx)?;
        if let Some(limit) = self.limit {
            let spare = SPARE_BATCHES.saturating_mul(ctx.env.limits.batch_rows);
            if self.buffer.rows() > limit.saturating_mul(2).saturating_add(spare) {
                let kept = self.keys.sort(std::mem::take(&mut self.buffer), self.limit)?;
                self.buffer.push(kept, ctx)?;
            }
        }
        Ok(())
    }
}

impl Operator for Sort {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let Some((rows, returned)) = &mut self.sorted else {
            match self.input.poll(ctx)? {
                Poll::Batch(batch) => self.push(batch, ctx)?,
                Poll::Done => {
                    let sorted = self.keys.sort(std::mem::take(&mut self.buffer), self.limit)?;
                    self.sorted = Some((self.keys.without(&sorted)?, 0));
                }
                other => return Ok(other),
            }
            return Ok(Poll::Working);
        };
        let batch = rows.slice(*returned, ctx.env.limits.batch_rows);
        *returned += batch.rows();
        Ok(if batch.rows() == 0 { Poll::Done } else { Poll::Batch(batch) })
    }
}

/// The sort keys as columns: those of the rows, and added ones for other expressions.
struct SortColumns {
    /// The keys and the index of each key's column.
    orders: Vec<(Order, usize)>,
    /// The rows' columns and the added ones.
    schema: Schema,
    /// The number of the rows' own columns.
    own: usize,
}

impl SortColumns {
    /// Keys for rows with the columns of `schema`.
    fn new(mut schema: Schema, orders: Vec<Order>) -> Self {
        let own = schema.fields.len();
        let orders = orders
            .into_iter()
            .map(|order| {
                let column = match order.expr.kind {
                    ExprKind::Column(column) => column,
                    _ => {
                        schema.fields.push(Field::new("", order.expr.data_type.clone()));
                        schema.fields.len() - 1
                    }
                };
                (order, column)
            })
            .collect();
        Self { orders, schema, own }
    }

    /// The rows with the columns of the keys.
    fn add_to(&self, batch: Batch, ctx: &mut Context) -> Result<Batch> {
        let added = self.orders.iter().filter(|(_, column)| *column >= self.own);
        let columns = expr::columns(added.map(|(order, _)| &order.expr), &batch, ctx)?;
        batch.with(columns)
    }

    /// The rows without the columns of the keys.
    fn without(&self, batch: &Batch) -> Result<Batch> {
        batch.select(&(0..self.own).collect::<Vec<_>>())
    }

    /// All rows in order, or the first `limit` of them.
    fn sort(&self, buffer: RowBuffer, limit: Option<usize>) -> Result<Batch> {
        let rows = buffer.rows();
        let keys = self
            .orders
            .iter()
            .map(|(order, column)| {
                let parts = buffer
                    .batches()
                    .iter()
                    .map(|batch| batch.select(&[*column]))
                    .collect::<Result<Vec<_>>>()?;
                let field = Field::new("", order.expr.data_type.clone());
                let all = Batch::concat(&Schema { fields: vec![field] }, &parts)?;
                Ok(order.key(all.column(0)?.clone()))
            })
            .collect::<Result<Vec<_>>>()?;
        let indices = top_indices(rows, &keys, limit.unwrap_or(rows))?;
        Batch::gather(&self.schema, buffer.into_batches(), &indices)
    }
}

impl Order {
    /// The sort key with the values of `column`.
    pub(super) fn key(&self, column: arrow_array::ArrayRef) -> SortKey {
        SortKey {
            column,
            data_type: self.expr.data_type.clone(),
            descending: self.descending,
            nulls_first: self.nulls_first,
        }
    }
}
