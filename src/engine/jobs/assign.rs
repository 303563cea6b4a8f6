//! DECLARE and SET: computes the values, then gives them to the variables.

use super::collect::{Collect, Finish};
use super::{Job, JobContext, JobStep};
use crate::data::{Batch, DataType, Scalar, scalar_at};
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::engine::step::Summary;
use crate::limits::VARIABLE_BYTES;
use crate::plan::{Assign, AssignedRows, VariableType};

pub(super) fn begin(Assign { variables, plan, rows, says }: Assign) -> Box<dyn Job> {
    match plan {
        Some(plan) => Box::new(Collect::new(plan, Values { variables, rows, says })),
        None => Box::new(Nulls { variables }),
    }
}

struct Values {
    variables: Vec<(String, VariableType)>,
    rows: AssignedRows,
    says: bool,
}

/// DECLARE without a value.
struct Nulls {
    variables: Vec<(String, VariableType)>,
}

impl Finish for Values {
    fn finish(self, batches: Vec<Batch>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let all: usize = batches.iter().map(Batch::rows).sum();
        if self.rows == AssignedRows::Only && all > 1 {
            let message = format!("expected one row for the variables, found {all}");
            return Err(Error::new(Code::TooManyRows, message).hint("write LIMIT 1, or aggregate"));
        }
        let batch = match self.rows {
            AssignedRows::One => one_row(batches)?,
            AssignedRows::Last | AssignedRows::Only => {
                match (batches.into_iter().rfind(|batch| batch.rows() > 0), self.rows) {
                    (Some(last), _) => last,
                    (None, AssignedRows::Only) => {
                        return Box::new(Nulls { variables: self.variables }).step(ctx);
                    }
                    (None, _) => return Ok(JobStep::Done(Summary::default())),
                }
            }
        };
        // What a statement of control asks is no rows of the script's.
        let is_asked = self.variables.first().is_some_and(|(name, _)| name.starts_with('$'));
        ctx.variables.seen_rows(if self.says || is_asked { 0 } else { all });
        if self.says {
            let value = value_of(&batch, 0, 1, &DataType::String)?;
            let message = Some(if let Scalar::String(text) = value { text } else { String::new() });
            return Ok(JobStep::Done(Summary { message, ..Summary::default() }));
        }
        check_size(&batch)?;
        let count = self.variables.len();
        for (index, (name, data_type)) in self.variables.into_iter().enumerate() {
            let value = value_of(&batch, index, count, &data_type.data_type)?;
            ctx.variables.assign((name, data_type, value));
        }
        Ok(JobStep::Done(Summary::default()))
    }
}

impl Job for Nulls {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        for (name, data_type) in self.variables {
            ctx.variables.assign((name, data_type, Scalar::Null));
        }
        Ok(JobStep::Done(Summary::default()))
    }
}

/// A loop that doubles a text comes to an end.
fn check_size(values: &Batch) -> Result<()> {
    let bytes = values.slice(values.rows().saturating_sub(1), 1).bytes();
    if bytes <= VARIABLE_BYTES {
        return Ok(());
    }
    let message =
        format!("the variables would get {bytes} bytes, the limit is {VARIABLE_BYTES} for each statement");
    Err(Error::new(Code::LimitExceeded, message)
        .hint("keep long values in a table: CREATE TEMP TABLE t AS SELECT …"))
}

fn one_row(batches: Vec<Batch>) -> Result<Batch> {
    let mut batches = batches.into_iter();
    match (batches.next(), batches.next()) {
        (Some(batch), None) if batch.rows() == 1 => Ok(batch),
        _ => Err(Error::internal("the values of variables are one row")),
    }
}

/// The value of variable `index` of `count` in the last row. `DECLARE a, b DEFAULT 1` has one value for all of them.
fn value_of(batch: &Batch, index: usize, count: usize, data_type: &DataType) -> Result<Scalar> {
    let width = batch.columns().len();
    ensure(width == count || width == 1, "a value for each variable, or one for all")?;
    let column = if width == count { index } else { 0 };
    let last = batch.rows().checked_sub(1).invariant("the values of variables are a row")?;
    scalar_at(batch.column(column)?, data_type, last)
}
