//! EXPLAIN ANALYZE: a plan runs, and its operators are told with their rows and times.

use super::collect::{Collect, Collected};
use super::{Job, JobContext, JobStep};
use crate::diag::Result;
use crate::exec::{start, start_measured};
use crate::plan::{self, Plan};

pub(super) struct ExplainAnalyze {
    plan: Plan,
    rows: Collect,
}

impl ExplainAnalyze {
    pub(super) fn new(plan: Plan) -> Self {
        let rows = Collect::from(start_measured(plan.clone()));
        Self { plan, rows }
    }
}

impl Job for ExplainAnalyze {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        if let Collected::Not(step) = self.rows.step(env.ctx)? {
            return Ok(step);
        }
        let measured = std::mem::take(&mut env.ctx.metrics);
        let measured: Vec<_> = measured.iter().map(|operator| (operator.rows, operator.ms)).collect();
        Ok(JobStep::Rows(start(plan::explanation(&self.plan, Some(&measured))?)))
    }
}
