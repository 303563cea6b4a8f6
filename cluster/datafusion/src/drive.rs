//! Steps a part of a fragment to its end, on a thread that may be blocked for long. Knows no plans.

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use predictql::data::{Batch, Schema};
use predictql::{Fragments, Query, Request, Resource, Step, Summary};
use predictql_host::{Error, Host};

use crate::failure::Failure;
use crate::inputs::Blocking;

/// Runs a query, whose rows have this schema. `None` where nobody wanted all of them.
pub(crate) fn run(
    mut query: Query,
    host: &Host,
    schema: &SchemaRef,
    ends: &mut Blocking,
) -> Result<Option<Summary>> {
    let mut answers = host.answers();
    while !ends.is_given_up() {
        match query.step().map_err(ours)? {
            Step::Batch(batch) => {
                if ends.send(record_batch(schema, &batch)?).is_break() {
                    break;
                }
            }
            Step::Progress(_) => {}
            Step::Need(requests) => {
                let others = with_inputs(&mut query, requests, ends)?;
                answers.answer(&mut query, others, &mut ()).map_err(ours)?;
            }
            Step::Done(summary) => return Ok(Some(summary)),
        }
    }
    Ok(None)
}

/// Answers the requests for rows of inputs, whose errors are DataFusion's; returns those that are the host's.
fn with_inputs(query: &mut Query, requests: Vec<Request>, ends: &mut Blocking) -> Result<Vec<Request>> {
    let mut others = Vec::new();
    for request in requests {
        match request.resource {
            Resource::Fragment { input } => {
                query.supply_rows(request.id, ends.next(input)?).map_err(ours)?;
            }
            resource => others.push(Request { id: request.id, resource }),
        }
    }
    Ok(others)
}

pub(crate) fn record_batch(schema: &SchemaRef, batch: &Batch) -> Result<RecordBatch> {
    // A batch without columns has rows too.
    let options = RecordBatchOptions::new().with_row_count(Some(batch.rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)?)
}

/// Rows of another fragment, as they have come.
pub(crate) fn batch(schema: &Schema, rows: &RecordBatch) -> Result<Batch> {
    Batch::of(schema, rows.num_rows(), rows.columns().to_vec()).map_err(ours)
}

/// The schema of the rows of an input.
pub(crate) fn schema_of(fragments: &Fragments, fragment: usize, input: usize) -> Result<&Schema> {
    let all = fragments.all();
    let read = all.get(fragment).and_then(|fragment| fragment.inputs.get(input));
    let read = read.and_then(|exchange| all.get(exchange.fragment));
    read.map(|read| &read.schema).ok_or_else(|| missing(fragment, input))
}

/// An error of the engine or of its host as one of DataFusion.
pub(crate) fn ours(error: impl Into<Error>) -> DataFusionError {
    Failure::from(&error.into()).into()
}

#[cold]
pub(crate) fn missing(fragment: usize, input: usize) -> DataFusionError {
    DataFusionError::Internal(format!("fragment {fragment} has no input {input}"))
}
