//! GROUP BY: one row for each key, in the order in which the keys first came.

use super::accumulators::GroupedAggregate;
use super::buffer::{RowBuffer, check_keys};
use super::distinct::intern_rows;
use super::{Context, Input, Operator, Poll, expr, with_names};
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
    state: State,
}

enum State {
    Reading,
    /// All keys, and how many of the aggregates have their values.
    Finishing(Batch, usize),
    /// All keys, and how many groups were returned.
    Returning(Batch, usize),
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
            state: State::Reading,
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
    fn all_keys(&mut self) -> Result<Batch> {
        let fields = self.keys.iter().map(|key| Field::new("", key.data_type.clone())).collect();
        self.groups = KeyTable::default();
        if self.keys.is_empty() {
            // Without keys there is one group, even of no rows.
            return Batch::new(1, Vec::new());
        }
        self.held = self.key_rows.take_held();
        self.key_rows.take().concat(&Schema { fields })
    }
}

impl Operator for Aggregation {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        for call in self.calls.drain(..) {
            self.aggregates.push(GroupedAggregate::new(call, ctx)?);
        }
        match &mut self.state {
            State::Reading => match self.input.poll(ctx)? {
                Poll::Batch(batch) => {
                    let updated = self.update(&batch, ctx);
                    with_names(updated, &*self.input, self.rows_before, &batch, ctx)?;
                    self.rows_before += batch.rows();
                }
                Poll::Done => self.state = State::Finishing(self.all_keys()?, 0),
                other => return Ok(other),
            },
            State::Finishing(keys, finished) => match self.aggregates.get_mut(*finished) {
                Some(aggregate) => *finished += usize::from(aggregate.finish(keys.rows(), ctx)?),
                None => self.state = State::Returning(keys.clone(), 0),
            },
            State::Returning(keys, returned) => {
                let piece = keys.slice(*returned, ctx.env.limits.batch_rows);
                if piece.rows() == 0 {
                    return Ok(Poll::Done);
                }
                let groups = *returned..*returned + piece.rows();
                *returned = groups.end;
                let aggregates = self.aggregates.iter_mut();
                let values = aggregates.map(|aggregate| aggregate.values(groups.clone()));
                return piece.with(values.collect::<Result<Vec<_>>>()?).map(Poll::Batch);
            }
        }
        Ok(Poll::Working)
    }
}
