//! What goes wrong: in a statement, which the engine says, or around it, which the host does.

use std::fmt;

use predictql::diag;

/// A failure of a statement, or of what is around statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// With its code, its place in the text and what to do.
    Statement(diag::Error),
    /// Without a place in any text.
    Host {
        /// What was found and what was expected.
        message: String,
        /// The next action to take.
        hint: Option<String>,
    },
}

impl Error {
    /// A failure around statements.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Host { message: message.into(), hint: None }
    }

    /// Adds the next action to take; a statement's error has its own.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Statement(_) => self,
            Self::Host { message, .. } => Self::Host { message, hint: Some(hint.into()) },
        }
    }

    /// The statement's error, where it is one.
    pub fn statement(&self) -> Option<&diag::Error> {
        match self {
            Self::Statement(error) => Some(error),
            Self::Host { .. } => None,
        }
    }
}

impl From<diag::Error> for Error {
    fn from(error: diag::Error) -> Self {
        Self::Statement(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement(error) => error.fmt(f),
            Self::Host { message, hint: None } => f.write_str(message),
            Self::Host { message, hint: Some(hint) } => write!(f, "{message}; hint: {hint}"),
        }
    }
}

impl std::error::Error for Error {}
