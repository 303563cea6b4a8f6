//! Recursive descent over tokens, one function for each rule of the grammar, operators by precedence.
//!
//! A statement that does not parse is reported once and skipped; the next one is read as if it had parsed.

mod call;
mod change;
mod control;
mod create;
mod error;
mod expr;
mod from;
mod lambda;
mod name;
mod pipe;
mod primary;
mod procedure;
mod query;
mod statement;
mod tsql;
mod tsql_query;
mod tsql_rows;

pub(super) use tsql::holds_predict;

use std::cell::RefCell;

use super::ast::{Ident, Path, Statement, StatementKind};
use super::token::{Punctuation, Token, TokenKind};
use super::{Dialect, Handler};
use crate::diag::{Code, Diagnostic, Error, Result, Span};
use crate::limits::Limits;

/// Reads statements with `;` between them.
pub(super) fn script(
    text: &str,
    tokens: &[Token],
    limits: &Limits,
    dialect: Dialect,
) -> (Vec<Statement>, Vec<Handler>, Vec<Diagnostic>) {
    let mut parser = Parser::new(text, tokens, limits, dialect);
    let mut diagnostics = Vec::new();
    while parser.token().kind != TokenKind::End {
        if parser.eat(Punctuation::Semicolon) {
            continue;
        }
        if let Err(error) = parser.whole_statement() {
            diagnostics.extend(error.diagnostics().cloned());
            parser.skip_statement();
        }
    }
    (parser.statements, parser.handlers, diagnostics)
}

/// What may stand behind the tokens of an unfinished text.
pub(super) fn expected_at_end(text: &str, tokens: &[Token], limits: &Limits, dialect: Dialect) -> Expected {
    let mut parser = Parser::new(text, tokens, limits, dialect);
    loop {
        while parser.eat(Punctuation::Semicolon) {}
        // A statement that does not parse before the end of the text tells nothing of what may stand there.
        if parser.whole_statement().is_err() {
            parser.skip_statement();
        }
        if parser.token().kind == TokenKind::End {
            return parser.expected.into_inner();
        }
    }
}

