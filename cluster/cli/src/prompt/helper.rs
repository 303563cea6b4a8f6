//! What helps while somebody types: completions of the engine, colours, and lines that go on until a statement ends.

use std::borrow::Cow;
use std::collections::HashSet;

use console::style;
use predictql::{Completion, Dialect, Engine};
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Result};

use super::scan::{Token, has_ended, tokens};

/// Words that have a colour.
const KEYWORDS: &str = "ALL ALTER AND ARRAY AS ASC BEGIN BETWEEN BY CALL CASE CAST CREATE CROSS DATA DECLARE DEFAULT DELETE DESC
    DESCRIBE DISTINCT DROP ELSE END EXCEPT EXECUTE EXISTS EXPLAIN EXPORT EXTERNAL EXTRACT FALSE FOR FROM FULL FUNCTION GROUP HAVING
    IF IN INNER INSERT INTERSECT INTERVAL INTO IS JOIN LEFT LIKE LIMIT LOOP MERGE MODEL NOT NULL OFFSET ON OPTIONS OR ORDER OUTER
    OVER PARTITION PROCEDURE QUALIFY RECURSIVE REPLACE RIGHT SELECT SET SHOW STRUCT TABLE TABLES MODELS THEN TOP TRANSFORM TRUE
    UNION UNNEST UPDATE USING VALUES VERSION VIEW WHEN WHERE WHILE WINDOW WITH PREDICT";

pub(super) struct Helper {
    engine: Engine,
    dialect: Option<Dialect>,
    keywords: HashSet<&'static str>,
}

impl Helper {
    pub(super) fn new(engine: Engine, dialect: Option<Dialect>) -> Self {
        Self { engine, dialect, keywords: KEYWORDS.split_whitespace().collect() }
    }
}

impl Completer for Helper {
    type Candidate = Pair;

    fn complete(&self, line: &str, place: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let before = line.get(..place).unwrap_or(line);
        let begun = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| {
            at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        let word = before.get(begun..).unwrap_or_default().to_lowercase();
        let offered = self.engine.complete(line, place, self.dialect).into_iter();
        let pair = |Completion { label, apply, detail, .. }: Completion| {
            let display = match detail {
                Some(detail) => format!("{label}  {detail}"),
                None => label.clone(),
            };
            Pair { display, replacement: apply.unwrap_or(label) }
        };
        let offered = offered.filter(|it| it.label.to_lowercase().starts_with(&word)).map(pair);
        Ok((begun, offered.collect()))
    }
}

impl Highlighter for Helper {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if !console::colors_enabled() {
            return Cow::Borrowed(line);
        }
        let coloured = tokens(line).into_iter().map(|(token, range)| {
            let text = line.get(range).unwrap_or_default();
            match token {
                Token::Word if self.keywords.contains(text.to_ascii_uppercase().as_str()) => {
                    style(text).blue().bold().to_string()
                }
                Token::Number => style(text).cyan().to_string(),
                Token::Quoted(_) => style(text).green().to_string(),
                Token::Comment(_) => style(text).dim().to_string(),
                _ => text.to_owned(),
            }
        });
        Cow::Owned(coloured.collect())
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        true
    }
}

impl Validator for Helper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        let text = context.input();
        let is_over = has_ended(text) || matches!(text.trim(), "exit" | "quit");
        Ok(if is_over { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Hinter for Helper {
    type Hint = String;
}

impl rustyline::Helper for Helper {}
