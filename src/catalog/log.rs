//! The log of statements: what ran and when, over which tables and versions of models, how long, and with what end.
//!
//! It holds what a statement's text says and counts of rows, never a value of a parameter, an input or an output.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::control::{Counts, Timings};
use crate::data::{Batch, Scalar};
use crate::diag::{Code, Span};
use crate::limits::LOGGED_JOBS;
use crate::model::Model;

/// A statement that has ended.
#[derive(Debug)]
pub(crate) struct Logged {
    /// The keywords that name it.
    pub(crate) verb: &'static str,
    pub(crate) text: String,
    /// Where that begins in the text of its script, which the places of failures count in.
    pub(crate) place: usize,
    /// As `@@query_label` has them.
    pub(crate) labels: Scalar,
    /// In milliseconds since 1970-01-01 UTC.
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) timings: Timings,
    pub(crate) used: Arc<Used>,
    pub(crate) counts: Counts,
    pub(crate) ending: Ending,
}

/// How a statement has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    Done,
    /// With the place of its text that is at fault, where there is one.
    Failed(Code, Option<Span>),
    /// Nobody wanted the rest of it.
    Stopped,
}

/// The tables and models that a statement names.
#[derive(Debug, Default)]
pub(crate) struct Used {
    pub(crate) tables: Vec<String>,
    pub(crate) models: Vec<UsedModel>,
}

/// A version of a model as a statement named it.
#[derive(Debug, PartialEq)]
pub(crate) struct UsedModel {
    /// None for a model that is a value of T-SQL, which has no name.
    pub(crate) version: Option<(String, u32)>,
    /// The word behind `@`, where it was no number.
    pub(crate) alias: Option<String>,
    pub(crate) sha256: [u8; 32],
}

impl Used {
    /// Takes note of a table.
    pub(crate) fn table(&mut self, name: String) {
        if !self.tables.contains(&name) {
            self.tables.push(name);
        }
    }

    /// Takes note of a model.
    pub(crate) fn model(&mut self, model: &Model, version: Option<(&str, u32)>, word: Option<&str>) {
        let alias = word.filter(|word| word.parse::<u32>().is_err()).map(str::to_owned);
        let version = version.map(|(name, number)| (name.to_owned(), number));
        let used = UsedModel { version, alias, sha256: model.digest() };
        if !self.models.contains(&used) {
            self.models.push(used);
        }
    }
}

/// The latest statements, in the order in which they ended.
#[derive(Debug, Default)]
pub(crate) struct Log {
    jobs: VecDeque<(String, Logged)>,
    /// How many there have been.
    count: u64,
    /// The rows of engines before this one, the oldest first.
    earlier: Vec<Batch>,
}

impl Log {
    /// Adds a statement, and drops the oldest of too many.
    pub(crate) fn add(&mut self, id: String, job: Logged) {
        self.count += 1;
        if self.jobs.len() >= LOGGED_JOBS {
            self.jobs.pop_front();
        }
        self.jobs.push_back((id, job));
    }

    /// The statements behind the first `seen`, with their ids.
    pub(crate) fn since(&self, seen: u64) -> impl Iterator<Item = (&str, &Logged)> {
        let new = usize::try_from(self.count.saturating_sub(seen)).unwrap_or(usize::MAX);
        let known = self.jobs.len().saturating_sub(new);
        self.jobs.iter().skip(known).map(|(id, job)| (id.as_str(), job))
    }

    /// How many statements there have been.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The latest rows of engines before this one, as many as there is room for.
    pub(crate) fn earlier(&self) -> Vec<Batch> {
        let mut room = LOGGED_JOBS.saturating_sub(self.jobs.len());
        let mut kept = Vec::new();
        for batch in self.earlier.iter().rev() {
            let rows = batch.rows().min(room);
            if rows > 0 {
                kept.push(batch.slice(batch.rows() - rows, rows));
            }
            room -= rows;
        }
        kept.reverse();
        kept
    }

    /// Takes over rows of engines before this one, behind those it has of such.
    pub(crate) fn restore(&mut self, rows: Vec<Batch>) {
        self.earlier.extend(rows);
    }
}
