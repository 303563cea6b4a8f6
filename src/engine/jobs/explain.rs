//! EXPLAIN [ANALYZE]: the rows that tell of a plan; with ANALYZE after the plan has run.

use super::collect::{Collect, Collected};
use super::{Execution, Job, JobContext, JobStep, job};
use crate::diag::Result;
use crate::exec::start;
use crate::plan::{Explain, Plan, explanation};

pub(super) fn begin(Explain { plan, analyze }: Explain) -> Result<Execution> {
    if analyze {
        let rows = Collect::measured(plan.clone());
        return Ok(job(ExplainAnalyzeJob { plan, rows }));
    }
    Ok(Execution::Rows(start(explanation(&plan, None)?)))
}

struct ExplainAnalyzeJob {
    plan: Plan,
    /// What the plan gives: it runs for its measurements alone.
    rows: Collect,
}

impl Job for ExplainAnalyzeJob {
    fn step(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        match self.rows.step(ctx.exec)? {
            Collected::Waiting => Ok(JobStep::Waiting(self)),
            Collected::Working => Ok(JobStep::Working(self)),
            Collected::All(_) => {
                let nodes = std::mem::take(&mut ctx.exec.metrics);
                let measured: Vec<_> = nodes.iter().map(|node| (node.rows, node.ms)).collect();
                Ok(JobStep::Rows(start(explanation(&self.plan, Some(&measured))?)))
            }
        }
    }
}
