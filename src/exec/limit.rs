//! LIMIT and OFFSET.

use super::{Context, Input, Operator, Poll};
use crate::diag::Result;

/// Skips the first rows, and polls its input for no more rows than it returns.
pub(super) struct Limit {
    input: Input,
    count: usize,
    offset: usize,
    remaining: usize,
    to_skip: usize,
}

impl Limit {
    pub(super) fn new(input: Input, count: usize, offset: usize) -> Self {
        Self { input, count, offset, remaining: count, to_skip: offset }
    }
}

impl Operator for Limit {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if self.remaining == 0 {
            return Ok(Poll::Done);
        }
        let batch = match self.input.poll(ctx)? {
            Poll::Batch(batch) => batch,
            other => return Ok(other),
        };
        let skipped = self.to_skip.min(batch.rows());
        self.to_skip -= skipped;
        let batch = batch.slice(skipped, self.remaining);
        self.remaining -= batch.rows();
        Ok(if batch.rows() == 0 { Poll::Working } else { Poll::Batch(batch) })
    }

    fn rewind(&mut self) -> bool {
        (self.remaining, self.to_skip) = (self.count, self.offset);
        self.input.rewind()
    }
}
