//! WHERE.

use arrow_array::cast::AsArray;

use super::resume::Resumable;
use super::{Context, Input, Operator, Poll, expr, name_row};
use crate::diag::{Invariant, Result};
use crate::plan::Expr;

/// Keeps the rows for which the condition is TRUE: neither FALSE nor NULL.
pub(super) struct Filter {
    input: Input,
    predicate: Expr,
    rows_before: usize,
    resumable: Resumable,
}

impl Filter {
    pub(super) fn new(input: Input, predicate: Expr) -> Self {
        let resumable = Resumable::new([&predicate]);
        Self { input, predicate, rows_before: 0, resumable }
    }
}

impl Operator for Filter {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let batch = match self.resumable.waiting() {
            Some(batch) => batch,
            None => match self.input.poll(ctx)? {
                Poll::Batch(batch) => batch,
                other => return Ok(other),
            },
        };
        let keep = self.resumable.compute(&batch, ctx, |ctx| expr::evaluate(&self.predicate, &batch, ctx));
        let keep = keep.map_err(|error| name_row(error, &*self.input, self.rows_before, &batch, ctx))?;
        let Some(keep) = keep else { return Ok(Poll::Working) };
        self.rows_before += batch.rows();
        let keep = keep.as_boolean_opt().invariant("a condition is not BOOL")?;
        let kept = batch.filter(keep)?;
        Ok(if kept.rows() == 0 { Poll::Working } else { Poll::Batch(kept) })
    }

    fn rewind(&mut self) -> bool {
        self.rows_before = 0;
        self.resumable.rewind();
        self.input.rewind()
    }
}
