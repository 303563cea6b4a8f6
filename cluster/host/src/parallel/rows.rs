//! The rows of a query in their order: of its parts, and where one of these fails of the query in one piece.

use std::sync::Arc;

use predictql::data::Batch;
use predictql::{Query, Summary};

use super::{Source, Work};
use crate::{Error, Host, Inputs, Steps, Watch};

pub(super) struct Rows<'a> {
    query: &'a mut Query,
    host: Host,
    watch: Arc<Watch>,
    from: From,
    /// How many rows were given.
    given: usize,
    summary: Option<Summary>,
}

enum From {
    Parts(Arc<Work>, Source),
    Whole(Box<Steps>),
    End,
}

impl<'a> Rows<'a> {
    /// The rows of a query. `work` are its parts.
    pub(super) fn new(
        query: &'a mut Query,
        work: Option<Arc<Work>>,
        host: &Host,
        watch: &Arc<Watch>,
    ) -> Result<Self, Error> {
        let from = match work {
            Some(work) => From::Parts(work.clone(), work.result()?),
            None => From::Whole(Box::new(Steps::new(host, watch.clone()))),
        };
        let (host, watch) = (host.clone(), watch.clone());
        Ok(Self { query, host, watch, from, given: 0, summary: None })
    }

    pub(super) fn query(&self) -> &Query {
        self.query
    }

    /// The next rows; none at the end, and once the query was asked to stop.
    pub(super) fn next(&mut self) -> Result<Option<Batch>, Error> {
        if let From::Parts(work, source) = &mut self.from {
            match source.next() {
                Ok(Some(batch)) => {
                    self.given += batch.rows();
                    return Ok(Some(batch));
                }
                Ok(None) => {
                    if !self.watch.is_stopped() {
                        work.take_summaries().into_iter().for_each(|part| self.query.add(part));
                        self.summary = Some(self.query.end(self.given));
                    }
                    self.from = From::End;
                }
                // One thread says which row is at fault, or never comes to it.
                Err(_) => {
                    let steps = Steps::new(&self.host, self.watch.clone()).behind(self.given);
                    self.from = From::Whole(Box::new(steps));
                }
            }
        }
        let From::Whole(steps) = &mut self.from else { return Ok(None) };
        let rows = steps.next(self.query, &mut ())?;
        if rows.is_none() {
            self.summary = steps.summary();
            self.from = From::End;
        }
        Ok(rows)
    }

    /// What the query has ended with, if it has ended: once.
    pub(super) fn summary(&mut self) -> Option<Summary> {
        self.summary.take()
    }
}

/// They are the only input of a statement that takes them.
impl Inputs for Rows<'_> {
    fn next(&mut self, _: usize) -> Result<Option<Batch>, Error> {
        self.next()
    }

    fn ended(&mut self) -> Option<Summary> {
        self.summary()
    }
}
