//! What is wrong, and where in the text: on standard error, with colours where that is a terminal and nobody wants none.

use std::io::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use predictql::Summary;
use predictql_host::Finding;

/// Draws a finding: its code, its place in `text`, what to do.
pub fn report(text: &str, finding: &Finding) {
    let level = if finding.is_warning { Level::WARNING } else { Level::ERROR };
    let title = level.primary_title(finding.message.as_str());
    let mut group = Group::with_title(match &finding.code {
        Some(code) => title.id(code.as_str()),
        None => title,
    });
    let span = finding.span.map(|(start, end)| start..end);
    if let Some(span) = span.filter(|span| text.get(span.clone()).is_some()) {
        group = group.element(Snippet::source(text).annotation(AnnotationKind::Primary.span(span)));
    }
    if let Some(hint) = hint(finding) {
        group = group.element(Level::HELP.message(hint));
    }
    if let Some(detail) = &finding.detail {
        group = group.element(Level::NOTE.message(detail.as_str()));
    }
    let renderer = if console::colors_enabled_stderr() { Renderer::styled() } else { Renderer::plain() };
    tell(&renderer.render(&[group]));
}

/// The next action to take, by what the options are called here: the engine names them as web pages do.
fn hint(finding: &Finding) -> Option<String> {
    let hint = finding.hint.as_deref()?;
    Some(match finding.code.as_deref() {
        Some("unknown-parameter") if finding.message.ends_with("has no value") => {
            let named = finding.message.split_once("`@").and_then(|(_, rest)| rest.split_once('`'));
            format!("give it a value: `--param {}=VALUE`", named.map_or("", |(name, _)| name))
        }
        _ => hint.replace("`memoryLimit`", "`--limit-memory`"),
    })
}

/// What a statement of `text` has to tell beside its rows goes beside them.
pub fn tell_end(text: &str, summary: &Summary) {
    for warning in &summary.warnings {
        report(text, &Finding::from(warning));
    }
    if let Some(message) = &summary.message {
        tell(message);
    }
}

fn tell(words: &str) {
    // There is nobody to tell that nobody reads it.
    let _ = writeln!(std::io::stderr(), "{words}");
}
