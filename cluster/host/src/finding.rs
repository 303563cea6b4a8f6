//! What is wrong, or to be known, in words that travel and are shown.

use predictql::diag::{Code, Diagnostic, Severity, Span};
use serde::{Deserialize, Serialize};

use crate::Error;

/// A [`Diagnostic`], or what is none because it is about no statement.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Finding {
    /// The name that programs match on; none of what is no statement's fault, but lies around it.
    pub code: Option<String>,
    /// Whether the statement has run all the same.
    pub is_warning: bool,
    /// The bytes of the text that it is about: the first one, and the one behind the last.
    pub span: Option<(usize, usize)>,
    /// What was found and what was expected.
    pub message: String,
    /// The next action to take.
    pub hint: Option<String>,
    /// The words of what failed underneath.
    pub detail: Option<String>,
}

impl Finding {
    /// The findings of a failure, the most telling one first.
    pub fn all(error: &Error) -> Vec<Self> {
        match error {
            Error::Statement(error) => error.diagnostics().map(Self::from).collect(),
            Error::Host { message, hint } => {
                vec![Self { message: message.clone(), hint: hint.clone(), ..Self::default() }]
            }
        }
    }

    /// The same as the engine says it; `None` for what is about no statement.
    pub fn diagnostic(&self) -> Option<Diagnostic> {
        let code = Code::ALL.iter().find(|code| Some(code.as_str()) == self.code.as_deref())?;
        let mut found = Diagnostic::warning(*code, self.message.clone());
        if !self.is_warning {
            found.severity = Severity::Error;
        }
        found.span = self.span.map(|(start, end)| Span { start, end });
        found.hint.clone_from(&self.hint);
        found.detail.clone_from(&self.detail);
        Some(found)
    }
}

impl From<&Diagnostic> for Finding {
    fn from(found: &Diagnostic) -> Self {
        Self {
            code: Some(found.code.as_str().to_owned()),
            is_warning: found.severity == Severity::Warning,
            span: found.span.map(|span| (span.start, span.end)),
            message: found.message.clone(),
            hint: found.hint.clone(),
            detail: found.detail.clone(),
        }
    }
}
