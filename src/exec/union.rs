//! UNION ALL.

use std::collections::VecDeque;

use super::{Context, Input, Operator, Poll};
use crate::diag::Result;

/// The rows of all inputs, one input after the other.
pub(super) struct Union {
    inputs: VecDeque<Input>,
}

impl Union {
    pub(super) fn new(inputs: VecDeque<Input>) -> Self {
        Self { inputs }
    }
}

impl Operator for Union {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let Some(input) = self.inputs.front_mut() else { return Ok(Poll::Done) };
        match input.poll(ctx)? {
            Poll::Done => {
                self.inputs.pop_front();
                Ok(Poll::Working)
            }
            other => Ok(other),
        }
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.inputs.front().and_then(|input| input.origin(row))
    }
}
