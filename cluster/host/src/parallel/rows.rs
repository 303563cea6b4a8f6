//! The parts of a query on threads, as what its rows come from.

use std::sync::Arc;

use predictql::data::Batch;
use predictql::{Query, Summary};

use super::{Source, Work};
use crate::{Error, Inputs, Parts, Rows};

/// All parts, and what the last fragment gives.
pub(super) struct Threads(Arc<Work>, Source);

impl Threads {
    pub(super) fn new(work: Arc<Work>) -> Result<Self, Error> {
        let result = work.result()?;
        Ok(Self(work, result))
    }
}

impl Parts for Threads {
    type Error = Error;

    fn next(&mut self) -> Result<Option<Batch>, Error> {
        self.1.next()
    }

    /// One thread says which row is at fault, or never comes to it.
    fn is_of_part(&self, _: &Error) -> bool {
        true
    }

    fn summaries(&mut self) -> Vec<Summary> {
        self.0.take_summaries()
    }

    /// Who has asked for it knows.
    fn stopped() -> Result<(), Error> {
        Ok(())
    }
}

/// They are the only input of a statement that takes them.
impl Inputs for Rows<Query, Threads> {
    fn next(&mut self, _: usize) -> Result<Option<Batch>, Error> {
        self.batch()
    }

    fn ended(&mut self) -> Option<Summary> {
        self.summary()
    }
}
