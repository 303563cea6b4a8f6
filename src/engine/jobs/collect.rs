//! Takes all rows of a plan, for statements that do something with them as a whole.

use crate::data::Batch;
use crate::diag::Result;
use crate::exec::{Context, Input, Poll, start, start_measured};
use crate::plan::Plan;

/// The rows of a plan, as far as they are there.
pub(super) struct Collect {
    root: Input,
    rows: Vec<Batch>,
}

/// What a step of collecting led to.
pub(super) enum Collected {
    /// Requests are open.
    Waiting,
    /// There is more to take.
    Working,
    /// All rows are there.
    All(Vec<Batch>),
}

impl Collect {
    pub(super) fn new(plan: Plan) -> Self {
        Self { root: start(plan), rows: Vec::new() }
    }

    /// Measures every node of the plan too.
    pub(super) fn measured(plan: Plan) -> Self {
        Self { root: start_measured(plan), rows: Vec::new() }
    }

    pub(super) fn step(&mut self, ctx: &mut Context) -> Result<Collected> {
        Ok(match self.root.poll(ctx)? {
            Poll::Batch(batch) => {
                self.rows.push(batch);
                Collected::Working
            }
            Poll::Working => Collected::Working,
            Poll::Waiting => Collected::Waiting,
            Poll::Done => Collected::All(std::mem::take(&mut self.rows)),
        })
    }
}
