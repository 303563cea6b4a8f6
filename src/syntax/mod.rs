//! SQL text to a tree with a span on every node.
//!
//! Parsing never fails as a whole: it returns the statements it understood and what it found wrong. This
//! room knows no tables, no types of columns and no functions by name.

pub(crate) mod ast;
mod cursor;
mod keyword;
mod lexer;
mod literal;
mod operator;
mod parser;
mod token;

pub(crate) use cursor::{Cursor, Source, cursor};
pub(crate) use keyword::written;
pub(crate) use operator::SqlOperator;

use crate::diag::{Code, Diagnostic, Error};
use crate::limits::Limits;

/// The variables of BigQuery that say where a query runs and who pays, without the first of their two signs.
pub(crate) const SETTABLE: &[&str] = &[QUERY_LABEL, "@dataset_id", "@dataset_project_id", "@reservation"];

/// The variable of the labels that the log has for a statement.
pub(crate) const QUERY_LABEL: &str = "@query_label";

/// The variable of the latest statement's id in the log.
pub(crate) const LAST_JOB: &str = "@last_job_id";

/// Which SQL a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// GoogleSQL as BigQuery has it.
    BigQuery,
    /// SQL Server's, with `PREDICT(MODEL = …)`.
    TSql,
}

/// The statements of a script, and what is wrong with its text.
pub(crate) struct Parsed {
    pub(crate) statements: Vec<ast::Statement>,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) dialect: Dialect,
    /// How many values the places of the text ask for: `?`, or the highest number of `$2`.
    pub(crate) positions: usize,
}

/// `EXCEPTION WHEN ERROR`: where a script goes on when a statement of a block fails. Inner blocks stand before outer ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handler {
    /// The numbers of the block's statements.
    pub(crate) of: std::ops::Range<usize>,
    /// The number of the statement to go on with.
    pub(crate) next: usize,
}

/// Reads a script: statements with `;` between them. Without a dialect, a text that holds `PREDICT(MODEL =` is T-SQL
/// and any other is GoogleSQL.
pub(crate) fn parse(text: &str, limits: &Limits, dialect: Option<Dialect>) -> Parsed {
    if text.len() > limits.sql_bytes {
        let message = format!("the text has {} bytes, the limit is {}", text.len(), limits.sql_bytes);
        let diagnostics = Error::new(Code::LimitExceeded, message).diagnostics().cloned().collect();
        let dialect = dialect.unwrap_or(Dialect::BigQuery);
        return Parsed { statements: Vec::new(), handlers: Vec::new(), diagnostics, dialect, positions: 0 };
    }
    let (dialect, (tokens, mut diagnostics)) = match dialect {
        Some(dialect) => (dialect, lexer::tokens(text, dialect)),
        None => recognise(text),
    };
    let (statements, handlers, found) = parser::script(text, &tokens, limits, dialect);
    // A broken literal causes other errors after it: report the cause alone.
    if diagnostics.is_empty() {
        diagnostics = found;
    }
    Parsed { statements, handlers, diagnostics, dialect, positions: positions(&tokens) }
}

/// How many values the places in a text ask for.
fn positions(tokens: &[token::Token]) -> usize {
    let places = tokens.iter().filter_map(|token| match token.kind {
        token::TokenKind::Placeholder(position) => Some(position),
        _ => None,
    });
    let (numbered, next): (Vec<_>, Vec<_>) = places.partition(Option::is_some);
    let highest = numbered.into_iter().flatten().map(|position| position + 1).max();
    highest.into_iter().chain([next.len()]).max().unwrap_or(0)
}

type Lexed = (Vec<token::Token>, Vec<Diagnostic>);

/// The dialect of a text, and its tokens. The dialects' quotes differ: a text that is broken in one may be
/// well-formed in the other.
fn recognise(text: &str) -> (Dialect, Lexed) {
    let lexed = lexer::tokens(text, Dialect::BigQuery);
    let seen = parser::holds_predict(text, &lexed.0);
    if seen || !lexed.1.is_empty() {
        let tsql = lexer::tokens(text, Dialect::TSql);
        if seen || (tsql.1.is_empty() && parser::holds_predict(text, &tsql.0)) {
            return (Dialect::TSql, tsql);
        }
    }
    (Dialect::BigQuery, lexed)
}

#[cfg(test)]
mod tests;
