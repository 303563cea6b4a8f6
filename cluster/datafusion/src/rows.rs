//! The rows of a statement, and its errors, as one process gives them.
//!
//! Parts meet errors in another order than one process does, and some that it never meets, where a LIMIT is satisfied before.
//! So an error of a part is not told: the statement runs in one piece, and what that gives takes its place.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use futures::{StreamExt, stream};
use predictql::Query;
use predictql_host::Host;

use crate::drive;
use crate::failure::Failure;
use crate::inputs::Sending;
use crate::plan::Source;

/// Batches that wait for their reader.
const AHEAD: usize = 2;

/// The rows of a statement whose parts, made of `source`, give `parts`, in their order; where a part fails, those that `query` gives
/// in one piece, in this process. It must be the query whose fragments the parts are, and must not have been stepped.
///
/// An error that lies in the place where a part has run, and not in the statement, is told as it is.
pub fn rows(
    parts: SendableRecordBatchStream,
    query: Query,
    host: Host,
    source: Source,
) -> SendableRecordBatchStream {
    let schema = parts.schema();
    let state = State { rows: parts, whole: Some((query, host)), source, given: 0, has_ended: false };
    Box::pin(RecordBatchStreamAdapter::new(schema, stream::unfold(state, next)))
}

struct State {
    rows: SendableRecordBatchStream,
    /// The statement, unless it runs in one piece already.
    whole: Option<(Query, Host)>,
    source: Source,
    /// How many rows were given.
    given: usize,
    has_ended: bool,
}

async fn next(mut state: State) -> Option<(Result<RecordBatch>, State)> {
    if state.has_ended {
        return None;
    }
    let mut item = state.rows.next().await;
    if let Some(Err(error)) = &item
        && is_of_part(error)
        && let Some((query, host)) = state.whole.take()
    {
        state.rows = behind(in_one_piece(query, host, state.rows.schema()), state.given);
        item = state.rows.next().await;
    }
    match &item {
        Some(Ok(batch)) => state.given += batch.num_rows(),
        Some(Err(_)) => state.has_ended = true,
        // Scripts and the log of statements count its rows.
        None => {
            if let Some((mut query, _)) = state.whole.take() {
                query.end(state.given, state.source.summaries());
            }
        }
    }
    item.map(|item| (item, state))
}

/// The rows of a query that this process runs alone.
fn in_one_piece(query: Query, host: Host, schema: SchemaRef) -> SendableRecordBatchStream {
    let mut stream = RecordBatchReceiverStream::builder(schema.clone(), AHEAD);
    let mut sending = Sending { sender: stream.tx(), marks: None };
    stream.spawn_blocking(move || drive::run(query, &host, &schema, &mut sending).map(drop));
    stream.build()
}

/// The rows behind the first `passed` ones: of a statement that runs again, whose rows are the same, however they are computed.
pub fn behind(rows: SendableRecordBatchStream, mut passed: usize) -> SendableRecordBatchStream {
    let schema = rows.schema();
    let rows = rows.filter_map(move |batch| {
        let kept = batch.map(|batch| {
            let over = passed.min(batch.num_rows());
            passed -= over;
            batch.slice(over, batch.num_rows() - over)
        });
        let is_empty = kept.as_ref().is_ok_and(|batch| batch.num_rows() == 0);
        async move { (!is_empty).then_some(kept) }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// Whether an error is one that the statement in one piece may not meet, or meet elsewhere.
fn is_of_part(error: &DataFusionError) -> bool {
    Failure::of(error).is_some_and(|failure| !failure.is_of_place())
}
