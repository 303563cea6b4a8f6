//! EXPLAIN [ANALYZE]: the rows that tell of a plan; with ANALYZE after the plan has run.

use super::collect::{Collect, Finish};
use super::{Execution, JobContext, JobStep};
use crate::data::Batch;
use crate::diag::Result;
use crate::exec::start;
use crate::plan::{Explain, Plan, explanation};

pub(super) fn begin(Explain { plan, analyze }: Explain) -> Result<Execution> {
    if analyze {
        return Ok(Execution::Job(Box::new(Collect::measured(plan.clone(), Measured { plan }))));
    }
    Ok(Execution::Rows(start(explanation(&plan, None)?)))
}

struct Measured {
    plan: Plan,
}

impl Finish for Measured {
    /// The plan runs for its measurements alone.
    const HOLDS: bool = false;

    fn finish(self, _: Vec<Batch>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let nodes = std::mem::take(&mut ctx.exec.metrics);
        let measured: Vec<_> = nodes.iter().map(|node| (node.rows, node.ms)).collect();
        Ok(JobStep::Rows(start(explanation(&self.plan, Some(&measured))?)))
    }
}
