//! Errors of the engine inside those of DataFusion, also where they have crossed a network as text.
//!
//! Ballista sends an error as the words that `Debug` writes, with more words around them. So `Debug` of a [`Failure`] holds all
//! of it, written in letters that no quoting changes, and [`Failure::in_text`] finds it again.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use datafusion::error::DataFusionError;
use predictql::diag::Kind;
use predictql_host::{Error, Finding};
use serde::{Deserialize, Serialize};

/// What stands around the letters.
const BEGIN: &str = "predictql-failure:";
const END: char = ';';

/// An error of the engine: its diagnostics, the most telling one first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    findings: Vec<Finding>,
    is_of_place: bool,
}

impl Failure {
    /// A failure of the place where a part has run, and not of the statement: a file that is not there, another version.
    pub(crate) fn of_place(error: &Error) -> Self {
        Self { is_of_place: true, ..Self::from(error) }
    }

    /// With the name of the place where it has failed, if it is of that.
    pub(crate) fn in_place(mut self, place: Option<&str>) -> Self {
        if let (true, Some(place), Some(first)) = (self.is_of_place, place, self.findings.first_mut()) {
            first.message = format!("{place}: {}", first.message);
        }
        self
    }

    /// An error with the name of the place where it was met, if it is of that.
    pub(crate) fn met_in(error: DataFusionError, place: Option<&str>) -> DataFusionError {
        match Self::of(&error) {
            Some(failure) if failure.is_of_place => failure.in_place(place).into(),
            _ => error,
        }
    }

    /// Whether the statement may do better in another place. What its rows have brought it does not.
    pub fn is_of_place(&self) -> bool {
        self.is_of_place
    }

    /// Its diagnostics, the most telling one first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The failure that DataFusion's error is about, if it is one of ours.
    pub fn of(error: &DataFusionError) -> Option<Self> {
        match error {
            DataFusionError::External(inner) => match inner.downcast_ref::<Self>() {
                Some(failure) => Some(failure.clone()),
                None => Self::of(inner.downcast_ref::<DataFusionError>()?),
            },
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => Self::of(inner),
            DataFusionError::Shared(inner) => Self::of(inner),
            DataFusionError::ArrowError(..) | DataFusionError::Execution(_) => {
                Self::in_text(&error.to_string())
            }
            DataFusionError::Collection(errors) => errors.iter().find_map(Self::of),
            _ => None,
        }
    }

    /// The failure that a text holds, whatever is written around it.
    pub fn in_text(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once(BEGIN)?;
        let (letters, _) = rest.split_once(END)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(letters).ok()?).ok()
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let is_of_place = match error {
            Error::Statement(error) => matches!(error.kind(), Kind::Host | Kind::Internal),
            Error::Host { .. } => true,
        };
        Self { findings: Finding::all(error), is_of_place }
    }
}

impl From<Failure> for DataFusionError {
    fn from(failure: Failure) -> Self {
        Self::External(Box::new(failure))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.findings.first() else { return Ok(()) };
        if let Some(code) = &first.code {
            write!(f, "[{code}] ")?;
        }
        f.write_str(&first.message)?;
        match &first.hint {
            Some(hint) => write!(f, "; hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(self).map_err(|_| fmt::Error)?;
        write!(f, "{self} {BEGIN}{}{END}", URL_SAFE_NO_PAD.encode(json))
    }
}

impl std::error::Error for Failure {}
