//! ORDER BY: buffers all rows, then returns them in order.
//!
//! With a LIMIT, rows that cannot be among the first ones are dropped on the way. Many rows are sorted in pieces, between which a
//! host can stop ([`Merge`]).

use super::buffer::RowBuffer;
use super::merge::Merge;
use super::{Context, Input, Operator, Poll, expr, with_names};
use crate::data::{Batch, Field, ROWS_AT_ONCE, Schema, SortKey, top_indices};
use crate::diag::Result;
use crate::function::Held;
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
    sorted: Option<Sorted>,
    /// What the query is told of the rows in order.
    held: Option<Held>,
}

/// The rows in order.
enum Sorted {
    /// All of them, and how many were returned.
    Whole(Batch, usize),
    Merging(Box<Merge>),
}

impl Sort {
    pub(super) fn new(input: Input, schema: Schema, keys: Vec<Order>, limit: Option<usize>) -> Self {
        let keys = SortColumns::new(schema, keys);
        Self {
            input,
            keys,
            limit,
            buffer: RowBuffer::of("ORDER BY"),
            rows_before: 0,
            sorted: None,
            held: None,
        }
    }

    fn push(&mut self, batch: Batch, ctx: &mut Context) -> Result<()> {
        let rows = batch.rows();
        let with_keys = self.keys.add_to(batch.clone(), ctx);
        let batch = with_names(with_keys, &*self.input, self.rows_before, &batch, ctx)?;
        self.rows_before += rows;
        self.buffer.push(batch, ctx)?;
        if let Some(limit) = self.limit {
            let spare = SPARE_BATCHES.saturating_mul(ctx.env.limits.batch_rows);
            let most = limit.saturating_mul(2).saturating_add(spare);
            if most <= ROWS_AT_ONCE && self.buffer.rows() > most {
                let kept = self.keys.sort(self.buffer.take(), self.limit)?;
                self.buffer.push(kept, ctx)?;
            }
        }
        Ok(())
    }

    /// Begins with the order of all rows.
    fn sort(&mut self) -> Result<Sorted> {
        let mut buffer = self.buffer.take();
        self.held = buffer.take_held();
        if buffer.rows() > ROWS_AT_ONCE {
            let orders = std::mem::take(&mut self.keys.orders);
            let schema = self.keys.schema.clone();
            return Ok(Sorted::Merging(Box::new(Merge::new(buffer, schema, orders, self.limit))));
        }
        let sorted = self.keys.sort(buffer, self.limit)?;
        Ok(Sorted::Whole(self.keys.without(&sorted)?, 0))
    }
}

impl Operator for Sort {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        match &mut self.sorted {
            None => match self.input.poll(ctx)? {
                Poll::Batch(batch) => self.push(batch, ctx)?,
                Poll::Done => self.sorted = Some(self.sort()?),
                other => return Ok(other),
            },
            Some(Sorted::Whole(rows, returned)) => {
                let batch = rows.slice(*returned, ctx.env.limits.batch_rows);
                *returned += batch.rows();
                return Ok(if batch.rows() == 0 { Poll::Done } else { Poll::Batch(batch) });
            }
            Some(Sorted::Merging(merge)) => {
                return Ok(match merge.step(ctx.env.limits.batch_rows)? {
                    Some(batch) if batch.rows() == 0 => Poll::Done,
                    Some(batch) => Poll::Batch(self.keys.without(&batch)?),
                    None => Poll::Working,
                });
            }
        }
        Ok(Poll::Working)
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
