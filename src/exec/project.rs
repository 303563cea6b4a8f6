//! The SELECT list.

use super::resume::Resumable;
use super::{Context, Input, Operator, Poll, expr, with_names};
use crate::data::Batch;
use crate::diag::Result;
use crate::plan::Expr;

pub(super) struct Project {
    input: Input,
    exprs: Vec<Expr>,
    /// The columns of which only elements are read.
    apart: Vec<usize>,
    rows_before: usize,
    resumable: Resumable,
}

impl Project {
    pub(super) fn new(input: Input, exprs: Vec<Expr>) -> Self {
        let (resumable, apart) = (Resumable::new(&exprs), expr::only_indexed(&exprs));
        Self { input, exprs, apart, rows_before: 0, resumable }
    }
}

impl Operator for Project {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let batch = match self.resumable.waiting() {
            Some(batch) => batch,
            None => match self.input.poll_apart(&self.apart, ctx)? {
                Poll::Batch(batch) => batch,
                other => return Ok(other),
            },
        };
        let columns = self.resumable.compute(&batch, ctx, |ctx| expr::columns(&self.exprs, &batch, ctx));
        let columns = with_names(columns, &*self.input, self.rows_before, &batch, ctx)?;
        let Some(columns) = columns else { return Ok(Poll::Working) };
        self.rows_before += batch.rows();
        Batch::new(batch.rows(), columns).map(Poll::Batch)
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.input.origin(row)
    }

    fn rewind(&mut self) -> bool {
        self.rows_before = 0;
        self.resumable.rewind();
        self.input.rewind()
    }
}
