//! Syntax errors: what was found, and what to write instead.

use super::Parser;
use crate::diag::{Code, Error, Result, Span, nearest};
use crate::syntax::token::{Punctuation, TokenKind};

/// Words that begin clauses or join conditions: a misspelt word is most often one of them.
const CLAUSES: &[&str] = &[
    "FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW", "ORDER", "LIMIT", "OFFSET", "JOIN", "INNER",
    "LEFT", "RIGHT", "FULL", "CROSS", "USING", "UNION", "AND", "LIKE", "BETWEEN", "DESC", "OPTIONS",
    "VALUES",
];

/// The hint for analytics beyond what a page needs.
pub(super) const ELSEWHERE: &str =
    "prepare such rows in DuckDB-Wasm or BigQuery and register the result as a table";

impl Parser<'_> {
    /// `expected X, found Y` at the next token.
    #[cold]
    pub(super) fn expected(&self, what: &str) -> Error {
        let token = self.token();
        self.note_expected(what);
        let found = match &token.kind {
            TokenKind::End => "the end of the text".into(),
            TokenKind::String(_) => "a string".into(),
            TokenKind::Bytes(_) => "a bytes literal".into(),
            _ => format!("`{}`", token.span.of(self.text)),
        };
        let error = Error::new(Code::SyntaxError, format!("expected {what}, found {found}")).at(token.span);
        let comma = self.previous().filter(|token| token.kind == TokenKind::Punctuation(Punctuation::Comma));
        match comma {
            Some(comma) if self.at_list_end() => error.hint("remove the comma before it").fix(comma.span, ""),
            _ => error,
        }
    }

    fn at_list_end(&self) -> bool {
        let marks = [Punctuation::RightParen, Punctuation::RightBracket, Punctuation::Semicolon];
        self.token().kind == TokenKind::End
            || marks.iter().any(|mark| self.at(*mark))
            || self.at_one_of(CLAUSES).is_some()
    }

    /// Whether a clause starts here, rather than a keyword standing where a name was meant.
    pub(super) fn at_clause(&self) -> bool {
        let is_last = match self.nth(1).kind {
            TokenKind::End => true,
            TokenKind::Punctuation(mark) => mark != Punctuation::LeftParen && mark != Punctuation::Star,
            _ => false,
        };
        let is_alias =
            self.previous().is_some_and(|token| token.span.of(self.text).eq_ignore_ascii_case("AS"));
        self.at_one_of(CLAUSES).is_some() && !is_last && !is_alias
    }

    /// One of these keywords was expected; the nearest is offered.
    #[cold]
    pub(super) fn expected_one_of(&self, keywords: &[&'static str]) -> Error {
        let names: Vec<_> = keywords.iter().map(|keyword| format!("`{keyword}`")).collect();
        let names = match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => names.concat(),
        };
        let error = self.expected(&names);
        match (self.nearest_keyword(keywords), self.previous()) {
            (Some(near), _) => did_you_mean(error, self.token().span, near),
            (None, Some(word)) if keywords == ["BY"] => {
                error.hint(format!("write {} BY", word.span.of(self.text))).fix(self.end_of_previous(), " BY")
            }
            _ => error,
        }
    }

    pub(super) fn nearest_keyword(&self, keywords: &[&'static str]) -> Option<&'static str> {
        let is_word = self.token().kind == TokenKind::Word;
        if is_word { nearest(self.token_text(), keywords.iter().copied()) } else { None }
    }

    /// SQL that is recognised but left out.
    #[cold]
    pub(super) fn unsupported(&self, what: &str, hint: &str) -> Error {
        Error::new(Code::UnsupportedSyntax, format!("{what} is not supported"))
            .at(self.token().span)
            .hint(hint)
    }

    /// Refuses the first of these keywords that comes next.
    pub(super) fn refuse(&self, keywords: &[&'static str], hint: &str) -> Result<()> {
        match keywords.iter().find(|word| self.nth_is_word(0, word)) {
            Some(word) => Err(self.unsupported(&format!("`{word}`"), hint)),
            None => Ok(()),
        }
    }

    /// The bracket that closes the one at `open`.
    pub(super) fn close(&mut self, open: Span, bracket: Punctuation) -> Result<Span> {
        if self.at(bracket) {
            return Ok(self.bump().span);
        }
        let bracket = bracket.as_str();
        let error = self.expected(&format!("`{bracket}`"));
        if self.token().kind == TokenKind::End {
            let hint = format!("the bracket opened here is not closed: add `{bracket}`");
            return Err(error.at(open).hint(hint).fix(self.end_of_previous(), bracket));
        }
        if self.at_list_end() {
            let hint = format!("a bracket is not closed: add `{bracket}`");
            return Err(error.hint(hint).fix(self.end_of_previous(), bracket));
        }
        Err(self.misspelt_keyword().unwrap_or(error))
    }

    /// A word that looks like a misspelt keyword: the next one, or the last, which was then taken for an alias.
    pub(super) fn misspelt_keyword(&self) -> Option<Error> {
        let slip = |span: Span| {
            let word = span.of(self.text);
            let near = nearest(word, CLAUSES.iter().copied())
                .filter(|near| word.len() > 2 && !near.eq_ignore_ascii_case(word))?;
            let error = Error::new(Code::SyntaxError, format!("expected `{near}`, found `{word}`")).at(span);
            Some(did_you_mean(error, span, near))
        };
        let word = |token: Option<&crate::syntax::token::Token>| {
            token.filter(|token| token.kind == TokenKind::Word).map(|token| token.span)
        };
        word(self.previous()).and_then(slip).or_else(|| word(Some(self.token())).and_then(slip))
    }

    /// The error for what follows a complete statement without a `;`.
    #[cold]
    pub(super) fn after_statement(&self) -> Error {
        let token = self.token();
        let error = self.expected("`;` or the end of the statement");
        if self.at(Punctuation::RightParen) {
            return error.hint("no bracket is open here: remove it").fix(token.span, "");
        }
        if self.at_statement() {
            let start = Span::new(token.span.start, token.span.start);
            return error.hint("put a `;` between two statements").fix(start, "; ");
        }
        if self.at(Punctuation::Pipe) {
            return self.unsupported("`|>` here", "it stands behind a query of GoogleSQL");
        }
        self.misspelt_keyword().unwrap_or(error)
    }
}

/// Offers `near` in place of the word at `span`.
pub(super) fn did_you_mean(error: Error, span: Span, near: &str) -> Error {
    error.hint(format!("did you mean {near}?")).fix(span, near)
}
