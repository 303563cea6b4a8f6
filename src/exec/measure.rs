//! EXPLAIN ANALYZE: what each operator gave, and how long it took.

use super::{Context, Input, Operator, Poll};
use crate::diag::Result;

/// What one node of a plan did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Measurement {
    /// Rows that it gave.
    pub(crate) rows: usize,
    /// Milliseconds, those of its inputs included.
    pub(crate) ms: f64,
}

/// Measures the operator of node number `number`.
pub(super) struct Measured {
    operator: Input,
    number: usize,
}

impl Measured {
    pub(super) fn new(operator: Input, number: usize) -> Self {
        Self { operator, number }
    }
}

impl Operator for Measured {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let start = ctx.watch.now();
        let result = self.operator.poll(ctx);
        let ms = ctx.watch.now() - start;
        if ctx.measured.len() <= self.number {
            ctx.measured.resize(self.number + 1, Measurement::default());
        }
        if let Some(measurement) = ctx.measured.get_mut(self.number) {
            measurement.ms += ms;
            if let Ok(Poll::Batch(batch)) = &result {
                measurement.rows += batch.rows();
            }
        }
        result
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.operator.origin(row)
    }
}
