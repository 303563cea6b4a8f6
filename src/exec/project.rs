//! The SELECT list.

use super::{Context, Input, Operator, Poll, expr, name_row};
use crate::data::Batch;
use crate::diag::Result;
use crate::plan::Expr;

pub(super) struct Project {
    input: Input,
    exprs: Vec<Expr>,
    rows_before: usize,
}

impl Project {
    pub(super) fn new(input: Input, exprs: Vec<Expr>) -> Self {
        Self { input, exprs, rows_before: 0 }
    }
}

impl Operator for Project {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let batch = match self.input.poll(ctx)? {
            Poll::Batch(batch) => batch,
            other => return Ok(other),
        };
        let columns = expr::columns(&self.exprs, &batch, ctx)
            .map_err(|error| name_row(error, &*self.input, self.rows_before))?;
        self.rows_before += batch.rows();
        Batch::new(batch.rows(), columns).map(Poll::Batch)
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.input.origin(row)
    }
}
