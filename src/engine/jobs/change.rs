//! UPDATE, DELETE, TRUNCATE and MERGE: takes all rows with what becomes of them, then puts them in the table's place.

use arrow_array::UInt64Array;

use super::collect::{Collect, Finish};
use super::insert::{check_nulls, stored};
use super::{Job, JobContext, JobStep};
use crate::data::{Batch, DataType, Field, Operand, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::plan::Change;

pub(super) fn begin(change: Change) -> Box<dyn Job> {
    let Change { name, verb, plan, schema, deletes, span } = change;
    Box::new(Collect::new(plan, Changed { name, verb, schema, deletes, span }))
}

struct Changed {
    name: String,
    verb: &'static str,
    schema: Schema,
    deletes: Vec<bool>,
    span: Span,
}

/// Which rows a table is made of, and how many of them are others than before.
#[derive(Default)]
struct Outcome {
    rows: Vec<u64>,
    changed: usize,
}

impl Finish for Changed {
    fn finish(self, batches: Vec<Batch>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let width = self.schema.fields.len();
        let mut fields = self.schema.fields.clone();
        fields.extend([Field::new("", DataType::Int64), Field::new("", DataType::Int64)]);
        let all = Batch::concat(&Schema { fields }, &batches)?;
        drop(batches);
        let before = {
            let catalog = ctx.engine.catalog();
            let relation = catalog.relation(&self.name)?;
            if relation.schema() != self.schema {
                return Err(changed_meanwhile(&self.name));
            }
            relation.rows().unwrap_or(0)
        };
        let outcome = self.outcome(&all, width, before)?;
        let columns: Vec<_> = (0..width).collect();
        let kept = all.select(&columns)?.take(&UInt64Array::from(outcome.rows))?;
        let mut catalog = ctx.engine.catalog();
        let rules = catalog.rules(&self.name);
        let batches = vec![kept];
        check_nulls(&batches, &self.schema, &rules)?;
        catalog.replace_rows(&self.name, stored(batches)?)?;
        ctx.variables.changed_rows(outcome.changed);
        Ok(JobStep::changed(format!("{}: {} rows of {} changed", self.verb, outcome.changed, self.name)))
    }
}

impl Changed {
    /// The rows of the table after the change, in their order, new ones behind them.
    fn outcome(&self, all: &Batch, width: usize, before: usize) -> Result<Outcome> {
        let actions = Operand::column(all.column(width)?.clone());
        let origins = Operand::column(all.column(width + 1)?.clone());
        let (actions, origins) = (actions.ints()?, origins.ints()?);
        // For each row of the table the row that takes its place, and what is done with it.
        let mut places: Vec<Option<(u64, i64)>> = vec![None; before];
        let mut outcome = Outcome::default();
        let mut added = Vec::new();
        for (row, position) in (0_u64..).zip(0..all.rows()) {
            let action = actions.at(position);
            let Some(origin) = origins.get(position) else {
                if action > 0 {
                    added.push(row);
                }
                continue;
            };
            let place = usize::try_from(origin - 1).ok().and_then(|origin| places.get_mut(origin));
            let place = place.ok_or_else(|| changed_meanwhile(&self.name))?;
            match place {
                Some((_, earlier)) if *earlier > 0 && action > 0 => return Err(self.several_matches()),
                Some(_) if action == 0 => {}
                _ => *place = Some((row, action)),
            }
        }
        for place in places {
            let (row, action) = place.ok_or_else(|| changed_meanwhile(&self.name))?;
            outcome.changed += usize::from(action > 0);
            let deleted = match usize::try_from(action - 1) {
                Ok(branch) => *self.deletes.get(branch).invariant("a branch of the statement")?,
                Err(_) => false,
            };
            if !deleted {
                outcome.rows.push(row);
            }
        }
        outcome.changed += added.len();
        outcome.rows.append(&mut added);
        Ok(outcome)
    }

    #[cold]
    fn several_matches(&self) -> Error {
        let message =
            format!("{} matches one row of `{}` with several rows of its source", self.verb, self.name);
        Error::new(Code::TooManyRows, message)
            .at(self.span)
            .hint("group the source, or pick one of its rows with QUALIFY ROW_NUMBER() OVER (…) = 1")
    }
}

#[cold]
fn changed_meanwhile(name: &str) -> Error {
    Error::new(Code::TypeMismatch, format!("table `{name}` was changed while the rows were computed"))
        .hint("run the statement again")
}
