//! Where the values of a column come from.

use std::fmt::Display;

use super::{invalid, too_large};
use crate::diag::{Error, Result};

/// Where values come from, for messages, and how many bytes they may take when they are converted.
pub(super) struct Source<'a> {
    pub(super) column: &'a str,
    /// The number of the first value's row; `None` for values inside of lists and structs.
    pub(super) first_row: Option<usize>,
    pub(super) bytes: usize,
}

impl Source<'_> {
    /// The source of the elements of lists and the fields of structs.
    pub(super) fn inner(&self) -> Self {
        Self { first_row: None, ..*self }
    }

    /// # Errors
    /// `limit-exceeded` where the values would become more than [`Source::bytes`].
    pub(super) fn claim(&self, bytes: usize) -> Result<()> {
        if bytes <= self.bytes { Ok(()) } else { Err(too_large(self.bytes)) }
    }

    /// The error of the value at `index`, which has no counterpart.
    pub(super) fn misfit(&self, index: usize, what: impl Display) -> Error {
        let column = self.column;
        invalid(match self.first_row {
            Some(first) => format!("column `{column}`, row {}: {what}", first.saturating_add(index)),
            None => format!("column `{column}`: {what}"),
        })
    }
}
