//! Operands: literals, names, constructors, CASE, CAST, subqueries.

use super::Parser;
use crate::data::decimal::{self, BIGNUMERIC_SCALE, Excess, NUMERIC_SCALE};
use crate::data::{DataType, Interval, Scalar};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::syntax::Dialect;
use crate::syntax::ast::{
    Expr, ExprKind, FunctionCall, Ident, Parameter, Path, Query, QueryBody, Select, SelectItem, Star,
    SubqueryKind, TableExpr, TableExprKind, TypeName, TypeNameKind, interval_value,
};
use crate::syntax::token::{Punctuation, TokenKind};

/// Types whose literals are a name and a string.
const TYPED_LITERALS: &[&str] =
    &["DATE", "TIMESTAMP", "NUMERIC", "BIGNUMERIC", "DECIMAL", "BIGDECIMAL", "DATETIME", "TIME", "JSON"];

/// Functions that are called without parentheses too.
const BARE_CALLS: &[&str] = &["CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_DATETIME", "CURRENT_TIME"];

/// Keywords that begin expressions in BigQuery, and what to write instead.
const LEFT_OUT: &[(&str, &str)] = &[
    ("ALL", "name the columns behind ORDER BY; without LIMIT all rows come"),
    ("COLLATE", "compare LOWER(…) of both texts"),
];

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Result<Expr> {
        let token = self.token();
        let kind = match &token.kind {
            TokenKind::Integer => {
                self.bump();
                return self.integer(token.span.of(self.text), token.span);
            }
            TokenKind::Float => self.float(token.span.of(self.text), token.span)?,
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
            TokenKind::QuotedName(_) => return self.name(),
            TokenKind::Word => {
                for (word, hint) in LEFT_OUT {
                    self.refuse(&[word], hint)?;
                }
                let is_call = self.nth_at(1, Punctuation::LeftParen);
                if !self.is_tsql() && (is_call || self.nth_at(1, Punctuation::Less)) {
                    self.refuse(&["RANGE"], "keep both ends: x >= first AND x < last")?;
                }
                return self.word();
            }
            TokenKind::Punctuation(_) | TokenKind::Broken | TokenKind::End => {
                return Err(self.expected("an expression"));
            }
        };
        self.bump();
        Ok(Expr { kind, span: token.span })
    }

    pub(super) fn integer(&self, digits: &str, span: Span) -> Result<Expr> {
        let literal = |value| Ok(Expr { kind: ExprKind::Literal(value), span });
        if let Some(value) = crate::data::parse_int(digits) {
            return literal(Scalar::Int64(value));
        }
        let of = |scale: u8| {
            let units = decimal::parsed(digits, scale, Excess::Refused)?;
            decimal::in_range(units, scale).then(|| decimal::scalar(units, scale))
        };
        let (numeric, bignumeric) = (of(NUMERIC_SCALE), of(BIGNUMERIC_SCALE));
        if self.dialect == Dialect::TSql {
            // There it is a decimal, of up to 38 digits.
            let most = digits.trim_start_matches('0').len() <= 38;
            return match numeric.or(bignumeric).filter(|_| most) {
                Some(value) => literal(value),
                None => Err(Error::new(
                    Code::InvalidLiteral,
                    format!("`{digits}` has more than the 38 digits of a decimal"),
                )
                .at(span)
                .hint("write it with an exponent for a float: 1E40")),
            };
        }
        let exact = match (numeric, bignumeric) {
            (Some(_), _) => format!("NUMERIC '{digits}', or "),
            (None, Some(_)) => format!("BIGNUMERIC '{digits}', or "),
            (None, None) => "it ".into(),
        };
        Err(Error::new(Code::InvalidLiteral, format!("`{digits}` is out of INT64's range"))
            .at(span)
            .hint(format!("write {exact}with a decimal point for a FLOAT64")))
    }

    pub(super) fn float(&self, digits: &str, span: Span) -> Result<ExprKind> {
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(ExprKind::Float { value, digits: digits.into() }),
            _ => {
                Err(Error::new(Code::InvalidLiteral, format!("`{digits}` is out of FLOAT64's range"))
                    .at(span))
            }
        }
    }

    /// `(expr)`, `(a, b)`, `(SELECT …)`.
    fn grouped(&mut self) -> Result<Expr> {
        let open = self.expect(Punctuation::LeftParen)?;
        if self.at_query() {
            let query = Box::new(self.query()?);
            self.close(open, Punctuation::RightParen)?;
            return Ok(self.spanned(ExprKind::Subquery(SubqueryKind::Scalar, query), open));
        }
        let first = self.expr()?;
        let kind = match first.kind {
            // What looked like a value in parentheses is the first part of a query.
            ExprKind::Subquery(SubqueryKind::Scalar, first) if self.at_query_rest() => {
                let query = self.query_rest(QueryBody::Nested(first), open)?;
                ExprKind::Subquery(SubqueryKind::Scalar, Box::new(query))
            }
            kind => kind,
        };
        let mut expr = Expr { kind, span: first.span };
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
        let is_empty = self.at(Punctuation::RightBracket);
        let items = if is_empty { Vec::new() } else { self.comma_separated(Self::expr)? };
        self.close(open, Punctuation::RightBracket)?;
        Ok(self.spanned(ExprKind::Array { element, items }, start))
    }

    /// Keywords that begin an expression, function calls, names.
    fn word(&mut self) -> Result<Expr> {
        let span = self.token().span;
        let literals = [("NULL", Scalar::Null), ("TRUE", Scalar::Bool(true)), ("FALSE", Scalar::Bool(false))];
        if let Some((_, value)) = literals.into_iter().find(|(word, _)| self.at_word(word)) {
            self.bump();
            return Ok(Expr { kind: ExprKind::Literal(value), span });
        }
        if self.is_tsql()
            && let Some(expr) = self.tsql_word()?
        {
            return Ok(expr);
        }
        if let Some(expr) = self.keyword_call()? {
            return Ok(expr);
        }
        if let Some(expr) = self.keyword_expression()? {
            return Ok(expr);
        }
        if self.at_word("UNNEST") {
            return Err(self.unsupported("`UNNEST` in an expression", "write it in FROM or after IN"));
        }
        if self.at_word("SELECT") {
            return Err(self.expected("an expression").hint("put subqueries in parentheses"));
        }
        self.name()
    }

    /// Keywords with parentheses: constructors, subqueries, and functions that are called like keywords.
    fn keyword_call(&mut self) -> Result<Option<Expr>> {
        let is_bare = !self.nth_at(1, Punctuation::LeftParen);
        if is_bare && self.at_one_of(BARE_CALLS).is_some() {
            let name = self.any_word("a function")?;
            let span = name.span;
            let call = FunctionCall::plain(Path { span, parts: vec![name] }, Vec::new());
            return Ok(Some(Expr { kind: ExprKind::Call(Box::new(call)), span }));
        }
        if is_bare {
            return Ok(None);
        }
        let keywords = [
            "CAST",
            "SAFE_CAST",
            "STRUCT",
            "ARRAY",
            "EXISTS",
            "EXTRACT",
            "WITH",
            "IF",
            "LEFT",
            "RIGHT",
            "GROUPING",
        ];
        match self.at_one_of(&keywords) {
            None => return Ok(None),
            Some("CAST") => self.cast(false, false),
            Some("SAFE_CAST") => self.cast(true, false),
            Some("STRUCT") => {
                let start = self.bump().span;
                self.structure(None, start)
            }
            Some("ARRAY") => self.subquery(SubqueryKind::Array),
            Some("EXISTS") => self.subquery(SubqueryKind::Exists),
            Some("EXTRACT") => self.extract(),
            Some("WITH") if !self.is_tsql() => self.with_expression(),
            Some(_) => {
                let name = self.any_word("a function")?;
                self.call(Path { span: name.span, parts: vec![name] })
            }
        }
        .map(Some)
    }

    /// `WITH (a AS value, …, result)`: a subquery of the result over the values, each of which sees those before it.
    fn with_expression(&mut self) -> Result<Expr> {
        let start = self.bump().span;
        let open = self.expect(Punctuation::LeftParen)?;
        let mut values: Option<Query> = None;
        while self.at_name() && self.nth_at_word(1, "AS") {
            let name = self.ident("a name")?;
            self.bump();
            let expr = self.expr()?;
            self.expect(Punctuation::Comma)?;
            values = Some(over(values, SelectItem::Expr { expr, alias: Some(name) }, self.since(start)));
        }
        let expr = self.expr()?;
        self.close(open, Punctuation::RightParen)?;
        let span = self.since(start);
        let item = SelectItem::Expr { expr, alias: None };
        let Some(values) = values else {
            return Err(self.expected("a name and `AS`").at(span).hint("write WITH(a AS 1, a + 1)"));
        };
        let mut query = over(Some(values), item, span);
        if let QueryBody::Select(select) = &mut query.body {
            select.items.remove(0);
        }
        Ok(Expr { kind: ExprKind::Subquery(SubqueryKind::Scalar, Box::new(query)), span })
    }

    /// `'1-2 3 4:5:6' YEAR TO SECOND`, from behind `TO` on: what CAST makes of the text once it is in its full form.
    fn interval_of_parts(&mut self, text: &Expr, from: &Ident, start: Span) -> Result<Expr> {
        let to = self.ident("a unit such as SECOND")?;
        let ExprKind::Literal(Scalar::String(text)) = &text.kind else {
            return Err(self.expected("a text before the parts of the INTERVAL").at(text.span));
        };
        let Some(interval) = Interval::parse_parts(text, &from.text, &to.text) else {
            let message = format!("{text:?} is no INTERVAL of {} TO {}", from.text, to.text);
            let error = Error::new(Code::InvalidLiteral, message).at(self.since(start));
            return Err(error.hint("write INTERVAL '1-2 3 4:5:6.789' YEAR TO SECOND, or the parts of it"));
        };
        Ok(interval_value(&interval.text(), self.since(start)))
    }

    /// Other expressions that begin with a keyword: constructors with a type, CASE, INTERVAL, typed literals.
    fn keyword_expression(&mut self) -> Result<Option<Expr>> {
        let start = self.token().span;
        let next_is_string = matches!(self.nth(1).kind, TokenKind::String(_));
        if self.at_word("ARRAY") && self.nth_at(1, Punctuation::LeftBracket) {
            self.bump();
            self.array(None, start).map(Some)
        } else if self.at_one_of(&["ARRAY", "STRUCT"]).is_some() && self.nth_at(1, Punctuation::Less) {
            self.typed_constructor().map(Some)
        } else if self.at_word("CASE") {
            self.case().map(Some)
        } else if self.eat_word("INTERVAL") {
            let value = Box::new(self.expr()?);
            let unit = self.ident("a unit such as DAY")?;
            if self.eat_word("TO") {
                return self.interval_of_parts(&value, &unit, start).map(Some);
            }
            Ok(Some(self.spanned(ExprKind::Interval(value, unit), start)))
        } else if next_is_string && self.at_one_of(TYPED_LITERALS).is_some() {
            self.typed_literal().map(Some)
        } else {
            Ok(None)
        }
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
        let mut format = [None, None];
        if self.eat_word("FORMAT") {
            format = [Some(Box::new(self.expr()?)), self.time_zone()?];
        }
        self.close(open, Punctuation::RightParen)?;
        Ok(self.spanned(ExprKind::Cast { value, to, safe, truncate, format }, start))
    }

    /// `(a, b AS name)` after STRUCT.
    fn structure(&mut self, data_type: Option<TypeName>, start: Span) -> Result<Expr> {
        let open = self.expect(Punctuation::LeftParen)?;
        let has_settings = std::mem::take(&mut self.has_settings);
        let mut fields = Vec::new();
        if !self.at(Punctuation::RightParen) {
            fields = self.comma_separated(|parser| {
                let value = if has_settings { parser.setting()? } else { parser.expr()? };
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

    /// `NUMERIC '1.5'`; `DATE '2024-01-31'`: a cast of a string.
    fn typed_literal(&mut self) -> Result<Expr> {
        let start = self.token().span;
        let to = self.type_name()?;
        if matches!(&to.kind, TypeNameKind::Simple(name) if name.eq_ignore_ascii_case("JSON")) {
            let name = Ident { text: "PARSE_JSON".into(), span: start };
            let call = FunctionCall::plain(Path { parts: vec![name], span: start }, vec![self.primary()?]);
            return Ok(self.spanned(ExprKind::Call(Box::new(call)), start));
        }
        if let (TypeNameKind::Simple(name), TokenKind::String(text)) = (&to.kind, &self.token().kind)
            && let Some(data_type @ (DataType::Numeric | DataType::BigNumeric)) = DataType::named(name)
        {
            let value = decimal_literal(text, &data_type).map_err(|error| error.at(self.token().span))?;
            self.bump();
            return Ok(self.spanned(ExprKind::Literal(value), start));
        }
        let value = Box::new(self.primary()?);
        Ok(self
            .spanned(ExprKind::Cast { value, to, safe: false, truncate: false, format: [None, None] }, start))
    }

    /// `EXTRACT(part FROM value [AT TIME ZONE zone])`.
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
        let zone = self.time_zone()?;
        self.close(open, Punctuation::RightParen)?;
        Ok(self.spanned(ExprKind::Extract { part, value, zone }, start))
    }

    /// `[AT TIME ZONE zone]`.
    fn time_zone(&mut self) -> Result<Option<Box<Expr>>> {
        if !self.eat_word("AT") {
            return Ok(None);
        }
        self.expect_word("TIME")?;
        self.expect_word("ZONE")?;
        self.expr().map(|zone| Some(Box::new(zone)))
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
        if self.is_tsql() {
            let values = branches.iter().map(|(_, value)| value).chain(otherwise.as_deref());
            self.refuse_nulls(values, "CASE", start)?;
        }
        Ok(self.spanned(ExprKind::Case { operand, branches, otherwise }, start))
    }
}

/// One more value beside those before it.
fn over(values: Option<Query>, item: SelectItem, span: Span) -> Query {
    let items = match values {
        Some(_) => vec![SelectItem::Star(Star::all(span)), item],
        None => vec![item],
    };
    let kind = values.map(|values| TableExprKind::Subquery(Box::new(values)));
    let from = kind.map(|kind| TableExpr { kind, alias: None, span });
    Query::of_select(Select { from, ..Select::list(items, span) })
}

/// A name of one part.
pub(super) fn one_part(text: &str, span: Span) -> Path {
    Path { parts: vec![Ident { text: text.into(), span }], span }
}

/// The value of `NUMERIC '…'` or `BIGNUMERIC '…'`, exactly as it is written.
///
/// # Errors
/// `invalid-literal` for a text that is no number of the type.
fn decimal_literal(text: &str, data_type: &DataType) -> Result<Scalar> {
    let scale = data_type.decimal_scale().invariant("NUMERIC and BIGNUMERIC have a scale")?;
    let units = decimal::parsed(text, scale, Excess::Refused);
    match units.filter(|units| decimal::in_range(*units, scale)) {
        Some(units) => Ok(decimal::scalar(units, scale)),
        None => {
            let whole = if scale == NUMERIC_SCALE {
                "29 digits"
            } else {
                "38 digits, and some of 39, up to 5.78E38,"
            };
            let message = format!("{text:?} is not a {data_type}");
            Err(Error::new(Code::InvalidLiteral, message)
                .hint(format!("it has up to {whole} before the point and {scale} behind it; CAST rounds")))
        }
    }
}
