//! What clusters say when something goes wrong, in words that help.

use std::fmt;

use datafusion::error::DataFusionError;
use predictql_datafusion::Failure;
use tonic::{Code, Status};

/// A failure that the cluster tells in its own words: ours, if these hold one.
#[cold]
pub(crate) fn failed(words: &str) -> DataFusionError {
    match Failure::in_text(words) {
        Some(failure) => failure.into(),
        None => {
            DataFusionError::Execution(format!("the cluster could not run the statement: {}", words.trim()))
        }
    }
}

/// What a scheduler does not do, or that it is there no more.
#[cold]
pub(crate) fn refused(address: &str, status: &Status) -> DataFusionError {
    match status.code() {
        Code::Unavailable => unanswered(address, &status.message()),
        _ => failed(status.message()),
    }
}

#[cold]
pub(crate) fn unanswered(address: &str, error: &dyn fmt::Display) -> DataFusionError {
    let hint = "start one with `predictql-cluster scheduler`, or name another one with `--scheduler`";
    DataFusionError::Execution(format!("no scheduler answers at {address}: {error}; hint: {hint}"))
}

/// Whether a failure may be one of machines and of what is between them, which another attempt may not meet.
pub(crate) fn is_of_cluster(error: &DataFusionError) -> bool {
    Failure::of(error).is_none()
}
