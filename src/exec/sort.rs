//! ORDER BY: takes all rows in, then gives them out in order.
//!
//! Where only the start of the order is wanted, rows that cannot be in it are dropped on the way.

use super::held::Held;
use super::{Context, Input, Operator, Poll, expr, name_row};
use crate::data::{Batch, Field, Schema, SortKey, top_indices};
use crate::diag::Result;
use crate::plan::{ExprKind, Order};

/// Batches that are let in beyond the rows that are wanted before some are dropped.
const SPARE_BATCHES: usize = 4;

pub(super) struct Sort {
    input: Input,
    keys: Keys,
    /// Rows at the start of the order that are wanted.
    limit: Option<usize>,
    held: Held,
    rows_before: usize,
    /// The rows in order, and how many of them were given.
    sorted: Option<(Batch, usize)>,
}

impl Sort {
    pub(super) fn new(input: Input, schema: Schema, keys: Vec<Order>, limit: Option<usize>) -> Self {
        let keys = Keys::new(schema, keys);
        Self { input, keys, limit, held: Held::default(), rows_before: 0, sorted: None }
    }

    fn take(&mut self, batch: Batch, ctx: &mut Context) -> Result<()> {
        let rows = batch.rows();
        let batch =
            self.keys.add_to(batch, ctx).map_err(|error| name_row(error, &*self.input, self.rows_before))?;
        self.rows_before += rows;
        self.held.push(batch, ctx)?;
        if let Some(limit) = self.limit {
            let spare = SPARE_BATCHES.saturating_mul(ctx.env.limits.batch_rows);
            if self.held.rows() > limit.saturating_mul(2).saturating_add(spare) {
                let kept = self.keys.sort(std::mem::take(&mut self.held), self.limit)?;
                self.held.push(kept, ctx)?;
            }
        }
        Ok(())
    }
}

impl Operator for Sort {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if self.sorted.is_none() {
            match self.input.poll(ctx)? {
                Poll::Batch(batch) => {
                    self.take(batch, ctx)?;
                    return Ok(Poll::Working);
                }
                Poll::Done => {
                    let sorted = self.keys.sort(std::mem::take(&mut self.held), self.limit)?;
                    self.sorted = Some((self.keys.without(&sorted)?, 0));
                }
                other => return Ok(other),
            }
        }
        let Some((rows, given)) = &mut self.sorted else { return Ok(Poll::Done) };
        let batch = rows.slice(*given, ctx.env.limits.batch_rows);
        *given += batch.rows();
        Ok(if batch.rows() == 0 { Poll::Done } else { Poll::Batch(batch) })
    }
}

/// The keys of an order, kept as columns beside those of the rows.
pub(super) struct Keys {
    orders: Vec<Order>,
    /// Where each key's column stands.
    places: Vec<usize>,
    /// The rows' columns and the added ones.
    schema: Schema,
    /// The number of the rows' own columns.
    own: usize,
}

impl Keys {
    /// Keys for rows with the columns of `schema`.
    pub(super) fn new(mut schema: Schema, orders: Vec<Order>) -> Self {
        let own = schema.fields.len();
        let places = orders
            .iter()
            .map(|order| match order.expr.kind {
                ExprKind::Column(at) => at,
                _ => {
                    schema.fields.push(Field::new("", order.expr.data_type.clone()));
                    schema.fields.len() - 1
                }
            })
            .collect();
        Self { orders, places, schema, own }
    }

    /// The rows with the columns of the keys.
    pub(super) fn add_to(&self, batch: Batch, ctx: &mut Context) -> Result<Batch> {
        let added = self.orders.iter().zip(&self.places).filter(|(_, at)| **at >= self.own);
        let columns = expr::columns(added.map(|(order, _)| &order.expr), &batch, ctx)?;
        batch.with(columns)
    }

    /// The rows without the columns of the keys.
    pub(super) fn without(&self, batch: &Batch) -> Result<Batch> {
        batch.select(&(0..self.own).collect::<Vec<_>>())
    }

    /// All rows in order, or the first `limit` of them.
    fn sort(&self, held: Held, limit: Option<usize>) -> Result<Batch> {
        let rows = held.rows();
        let keys = self
            .orders
            .iter()
            .zip(&self.places)
            .map(|(order, at)| {
                let parts =
                    held.batches().iter().map(|batch| batch.select(&[*at])).collect::<Result<Vec<_>>>()?;
                let field = Field::new("", order.expr.data_type.clone());
                let all = Batch::concat(&Schema { fields: vec![field] }, &parts)?;
                Ok(order.key(all.column(0)?.clone()))
            })
            .collect::<Result<Vec<_>>>()?;
        let indices = top_indices(rows, &keys, limit.unwrap_or(rows))?;
        Batch::gather(&self.schema, held.into_batches(), &indices)
    }
}

impl Order {
    /// The key whose values are `column`.
    pub(super) fn key(&self, column: arrow_array::ArrayRef) -> SortKey {
        SortKey {
            column,
            data_type: self.expr.data_type.clone(),
            descending: self.descending,
            nulls_first: self.nulls_first,
        }
    }
}
