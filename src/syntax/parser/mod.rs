//! Recursive descent over tokens, one function for each rule of the grammar, operators by precedence.
//!
//! A statement that does not parse is reported once and skipped; the next one is read as if nothing was.

mod call;
mod create;
mod error;
mod expr;
mod from;
mod name;
mod primary;
mod query;
mod statement;
mod tsql;

pub(super) use tsql::holds_predict;

use super::Dialect;
use super::ast::Statement;
use super::token::{Sign, Token, TokenKind};
use crate::diag::{Code, Diagnostic, Error, Result, Span};
use crate::limits::Limits;

/// Reads statements with `;` between them.
pub(super) fn script(
    text: &str,
    tokens: &[Token],
    limits: &Limits,
    dialect: Dialect,
) -> (Vec<Statement>, Vec<Diagnostic>) {
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        limits,
        dialect,
        depth: 0,
        height: 0,
        placeholders: 0,
        statements: Vec::new(),
    };
    let mut diagnostics = Vec::new();
    while parser.token().kind != TokenKind::End {
        if parser.eat(Sign::Semicolon) {
            continue;
        }
        if let Err(error) = parser.whole_statement() {
            diagnostics.extend(error.diagnostics().cloned());
            parser.skip_statement();
        }
    }
    (parser.statements, diagnostics)
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    limits: &'a Limits,
    dialect: Dialect,
    /// Rules within rules at this place.
    depth: usize,
    /// How high the tree has grown over what was read last of the rule at hand: operators on top of each other.
    height: usize,
    /// `?` met so far; they are numbered through the whole script.
    placeholders: usize,
    /// What was read so far.
    statements: Vec<Statement>,
}

const END: &Token = &Token { kind: TokenKind::End, span: Span { start: 0, end: 0 } };

impl<'a> Parser<'a> {
    fn nth(&self, n: usize) -> &'a Token {
        self.tokens.get(self.at + n).or(self.tokens.last()).unwrap_or(END)
    }

    fn token(&self) -> &'a Token {
        self.nth(0)
    }

    /// The token taken last.
    fn previous(&self) -> Option<&'a Token> {
        self.tokens.get(self.at.checked_sub(1)?)
    }

    /// The text of the next token.
    fn token_text(&self) -> &'a str {
        self.token().span.of(self.text)
    }

    /// Takes the token that comes next.
    fn bump(&mut self) -> &'a Token {
        let token = self.token();
        self.at += 1;
        token
    }

    /// From `start` up to the last token taken.
    fn since(&self, start: Span) -> Span {
        self.previous().map_or(start, |token| start.to(token.span))
    }

    /// Right behind the last token taken.
    fn behind(&self) -> Span {
        let end = self.previous().map_or(0, |token| token.span.end);
        Span::new(end, end)
    }

    fn is_tsql(&self) -> bool {
        self.dialect == Dialect::TSql
    }

    /// Whether the `n`th token from here is this keyword.
    fn nth_is(&self, n: usize, keyword: &str) -> bool {
        let token = self.nth(n);
        token.kind == TokenKind::Word && token.span.of(self.text).eq_ignore_ascii_case(keyword)
    }

    fn at_word(&self, keyword: &str) -> bool {
        self.nth_is(0, keyword)
    }

    /// The one of these keywords that comes next.
    fn at_one_of(&self, keywords: &[&'static str]) -> Option<&'static str> {
        keywords.iter().copied().find(|keyword| self.at_word(keyword))
    }

    fn at_words(&self, keywords: &[&str]) -> bool {
        keywords.iter().enumerate().all(|(n, keyword)| self.nth_is(n, keyword))
    }

    fn at_sign(&self, sign: Sign) -> bool {
        self.nth_is_sign(0, sign)
    }

    fn nth_is_sign(&self, n: usize, sign: Sign) -> bool {
        self.nth(n).kind == TokenKind::Sign(sign)
    }

    /// Takes these keywords if all of them come next.
    fn eat_words(&mut self, keywords: &[&str]) -> bool {
        let all = self.at_words(keywords);
        if all {
            self.at += keywords.len();
        }
        all
    }

    fn eat_word(&mut self, keyword: &str) -> bool {
        self.eat_words(&[keyword])
    }

    /// Takes the one of these keywords that comes next.
    fn eat_one_of(&mut self, keywords: &[&'static str]) -> Option<&'static str> {
        let word = self.at_one_of(keywords)?;
        self.bump();
        Some(word)
    }

    fn eat(&mut self, sign: Sign) -> bool {
        let eaten = self.at_sign(sign);
        self.at += usize::from(eaten);
        eaten
    }

    fn expect_word(&mut self, keyword: &'static str) -> Result<()> {
        if self.eat_word(keyword) { Ok(()) } else { Err(self.expected_one_of(&[keyword])) }
    }

    fn expect(&mut self, sign: Sign) -> Result<Span> {
        if self.at_sign(sign) {
            return Ok(self.bump().span);
        }
        Err(self.expected(&format!("`{}`", sign.as_str())))
    }

    /// One or more, with commas between them.
    fn comma_separated<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat(Sign::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `( item, … )`, at least one item.
    fn parenthesised<T>(&mut self, item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let open = self.expect(Sign::LeftParen)?;
        let items = self.comma_separated(item)?;
        self.close(open, Sign::RightParen)?;
        Ok(items)
    }

    /// Runs `rule` one level deeper: the nesting of what people write is shallow, and the stack is small.
    fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= self.limits.nesting {
            let message = format!("the text is nested deeper than {} levels", self.limits.nesting);
            return Err(Error::new(Code::LimitExceeded, message).at(self.token().span));
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    /// An operator over what was read: chains of them make a tree as high as nesting does.
    fn grow(&mut self) -> Result<()> {
        self.height += 1;
        if self.height > self.limits.operators {
            let message = format!("more than {} operators stand on top of each other", self.limits.operators);
            return Err(Error::new(Code::LimitExceeded, message)
                .at(self.token().span)
                .hint("split the expression, for example over subqueries"));
        }
        Ok(())
    }

    fn whole_statement(&mut self) -> Result<()> {
        (self.depth, self.height) = (0, 0);
        let statement = self.statement()?;
        match self.token().kind {
            TokenKind::End | TokenKind::Sign(Sign::Semicolon) => {}
            _ if self.is_tsql() && self.at_tsql_statement() => {}
            _ => return Err(self.after_statement()),
        }
        self.statements.push(statement);
        Ok(())
    }

    fn skip_statement(&mut self) {
        while !matches!(self.token().kind, TokenKind::End | TokenKind::Sign(Sign::Semicolon)) {
            self.bump();
        }
    }
}
