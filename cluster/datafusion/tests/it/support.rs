//! Statements over the fixtures of the repository.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use futures::TryStreamExt;
use predictql::{Arrival, Query};
use predictql_datafusion::{Source, plan, rows};
use predictql_host::{Host, Stores};

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A host of the fixtures.
pub(crate) fn host() -> Host {
    Host::new(Stores::within(repository().join("tests/fixtures")))
}

/// The rows of a query in `parts` parts; the query again where it has to run in one piece.
pub(crate) async fn in_parts(
    query: Query,
    parts: usize,
) -> Result<std::result::Result<Vec<RecordBatch>, Query>> {
    let Some(fragments) = query.fragments(Arrival::AnyOrder).unwrap() else { return Ok(Err(query)) };
    let source = Source::here(fragments, host());
    let plan = plan(&source, parts)?;
    let stream = plan.execute(0, Arc::new(TaskContext::default()))?;
    rows(stream, query, host(), source).try_collect().await.map(Ok)
}
