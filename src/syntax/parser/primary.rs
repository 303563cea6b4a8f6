//! What operators stand between: literals, names, constructors, CASE, CAST, subqueries.

use super::Parser;
use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span};
use crate::syntax::ast::{
    Expr, ExprKind, FunctionCall, Ident, Parameter, Path, QueryBody, SubqueryKind, TypeName, TypeNameKind,
};
use crate::syntax::token::{Punctuation, TokenKind};

/// Types whose literals are a name and a string.
const TYPED_LITERALS: &[&str] =
    &["DATE", "TIMESTAMP", "NUMERIC", "BIGNUMERIC", "DECIMAL", "BIGDECIMAL", "DATETIME", "TIME", "JSON"];

/// Functions that are called without parentheses too.
const BARE_CALLS: &[&str] = &["CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_DATETIME", "CURRENT_TIME"];

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Result<Expr> {
        let token = self.token();
        let kind = match &token.kind {
            TokenKind::Integer => {
                self.bump();
                return self.integer(token.span.of(self.text), token.span);
            }
            TokenKind::Float => ExprKind::Literal(Scalar::Float64(self.float(token.span)?)),
            TokenKind::String(text) => ExprKind::Literal(Scalar::String(text.clone())),
            TokenKind::Bytes(bytes) => ExprKind::Literal(Scalar::Bytes(bytes.clone())),
            TokenKind::Parameter(name) => ExprKind::Parameter(Parameter::Named(name.clone())),
            TokenKind::Placeholder(position) => {
                let next = self.placeholders;
                self.placeholders += usize::from(position.is_none());
                ExprKind::Parameter(Parameter::Position(position.unwrap_or(next)))
            }
            TokenKind::Punctuation(Punctuation::LeftParen) => return self.grouped(),
            TokenKind::Punctuation(Punctuation::LeftBracket) => return self.array(None, token.span),
            TokenKind::Punctuation(Punctuation::Tilde) => {
                return Err(self.unsupported("the bitwise operator `~`", "write NOT for conditions"));
            }
            TokenKind::QuotedName(_) => return self.name(),
            TokenKind::Word => return self.word(),
            TokenKind::Punctuation(_) | TokenKind::Broken | TokenKind::End => {
                return Err(self.expected("an expression"));
            }
        };
        self.bump();
        Ok(Expr { kind, span: token.span })
    }

    pub(super) fn integer(&self, digits: &str, span: Span) -> Result<Expr> {
        match crate::data::parse_int(digits) {
            Some(value) => Ok(Expr { kind: ExprKind::Literal(Scalar::Int64(value)), span }),
            None => Err(Error::new(Code::InvalidLiteral, format!("`{digits}` is out of INT64's range"))
                .at(span)
                .hint("write it with a decimal point for a FLOAT64")),
        }
    }

    fn float(&self, span: Span) -> Result<f64> {
        let digits = span.of(self.text);
        let value = digits.parse().ok().filter(|value: &f64| value.is_finite());
        value.ok_or_else(|| {
            Error::new(Code::InvalidLiteral, format!("`{digits}` is out of FLOAT64's range")).at(span)
        })
    }

    /// `(expr)`, `(a, b)`, `(SELECT …)`.
    fn grouped(&mut self) -> Result<Expr> {
        let open = self.expect(Punctuation::LeftParen)?;
        if self.at_query() {
            let query = Box::new(self.query()?);
            self.close(open, Punctuation::RightParen)?;
            return Ok(self.spanned(ExprKind::Subquery(SubqueryKind::Scalar, query), open));
        }
        let mut expr = self.expr()?;
        let first = match expr.kind {
            ExprKind::Subquery(SubqueryKind::Scalar, first) if self.at_query_rest() => Err(first),
            kind => Ok(kind),
        };
        expr.kind = match first {
            Ok(kind) => kind,
            // What looked like a value in parentheses is the first part of a query.
            Err(first) => {
                let query = self.query_rest(QueryBody::Nested(first), open)?;
                ExprKind::Subquery(SubqueryKind::Scalar, Box::new(query))
            }
        };
        if self.at(Punctuation::Comma) {
            let mut fields = vec![(expr, None)];
            while self.eat(Punctuation::Comma) {
                fields.push((self.expr()?, None));
            }
            expr = Expr { kind: ExprKind::Struct { data_type: None, fields }, span: open };
        }
        self.close(open, Punctuation::RightParen)?;
        expr.span = self.since(open);
        Ok(expr)
    }

    /// `[a, b]`.
    fn array(&mut self, element: Option<TypeName>, start: Span) -> Result<Expr> {
        let open = self.expect(Punctuation::LeftBracket)?;
        let items = match self.at(Punctuation::RightBracket) {
            true => Vec::new(),
            false => self.comma_separated(Self::expr)?,
        };
        self.close(open, Punctuation::RightBracket)?;
        Ok(self.spanned(ExprKind::Array { element, items }, start))
    }

    /// Keywords that begin an expression, function calls, names.
    fn word(&mut self) -> Result<Expr> {
        let start = self.token().span;
        let literals = [("NULL", Scalar::Null), ("TRUE", Scalar::Bool(true)), ("FALSE", Scalar::Bool(false))];
        if let Some((_, value)) = literals.into_iter().find(|(word, _)| self.at_word(word)) {
            self.bump();
            return Ok(Expr { kind: ExprKind::Literal(value), span: start });
        }
        if self.is_tsql()
            && let Some(expr) = self.tsql_word()?
        {
            return Ok(expr);
        }
        if self.nth_at(1, Punctuation::LeftParen) {
            match self.at_one_of(&[
                "CAST",
                "SAFE_CAST",
                "STRUCT",
                "ARRAY",
                "EXISTS",
                "EXTRACT",
                "IF",
                "LEFT",
                "RIGHT",
            ]) {
                Some(word @ ("CAST" | "SAFE_CAST")) => return self.cast(word == "SAFE_CAST", false),
                Some("STRUCT") => {
                    self.bump();
                    return self.structure(None, start);
                }
                Some("ARRAY") => return self.subquery(SubqueryKind::Array),
                Some("EXISTS") => return self.subquery(SubqueryKind::Exists),
                Some("EXTRACT") => return self.extract(),
                // Keywords and functions.
                Some(_) => {
                    let name = self.any_word("a function")?;
                    return self.call(Path { span: name.span, parts: vec![name] });
                }
                None => {}
            }
        }
        if self.at_word("ARRAY") && self.nth_at(1, Punctuation::LeftBracket) {
            self.bump();
            return self.array(None, start);
        }
        if (self.at_word("ARRAY") || self.at_word("STRUCT")) && self.nth_at(1, Punctuation::Less) {
            return self.typed_constructor();
        }
        if self.at_word("CASE") {
            return self.case();
        }
        if self.eat_word("INTERVAL") {
            let value = self.expr()?;
            let unit = self.ident("a unit such as DAY")?;
            return Ok(self.spanned(ExprKind::Interval(Box::new(value), unit), start));
        }
        if matches!(self.nth(1).kind, TokenKind::String(_)) && self.at_one_of(TYPED_LITERALS).is_some() {
            return self.typed_literal();
        }
        if self.at_word("UNNEST") {
            return Err(self.unsupported("`UNNEST` in an expression", "write it in FROM or behind IN"));
        }
        if self.at_word("SELECT") {
            return Err(self.expected("an expression").hint("put subqueries in parentheses"));
        }
        if self.at_one_of(BARE_CALLS).is_some() && !self.nth_at(1, Punctuation::LeftParen) {
            let name = self.any_word("a function")?;
            let call = FunctionCall::plain(Path { span: start, parts: vec![name] }, Vec::new());
            return Ok(Expr { kind: ExprKind::Call(Box::new(call)), span: start });
        }
        self.name()
    }

    /// A column, or a function call.
    fn name(&mut self) -> Result<Expr> {
        let name = self.ident("an expression")?;
        if self.at(Punctuation::LeftParen) {
            return self.call(Path { span: name.span, parts: vec![name] });
        }
        Ok(Expr { span: name.span, kind: ExprKind::Name(name) })
    }

    /// `EXISTS (query)`, `ARRAY (query)`.
    fn subquery(&mut self, kind: SubqueryKind) -> Result<Expr> {
        let start = self.bump().span;
        let open = self.expect(Punctuation::LeftParen)?;
        let query = Box::new(self.query()?);
        self.close(open, Punctuation::RightParen)?;
        Ok(self.spanned(ExprKind::Subquery(kind, query), start))
    }

    /// `CAST(value AS type)`.
    pub(super) fn cast(&mut self, safe: bool, truncate: bool) -> Result<Expr> {
        let start = self.bump().span;
        let open = self.expect(Punctuation::LeftParen)?;
        let value = Box::new(self.expr()?);
        self.expect_word("AS")?;
        let to = self.type_name()?;
        self.refuse(&["FORMAT"], "leave it out")?;
        self.close(open, Punctuation::RightParen)?;
        Ok(self.spanned(ExprKind::Cast { value, to, safe, truncate }, start))
    }

    /// `(a, b AS name)` behind STRUCT.
    fn structure(&mut self, data_type: Option<TypeName>, start: Span) -> Result<Expr> {
        let open = self.expect(Punctuation::LeftParen)?;
        let mut fields = Vec::new();
        if !self.at(Punctuation::RightParen) {
            fields = self.comma_separated(|parser| {
                let value = parser.expr()?;
                let name = if parser.eat_word("AS") { Some(parser.ident("a field's name")?) } else { None };
                Ok((value, name))
            })?;
        }
        self.close(open, Punctuation::RightParen)?;
        Ok(self.spanned(ExprKind::Struct { data_type, fields }, start))
    }

    /// `ARRAY<type>[…]`, `STRUCT<…>(…)`.
    fn typed_constructor(&mut self) -> Result<Expr> {
        let start = self.token().span;
        let data_type = self.type_name()?;
        match data_type.kind {
            TypeNameKind::Array(element) => self.array(Some(*element), start),
            _ => self.structure(Some(data_type), start),
        }
    }

    /// `DATE '2024-01-31'`: a cast of a string.
    fn typed_literal(&mut self) -> Result<Expr> {
        let start = self.token().span;
        let to = self.type_name()?;
        let value = Box::new(self.primary()?);
        Ok(self.spanned(ExprKind::Cast { value, to, safe: false, truncate: false }, start))
    }

    /// `EXTRACT(part FROM value)`.
    fn extract(&mut self) -> Result<Expr> {
        let start = self.bump().span;
        let open = self.expect(Punctuation::LeftParen)?;
        let mut part = self.any_word("a part such as YEAR")?;
        if self.at(Punctuation::LeftParen) {
            let open = self.expect(Punctuation::LeftParen)?;
            let day = self.any_word("a weekday such as MONDAY")?;
            self.close(open, Punctuation::RightParen)?;
            part.text = format!("{}({})", part.text, day.text);
        }
        self.expect_word("FROM")?;
        let value = Box::new(self.expr()?);
        self.refuse(&["AT"], "timestamps are read in UTC")?;
        self.close(open, Punctuation::RightParen)?;
        Ok(self.spanned(ExprKind::Extract(part, value), start))
    }

    /// `CASE [operand] WHEN … THEN … [ELSE …] END`.
    fn case(&mut self) -> Result<Expr> {
        let start = self.bump().span;
        let operand =
            if self.at_word("WHEN") || self.at_word("END") { None } else { Some(Box::new(self.expr()?)) };
        let mut branches = Vec::new();
        while self.eat_word("WHEN") {
            let when = self.expr()?;
            self.expect_word("THEN")?;
            branches.push((when, self.expr()?));
        }
        if branches.is_empty() {
            return Err(self.expected_one_of(&["WHEN"]));
        }
        let otherwise = if self.eat_word("ELSE") { Some(Box::new(self.expr()?)) } else { None };
        if !self.eat_word("END") {
            let next: &[_] = if otherwise.is_some() { &["END"] } else { &["WHEN", "ELSE", "END"] };
            let error = self.expected_one_of(next);
            return Err(match self.token().kind {
                TokenKind::End => error.hint("end CASE with END"),
                _ => error,
            });
        }
        Ok(self.spanned(ExprKind::Case { operand, branches, otherwise }, start))
    }
}

/// A name of one part.
pub(super) fn one_part(text: &str, span: Span) -> Path {
    Path { parts: vec![Ident { text: text.into(), span }], span }
}
