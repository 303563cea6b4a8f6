//! The rows of a statement, and its errors, as one process gives them.
//!
//! Parts meet errors in another order than one process does, and some that it never meets, where a LIMIT is satisfied before.
//! So an error of a part is not told: the statement runs in one piece, and what that gives takes its place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use futures::{StreamExt, TryStreamExt};
use predictql::data::{Batch, Schema};
use predictql::{Query, Summary};
use predictql_host::{Error, Host, Parts, Rows};

use crate::drive::{batch, ours, record_batch};
use crate::failure::Failure;
use crate::inputs::given_up;
use crate::plan::Source;
use crate::wanted::{Wanted, wish};

/// Batches that wait for their reader.
const AHEAD: usize = 2;

/// The rows of a statement whose parts, made of `source`, give `parts`, in their order; where a part fails, those that `query` gives
/// in one piece, in this process. It must be the query whose fragments the parts are, and must not have been stepped.
///
/// An error that lies in the place where a part has run, and not in the statement, is told as it is. What the statement has to tell
/// beside its rows is known once these have ended.
pub fn rows(
    parts: SendableRecordBatchStream,
    query: Query,
    host: Host,
    source: Source,
) -> (SendableRecordBatchStream, Ended) {
    let schema = parts.schema();
    let ended = Ended::default();
    let mut stream = RecordBatchReceiverStream::builder(schema.clone(), AHEAD);
    let (sender, (wish, wanted)) = (stream.tx(), wish());
    let mut given = given(parts, query, host, source, wanted);
    stream.spawn_blocking({
        let (schema, ended) = (schema.clone(), ended.clone());
        move || {
            while let Some(rows) = given.batch()? {
                if sender.blocking_send(record_batch(&schema, &rows)).is_err() {
                    break;
                }
            }
            *ended.lock() = given.summary();
            Ok(())
        }
    });
    let rows = stream.build().map(move |rows| {
        let _for_as_long_as_the_stream = &wish;
        rows
    });
    (Box::pin(RecordBatchStreamAdapter::new(schema, rows)), ended)
}

/// What a statement has ended with.
#[derive(Clone, Default)]
pub struct Ended(Arc<Mutex<Option<Summary>>>);

impl Ended {
    /// What it has to tell, once its rows have come to their end: once.
    pub fn summary(&self) -> Option<Summary> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Summary>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rows of a query, on a thread that may be blocked.
pub(crate) type Given = Rows<Query, Stream>;

/// As [`rows`], for as long as they are wanted.
pub(crate) fn given(
    parts: SendableRecordBatchStream,
    query: Query,
    host: Host,
    source: Source,
    wanted: Wanted,
) -> Given {
    let watch = wanted.watch();
    let schema = query.schema().cloned().unwrap_or_default();
    Rows::new(query, Some(Stream { rows: parts, schema, source, wanted }), host, watch)
}

/// What the parts of a query give, wherever they run.
pub(crate) struct Stream {
    rows: SendableRecordBatchStream,
    schema: Schema,
    source: Source,
    wanted: Wanted,
}

/// Why rows do not come.
pub(crate) enum Failed {
    /// The statement has failed, or its host.
    Here(Error),
    /// What runs the parts has.
    There(DataFusionError),
}

impl Parts for Stream {
    type Error = Failed;

    fn next(&mut self) -> Result<Option<Batch>, Failed> {
        let rows = self.wanted.wait(self.rows.try_next()).unwrap_or_else(|| Err(given_up()));
        let rows = rows.and_then(|rows| rows.map(|rows| batch(&self.schema, &rows)).transpose());
        rows.map_err(Failed::There)
    }

    /// One that lies in the place where a part has run is told as it is.
    fn is_of_part(&self, error: &Failed) -> bool {
        match error {
            Failed::Here(_) => true,
            Failed::There(error) => Failure::of(error).is_some_and(|failure| !failure.is_of_place()),
        }
    }

    fn summaries(&mut self) -> Vec<Summary> {
        self.source.summaries()
    }

    fn stopped() -> Result<(), Failed> {
        Err(Failed::There(given_up()))
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Here(error)
    }
}

impl From<Failed> for DataFusionError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Here(error) => ours(error),
            Failed::There(error) => error,
        }
    }
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