/// What a parser has looked for at the end of the text.
#[derive(Debug, Default)]
pub(in crate::syntax) struct Expected {
    pub(in crate::syntax) words: Vec<&'static str>,
    /// What an error says that it has expected, such as `an expression`.
    pub(in crate::syntax) what: Option<String>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, tokens: &'a [Token], limits: &'a Limits, dialect: Dialect) -> Self {
        Self {
            text,
            tokens,
            position: 0,
            limits,
            dialect,
            depth: 0,
            statement_depth: 0,
            height: 0,
            placeholders: 0,
            target: None,
            statements: Vec::new(),
            loops: Vec::new(),
            label: None,
            handlers: Vec::new(),
            may_declare: true,
            has_settings: false,
            declared: Vec::new(),
            handling: 0,
            expected: RefCell::default(),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    /// The number of the token that comes next.
    position: usize,
    limits: &'a Limits,
    dialect: Dialect,
    /// How many rules are nested at this place.
    depth: usize,
    /// How many of them stand around the statement at hand.
    statement_depth: usize,
    /// How many operators are nested in each other in what the rule at hand has read last.
    height: usize,
    /// `?` met so far; they are numbered through the whole script.
    placeholders: usize,
    /// What the SELECT at hand does with its rows in place of giving them.
    target: Option<Target>,
    /// Those read so far.
    statements: Vec<Statement>,
    /// The loops around the statement at hand, the innermost last.
    loops: Vec<control::OpenLoop>,
    /// The label that was read before the loop that begins.
    label: Option<Ident>,
    handlers: Vec<Handler>,
    /// Whether nothing but DECLARE came yet, in the script or in the block at hand.
    may_declare: bool,
    /// Whether the STRUCT that begins here has settings, some of which are tables.
    has_settings: bool,
    /// The variables that T-SQL has declared since the last GO.
    declared: Vec<String>,
    /// How many handlers of failures stand around the statement at hand.
    handling: usize,
    /// Looked for at the end of the text.
    expected: RefCell<Expected>,
}

/// Where the rows of a T-SQL SELECT go.
enum Target {
    /// `INTO name`.
    Table(Path),
    /// `@a = x, @b = y`: the variables of its columns.
    Variables(Vec<Ident>),
}

/// What comes after the last token.
const END: &Token = &Token { kind: TokenKind::End, span: Span { start: 0, end: 0 } };

impl<'a> Parser<'a> {
    /// The `n`th token from here; the end of the text for all that come after it.
    fn nth(&self, n: usize) -> &'a Token {
        self.tokens.get(self.position + n).or(self.tokens.last()).unwrap_or(END)
    }

    fn token(&self) -> &'a Token {
        self.nth(0)
    }

    /// The token taken last.
    fn previous(&self) -> Option<&'a Token> {
        self.tokens.get(self.position.checked_sub(1)?)
    }

    /// The text of the next token.
    fn token_text(&self) -> &'a str {
        self.token().span.of(self.text)
    }

    /// Takes the token that comes next.
    fn bump(&mut self) -> &'a Token {
        let token = self.token();
        self.position += 1;
        token
    }

    /// From `start` up to the last token taken.
    fn since(&self, start: Span) -> Span {
        self.previous().map_or(start, |token| start.to(token.span))
    }

    /// Right after the last token taken.
    fn end_of_previous(&self) -> Span {
        let end = self.previous().map_or(0, |token| token.span.end);
        Span::new(end, end)
    }

    fn is_tsql(&self) -> bool {
        self.dialect == Dialect::TSql
    }

    /// Whether the `n`th token from here is this keyword.
    fn nth_at_word(&self, n: usize, keyword: &'static str) -> bool {
        if self.position + n + 1 == self.tokens.len() {
            self.note_expected_word(keyword);
        }
        self.nth_is_word(n, keyword)
    }

    #[cold]
    fn note_expected_word(&self, keyword: &'static str) {
        let mut expected = self.expected.borrow_mut();
        // What is looked for behind an error only words its hint.
        if expected.what.is_none() && !expected.words.contains(&keyword) {
            expected.words.push(keyword);
        }
    }

    /// Keeps what is expected if the text ends here.
    #[cold]
    fn note_expected(&self, what: &str) {
        if self.token().kind == TokenKind::End {
            self.expected.borrow_mut().what.get_or_insert_with(|| what.into());
        }
    }

    /// As [`Self::nth_at_word`], for words that would be wrong here.
    fn nth_is_word(&self, n: usize, keyword: &str) -> bool {
        let token = self.nth(n);
        token.kind == TokenKind::Word && token.span.of(self.text).eq_ignore_ascii_case(keyword)
    }

    fn at_word(&self, keyword: &'static str) -> bool {
        self.nth_at_word(0, keyword)
    }

    /// The one of these keywords that comes next.
    fn at_one_of(&self, keywords: &[&'static str]) -> Option<&'static str> {
        keywords.iter().copied().find(|keyword| self.at_word(keyword))
    }

    fn at_words(&self, keywords: &[&'static str]) -> bool {
        keywords.iter().enumerate().all(|(n, keyword)| self.nth_at_word(n, keyword))
    }

    /// Whether this mark comes next.
    fn at(&self, mark: Punctuation) -> bool {
        self.nth_at(0, mark)
    }

    /// Whether the `n`th token from here is this mark.
    fn nth_at(&self, n: usize, mark: Punctuation) -> bool {
        self.nth(n).kind == TokenKind::Punctuation(mark)
    }

    /// Takes these keywords if all of them come next.
    fn eat_words(&mut self, keywords: &[&'static str]) -> bool {
        let are_next = self.at_words(keywords);
        if are_next {
            self.position += keywords.len();
        }
        are_next
    }

    fn eat_word(&mut self, keyword: &'static str) -> bool {
        self.eat_words(&[keyword])
    }

    /// Takes the one of these keywords that comes next.
    fn eat_one_of(&mut self, keywords: &[&'static str]) -> Option<&'static str> {
        let word = self.at_one_of(keywords)?;
        self.bump();
        Some(word)
    }

    /// Takes this mark if it comes next.
    fn eat(&mut self, mark: Punctuation) -> bool {
        let is_next = self.at(mark);
        self.position += usize::from(is_next);
        is_next
    }

    fn expect_word(&mut self, keyword: &'static str) -> Result<()> {
        if self.eat_word(keyword) { Ok(()) } else { Err(self.expected_one_of(&[keyword])) }
    }

    fn expect(&mut self, mark: Punctuation) -> Result<Span> {
        if self.at(mark) {
            return Ok(self.bump().span);
        }
        Err(self.expected(&format!("`{}`", mark.as_str())))
    }

    /// One or more, with commas between them.
    fn comma_separated<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat(Punctuation::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `( item, … )`, at least one item.
    fn parenthesised<T>(&mut self, item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let open = self.expect(Punctuation::LeftParen)?;
        let items = self.comma_separated(item)?;
        self.close(open, Punctuation::RightParen)?;
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

    /// Counts an operator over what was read: chains of them make a tree as deep as nesting does.
    fn grow(&mut self) -> Result<()> {
        self.height += 1;
        if self.height > self.limits.operators {
            let message = format!("more than {} operators are nested in each other", self.limits.operators);
            return Err(Error::new(Code::LimitExceeded, message)
                .at(self.token().span)
                .hint("split the expression, for example over subqueries"));
        }
        Ok(())
    }

    fn whole_statement(&mut self) -> Result<()> {
        (self.depth, self.height) = (0, 0);
        self.loops.clear();
        self.label = None;
        self.body_statement()
    }

    /// A statement up to what ends it, or a block or loop of several.
    fn body_statement(&mut self) -> Result<()> {
        self.target = None;
        self.statement_depth = self.depth;
        let may_declare = std::mem::take(&mut self.may_declare);
        if self.is_tsql() && self.skip_tsql_setting()? {
            return Ok(());
        }
        if self.control()? {
            return self.end_of_statement();
        }
        let statement = self.statement()?;
        self.end_of_statement()?;
        match statement.kind {
            StatementKind::Declare(_) if !may_declare && !self.is_tsql() => {
                let message = "DECLARE stands at the start of a script or of a block only";
                let error = Error::new(Code::SyntaxError, message).at(statement.span);
                return Err(error.hint("move it to the start, or write BEGIN DECLARE …; …; END"));
            }
            // BigQuery's own pages create a procedure, then declare what it is called with.
            StatementKind::Declare(_) | StatementKind::CreateProcedure(_) => self.may_declare = may_declare,
            _ => {}
        }
        self.statements.push(statement);
        Ok(())
    }

    fn end_of_statement(&self) -> Result<()> {
        match self.token().kind {
            TokenKind::End | TokenKind::Punctuation(Punctuation::Semicolon) => Ok(()),
            _ if self.is_tsql()
                && (self.at_tsql_statement() || self.at_one_of(&["END", "ELSE"]).is_some()) =>
            {
                Ok(())
            }
            _ => Err(self.after_statement()),
        }
    }

    fn skip_statement(&mut self) {
        while !matches!(self.token().kind, TokenKind::End | TokenKind::Punctuation(Punctuation::Semicolon)) {
            self.bump();
        }
    }
}
