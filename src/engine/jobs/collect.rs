//! Takes all rows of a plan, for statements that do something with them as a whole.

use super::{Job, JobContext, JobStep};
use crate::data::Batch;
use crate::diag::Result;
use crate::exec::{Input, Poll, start, start_measured};
use crate::function::Held;
use crate::plan::Plan;

/// What a statement does with all rows of its plan.
pub(super) trait Finish: Send + 'static {
    /// Whether it needs them; else they are let go as they come.
    const HOLDS: bool = true;

    /// Goes on when all rows are there.
    fn finish(self, rows: Vec<Batch>, ctx: &mut JobContext<'_>) -> Result<JobStep>;
}

/// The job that takes the rows of a plan, then goes on with them.
pub(super) struct Collect<F> {
    root: Input,
    rows: Vec<Batch>,
    held: Option<Held>,
    then: F,
}

impl<F: Finish> Collect<F> {
    pub(super) fn new(plan: Plan, then: F) -> Self {
        Self { root: start(plan), rows: Vec::new(), held: None, then }
    }

    /// Measures every node of the plan too.
    pub(super) fn measured(plan: Plan, then: F) -> Self {
        Self { root: start_measured(plan), rows: Vec::new(), held: None, then }
    }
}

impl<F: Finish> Job for Collect<F> {
    fn step(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        match self.root.poll(ctx.exec)? {
            Poll::Batch(_) if !F::HOLDS => Ok(JobStep::Working(self)),
            Poll::Batch(batch) => {
                count(&mut self.held, &batch, ctx)?;
                self.rows.push(batch);
                Ok(JobStep::Working(self))
            }
            Poll::Working => Ok(JobStep::Working(self)),
            Poll::Waiting => Ok(JobStep::Waiting(self)),
            Poll::Done => self.then.finish(self.rows, ctx),
        }
    }
}

/// Tells the query of rows that are held.
fn count(held: &mut Option<Held>, batch: &Batch, ctx: &JobContext<'_>) -> Result<()> {
    let held = held.get_or_insert_with(|| Held::new(&ctx.exec.env.memory));
    held.add(batch.bytes());
    held.check("the statement", "filter the rows with WHERE, or select fewer columns")
}
