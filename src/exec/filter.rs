//! WHERE.

use arrow_array::BooleanArray;
use arrow_array::cast::AsArray;

use super::resume::Resumable;
use super::{Context, Input, Operator, Poll, expr, with_names};
use crate::diag::{Invariant, Result};
use crate::plan::Expr;

/// Keeps the rows for which the condition is TRUE: neither FALSE nor NULL.
pub(super) struct Filter {
    input: Input,
    predicate: Expr,
    rows_before: usize,
    resumable: Resumable,
    /// Which rows of the input's latest batch were kept.
    kept: Option<BooleanArray>,
}

impl Filter {
    pub(super) fn new(input: Input, predicate: Expr) -> Self {
        let resumable = Resumable::new([&predicate]);
        Self { input, predicate, rows_before: 0, resumable, kept: None }
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
        let keep = with_names(keep, &*self.input, self.rows_before, &batch, ctx)?;
        let Some(keep) = keep else { return Ok(Poll::Working) };
        self.rows_before += batch.rows();
        let keep = keep.as_boolean_opt().invariant("a condition is not BOOL")?;
        let kept = batch.filter(keep)?;
        self.kept = Some(keep.clone());
        Ok(if kept.rows() == 0 { Poll::Working } else { Poll::Batch(kept) })
    }

    fn origin(&self, row: usize) -> Option<String> {
        let kept = self.kept.as_ref()?;
        let (row, _) = kept.iter().enumerate().filter(|(_, is_kept)| *is_kept == Some(true)).nth(row)?;
        self.input.origin(row)
    }

    fn rewind(&mut self) -> bool {
        self.kept = None;
        self.rows_before = 0;
        self.resumable.rewind();
        self.input.rewind()
    }
}
