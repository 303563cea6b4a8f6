//! LIMIT and OFFSET.

use super::{Context, Input, Operator, Poll};
use crate::diag::Result;

/// Asks for no more rows than it gives.
pub(super) struct Limit {
    input: Input,
    left: usize,
    to_skip: usize,
}

impl Limit {
    pub(super) fn new(input: Input, count: usize, offset: usize) -> Self {
        Self { input, left: count, to_skip: offset }
    }
}

impl Operator for Limit {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if self.left == 0 {
            return Ok(Poll::Done);
        }
        let batch = match self.input.poll(ctx)? {
            Poll::Batch(batch) => batch,
            other => return Ok(other),
        };
        let skipped = self.to_skip.min(batch.rows());
        self.to_skip -= skipped;
        let batch = batch.slice(skipped, self.left);
        self.left -= batch.rows();
        Ok(if batch.rows() == 0 { Poll::Working } else { Poll::Batch(batch) })
    }
}
