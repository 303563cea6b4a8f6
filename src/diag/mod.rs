//! Diagnostics: the one shape of every failure that a user can see.
//!
//! An [`Error`] carries at least one [`Diagnostic`]: a stable [`Code`], the place in the SQL text, what was
//! found and what was expected, and a hint that can be pasted. This room knows nothing of SQL, models or data.

mod code;
mod nearest;
mod span;

pub use code::{Code, Kind};
pub(crate) use nearest::{edits, nearest};
pub use span::{LineColumn, LineIndex, Span};

use std::fmt;

/// What a fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Checks an invariant, once, so that what follows may rely on it.
///
/// # Errors
/// `internal`, with the place that noticed.
#[track_caller]
pub(crate) fn ensure(holds: bool, what: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::internal(what)) }
}

/// What must be there: a missing value is an `internal` error.
pub(crate) trait Invariant<T> {
    /// The value.
    ///
    /// # Errors
    /// `internal`, with the place that noticed.
    #[track_caller]
    fn invariant(self, what: &str) -> Result<T>;
}

impl<T> Invariant<T> for Option<T> {
    fn invariant(self, what: &str) -> Result<T> {
        match self {
            Some(value) => Ok(value),
            None => Err(Error::internal(what)),
        }
    }
}

/// How grave a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The statement cannot run, or did not finish.
    Error,
    /// The statement runs, but perhaps not as meant.
    Warning,
}

/// A replacement in the SQL text that mends what a diagnostic found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The text to replace; empty where text is to be inserted.
    pub span: Span,
    /// What to put there.
    pub insert: String,
}

/// One finding about a SQL text, a model or data.
///
/// Messages are lower case, without a full stop, in the form "expected X, found Y"; names stand in backticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding this is; programs may match on it.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// The place in the SQL text, where there is one.
    pub span: Option<Span>,
    /// What was found and what was expected.
    pub message: String,
    /// The next action to take.
    pub hint: Option<String>,
    /// The hint as an edit of the text.
    pub fix: Option<Fix>,
    /// The words of a decoder or of the model runtime, for people who look deeper.
    pub detail: Option<String>,
    /// The row at fault, from 0, of the rows that the failing function or model was given.
    pub(crate) row: Option<usize>,
}

/// A failure: one diagnostic or several, the first one the most telling.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    first: Diagnostic,
    rest: Vec<Diagnostic>,
}

