//! Why a file is not converted.

use std::fmt;

/// The kinds of reasons, which are PredictQL's codes of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The bytes contradict the format.
    InvalidModel,
    /// A file ends before it should.
    TruncatedModel,
    /// A file of the model is missing.
    ExternalDataMissing,
    /// A checksum inside of the files is not that of what it stands for.
    ChecksumMismatch,
    /// An operator, or a setting of one, that has no translation.
    UnsupportedOperator,
    /// A kind of model that has no translation.
    UnsupportedModelType,
    /// A signature that the model does not have.
    InvalidOption,
}

impl Reason {
    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidModel => "invalid-model",
            Self::TruncatedModel => "truncated-model",
            Self::ExternalDataMissing => "external-data-missing",
            Self::ChecksumMismatch => "checksum-mismatch",
            Self::UnsupportedOperator => "unsupported-operator",
            Self::UnsupportedModelType => "unsupported-model-type",
            Self::InvalidOption => "invalid-option",
        }
    }
}

/// Why files are not converted, in words that name the file and the place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of the reason.
    pub reason: Reason,
    /// What was found and what was expected.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

pub(crate) type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), hint: String::new() }
    }

    /// Bytes of `file` that contradict its format.
    pub(crate) fn damaged(file: &str, what: impl fmt::Display) -> Self {
        Self::new(Reason::InvalidModel, format!("`{file}` is damaged: {what}"))
            .hint("download or save the model again")
    }

    pub(crate) fn truncated(file: &str, what: impl fmt::Display) -> Self {
        Self::new(Reason::TruncatedModel, format!("`{file}` ends too early: {what}"))
            .hint("download or save the model again")
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Says where it was met, unless that was said.
    pub(crate) fn or_hint(self, hint: impl Into<String>) -> Self {
        if self.hint.is_empty() { self.hint(hint) } else { self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.reason.code(), self.message)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "; hint: {}", self.hint) }
    }
}

impl std::error::Error for Refusal {}
