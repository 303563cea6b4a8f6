//! ORDER BY: takes all rows in, then gives them out in order.

use super::{Context, Operator, Poll, expr};
use crate::data::{Batch, Schema, SortKey, sort_indices};
use crate::diag::Result;
use crate::plan::Order;

pub(super) struct Sort {
    input: Box<dyn Operator + Send>,
    schema: Schema,
    keys: Vec<Order>,
    taken: Vec<Batch>,
    /// All rows in order, and how many of them were given.
    sorted: Option<(Batch, usize)>,
}

impl Sort {
    pub(super) fn new(input: Box<dyn Operator + Send>, schema: Schema, keys: Vec<Order>) -> Self {
        Self { input, schema, keys, taken: Vec::new(), sorted: None }
    }

    fn sort(&self, ctx: &mut Context) -> Result<Batch> {
        let all = Batch::concat(&self.schema, &self.taken)?;
        let keys = self
            .keys
            .iter()
            .map(|key| {
                Ok(SortKey {
                    column: expr::evaluate(&key.expr, &all, ctx)?,
                    data_type: key.expr.data_type.clone(),
                    descending: key.descending,
                    nulls_first: key.nulls_first,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        all.take(&sort_indices(all.rows(), &keys)?)
    }
}

impl Operator for Sort {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if self.sorted.is_none() {
            match self.input.poll(ctx)? {
                Poll::Batch(batch) => {
                    self.taken.push(batch);
                    return Ok(Poll::Working);
                }
                Poll::Done => {
                    self.sorted = Some((self.sort(ctx)?, 0));
                    self.taken = Vec::new();
                }
                other => return Ok(other),
            }
        }
        let Some((rows, given)) = &mut self.sorted else { return Ok(Poll::Done) };
        let batch = rows.slice(*given, ctx.env.limits.batch_rows);
        *given += batch.rows();
        Ok(if batch.rows() == 0 { Poll::Done } else { Poll::Batch(batch) })
    }

    fn origin(&self, _: usize) -> Option<String> {
        None
    }
}
