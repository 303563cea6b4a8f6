//! GROUP BY: one row for each key, in the order in which the keys came.

use super::distinct::first_rows;
use super::held::check_rows;
use super::tally::Tally;
use super::{Context, Input, Operator, Poll, expr, name_row};
use crate::data::{Batch, Field, Keys, Schema};
use crate::diag::Result;
use crate::plan::{Aggregate, Expr};

pub(super) struct Aggregation {
    input: Input,
    keys: Vec<Expr>,
    /// The calls until they are started.
    calls: Vec<Aggregate>,
    tallies: Vec<Tally>,
    groups: Keys,
    /// The keys' values, piece by piece.
    found: Vec<Batch>,
    rows_before: usize,
    /// All keys, and how many groups were given.
    result: Option<(Batch, usize)>,
}

impl Aggregation {
    pub(super) fn new(input: Input, keys: Vec<Expr>, calls: Vec<Aggregate>) -> Self {
        Self {
            input,
            keys,
            calls,
            tallies: Vec::new(),
            groups: Keys::default(),
            found: Vec::new(),
            rows_before: 0,
            result: None,
        }
    }

    fn take(&mut self, batch: &Batch, ctx: &mut Context) -> Result<()> {
        let keys = Batch::new(batch.rows(), expr::columns(&self.keys, batch, ctx)?)?;
        let (groups, new) = first_rows(&mut self.groups, keys.columns(), keys.rows())?;
        check_rows(self.groups.len(), &ctx.env.limits)?;
        if !new.is_empty() {
            self.found.push(keys.take(&new.into())?);
        }
        for tally in &mut self.tallies {
            tally.update(batch, &groups, self.groups.len(), ctx)?;
        }
        Ok(())
    }

    /// All keys, when all rows are in.
    fn finish(&mut self) -> Result<Batch> {
        let fields = self.keys.iter().map(|key| Field::new("", key.data_type.clone())).collect();
        let keys = match self.keys.is_empty() {
            true => Batch::new(1, Vec::new())?,
            false => Batch::concat(&Schema { fields }, &std::mem::take(&mut self.found))?,
        };
        self.groups = Keys::default();
        self.tallies.iter_mut().try_for_each(|tally| tally.finish(keys.rows()))?;
        Ok(keys)
    }
}

impl Operator for Aggregation {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        for call in self.calls.drain(..) {
            self.tallies.push(Tally::new(call, ctx)?);
        }
        let Some((keys, given)) = &mut self.result else {
            match self.input.poll(ctx)? {
                Poll::Batch(batch) => {
                    self.take(&batch, ctx)
                        .map_err(|error| name_row(error, &*self.input, self.rows_before))?;
                    self.rows_before += batch.rows();
                }
                Poll::Done => self.result = Some((self.finish()?, 0)),
                other => return Ok(other),
            }
            return Ok(Poll::Working);
        };
        let piece = keys.slice(*given, ctx.env.limits.batch_rows);
        if piece.rows() == 0 {
            return Ok(Poll::Done);
        }
        let range = *given..*given + piece.rows();
        *given = range.end;
        let values =
            self.tallies.iter_mut().map(|it| it.values(range.clone())).collect::<Result<Vec<_>>>()?;
        piece.with(values).map(Poll::Batch)
    }
}
