//! What is wrong, and where in the text: on standard error, with colours where that is a terminal and nobody wants none.

use std::io::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use predictql::diag::{Diagnostic, Severity};
use predictql_host::Error;

/// All findings of a failure.
pub(crate) fn tell(text: &str, error: &Error) {
    match error {
        Error::Statement(error) => error.diagnostics().for_each(|it| tell_one(text, it)),
        Error::Host { message, hint } => {
            let mut group = Group::with_title(Level::ERROR.primary_title(message.as_str()));
            if let Some(hint) = hint {
                group = group.element(Level::HELP.message(hint.as_str()));
            }
            write(&[group]);
        }
    }
}

/// What has no place in a text.
pub(crate) fn tell_plain(message: &str) {
    write(&[Group::with_title(Level::ERROR.primary_title(message))]);
}

/// An error or a warning: its code, its place, what to do.
pub(crate) fn tell_one(text: &str, diagnostic: &Diagnostic) {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    let span = diagnostic.span.map(std::ops::Range::from);
    if let Some(span) = span.filter(|span| text.get(span.clone()).is_some()) {
        let snippet = Snippet::source(text).annotation(AnnotationKind::Primary.span(span));
        group = group.element(snippet);
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    if let Some(detail) = &diagnostic.detail {
        group = group.element(Level::NOTE.message(detail.as_str()));
    }
    write(&[group]);
}

fn write(report: &[Group<'_>]) {
    let renderer = if console::colors_enabled_stderr() { Renderer::styled() } else { Renderer::plain() };
    // There is nobody to tell that nobody reads it.
    let _ = writeln!(std::io::stderr(), "{}", renderer.render(report));
}
