//! The syntax that only T-SQL has, `PREDICT` among it.

use super::Parser;
use super::primary::one_part;
use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span};
use crate::syntax::ast::{
    Declare, Expr, ExprKind, Ident, Limit, Predict, Statement, StatementKind, SubqueryKind, TableExprKind,
};
use crate::syntax::token::{Punctuation, Token, TokenKind};

/// Functions that GoogleSQL has under another name.
const RENAMED: &[(&str, &str)] = &[
    ("LEN", "LENGTH"),
    ("DATALENGTH", "BYTE_LENGTH"),
    ("ISNULL", "IFNULL"),
    ("IIF", "IF"),
    ("GETDATE", "CURRENT_TIMESTAMP"),
];

/// Whether `PREDICT ( MODEL =` is among the tokens.
pub(in crate::syntax) fn holds_predict(text: &str, tokens: &[Token]) -> bool {
    let is = |token: &Token, word: &str| {
        token.kind == TokenKind::Word && token.span.of(text).eq_ignore_ascii_case(word)
    };
    tokens.windows(4).any(|window| match window {
        [predict, open, model, equal] => {
            is(predict, "PREDICT")
                && open.kind == TokenKind::Punctuation(Punctuation::LeftParen)
                && is(model, "MODEL")
                && equal.kind == TokenKind::Punctuation(Punctuation::Equal)
        }
        _ => false,
    })
}

