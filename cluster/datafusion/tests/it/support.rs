//! Statements over the fixtures of the repository.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use futures::TryStreamExt;
use predictql::{Arrival, Query};
use predictql_datafusion::{Source, plan, rows, take};
use predictql_host::{Host, Stores};

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A host of the fixtures.
pub(crate) fn host() -> Host {
    Host::new(Stores::within(repository().join("tests/fixtures")))
}

/// The rows that a statement gives, if it gives any, with those that it gives or takes in `parts` parts; the statement again where it
/// has to run in one piece. It writes no files.
pub(crate) async fn in_parts(
    mut query: Query,
    parts: usize,
) -> Result<std::result::Result<Vec<RecordBatch>, Box<Query>>> {
    let Some(fragments) = query.fragments(Arrival::AnyOrder).unwrap() else {
        return Ok(Err(Box::new(query)));
    };
    let host = host().of_parts();
    let source = Source::here(fragments, host.clone());
    let plan = plan(&source, parts)?;
    let stream = plan.execute(0, Arc::new(TaskContext::default()))?;
    match query.source() {
        Some(taken) => take(query, taken, stream, host, source).await.map(|_| Ok(Vec::new())),
        None => rows(stream, query, host, source).0.try_collect().await.map(Ok),
    }
}
