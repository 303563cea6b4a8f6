//! Rows that other fragments give. This room knows nothing of where these run.

use predictql::Summary;
use predictql::data::Batch;

use crate::Error;

/// Where the inputs of a fragment come from, or those of a statement that takes rows.
pub trait Inputs {
    /// The next rows of an input, by its number; none at the end.
    ///
    /// # Errors
    /// Where those who give them fail.
    fn next(&mut self, input: usize) -> Result<Option<Batch>, Error>;

    /// What a query has ended with that has given its rows since this was asked before.
    fn ended(&mut self) -> Option<Summary> {
        None
    }
}

/// What is no fragment, or one that reads no others.
impl Inputs for () {
    fn next(&mut self, input: usize) -> Result<Option<Batch>, Error> {
        Err(Error::new(format!("nobody gives the rows of input {input}")))
    }
}
