//! SQL text to a tree with a place on every node.
//!
//! Parsing never fails as a whole: it returns the statements it understood and what it found wrong. This
//! room knows no tables, no types of columns and no functions by name.

pub(crate) mod ast;
mod keyword;
mod lexer;
mod literal;
mod parser;
mod token;

pub(crate) use keyword::written;

use crate::diag::{Code, Diagnostic, Error};
use crate::limits::Limits;

/// The two languages that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// GoogleSQL as BigQuery has it.
    BigQuery,
    /// The part of T-SQL around PREDICT.
    TSql,
}

/// The statements of a script, and what is wrong with its text.
pub(crate) struct Parsed {
    pub(crate) statements: Vec<ast::Statement>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) dialect: Dialect,
}

/// Reads a script: statements with `;` between them.
pub(crate) fn parse(text: &str, limits: &Limits, dialect: Option<Dialect>) -> Parsed {
    let dialect = dialect.unwrap_or(Dialect::BigQuery);
    if text.len() > limits.sql_bytes {
        let message = format!("the text has {} bytes, the limit is {}", text.len(), limits.sql_bytes);
        let error = Error::new(Code::LimitExceeded, message);
        return Parsed {
            statements: Vec::new(),
            diagnostics: error.diagnostics().cloned().collect(),
            dialect,
        };
    }
    let (tokens, mut diagnostics) = lexer::tokens(text);
    let (statements, found) = parser::script(text, &tokens, limits);
    // A broken literal confuses what follows it: tell of the cause alone.
    if diagnostics.is_empty() {
        diagnostics = found;
    }
    Parsed { statements, diagnostics, dialect }
}

#[cfg(test)]
mod tests;
