//! Rows that other fragments give. This room knows nothing of where these run.

use predictql::data::Batch;

use crate::Error;

/// Where the inputs of a fragment come from.
pub trait Inputs {
    /// The next rows of an input, by its number; none at the end.
    ///
    /// # Errors
    /// Where those who give them fail.
    fn next(&mut self, input: usize) -> Result<Option<Batch>, Error>;
}

/// What is no fragment, or one that reads no others.
impl Inputs for () {
    fn next(&mut self, input: usize) -> Result<Option<Batch>, Error> {
        Err(Error::new(format!("nobody gives the rows of input {input}")))
    }
}
