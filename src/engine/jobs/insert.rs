//! INSERT: takes all rows, then puts them behind those of the table.

use super::collect::{Collect, Finish};
use super::{Job, JobContext, JobStep};
use crate::catalog::Rules;
use crate::data::{Batch, Schema, without_null_arrays};
use crate::diag::{Code, Error, Invariant, Result};
use crate::plan::Insert;

pub(super) fn begin(Insert { name, plan }: Insert) -> Box<dyn Job> {
    let schema = plan.root.schema.clone();
    Box::new(Collect::new(plan, NewRows { name, schema }))
}

struct NewRows {
    name: String,
    /// The columns that the rows were made for.
    schema: Schema,
}

impl Finish for NewRows {
    fn finish(self, batches: Vec<Batch>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { name, schema } = self;
        let mut catalog = ctx.engine.catalog();
        if catalog.relation(&name)?.schema() != schema {
            return Err(Error::new(
                Code::TypeMismatch,
                format!("table `{name}` got other columns while the rows were computed"),
            )
            .hint("run the statement again"));
        }
        let rules = catalog.rules(&name);
        check_nulls(&batches, &schema, &rules)?;
        let batches = stored(batches)?;
        let count: usize = batches.iter().map(Batch::rows).sum();
        catalog.append(&name, batches)?;
        ctx.variables.changed_rows(count);
        Ok(JobStep::changed(format!("Successfully inserted {count} rows into {name}")))
    }
}

/// The rows as a table keeps them: as in BigQuery, a NULL array becomes an empty one.
pub(super) fn stored(batches: Vec<Batch>) -> Result<Vec<Batch>> {
    let store = |batch: Batch| {
        let columns = batch.columns().iter().map(without_null_arrays).collect::<Result<_>>()?;
        Batch::new(batch.rows(), columns)
    };
    batches.into_iter().map(store).collect()
}

/// # Errors
/// `invalid-value` for a NULL in a column that holds none.
pub(super) fn check_nulls(batches: &[Batch], schema: &Schema, rules: &Rules) -> Result<()> {
    for column in &rules.not_null {
        let name = &schema.fields.get(*column).invariant("a column that is NOT NULL")?.name;
        for batch in batches {
            if batch.column(*column)?.null_count() > 0 {
                return Err(Error::new(Code::InvalidValue, format!("column `{name}` is NOT NULL"))
                    .hint("give it a value in every row"));
            }
        }
    }
    Ok(())
}
