//! GROUP BY: one row for each key, in the order in which the keys first came.

use super::accumulators::GroupedAggregate;
use super::buffer::{RowBuffer, check_keys};
use super::distinct::intern_rows;
use super::{Context, Input, Operator, Poll, expr, name_row};
use crate::data::{Batch, Field, KeyTable, Schema};
use crate::diag::Result;
use crate::function::Held;
use crate::plan::{Aggregate, Expr};

pub(super) struct Aggregation {
    input: Input,
    keys: Vec<Expr>,
    /// The calls until they are started.
    calls: Vec<Aggregate>,
    aggregates: Vec<GroupedAggregate>,
    groups: KeyTable,
    /// The values of the keys, a batch for each input batch that brought new ones.
    key_rows: RowBuffer,
    /// What the query is told of the table of keys, and then of the keys alone.
    held: Option<Held>,
    rows_before: usize,
    /// All keys, and how many groups were returned.
    result: Option<(Batch, usize)>,
}

impl Aggregation {
    pub(super) fn new(input: Input, keys: Vec<Expr>, calls: Vec<Aggregate>) -> Self {
        Self {
            input,
            keys,
            calls,
            aggregates: Vec::new(),
            groups: KeyTable::default(),
            key_rows: RowBuffer::of("GROUP BY"),
            held: None,
            rows_before: 0,
            result: None,
        }
    }

    fn update(&mut self, batch: &Batch, ctx: &mut Context) -> Result<()> {
        let keys = Batch::new(batch.rows(), expr::columns(&self.keys, batch, ctx)?)?;
        let (groups, new_rows) = intern_rows(&mut self.groups, keys.columns(), keys.rows())?;
        if !new_rows.is_empty() {
            self.key_rows.push(keys.take(&new_rows.into())?, ctx)?;
        }
        check_keys(&self.groups, &mut self.held, "GROUP BY", ctx)?;
        for aggregate in &mut self.aggregates {
            aggregate.update(batch, &groups, self.groups.len(), ctx)?;
        }
        Ok(())
    }

    /// All keys, once all rows are in.
    fn finish(&mut self, ctx: &Context) -> Result<Batch> {
        let fields = self.keys.iter().map(|key| Field::new("", key.data_type.clone())).collect();
        self.groups = KeyTable::default();
        let keys = if self.keys.is_empty() {
            // Without keys there is one group, even of no rows.
            Batch::new(1, Vec::new())?
        } else {
            self.held = self.key_rows.take_held();
            self.key_rows.take().concat(&Schema { fields })?
        };
        self.aggregates.iter_mut().try_for_each(|aggregate| aggregate.finish(keys.rows(), ctx))?;
        Ok(keys)
    }
}

impl Operator for Aggregation {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        for call in self.calls.drain(..) {
            self.aggregates.push(GroupedAggregate::new(call, ctx)?);
        }
        let Some((keys, returned)) = &mut self.result else {
            match self.input.poll(ctx)? {
                Poll::Batch(batch) => {
                    self.update(&batch, ctx)
                        .map_err(|error| name_row(error, &*self.input, self.rows_before, &batch, ctx))?;
                    self.rows_before += batch.rows();
                }
                Poll::Done => self.result = Some((self.finish(ctx)?, 0)),
                other => return Ok(other),
            }
            return Ok(Poll::Working);
        };
        let piece = keys.slice(*returned, ctx.env.limits.batch_rows);
        if piece.rows() == 0 {
            return Ok(Poll::Done);
        }
        let groups = *returned..*returned + piece.rows();
        *returned = groups.end;
        let values = self
            .aggregates
            .iter_mut()
            .map(|aggregate| aggregate.values(groups.clone()))
            .collect::<Result<Vec<_>>>()?;
        piece.with(values).map(Poll::Batch)
    }
}
