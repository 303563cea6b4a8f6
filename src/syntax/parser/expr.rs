//! Operators by precedence (Pratt), fields and elements.

use super::Parser;
use super::primary::one_part;
use crate::diag::{Code, Error, Result, Span};
use crate::syntax::ast::{Access, Expr, ExprKind, FunctionCall, Ident, Path, SubqueryKind};
use crate::syntax::token::{Punctuation, TokenKind};

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
#[derive(Clone, Copy)]
struct Operator {
    sign: &'static str,
    power: u8,
}

impl Parser<'_> {
    pub(super) fn expr(&mut self) -> Result<Expr> {
        self.expr_above(0)
    }

    /// An expression of operators that bind tighter than `floor`.
    fn expr_above(&mut self, floor: u8) -> Result<Expr> {
        self.nested(|parser| {
            // Siblings stand beside this expression, not below it.
            let siblings = std::mem::take(&mut parser.height);
            let start = parser.token().span;
            let mut expr = parser.prefix()?;
            let mut compared = None;
            while let Some(operator) = parser.operator()?.filter(|it| it.power > floor) {
                if operator.power == power::COMPARE
                    && let Some(first) = compared.replace(start)
                {
                    return Err(parser.chained_comparison(&expr, first));
                }
                parser.grow()?;
                expr = match operator.power {
                    power::OR | power::AND => parser.flat(operator, expr, start)?,
                    power::COMPARE => parser.comparison(operator, expr, start)?,
                    _ => {
                        parser.bump();
                        let right = parser.expr_above(operator.power)?;
                        parser.binary(operator.sign, expr, right, start)
                    }
                };
            }
            parser.height = parser.height.max(siblings);
            Ok(expr)
        })
    }

    /// `a AND b AND c`: one operator with all operands, however many.
    fn flat(&mut self, operator: Operator, first: Expr, start: Span) -> Result<Expr> {
        let mut args = vec![first];
        while self.eat_word(operator.sign) {
            args.push(self.expr_above(operator.power)?);
        }
        Ok(self.spanned(ExprKind::Operator { sign: operator.sign, args }, start))
    }

    fn prefix(&mut self) -> Result<Expr> {
        let start = self.token().span;
        if self.eat_word("NOT") {
            let value = self.expr_above(power::NOT - 1)?;
            return Ok(self.unary("NOT", value, start));
        }
        if self.eat(Punctuation::Minus) {
            return self.negative(start);
        }
        if self.eat(Punctuation::Plus) {
            return self.expr_above(power::UNARY - 1);
        }
        if self.at(Punctuation::Bang) {
            return Err(self.expected("an expression").hint("write NOT").fix(start, "NOT "));
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
        Ok(self.unary("-x", value, start))
    }

    pub(super) fn spanned(&self, kind: ExprKind, start: Span) -> Expr {
        Expr { kind, span: self.since(start) }
    }

    fn unary(&self, sign: &'static str, value: Expr, start: Span) -> Expr {
        self.spanned(ExprKind::Operator { sign, args: vec![value] }, start)
    }

    /// T-SQL's operators differ from GoogleSQL's of the same look: integers divide to integers, `+` joins texts.
    fn binary(&self, sign: &'static str, left: Expr, right: Expr, start: Span) -> Expr {
        let args = vec![left, right];
        let kind = match sign {
            "%" => ExprKind::Call(Box::new(FunctionCall::plain(one_part("MOD", start), args))),
            "+" if self.is_tsql() => ExprKind::Operator { sign: "+ (T-SQL)", args },
            "/" if self.is_tsql() => ExprKind::Operator { sign: "/ (T-SQL)", args },
            _ => ExprKind::Operator { sign, args },
        };
        self.spanned(kind, start)
    }

    /// The operator behind an operand that comes next.
    fn operator(&self) -> Result<Option<Operator>> {
        let (sign, power) = match self.token().kind {
            TokenKind::Word => {
                let words = [
                    ("OR", power::OR),
                    ("AND", power::AND),
                    ("IS", power::COMPARE),
                    ("IN", power::COMPARE),
                    ("LIKE", power::COMPARE),
                    ("BETWEEN", power::COMPARE),
                ];
                let not = usize::from(self.at_word("NOT"));
                match words.iter().find(|(word, _)| self.nth_at_word(not, word)) {
                    Some((sign, power)) if not == 0 || !matches!(*sign, "OR" | "AND" | "IS") => {
                        (*sign, *power)
                    }
                    _ => return self.refuse_operator().map(|()| None),
                }
            }
            TokenKind::Punctuation(sign) => match sign {
                Punctuation::Equal => ("=", power::COMPARE),
                Punctuation::NotEqual | Punctuation::NotEqualAngle => ("!=", power::COMPARE),
                Punctuation::Less => ("<", power::COMPARE),
                Punctuation::LessEqual => ("<=", power::COMPARE),
                Punctuation::Greater => (">", power::COMPARE),
                Punctuation::GreaterEqual => (">=", power::COMPARE),
                Punctuation::Plus => ("+", power::ADD),
                Punctuation::Minus => ("-", power::ADD),
                Punctuation::Star => ("*", power::MULTIPLY),
                Punctuation::Slash => ("/", power::MULTIPLY),
                Punctuation::Concat => ("||", power::MULTIPLY),
                Punctuation::Percent if self.is_tsql() => ("%", power::MULTIPLY),
                _ => return self.refuse_operator().map(|()| None),
            },
            _ => return Ok(None),
        };
        Ok(Some(Operator { sign, power }))
    }

    /// Operators of other languages, and those of GoogleSQL that are left out.
    fn refuse_operator(&self) -> Result<()> {
        let span = self.token().span;
        let pair = |sign| self.at(sign) && self.nth_at(1, sign);
        if pair(Punctuation::Ampersand) {
            let both = span.to(self.nth(1).span);
            return Err(self.expected("an operator").at(both).hint("write AND").fix(both, "AND"));
        }
        if pair(Punctuation::Colon) {
            return Err(self.expected("an operator").hint("write CAST(value AS type)"));
        }
        match self.token().kind {
            TokenKind::Punctuation(Punctuation::Percent) => {
                Err(self.expected("an operator").hint("write MOD(a, b)"))
            }
            TokenKind::Punctuation(
                sign @ (Punctuation::Ampersand | Punctuation::Bar | Punctuation::Caret),
            ) => {
                let hint = "write POW(a, b) for powers, AND and OR for conditions";
                Err(self.unsupported(&format!("the bitwise operator `{}`", sign.as_str()), hint))
            }
            TokenKind::Word if self.at_word("ILIKE") => {
                Err(self.unsupported("`ILIKE`", "write LOWER(text) LIKE 'pattern'"))
            }
            TokenKind::Word if self.at_word("NOT") && self.nth_at_word(1, "NULL") => {
                Err(self.expected("an operator").hint("write IS NOT NULL").fix(span, "IS NOT"))
            }
            TokenKind::Word => self.refuse(&["RLIKE", "REGEXP"], "write REGEXP_CONTAINS(text, r'pattern')"),
            _ => Ok(()),
        }
    }

    /// Comparisons do not chain: `a < b < c` has no meaning.
    #[cold]
    fn chained_comparison(&self, left: &Expr, start: Span) -> Error {
        let error = Error::new(Code::SyntaxError, "comparisons cannot follow each other")
            .at(self.since(start).to(self.token().span));
        let joined = match &left.kind {
            ExprKind::Operator { args, .. } => {
                args.iter().any(|arg| matches!(&arg.kind, ExprKind::Operator { sign, .. } if *sign == "||"))
            }
            _ => false,
        };
        match joined {
            true => error.hint("`||` joins texts: write OR between conditions"),
            false => error.hint("put one of them in parentheses, or join them with AND"),
        }
    }

    /// What binds as `=` does.
    fn comparison(&mut self, operator: Operator, left: Expr, start: Span) -> Result<Expr> {
        if operator.sign == "IS" {
            return self.is(left, start);
        }
        let not = self.eat_word("NOT");
        self.bump();
        let expr = match operator.sign {
            "IN" => self.within(left, start)?,
            "BETWEEN" => {
                let low = self.expr_above(power::COMPARE)?;
                self.expect_word("AND")?;
                let high = self.expr_above(power::COMPARE)?;
                self.spanned(ExprKind::Operator { sign: "BETWEEN", args: vec![left, low, high] }, start)
            }
            "LIKE" => {
                self.refuse(&["ANY", "SOME", "ALL"], "join several LIKE with OR or AND")?;
                let pattern = self.expr_above(power::COMPARE)?;
                self.refuse(&["ESCAPE"], "put `\\\\` in front of `%` and `_` in the pattern")?;
                self.binary("LIKE", left, pattern, start)
            }
            sign => {
                self.refuse_doubled_sign()?;
                let right = self.expr_above(power::COMPARE)?;
                self.binary(sign, left, right, start)
            }
        };
        Ok(if not { self.unary("NOT", expr, start) } else { expr })
    }

    /// `==`, `<<`, `>>`: the first sign is taken.
    fn refuse_doubled_sign(&self) -> Result<()> {
        let Some(first) = self.previous().filter(|first| first.kind == self.token().kind) else {
            return Ok(());
        };
        let both = first.span.to(self.token().span);
        match first.kind {
            TokenKind::Punctuation(Punctuation::Equal) => {
                Err(self.expected("an expression").at(both).hint("write = to compare").fix(both, "="))
            }
            TokenKind::Punctuation(_) => Err(self
                .unsupported(
                    &format!("the bitwise operator `{}`", both.of(self.text)),
                    "multiply or DIV by a power of 2",
                )
                .at(both)),
            _ => Ok(()),
        }
    }

    /// `IS [NOT] NULL | TRUE | FALSE | DISTINCT FROM value`.
    fn is(&mut self, left: Expr, start: Span) -> Result<Expr> {
        self.bump();
        let not = self.eat_word("NOT");
        if self.eat_word("NULL") {
            return Ok(self.unary(if not { "IS NOT NULL" } else { "IS NULL" }, left, start));
        }
        let expr = if self.eat_word("TRUE") {
            self.unary("IS TRUE", left, start)
        } else if self.eat_word("FALSE") {
            self.unary("IS FALSE", left, start)
        } else if self.eat_word("DISTINCT") {
            self.expect_word("FROM")?;
            let right = self.expr_above(power::COMPARE)?;
            self.binary("IS DISTINCT FROM", left, right, start)
        } else {
            let words = &["NULL", "TRUE", "FALSE", "DISTINCT FROM"];
            return Err(self
                .expected_one_of(words)
                .hint("IS asks for NULL, TRUE or FALSE: compare with = and !="));
        };
        Ok(if not { self.unary("NOT", expr, start) } else { expr })
    }

    /// `IN (a, b) | UNNEST(array) | (query)`, the keyword taken already.
    fn within(&mut self, left: Expr, start: Span) -> Result<Expr> {
        let mut args = vec![left];
        let mut sign = "IN";
        if self.eat_word("UNNEST") {
            let open = self.expect(Punctuation::LeftParen)?;
            args.push(self.expr()?);
            self.close(open, Punctuation::RightParen)?;
            sign = "IN UNNEST";
        } else if self.at_parenthesised_query() {
            let rows = self.primary()?;
            match rows.kind {
                ExprKind::Subquery(SubqueryKind::Scalar, query) => {
                    let kind = ExprKind::Subquery(SubqueryKind::Array, query);
                    args.push(Expr { kind, span: rows.span });
                    sign = "IN UNNEST";
                }
                ExprKind::Struct { fields, .. } => args.extend(fields.into_iter().map(|(value, _)| value)),
                kind => args.push(Expr { kind, span: rows.span }),
            }
        } else if self.at(Punctuation::LeftParen) {
            args.extend(self.parenthesised(Self::expr)?);
        } else {
            let hint = "write IN (a, b), IN UNNEST(array) or IN (SELECT …)";
            return Err(self.expected("`(` or `UNNEST`").hint(hint));
        }
        Ok(self.spanned(ExprKind::Operator { sign, args }, start))
    }

    /// `.field` and `[index]`, as often as they come.
    fn suffixes(&mut self, mut expr: Expr) -> Result<Expr> {
        let start = expr.span;
        loop {
            let field = self.at(Punctuation::Dot) && !self.nth_at(1, Punctuation::Star);
            if !field && !self.at(Punctuation::LeftBracket) {
                return Ok(expr);
            }
            self.grow()?;
            if field {
                self.bump();
                let field = self.any_word("a field's name")?;
                expr = self.spanned(ExprKind::Field(Box::new(expr), field), start);
                if self.at(Punctuation::LeftParen) {
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
        match name_parts(name) {
            Some(parts) => self.call(Path { parts, span }),
            None => {
                Err(self.expected("an operator").hint("functions are written as f(value), not value.f()"))
            }
        }
    }

    fn element(&mut self, array: Expr) -> Result<Expr> {
        let start = array.span;
        let open = self.expect(Punctuation::LeftBracket)?;
        let forms = [
            ("OFFSET", 0, false),
            ("ORDINAL", 1, false),
            ("SAFE_OFFSET", 0, true),
            ("SAFE_ORDINAL", 1, true),
        ];
        let form =
            forms.iter().find(|(word, ..)| self.at_word(word) && self.nth_at(1, Punctuation::LeftParen));
        let (index, access) = match form {
            Some((_, base, safe)) => {
                self.bump();
                let inner = self.expect(Punctuation::LeftParen)?;
                let index = self.expr()?;
                self.close(inner, Punctuation::RightParen)?;
                (index, Access { base: *base, safe: *safe })
            }
            None => (self.expr()?, Access { base: 0, safe: false }),
        };
        self.close(open, Punctuation::RightBracket)?;
        Ok(self.spanned(ExprKind::Element { array: Box::new(array), index: Box::new(index), access }, start))
    }
}

/// The parts of a dotted name.
fn name_parts(mut expr: Expr) -> Option<Vec<Ident>> {
    let mut parts = Vec::new();
    loop {
        match expr.kind {
            ExprKind::Name(name) => {
                parts.push(name);
                parts.reverse();
                return Some(parts);
            }
            ExprKind::Field(base, field) => {
                parts.push(field);
                expr = *base;
            }
            _ => return None,
        }
    }
}
