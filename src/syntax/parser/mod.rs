//! Recursive descent over tokens, one function for each rule of the grammar, operators by precedence.
//!
//! A statement that does not parse is reported once and skipped; the next one is read as if nothing was.

mod expr;
mod name;
mod query;
mod statement;

use super::ast::Statement;
use super::token::{Sign, Token, TokenKind};
use crate::diag::{Code, Diagnostic, Error, Result, Span, nearest};
use crate::limits::Limits;

/// Reads statements with `;` between them.
pub(super) fn script(text: &str, tokens: &[Token], limits: &Limits) -> (Vec<Statement>, Vec<Diagnostic>) {
    let mut parser = Parser { text, tokens, at: 0, depth: 0, operators: 0, limits, placeholders: 0 };
    let (mut statements, mut diagnostics) = (Vec::new(), Vec::new());
    while parser.token().kind != TokenKind::End {
        if parser.eat(Sign::Semicolon) {
            continue;
        }
        match parser.statement_with_end() {
            Ok(statement) => statements.push(statement),
            Err(error) => {
                diagnostics.extend(error.diagnostics().cloned());
                parser.skip_statement();
            }
        }
    }
    (statements, diagnostics)
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    /// Operators of this statement so far.
    operators: usize,
    limits: &'a Limits,
    /// `?` met so far; they are numbered through the whole script.
    placeholders: usize,
}

const END: &Token = &Token { kind: TokenKind::End, span: Span { start: 0, end: 0 } };

impl<'a> Parser<'a> {
    fn nth(&self, n: usize) -> &'a Token {
        self.tokens.get(self.at + n).or(self.tokens.last()).unwrap_or(END)
    }

    fn token(&self) -> &'a Token {
        self.nth(0)
    }

    /// Takes the token that comes next.
    fn bump(&mut self) -> &'a Token {
        let token = self.token();
        self.at += 1;
        token
    }

    /// From `start` up to the last token taken.
    fn since(&self, start: Span) -> Span {
        let last =
            self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(start, |token| token.span);
        start.to(last)
    }

    /// Whether the `n`th token from here is this keyword.
    fn nth_is(&self, n: usize, keyword: &str) -> bool {
        let token = self.nth(n);
        token.kind == TokenKind::Word && token.span.of(self.text).eq_ignore_ascii_case(keyword)
    }

    fn at_word(&self, keyword: &str) -> bool {
        self.nth_is(0, keyword)
    }

    fn at_sign(&self, sign: Sign) -> bool {
        self.token().kind == TokenKind::Sign(sign)
    }

    fn nth_is_sign(&self, n: usize, sign: Sign) -> bool {
        self.nth(n).kind == TokenKind::Sign(sign)
    }

    /// Takes these keywords if all of them come next.
    fn eat_words(&mut self, keywords: &[&str]) -> bool {
        let all = keywords.iter().enumerate().all(|(n, keyword)| self.nth_is(n, keyword));
        if all {
            self.at += keywords.len();
        }
        all
    }

    fn eat_word(&mut self, keyword: &str) -> bool {
        self.eat_words(&[keyword])
    }

    fn eat(&mut self, sign: Sign) -> bool {
        let eaten = self.at_sign(sign);
        self.at += usize::from(eaten);
        eaten
    }

    fn expect_word(&mut self, keyword: &str) -> Result<()> {
        if self.eat_word(keyword) {
            return Ok(());
        }
        let error = self.expected(&format!("`{keyword}`"));
        let token = self.token();
        let near = token.kind == TokenKind::Word && nearest(token.span.of(self.text), [keyword]).is_some();
        Err(if near {
            error.hint(format!("did you mean {keyword}?")).fix(token.span, keyword)
        } else {
            error
        })
    }

    fn expect(&mut self, sign: Sign) -> Result<Span> {
        if self.at_sign(sign) {
            return Ok(self.bump().span);
        }
        Err(self.expected(&format!("`{}`", sign.as_str())))
    }

    /// `expected X, found Y` at the next token.
    #[cold]
    fn expected(&self, what: &str) -> Error {
        let token = self.token();
        let found = match &token.kind {
            TokenKind::End => "the end of the text".into(),
            TokenKind::String(_) => "a string".into(),
            TokenKind::Bytes(_) => "a bytes literal".into(),
            _ => format!("`{}`", token.span.of(self.text)),
        };
        Error::new(Code::SyntaxError, format!("expected {what}, found {found}")).at(token.span)
    }

    /// SQL that is understood and left out.
    #[cold]
    fn unsupported(&self, what: &str, hint: &str) -> Error {
        Error::new(Code::UnsupportedSyntax, format!("{what} is not supported"))
            .at(self.token().span)
            .hint(hint)
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

    /// The bracket that closes the one at `open`.
    fn close(&mut self, open: Span, sign: Sign) -> Result<Span> {
        let unclosed = self.token().kind == TokenKind::End;
        self.expect(sign).map_err(|error| match unclosed {
            true => {
                error.at(open).hint(format!("the bracket opened here is not closed: add `{}`", sign.as_str()))
            }
            false => error,
        })
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

    /// Counts an operator: a chain of them makes a tree as deep as nesting does.
    fn count_operator(&mut self) -> Result<()> {
        self.operators += 1;
        if self.operators > self.limits.operators {
            let message = format!("the statement has more than {} operators", self.limits.operators);
            return Err(Error::new(Code::LimitExceeded, message).at(self.token().span));
        }
        Ok(())
    }

    fn statement_with_end(&mut self) -> Result<Statement> {
        self.operators = 0;
        let statement = self.statement()?;
        match self.token().kind {
            TokenKind::End | TokenKind::Sign(Sign::Semicolon) => Ok(statement),
            _ => Err(self.after_statement()),
        }
    }

    fn skip_statement(&mut self) {
        while !matches!(self.token().kind, TokenKind::End | TokenKind::Sign(Sign::Semicolon)) {
            self.bump();
        }
    }
}
