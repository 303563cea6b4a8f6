//! Steps a statement on the thread that asks for its rows, and brings it what it needs.

use std::sync::Arc;

use predictql::data::Batch;
use predictql::{Query, Step, Summary};

use crate::answers::Answers;
use crate::{Error, Host, Inputs, Watch};

/// The steps of one statement.
pub struct Steps {
    answers: Answers,
    watch: Arc<Watch>,
    /// How many of the rows that come next are passed over.
    passed: usize,
    summary: Option<Summary>,
}

impl Steps {
    /// Steps that `watch` may stop, and that count rows for it.
    pub fn new(host: &Host, watch: Arc<Watch>) -> Self {
        Self { answers: host.answers(), watch, passed: 0, summary: None }
    }

    /// Without the first `rows` rows: those of a query that parts have given.
    #[must_use]
    pub fn behind(self, rows: usize) -> Self {
        Self { passed: rows, ..self }
    }

    /// The next rows of `query`, which is the same one each time; none at the end, and once it was asked to stop. `inputs` give
    /// the rows of its source, where that was taken from it.
    ///
    /// # Errors
    /// As the query's steps; in the host's words where what it needs is not there.
    pub fn next(&mut self, query: &mut Query, inputs: &mut dyn Inputs) -> Result<Option<Batch>, Error> {
        while self.summary.is_none() && !self.watch.is_stopped() {
            match query.step()? {
                Step::Need(requests) => self.answers.answer(query, requests, inputs)?,
                Step::Progress(_) => {}
                Step::Batch(batch) => {
                    let passed = self.passed.min(batch.rows());
                    self.passed -= passed;
                    let batch = batch.skip(passed);
                    if batch.rows() > 0 {
                        self.watch.add_rows(batch.rows());
                        return Ok(Some(batch));
                    }
                }
                Step::Done(summary) => self.summary = Some(summary),
            }
        }
        Ok(None)
    }

    /// What the statement has ended with, if it has ended: once.
    pub fn summary(&mut self) -> Option<Summary> {
        self.summary.as_mut().map(std::mem::take)
    }
}
