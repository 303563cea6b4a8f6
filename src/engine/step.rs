//! What the step of a query answers.

use crate::control::{Counts, Progress, Timings};
use crate::data::Batch;
use crate::diag::Diagnostic;
use crate::exec::Request;

/// What [`Query::step`](super::Query::step) answers.
#[derive(Debug)]
pub enum Step {
    /// Answer these requests, all of them, then step again.
    Need(Vec<Request>),
    /// More work was done.
    Progress(Progress),
    /// Rows of the result.
    Batch(Batch),
    /// The statement has ended.
    Done(Summary),
}

/// What a statement did.
#[derive(Debug, Default)]
pub struct Summary {
    /// In words, for statements without rows.
    pub message: Option<String>,
    /// Whether tables or models were created or dropped.
    pub catalog_changed: bool,
    /// Of a statement without rows that has read the log of statements: the log as it was for it, as an Arrow IPC stream.
    pub log: Option<Vec<u8>>,
    /// What to know beside the result.
    pub warnings: Vec<Diagnostic>,
    /// What was counted.
    pub counts: Counts,
    /// Where the time went.
    pub timings: Timings,
}
