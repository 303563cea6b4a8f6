//! Statements that do something with the rows of a query: they run in this process, on rows that parts give.

use std::ops::ControlFlow;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use predictql::data::Batch;
use predictql::{Query, Summary};
use predictql_host::{Error, Host, Inputs};

use crate::drive::ours;
use crate::plan::Source;
use crate::rows::{Failed, Given, given};
use crate::wanted::wish;

/// Runs a statement whose source, `query`, was taken from it by [`Query::source`]. The rows are those of [`rows`](crate::rows()). Dropping the
/// future stops it.
///
/// # Errors
/// Those of the statement and of its rows.
pub async fn take(
    mut statement: Query,
    query: Query,
    parts: SendableRecordBatchStream,
    host: Host,
    source: Source,
) -> Result<Summary> {
    let (wish, wanted) = wish();
    let given = given(parts, query, host.clone(), source, wanted);
    let ran = tokio::task::spawn_blocking(move || {
        let mut taken = Taken { given, failed: None };
        let ended = host.run(&mut statement, &mut taken, &mut |_| ControlFlow::Continue(()));
        match taken.failed {
            Some(error) => Err(error),
            None => ended.map_err(ours),
        }
    });
    let ended = ran.await.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?;
    drop(wish);
    ended
}

/// The rows that the statement takes.
struct Taken {
    given: Given,
    /// What no statement is to blame for.
    failed: Option<DataFusionError>,
}

impl Inputs for Taken {
    fn next(&mut self, _: usize) -> std::result::Result<Option<Batch>, Error> {
        self.given.batch().map_err(|failed| match failed {
            Failed::Here(error) => error,
            Failed::There(error) => {
                let words = Error::new(error.to_string());
                self.failed = Some(error);
                words
            }
        })
    }

    fn ended(&mut self) -> Option<Summary> {
        self.given.summary()
    }
}
