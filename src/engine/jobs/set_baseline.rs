//! ALTER MODEL … SET BASELINE FROM: takes the rows, then keeps them with the model.

use std::sync::Arc;

use super::collect::{Collect, Finish};
use super::insert::stored;
use super::{Job, JobContext, JobStep};
use crate::catalog::{Version, parts};
use crate::data::{Batch, Schema};
use crate::diag::{Code, Error, Result};
use crate::plan::SetBaseline;
use crate::table::Table;

pub(super) fn begin(SetBaseline { reference, schema, plan }: SetBaseline) -> Box<dyn Job> {
    Box::new(Collect::new(plan, Baseline { reference, schema }))
}

struct Baseline {
    reference: String,
    schema: Schema,
}

impl Finish for Baseline {
    fn finish(self, batches: Vec<Batch>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { reference, schema } = self;
        let table = Table { schema, batches: stored(batches)?, notes: Vec::new() };
        let count = table.rows();
        if count == 0 {
            return Err(Error::new(Code::NoEvaluationData, "the query of the baseline gives no rows")
                .hint("SKEW, MONITOR and explanations compare with them: give at least one"));
        }
        let keep = |version: &mut Version| version.baseline = Some(Arc::new(table));
        ctx.engine.catalog().alter_version(&reference, keep)?;
        let name = parts(&reference).0;
        Ok(JobStep::changed(format!("Successfully set the baseline of model {name}: {count} rows")))
    }
}
