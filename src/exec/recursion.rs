//! WITH RECURSIVE: rows that lead to more rows, round by round.

use arrow_array::UInt64Array;

use super::buffer::{check_keys, check_rows};
use super::distinct::intern_rows;
use super::subplans::SubplanResult;
use super::{Context, Input, Operator, Poll};
use crate::data::{Batch, KeyTable};
use crate::diag::{Code, Error, Result};
use crate::function::Held;
use crate::limits::RECURSIONS;
use crate::plan::Node;

/// The rows of `base`, then those that `step` makes of the rows of the round before, until there are none.
pub(super) struct Recursion {
    /// The number of the subplan that the step reads: this one.
    number: usize,
    current: Input,
    step: Node,
    start: fn(Node) -> Input,
    /// The rows of this round.
    latest: Vec<Batch>,
    rounds: usize,
    /// The rows so far, where equal ones count once.
    seen: Option<KeyTable>,
    held: Option<Held>,
    rows: usize,
}

impl Recursion {
    pub(super) fn new(
        number: usize,
        base: Input,
        step: Node,
        start: fn(Node) -> Input,
        distinct: bool,
    ) -> Self {
        let seen = distinct.then(KeyTable::default);
        Self { number, current: base, step, start, latest: Vec::new(), rounds: 0, seen, held: None, rows: 0 }
    }

    /// Lets the step read the rows of this round.
    fn next_round(&mut self, ctx: &mut Context) -> Result<Poll> {
        ctx.subplans.truncate(self.number);
        if self.latest.is_empty() {
            return Ok(Poll::Done);
        }
        self.rounds += 1;
        if self.rounds > RECURSIONS {
            let message = format!("WITH RECURSIVE has gone on for more than {RECURSIONS} rounds");
            return Err(Error::new(Code::LimitExceeded, message)
                .hint("end it with a condition, such as WHERE n < 100, or with UNION DISTINCT"));
        }
        ctx.subplans.push(SubplanResult::Rows(std::mem::take(&mut self.latest).into()));
        self.current = (self.start)(self.step.clone());
        Ok(Poll::Working)
    }
}

impl Operator for Recursion {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let mut batch = match self.current.poll(ctx)? {
            Poll::Batch(batch) => batch,
            Poll::Done => return self.next_round(ctx),
            other => return Ok(other),
        };
        if let Some(seen) = &mut self.seen {
            let (_, new_rows) = intern_rows(seen, batch.columns(), batch.rows())?;
            check_keys(seen, &mut self.held, "WITH RECURSIVE", ctx)?;
            if new_rows.is_empty() {
                return Ok(Poll::Working);
            }
            batch = batch.take(&UInt64Array::from(new_rows))?;
        }
        self.rows += batch.rows();
        check_rows(self.rows, "WITH RECURSIVE", &ctx.env.limits)?;
        self.latest.push(batch.clone());
        Ok(Poll::Batch(batch))
    }
}
