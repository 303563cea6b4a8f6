//! All rows of a plan, for statements that need them together.

use crate::data::{Batch, Schema};
use crate::diag::Result;
use crate::exec::{Context, Input, Poll, start};
use crate::plan::{Node, NodeKind, Plan};

use super::JobStep;

/// Rows that are being taken out of a plan.
pub(super) struct Collect {
    root: Input,
    batches: Vec<Batch>,
}

/// What a step of collecting led to.
pub(super) enum Collected {
    /// Not all rows are there: the job answers this.
    Not(JobStep),
    All(Vec<Batch>),
}

impl Collect {
    pub(super) fn new(plan: Plan) -> Self {
        Self::from(start(plan))
    }

    /// The rows of `plan`, or no rows.
    pub(super) fn optional(plan: Option<Plan>) -> Self {
        let no_rows = || Plan {
            subplans: Vec::new(),
            root: Node { kind: NodeKind::Values { rows: Vec::new() }, schema: Schema::default() },
        };
        Self::new(plan.unwrap_or_else(no_rows))
    }

    pub(super) fn from(root: Input) -> Self {
        Self { root, batches: Vec::new() }
    }

    /// Takes a batch.
    ///
    /// # Errors
    /// Those of the plan's operators.
    pub(super) fn step(&mut self, ctx: &mut Context) -> Result<Collected> {
        Ok(Collected::Not(match self.root.poll(ctx)? {
            Poll::Batch(batch) => {
                self.batches.push(batch);
                JobStep::Working
            }
            Poll::Working => JobStep::Working,
            Poll::Waiting => JobStep::Waiting,
            Poll::Done => return Ok(Collected::All(std::mem::take(&mut self.batches))),
        }))
    }
}