impl Diagnostic {
    /// A warning without a place.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Warning,
            span: None,
            message: message.into(),
            hint: None,
            fix: None,
            detail: None,
            row: None,
        }
    }

    /// The same finding at a place in the text.
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// The same finding with a next action.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Error {
    /// A failure without a place yet: [`Error::or_at`] adds it where it is known.
    #[cold]
    #[inline(never)]
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        let first = Diagnostic { severity: Severity::Error, ..Diagnostic::warning(code, message) };
        Self(Box::new(Inner { first, rest: Vec::new() }))
    }

    /// An invariant that does not hold: a fault of this crate, with the place that noticed it.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(crate) fn internal(what: impl Into<String>) -> Self {
        let place = std::panic::Location::caller();
        Self::new(Code::Internal, what).detail(place)
    }

    /// What the engine for tables leaves to the other one. Hosts go on with that one where they may, so
    /// it is said before a statement has given a row or changed anything.
    #[cfg(not(feature = "full"))]
    pub(crate) fn needs_full_engine(what: &str) -> Self {
        Self::new(Code::NeedsFullEngine, what)
            .hint("make the database with the full engine: `new PredictQL({ engine: \"full\" })`")
    }

    /// A failure of several findings; `None` for an empty list.
    pub(crate) fn from_diagnostics(diagnostics: Vec<Diagnostic>) -> Option<Self> {
        let mut diagnostics = diagnostics.into_iter();
        let first = diagnostics.next()?;
        Some(Self(Box::new(Inner { first, rest: diagnostics.collect() })))
    }

    /// Puts the first finding at `span`, whatever place it had.
    #[must_use]
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.0.first.span = Some(span);
        self
    }

    /// Puts the first finding at `span` unless it already has a place.
    #[must_use]
    pub(crate) fn or_at(mut self, span: Span) -> Self {
        self.0.first.span.get_or_insert(span);
        self
    }

    /// Adds the next action to take.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.first.hint = Some(hint.into());
        self
    }

    /// Adds the next action to take, where there is one to name.
    #[must_use]
    pub(crate) fn hint_opt(mut self, hint: Option<String>) -> Self {
        if hint.is_some() {
            self.0.first.hint = hint;
        }
        self
    }

    /// Adds the next action to take, unless there is one already.
    #[must_use]
    pub(crate) fn or_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.first.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Hints at the candidate that `name` is a slip of, if one is near enough to be meant.
    #[must_use]
    pub(crate) fn did_you_mean<'a>(self, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(name, candidates) {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// As [`Error::did_you_mean`], with an edit that puts the candidate, as `write` has it, in the place of this error.
    #[must_use]
    pub(crate) fn did_you_mean_here<'a>(
        self,
        name: &str,
        candidates: impl IntoIterator<Item = &'a str>,
        write: impl FnOnce(&str) -> String,
    ) -> Self {
        match (nearest(name, candidates), self.0.first.span) {
            (Some(near), Some(span)) => {
                let insert = write(near);
                self.hint(format!("did you mean `{near}`?")).fix(span, insert)
            }
            (Some(near), None) => self.hint(format!("did you mean `{near}`?")),
            (None, _) => self,
        }
    }

    /// Hints at what there is, `what` in front (`the columns are`), unless there is a hint already.
    #[must_use]
    pub(crate) fn or_list<'a>(self, what: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        // Nothing is no list.
        let mut names = names.into_iter().peekable();
        if names.peek().is_none() { self } else { self.or_hint(list(what, names)) }
    }

    /// Hints at what there is, behind the hint that is there.
    #[must_use]
    pub(crate) fn and_list<'a>(mut self, what: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let list = list(what, names);
        match self.0.first.hint.take() {
            Some(first) => self.hint(format!("{first} {list}")),
            None => self.hint(list),
        }
    }

    /// Adds an edit of the text that mends it.
    #[must_use]
    pub(crate) fn fix(mut self, span: Span, insert: impl Into<String>) -> Self {
        self.0.first.fix = Some(Fix { span, insert: insert.into() });
        self
    }

    /// Adds the words of what failed underneath.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.0.first.detail = Some(detail.to_string());
        self
    }

    /// Names the row at fault, from 0, unless one is named already.
    #[must_use]
    pub(crate) fn in_row(mut self, row: usize) -> Self {
        self.0.first.row.get_or_insert(row);
        self
    }

    /// The row at fault, taken out for the caller to say it in its own terms.
    pub(crate) fn take_row(&mut self) -> Option<usize> {
        self.0.first.row.take()
    }

    /// Says more about where the failure happened, in front of the message.
    #[must_use]
    pub(crate) fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.first.message = format!("{context}: {}", self.0.first.message);
        self
    }

    /// The code of the first diagnostic.
    pub fn code(&self) -> Code {
        self.0.first.code
    }

    /// Who must act.
    pub fn kind(&self) -> Kind {
        self.code().kind()
    }

    /// The first, most telling diagnostic.
    pub fn first(&self) -> &Diagnostic {
        &self.0.first
    }

    /// All diagnostics, the first one included.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        std::iter::once(&self.0.first).chain(&self.0.rest)
    }
}

fn list<'a>(what: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    format!("{what} {}", names.join(", "))
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.diagnostics()).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.0.first.code, self.0.first.message)?;
        match &self.0.first.hint {
            Some(hint) => write!(f, "; hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