impl Parser<'_> {
    /// Whether a statement goes on without a `;` in front of it. `WITH` needs one.
    pub(super) fn at_tsql_statement(&self) -> bool {
        (self.at_statement() && !self.at_word("WITH")) || self.at_unsupported_statement()
    }

    /// `TOP n`, `TOP (n)`.
    pub(super) fn top(&mut self) -> Result<Option<Limit>> {
        if !self.eat_word("TOP") {
            return Ok(None);
        }
        let count = match self.token().kind {
            TokenKind::Integer | TokenKind::Punctuation(Punctuation::LeftParen) => self.top_count()?,
            _ => return Err(self.expected("a number of rows").hint("write TOP (10)")),
        };
        if let Some(word) = self.at_one_of(&["PERCENT", "WITH"]) {
            return Err(self.unsupported(&format!("`TOP … {word}`"), "write TOP with a number of rows"));
        }
        Ok(Some(Limit { count, offset: None }))
    }

    fn top_count(&mut self) -> Result<Expr> {
        if self.at(Punctuation::LeftParen) {
            let open = self.bump().span;
            let count = self.count()?;
            self.close(open, Punctuation::RightParen)?;
            return Ok(count);
        }
        let token = self.bump();
        self.integer(token.span.of(self.text), token.span)
    }

    /// `alias =` in front of a column.
    pub(super) fn tsql_leading_alias(&mut self) -> Result<Option<Ident>> {
        if !self.nth_at(1, Punctuation::Equal) {
            return Ok(None);
        }
        if matches!(self.token().kind, TokenKind::Parameter(_)) {
            return Err(self.unsupported("setting a variable in SELECT", "write SET @name = (SELECT …)"));
        }
        if !self.at_name() {
            return Ok(None);
        }
        let alias = self.ident("an alias")?;
        self.expect(Punctuation::Equal)?;
        Ok(Some(alias))
    }

    /// `@name`.
    pub(super) fn tsql_variable(&mut self) -> Result<Ident> {
        let token = self.token();
        match &token.kind {
            TokenKind::Parameter(name) => {
                self.bump();
                Ok(Ident { text: name.clone(), span: token.span })
            }
            TokenKind::Word if !self.nth_at(1, Punctuation::Equal) => {
                Err(self.unsupported("setting options of the session", "leave it out"))
            }
            _ => Err(self.expected("a variable's name").hint("variables begin with @")),
        }
    }

    /// `@a [AS] type [= value], …`. All but the last become statements of their own.
    pub(super) fn declare_tsql(&mut self, start: Span) -> Result<Declare> {
        loop {
            let names = vec![self.tsql_variable()?];
            self.eat_word("AS");
            self.refuse(&["TABLE", "CURSOR"], "write CREATE TABLE")?;
            let data_type = Some(self.type_name()?);
            let value = if self.eat(Punctuation::Equal) { Some(self.expr()?) } else { None };
            let declare = Declare { names, data_type, value };
            if !self.at(Punctuation::Comma) {
                return Ok(declare);
            }
            let span = self.since(start);
            self.statements.push(Statement { kind: StatementKind::Declare(declare), span });
            self.bump();
        }
    }

    /// `(first, step)` after IDENTITY.
    pub(super) fn identity(&mut self) -> Result<(i64, i64)> {
        if !self.at(Punctuation::LeftParen) {
            return Ok((1, 1));
        }
        let numbers = self.parenthesised(|parser| {
            let expected = parser.expected("a whole number");
            match parser.expr()?.kind {
                ExprKind::Literal(Scalar::Int64(value)) => Ok(value),
                _ => Err(expected),
            }
        })?;
        match numbers.as_slice() {
            [first, step] => Ok((*first, *step)),
            _ => Err(Error::new(Code::SyntaxError, "IDENTITY takes its first value and its step")
                .at(self.end_of_previous())),
        }
    }

    /// `ON [PRIMARY]`, `TEXTIMAGE_ON [PRIMARY]`: where SQL Server stores a table.
    pub(super) fn skip_tsql_storage(&mut self) -> Result<()> {
        while self.eat_one_of(&["ON", "TEXTIMAGE_ON"]).is_some() {
            self.any_word("a file group")?;
        }
        Ok(())
    }

    /// Expressions that start with a word of T-SQL's own.
    pub(super) fn tsql_word(&mut self) -> Result<Option<Expr>> {
        if !self.nth_at(1, Punctuation::LeftParen) {
            return Ok(None);
        }
        match self.at_one_of(&["CAST", "TRY_CAST", "CONVERT", "TRY_CONVERT"]) {
            Some(word @ ("CAST" | "TRY_CAST")) => return self.cast(word == "TRY_CAST", true).map(Some),
            Some(word) => return self.convert(word == "TRY_CONVERT").map(Some),
            None => {}
        }
        match RENAMED.iter().find(|(name, _)| self.at_word(name)) {
            Some((_, name)) => {
                let span = self.bump().span;
                self.call(one_part(name, span)).map(Some)
            }
            None => Ok(None),
        }
    }

    /// `CONVERT(type, value)`.
    fn convert(&mut self, safe: bool) -> Result<Expr> {
        let start = self.bump().span;
        let open = self.expect(Punctuation::LeftParen)?;
        let to = self.type_name()?;
        self.expect(Punctuation::Comma)?;
        let value = Box::new(self.expr()?);
        if self.at(Punctuation::Comma) {
            return Err(self.unsupported("a style in CONVERT", "leave it out"));
        }
        self.close(open, Punctuation::RightParen)?;
        Ok(self.spanned(ExprKind::Cast { value, to, safe, truncate: true }, start))
    }

    /// `PREDICT ( MODEL =`.
    pub(super) fn at_predict(&self) -> bool {
        self.at_word("PREDICT")
            && self.nth_at(1, Punctuation::LeftParen)
            && self.nth_at_word(2, "MODEL")
            && self.nth_at(3, Punctuation::Equal)
    }

    /// `PREDICT(MODEL = …, DATA = … [, RUNTIME = ONNX]) WITH (name type, …)`.
    pub(super) fn predict(&mut self) -> Result<TableExprKind> {
        if !self.is_tsql() {
            let hint = "write ML.PREDICT(MODEL name, TABLE data), or run it with the dialect tsql";
            return Err(self.unsupported("T-SQL's `PREDICT` in this dialect", hint));
        }
        self.bump();
        let open = self.expect(Punctuation::LeftParen)?;
        self.predict_argument("MODEL")?;
        let model = self.expr()?;
        let bytes = matches!(
            model.kind,
            ExprKind::Parameter(_)
                | ExprKind::Literal(Scalar::Bytes(_))
                | ExprKind::Subquery(SubqueryKind::Scalar, _)
        );
        if !bytes {
            return Err(Error::new(
                Code::SyntaxError,
                format!("expected a model, found `{}`", model.span.of(self.text)),
            )
            .at(model.span)
            .hint("write MODEL = @variable, MODEL = 0x… or MODEL = (SELECT data FROM models WHERE id = 1)"));
        }
        self.expect(Punctuation::Comma)?;
        self.predict_argument("DATA")?;
        if self.at(Punctuation::LeftParen) {
            let hint = "name the query in WITH, or as a view, and write its name: DATA = name AS d";
            return Err(self.unsupported("a subquery as `DATA`", hint));
        }
        let data = self.table()?;
        if self.eat(Punctuation::Comma) {
            self.predict_argument("RUNTIME")?;
            if !self.at_word("ONNX") {
                let runtime = format!("`RUNTIME = {}`", self.token_text());
                return Err(self.unsupported(&runtime, "write RUNTIME = ONNX"));
            }
            self.bump();
        }
        self.close(open, Punctuation::RightParen)?;
        let start = self.token().span;
        if !self.eat_word("WITH") {
            let hint = "declare the columns that the model returns: WITH (score FLOAT)";
            return Err(self.expected_one_of(&["WITH"]).hint(hint));
        }
        let columns = self.columns()?;
        let columns_span = self.since(start);
        Ok(TableExprKind::Predict(Box::new(Predict { model, data, columns, columns_span })))
    }

    /// `name =`.
    fn predict_argument(&mut self, name: &'static str) -> Result<()> {
        if !self.eat_word(name) {
            let hint = "write PREDICT(MODEL = @model, DATA = table AS d, RUNTIME = ONNX)";
            return Err(self.expected_one_of(&[name]).hint(hint));
        }
        self.expect(Punctuation::Equal).map(drop)
    }
}
