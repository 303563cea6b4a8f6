//! Why the command ends before it is done: on standard error, with the place in the text where there is one.

use std::io::Write;
use std::process::ExitCode;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use ballista_core::error::BallistaError;
use datafusion::error::DataFusionError;
use predictql_datafusion::{Failure, Finding};

/// Something to tell.
pub(crate) enum Told {
    /// About a statement of a text.
    Statement { text: String, failure: Failure },
    /// About anything else.
    Plain(String),
    /// Nobody reads what is written, as behind `| head`.
    Unread,
    /// Ctrl-C.
    Cancelled,
}

impl Told {
    /// An error of a statement of this text, or of the cluster that should run it.
    pub(crate) fn about(text: &str, error: &DataFusionError) -> Self {
        match Failure::of(error) {
            Some(failure) => Self::Statement { text: text.to_owned(), failure },
            None => Self::Plain(match error {
                DataFusionError::Execution(message) => message.clone(),
                error => error.strip_backtrace(),
            }),
        }
    }

    pub(crate) fn tell(&self) -> ExitCode {
        match self {
            Self::Statement { text, failure } => failure.findings().iter().for_each(|it| finding(text, it)),
            Self::Plain(message) => write(&[Group::with_title(Level::ERROR.primary_title(message.as_str()))]),
            Self::Unread => return ExitCode::SUCCESS,
            Self::Cancelled => {
                write(&[Group::with_title(Level::ERROR.primary_title("cancelled"))]);
                return 130.into();
            }
        }
        1.into()
    }
}

impl From<std::io::Error> for Told {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Plain(error.to_string()),
        }
    }
}

impl From<BallistaError> for Told {
    fn from(error: BallistaError) -> Self {
        Self::Plain(error.to_string())
    }
}

fn finding(text: &str, found: &Finding) {
    let level = if found.is_warning { Level::WARNING } else { Level::ERROR };
    let title = level.primary_title(found.message.as_str());
    let mut group = Group::with_title(match &found.code {
        Some(code) => title.id(code.as_str()),
        None => title,
    });
    let span = found.span.map(|(start, end)| start..end);
    if let Some(span) = span.filter(|span| text.get(span.clone()).is_some()) {
        group = group.element(Snippet::source(text).annotation(AnnotationKind::Primary.span(span)));
    }
    if let Some(hint) = &found.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    if let Some(detail) = &found.detail {
        group = group.element(Level::NOTE.message(detail.as_str()));
    }
    write(&[group]);
}

fn write(report: &[Group<'_>]) {
    // There is nobody to tell that nobody reads it.
    let _ = writeln!(std::io::stderr(), "{}", Renderer::plain().render(report));
}
