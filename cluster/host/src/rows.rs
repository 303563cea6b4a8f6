//! The rows of a query in their order: of its parts, and where one of these fails of the query in one piece. This room knows nothing of
//! what runs the parts.

use std::borrow::BorrowMut;
use std::sync::Arc;

use predictql::data::Batch;
use predictql::{Query, Summary};

use crate::{Error, Host, Steps, Watch};

/// What runs the parts of a query.
pub trait Parts {
    /// Why rows do not come: the query has failed, its host, or what runs the parts.
    type Error: From<Error>;

    /// The next rows in the order of the query; none at their end.
    ///
    /// # Errors
    /// Where a part fails, or what runs it.
    fn next(&mut self) -> Result<Option<Batch>, Self::Error>;

    /// Whether the query in one piece may say more of this error, or never meet it.
    fn is_of_part(&self, error: &Self::Error) -> bool;

    /// What the parts have said at their ends.
    fn summaries(&mut self) -> Vec<Summary>;

    /// What who reads rows hears once the query was asked to stop, so that nobody takes some for all who could.
    ///
    /// # Errors
    /// Where it must be told.
    fn stopped() -> Result<(), Self::Error>;
}

/// The rows of a query, on the thread that asks for them.
pub struct Rows<Q, P> {
    query: Q,
    host: Host,
    watch: Arc<Watch>,
    source: Source<P>,
    /// How many rows were given.
    given: usize,
    summary: Option<Summary>,
}

enum Source<P> {
    Parts(P),
    Whole(Box<Steps>),
    End,
}

impl<Q: BorrowMut<Query>, P: Parts> Rows<Q, P> {
    /// The rows of a query, which is that of the parts and has not been stepped. Without parts it runs in one piece. `watch` may stop it.
    pub fn new(query: Q, parts: Option<P>, host: Host, watch: Arc<Watch>) -> Self {
        let source = match parts {
            Some(parts) => Source::Parts(parts),
            None => Source::Whole(Box::new(Steps::new(&host, watch.clone()))),
        };
        Self { query, host, watch, source, given: 0, summary: None }
    }

    /// The query.
    pub fn query(&self) -> &Query {
        self.query.borrow()
    }

    /// The next rows; none at the end, and once the query was asked to stop.
    ///
    /// # Errors
    /// Those of the query, as it meets them in one piece, and those of what runs the parts.
    pub fn batch(&mut self) -> Result<Option<Batch>, P::Error> {
        if let Source::Parts(parts) = &mut self.source {
            match parts.next() {
                Ok(Some(batch)) => {
                    self.given += batch.rows();
                    return Ok(Some(batch));
                }
                Ok(None) => {
                    let summaries = parts.summaries();
                    self.source = Source::End;
                    if self.watch.is_stopped() {
                        return P::stopped().map(|()| None);
                    }
                    // Scripts and the log of statements count its rows.
                    let query = self.query.borrow_mut();
                    summaries.into_iter().for_each(|part| query.add(part));
                    self.summary = Some(query.end(self.given));
                }
                Err(error) if parts.is_of_part(&error) => {
                    let steps = Steps::new(&self.host, self.watch.clone()).behind(self.given);
                    self.source = Source::Whole(Box::new(steps));
                }
                Err(error) => {
                    self.source = Source::End;
                    return Err(error);
                }
            }
        }
        let Source::Whole(steps) = &mut self.source else { return Ok(None) };
        let rows = steps.next(self.query.borrow_mut(), &mut ())?;
        if rows.is_none() {
            self.summary = steps.summary();
            self.source = Source::End;
            if self.summary.is_none() {
                P::stopped()?;
            }
        }
        Ok(rows)
    }

    /// What the query has ended with, if it has ended: once.
    pub fn summary(&mut self) -> Option<Summary> {
        self.summary.take()
    }
}
