//! What became of a model's runs.

use std::sync::{Mutex, PoisonError};

use crate::diag::{Error, Result};

/// The latest failure of a model's runs.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<Option<Error>>);

impl Failures {
    /// Keeps the error of a run that failed.
    pub(super) fn note<T>(&self, result: Result<T>) -> Result<T> {
        // A panic elsewhere leaves the error whole.
        result.inspect_err(|error| {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        })
    }

    pub(super) fn latest(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
