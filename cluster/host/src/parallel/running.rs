//! A query that runs on the thread that asks for its rows.

use std::sync::Arc;

use predictql::data::Batch;
use predictql::{Query, Step, Summary};

use super::{Source, Work};
use crate::answers::Answers;
use crate::{Error, Host, Inputs, Watch};

pub(super) struct Running {
    query: Query,
    answers: Answers,
    inputs: Given,
    watch: Arc<Watch>,
    /// What it is a part of, which is told when it has ended.
    work: Option<Arc<Work>>,
    summary: Option<Summary>,
}

/// The inputs of a fragment, by their numbers.
struct Given(Vec<Source>);

impl Inputs for Given {
    fn next(&mut self, input: usize) -> Result<Option<Batch>, Error> {
        let source = self.0.get_mut(input);
        source.ok_or_else(|| Error::new(format!("nobody gives the rows of input {input}")))?.next()
    }
}

impl Running {
    pub(super) fn new(
        query: Query,
        host: &Host,
        inputs: Vec<Source>,
        watch: Arc<Watch>,
        work: Option<Arc<Work>>,
    ) -> Self {
        let answers = host.answers();
        Self { query, answers, inputs: Given(inputs), watch, work, summary: None }
    }

    /// The next rows; none at the end, and once the query was asked to stop.
    pub(super) fn next(&mut self) -> Result<Option<Batch>, Error> {
        while self.summary.is_none() && !self.watch.is_stopped() {
            match self.query.step()? {
                Step::Need(requests) => self.answers.answer(&mut self.query, requests, &mut self.inputs)?,
                Step::Progress(_) => {}
                Step::Batch(batch) => {
                    self.watch.add_rows(batch.rows());
                    return Ok(Some(batch));
                }
                Step::Done(summary) => {
                    if let Some(work) = &self.work {
                        work.add_summary(summary);
                        self.summary = Some(Summary::default());
                    } else {
                        self.summary = Some(summary);
                    }
                }
            }
        }
        Ok(None)
    }

    /// What the query has ended with.
    pub(super) fn into_summary(self) -> Summary {
        self.summary.unwrap_or_default()
    }
}
