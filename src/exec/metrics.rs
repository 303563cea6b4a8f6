//! EXPLAIN ANALYZE: how many rows each operator returned, and how long it took.

use super::{Context, Input, Operator, Poll};
use crate::diag::{Invariant, Result};

/// What one operator of a plan did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct OperatorMetrics {
    /// Rows that it returned.
    pub(crate) rows: usize,
    /// Milliseconds, those of its inputs included.
    pub(crate) ms: f64,
}

/// Measures the operator of the plan's node `number`.
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
        if ctx.metrics.len() <= self.number {
            ctx.metrics.resize(self.number + 1, OperatorMetrics::default());
        }
        let metrics = ctx.metrics.get_mut(self.number).invariant("an operator has no metrics")?;
        metrics.ms += ms;
        if let Ok(Poll::Batch(batch)) = &result {
            metrics.rows += batch.rows();
        }
        result
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.operator.origin(row)
    }
}
