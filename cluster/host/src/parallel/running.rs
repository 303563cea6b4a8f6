//! A part of a fragment that runs on the thread that asks for its rows.

use std::sync::Arc;

use predictql::Query;
use predictql::data::Batch;

use super::{Source, Work};
use crate::{Error, Inputs, Steps};

pub(super) struct Running {
    query: Query,
    steps: Steps,
    inputs: Given,
    /// What it is a part of, which is told what it has ended with.
    work: Arc<Work>,
    /// Its fragment, and its number.
    part: (usize, usize),
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
    pub(super) fn new(query: Query, inputs: Vec<Source>, work: Arc<Work>, part: (usize, usize)) -> Self {
        let steps = Steps::new(&work.host, work.watch.clone());
        Self { query, steps, inputs: Given(inputs), work, part }
    }

    /// The next rows; none at the end, and once the query was asked to stop.
    pub(super) fn next(&mut self) -> Result<Option<Batch>, Error> {
        let rows = self.steps.next(&mut self.query, &mut self.inputs)?;
        if rows.is_none()
            && let Some(summary) = self.steps.summary()
        {
            self.work.add_summary(self.part, summary);
        }
        Ok(rows)
    }
}
