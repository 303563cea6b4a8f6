//! Expressions, operators by precedence (Pratt).

use super::Parser;
use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span};
use crate::syntax::ast::{Access, Call, Expr, ExprKind, Ident, Parameter, Path, TypeNameKind};
use crate::syntax::token::{Sign, TokenKind};

/// How tightly operators bind, loosest first.
mod power {
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const NOT: u8 = 3;
    pub(super) const COMPARE: u8 = 4;
    pub(super) const ADD: u8 = 5;
    pub(super) const MULTIPLY: u8 = 6;
    pub(super) const UNARY: u8 = 7;
}

/// An operator that stands behind its first operand.
struct Operator {
    sign: &'static str,
    power: u8,
    /// The tokens it is written with.
    tokens: usize,
    /// Whether a second operand follows.
    binary: bool,
}

const UNSUPPORTED_OPERATORS: &[&str] = &["LIKE", "IN", "BETWEEN"];

impl Parser<'_> {
    pub(super) fn expr(&mut self) -> Result<Expr> {
        self.expr_above(0)
    }

    /// An expression of operators that bind tighter than `floor`.
    fn expr_above(&mut self, floor: u8) -> Result<Expr> {
        self.nested(|parser| {
            let start = parser.token().span;
            let mut expr = parser.prefix()?;
            while let Some(operator) = parser.operator_above(floor)? {
                parser.count_operator()?;
                parser.at += operator.tokens;
                let mut args = vec![expr];
                if operator.binary {
                    args.push(parser.expr_above(operator.power)?);
                }
                expr = parser.operator(operator.sign, args, start);
            }
            Ok(expr)
        })
    }

    fn prefix(&mut self) -> Result<Expr> {
        let start = self.token().span;
        if self.eat_word("NOT") {
            let value = self.expr_above(power::NOT - 1)?;
            return Ok(self.operator("NOT", vec![value], start));
        }
        if self.eat(Sign::Minus) {
            return self.negative(start);
        }
        if self.eat(Sign::Plus) {
            return self.expr_above(power::UNARY - 1);
        }
        let primary = self.primary()?;
        self.suffixes(primary)
    }

    /// The smallest INT64 has no positive counterpart: the sign belongs to the literal.
    fn negative(&mut self, start: Span) -> Result<Expr> {
        if self.token().kind == TokenKind::Integer {
            let token = self.bump();
            let value = self.integer(&format!("-{}", token.span.of(self.text)), start.to(token.span))?;
            return self.suffixes(value);
        }
        let value = self.expr_above(power::UNARY - 1)?;
        Ok(self.operator("-x", vec![value], start))
    }

    fn operator(&self, sign: &'static str, args: Vec<Expr>, start: Span) -> Expr {
        Expr { kind: ExprKind::Operator { sign, args }, span: self.since(start) }
    }

    /// The operator behind an operand that comes next, if it binds tighter than `floor`.
    fn operator_above(&self, floor: u8) -> Result<Option<Operator>> {
        self.refuse_operators()?;
        let operator = if self.at_word("IS") { Some(self.is_null()?) } else { self.binary() };
        Ok(operator.filter(|operator| operator.power > floor))
    }

    fn is_null(&self) -> Result<Operator> {
        let not = usize::from(self.nth_is(1, "NOT"));
        if ["TRUE", "FALSE", "DISTINCT"].iter().any(|word| self.nth_is(1 + not, word)) {
            return Err(self.unsupported("this form of `IS`", "write = TRUE or IS NULL"));
        }
        if !self.nth_is(1 + not, "NULL") {
            return Err(self.expected("`IS NULL` or `IS NOT NULL`").hint("compare with = and !="));
        }
        let sign = if not == 1 { "IS NOT NULL" } else { "IS NULL" };
        Ok(Operator { sign, power: power::COMPARE, tokens: 2 + not, binary: false })
    }

    fn refuse_operators(&self) -> Result<()> {
        let behind_not = usize::from(self.at_word("NOT"));
        match UNSUPPORTED_OPERATORS.iter().find(|word| self.nth_is(behind_not, word)) {
            Some(word) => Err(self.unsupported(&format!("`{word}`"), "write comparisons with AND and OR")),
            None => Ok(()),
        }
    }

    /// The binary operator that comes next.
    fn binary(&self) -> Option<Operator> {
        let (sign, power) = match self.token().kind {
            TokenKind::Word => {
                *[("OR", power::OR), ("AND", power::AND)].iter().find(|(word, _)| self.at_word(word))?
            }
            TokenKind::Sign(sign) => match sign {
                Sign::Equal => ("=", power::COMPARE),
                Sign::NotEqual | Sign::NotEqualAngle => ("!=", power::COMPARE),
                Sign::Less => ("<", power::COMPARE),
                Sign::LessEqual => ("<=", power::COMPARE),
                Sign::Greater => (">", power::COMPARE),
                Sign::GreaterEqual => (">=", power::COMPARE),
                Sign::Plus => ("+", power::ADD),
                Sign::Minus => ("-", power::ADD),
                Sign::Star => ("*", power::MULTIPLY),
                Sign::Slash => ("/", power::MULTIPLY),
                Sign::Concat => ("||", power::MULTIPLY),
                _ => return None,
            },
            _ => return None,
        };
        Some(Operator { sign, power, tokens: 1, binary: true })
    }

    /// `.field` and `[index]`, as often as they come.
    fn suffixes(&mut self, mut expr: Expr) -> Result<Expr> {
        let start = expr.span;
        loop {
            if !self.at_sign(Sign::Dot) && !self.at_sign(Sign::LeftBracket) {
                return Ok(expr);
            }
            self.count_operator()?;
            if self.eat(Sign::Dot) {
                let field = self.any_word("a field's name")?;
                let base = Box::new(expr);
                expr = Expr { kind: ExprKind::Field(base, field), span: self.since(start) };
                if self.at_sign(Sign::LeftParen) {
                    expr = self.qualified_call(expr)?;
                }
            } else {
                expr = self.element(expr)?;
            }
        }
    }

    /// `a.b.f(…)`: what was read as fields is a function's name.
    fn qualified_call(&mut self, name: Expr) -> Result<Expr> {
        let span = name.span;
        let Some(parts) = name_parts(&name) else {
            return Err(self.expected("`;` or the end of the statement"));
        };
        self.call(Path { parts, span })
    }

    fn element(&mut self, array: Expr) -> Result<Expr> {
        let start = array.span;
        let open = self.expect(Sign::LeftBracket)?;
        let forms = [
            ("OFFSET", 0, false),
            ("ORDINAL", 1, false),
            ("SAFE_OFFSET", 0, true),
            ("SAFE_ORDINAL", 1, true),
        ];
        let form = forms.iter().find(|(word, ..)| self.at_word(word) && self.nth_is_sign(1, Sign::LeftParen));
        let (index, access) = match form {
            Some((_, base, safe)) => {
                self.bump();
                let inner = self.expect(Sign::LeftParen)?;
                let index = self.expr()?;
                self.close(inner, Sign::RightParen)?;
                (index, Access { base: *base, safe: *safe })
            }
            None => (self.expr()?, Access { base: 0, safe: false }),
        };
        self.close(open, Sign::RightBracket)?;
        let kind = ExprKind::Element { array: Box::new(array), index: Box::new(index), access };
        Ok(Expr { kind, span: self.since(start) })
    }

    fn primary(&mut self) -> Result<Expr> {
        let token = self.token();
        let literal = |kind: ExprKind| Expr { kind, span: token.span };
        let kind = match &token.kind {
            TokenKind::Integer => {
                self.bump();
                return self.integer(token.span.of(self.text), token.span);
            }
            TokenKind::Float => ExprKind::Literal(Scalar::Float64(self.float(token.span)?)),
            TokenKind::String(text) => ExprKind::Literal(Scalar::String(text.clone())),
            TokenKind::Bytes(bytes) => ExprKind::Literal(Scalar::Bytes(bytes.clone())),
            TokenKind::Parameter(name) => ExprKind::Parameter(Parameter::Named(name.clone())),
            TokenKind::Placeholder => {
                self.placeholders += 1;
                ExprKind::Parameter(Parameter::Position(self.placeholders - 1))
            }
            TokenKind::Sign(Sign::LeftParen) => return self.grouped(),
            TokenKind::Sign(Sign::LeftBracket) => return self.array(token.span),
            TokenKind::QuotedName(_) => return self.name(),
            TokenKind::Word => return self.word(),
            TokenKind::Sign(_) | TokenKind::Broken | TokenKind::End => {
                return Err(self.expected("an expression"));
            }
        };
        self.bump();
        Ok(literal(kind))
    }

    fn integer(&self, digits: &str, span: Span) -> Result<Expr> {
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

    /// `(expr)`.
    fn grouped(&mut self) -> Result<Expr> {
        let open = self.bump().span;
        if self.at_word("SELECT") || self.at_word("WITH") {
            return Err(self.unsupported("a subquery in an expression", "select from the subquery in FROM"));
        }
        let mut expr = self.expr()?;
        if self.at_sign(Sign::Comma) {
            let mut fields = vec![(expr, None)];
            while self.eat(Sign::Comma) {
                fields.push((self.expr()?, None));
            }
            expr = Expr { kind: ExprKind::Struct { data_type: None, fields }, span: open };
        }
        self.close(open, Sign::RightParen)?;
        expr.span = self.since(open);
        Ok(expr)
    }

    /// `[a, b]`.
    fn array(&mut self, start: Span) -> Result<Expr> {
        let open = self.expect(Sign::LeftBracket)?;
        let items = match self.at_sign(Sign::RightBracket) {
            true => Vec::new(),
            false => self.comma_separated(Self::expr)?,
        };
        self.close(open, Sign::RightBracket)?;
        Ok(Expr { kind: ExprKind::Array { element: None, items }, span: self.since(start) })
    }

    /// Keywords that begin an expression, function calls, names.
    fn word(&mut self) -> Result<Expr> {
        let start = self.token().span;
        let literals = [("NULL", Scalar::Null), ("TRUE", Scalar::Bool(true)), ("FALSE", Scalar::Bool(false))];
        if let Some((_, value)) = literals.into_iter().find(|(word, _)| self.at_word(word)) {
            self.bump();
            return Ok(Expr { kind: ExprKind::Literal(value), span: start });
        }
        if self.nth_is_sign(1, Sign::LeftParen) {
            if self.at_word("CAST") || self.at_word("SAFE_CAST") {
                return self.cast();
            }
            if self.eat_word("STRUCT") {
                return self.structure(start);
            }
        }
        if self.at_word("ARRAY") && self.nth_is_sign(1, Sign::LeftBracket) {
            self.bump();
            return self.array(start);
        }
        if self.eat_word("INTERVAL") {
            let value = self.expr()?;
            let unit = self.ident("a unit such as DAY")?;
            return Ok(Expr { kind: ExprKind::Interval(Box::new(value), unit), span: self.since(start) });
        }
        if matches!(self.nth(1).kind, TokenKind::String(_))
            && (self.at_word("DATE") || self.at_word("TIMESTAMP"))
        {
            return self.typed_literal();
        }
        for word in ["CASE", "EXISTS", "UNNEST", "ARRAY"] {
            if self.at_word(word) {
                return Err(self.unsupported(&format!("`{word}` in an expression"), "compute it elsewhere"));
            }
        }
        // IF is a keyword and a function.
        if self.at_word("IF") && self.nth_is_sign(1, Sign::LeftParen) {
            let name = self.any_word("a function")?;
            return self.call(Path { span: name.span, parts: vec![name] });
        }
        self.name()
    }

    /// A column, or a function call.
    fn name(&mut self) -> Result<Expr> {
        let name = self.ident("an expression")?;
        if self.at_sign(Sign::LeftParen) {
            return self.call(Path { span: name.span, parts: vec![name] });
        }
        Ok(Expr { span: name.span, kind: ExprKind::Name(name) })
    }

    fn call(&mut self, name: Path) -> Result<Expr> {
        let start = name.span;
        let open = self.expect(Sign::LeftParen)?;
        let args = match self.at_sign(Sign::RightParen) {
            true => Vec::new(),
            false => self.comma_separated(Self::argument)?,
        };
        if !self.at_sign(Sign::RightParen) && self.at_argument() {
            let at = self.since(start).end;
            return Err(self
                .expected("`,` or `)`")
                .hint("put a comma between two arguments")
                .fix(Span::new(at, at), ","));
        }
        self.close(open, Sign::RightParen)?;
        if self.at_word("OVER") && self.nth_is_sign(1, Sign::LeftParen) {
            return Err(self.unsupported("`OVER`", "compute window functions elsewhere"));
        }
        Ok(Expr { kind: ExprKind::Call(Box::new(Call::plain(name, args))), span: self.since(start) })
    }

    fn argument(&mut self) -> Result<Expr> {
        if self.at_sign(Sign::Star) {
            return Err(self.unsupported("`*` as an argument", "aggregate functions are left to databases"));
        }
        self.expr()
    }

    fn at_argument(&self) -> bool {
        matches!(self.token().kind, TokenKind::Integer | TokenKind::Float | TokenKind::String(_))
            || self.at_name()
    }

    fn cast(&mut self) -> Result<Expr> {
        let start = self.token().span;
        let safe = self.at_word("SAFE_CAST");
        self.bump();
        let open = self.expect(Sign::LeftParen)?;
        let value = Box::new(self.expr()?);
        self.expect_word("AS")?;
        let to = self.type_name()?;
        if self.at_word("FORMAT") {
            return Err(self.unsupported("`FORMAT` in CAST", "leave it out"));
        }
        self.close(open, Sign::RightParen)?;
        Ok(Expr { kind: ExprKind::Cast { value, to, safe, truncate: false }, span: self.since(start) })
    }

    /// `STRUCT(a, b AS name)`, the keyword taken already.
    fn structure(&mut self, start: Span) -> Result<Expr> {
        let fields = self.parenthesised(|parser| {
            let value = parser.expr()?;
            let name = if parser.eat_word("AS") { Some(parser.ident("a field's name")?) } else { None };
            Ok((value, name))
        })?;
        Ok(Expr { kind: ExprKind::Struct { data_type: None, fields }, span: self.since(start) })
    }

    /// `DATE '2024-01-31'`: a cast of a string.
    fn typed_literal(&mut self) -> Result<Expr> {
        let start = self.token().span;
        let to = self.type_name()?;
        if !matches!(to.kind, TypeNameKind::Simple(_)) {
            return Err(self.expected("an expression"));
        }
        let value = Box::new(self.primary()?);
        Ok(Expr { kind: ExprKind::Cast { value, to, safe: false, truncate: false }, span: self.since(start) })
    }
}

/// The parts of a dotted name.
fn name_parts(expr: &Expr) -> Option<Vec<Ident>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(vec![name.clone()]),
        ExprKind::Field(base, field) => {
            let mut parts = name_parts(base)?;
            parts.push(field.clone());
            Some(parts)
        }
        _ => None,
    }
}
