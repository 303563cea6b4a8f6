//! The rows of a statement, and its errors, as one process gives them.
//!
//! Parts meet errors in another order than one process does, and some that it never meets, where a LIMIT is satisfied before.
//! So an error of a part is not told: the statement runs in one piece, and what that gives takes its place.

use arrow_array::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use futures::{StreamExt, TryStreamExt};
use predictql::data::Batch;
use predictql::{Query, Summary};
use predictql_host::{Error, Host, Steps};

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
/// An error that lies in the place where a part has run, and not in the statement, is told as it is.
pub fn rows(
    parts: SendableRecordBatchStream,
    query: Query,
    host: Host,
    source: Source,
) -> SendableRecordBatchStream {
    let schema = parts.schema();
    let mut stream = RecordBatchReceiverStream::builder(schema.clone(), AHEAD);
    let (sender, (wish, wanted)) = (stream.tx(), wish());
    let mut given = Given::new(parts, query, host, source, wanted);
    stream.spawn_blocking({
        let schema = schema.clone();
        move || {
            while let Some(rows) = given.next()? {
                if sender.blocking_send(record_batch(&schema, &rows)).is_err() {
                    break;
                }
            }
            Ok(())
        }
    });
    let rows = stream.build().map(move |rows| {
        let _for_as_long_as_the_stream = &wish;
        rows
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// The rows of a query, on a thread that may be blocked.
pub(crate) struct Given {
    query: Query,
    host: Host,
    source: Source,
    from: From,
    wanted: Wanted,
    /// How many rows were given.
    given: usize,
    summary: Option<Summary>,
}

enum From {
    Parts(SendableRecordBatchStream),
    Whole(Box<Steps>),
    End,
}

/// Why rows do not come.
pub(crate) enum Failed {
    /// The statement has failed, or its host.
    Here(Error),
    /// What runs the parts has.
    There(DataFusionError),
}

impl Given {
    /// As [`rows`], for as long as they are wanted.
    pub(crate) fn new(
        parts: SendableRecordBatchStream,
        query: Query,
        host: Host,
        source: Source,
        wanted: Wanted,
    ) -> Self {
        Self { query, host, source, from: From::Parts(parts), wanted, given: 0, summary: None }
    }

    /// The next rows; none at their end. Once nobody wants them it fails, so that nobody takes some for all.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, Failed> {
        if let From::Parts(parts) = &mut self.from {
            match self.wanted.wait(parts.try_next()).unwrap_or_else(|| Err(given_up())) {
                Ok(Some(rows)) => {
                    self.given += rows.num_rows();
                    return self.batch(&rows).map(Some).map_err(Failed::There);
                }
                Ok(None) => {
                    // Scripts and the log of statements count its rows.
                    self.source.summaries().into_iter().for_each(|part| self.query.add(part));
                    self.summary = Some(self.query.end(self.given));
                    self.from = From::End;
                }
                Err(error) if is_of_part(&error) => {
                    let steps = Steps::new(&self.host, self.wanted.watch()).behind(self.given);
                    self.from = From::Whole(Box::new(steps));
                }
                Err(error) => {
                    self.from = From::End;
                    return Err(Failed::There(error));
                }
            }
        }
        let From::Whole(steps) = &mut self.from else { return Ok(None) };
        let rows = steps.next(&mut self.query, &mut ()).map_err(Failed::Here)?;
        if rows.is_none() {
            self.summary = steps.summary();
            if self.summary.is_none() {
                return Err(Failed::There(given_up()));
            }
            self.from = From::End;
        }
        Ok(rows)
    }

    fn batch(&self, rows: &RecordBatch) -> Result<Batch> {
        let schema = self.query.schema();
        batch(schema.ok_or_else(|| DataFusionError::Internal("a query has no columns".into()))?, rows)
    }

    /// What the query has ended with, if it has ended: once.
    pub(crate) fn summary(&mut self) -> Option<Summary> {
        self.summary.take()
    }
}

impl std::convert::From<Failed> for DataFusionError {
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

/// Whether an error is one that the statement in one piece may not meet, or meet elsewhere.
fn is_of_part(error: &DataFusionError) -> bool {
    Failure::of(error).is_some_and(|failure| !failure.is_of_place())
}
