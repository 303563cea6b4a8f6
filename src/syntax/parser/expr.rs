//! Operators by precedence (Pratt), fields and elements.

use super::Parser;
use super::control::called;
use super::primary::one_part;
use super::tsql_query::name_columns;
use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span};
use crate::syntax::SqlOperator;
use crate::syntax::ast::{
    Access, Expr, ExprKind, FunctionCall, Ident, Path, Query, Select, SelectItem, SubqueryKind, TableExpr,
    TableExprKind,
};
use crate::syntax::token::{Punctuation, TokenKind};

/// How tightly operators bind, loosest first.
mod power {
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const NOT: u8 = 3;
    pub(super) const COMPARE: u8 = 4;
    pub(super) const BIT_OR: u8 = 5;
    pub(super) const BIT_XOR: u8 = 6;
    pub(super) const BIT_AND: u8 = 7;
    pub(super) const SHIFT: u8 = 8;
    pub(super) const ADD: u8 = 9;
    pub(super) const MULTIPLY: u8 = 10;
    pub(super) const UNARY: u8 = 11;
}

/// An operator that stands behind its first operand.
#[derive(Clone, Copy)]
struct Infix {
    kind: InfixKind,
    power: u8,
}

#[derive(Clone, Copy)]
enum InfixKind {
    /// `AND` or `OR`: any number of operands.
    Logical(SqlOperator),
    Comparison(Comparison),
    Arithmetic(SqlOperator),
    /// T-SQL's `%`, which is a call of MOD.
    Modulo,
}

#[derive(Clone, Copy)]
enum Comparison {
    /// `=` and its like.
    Sign(SqlOperator),
    Is,
    In,
    Like,
    Between,
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
            while let Some(infix) = parser.infix()?.filter(|infix| infix.power > floor) {
                if infix.power == power::COMPARE
                    && let Some(first) = compared.replace(start)
                {
                    return Err(parser.chained_comparison(&expr, first));
                }
                parser.grow()?;
                expr = match infix.kind {
                    InfixKind::Logical(operator) => parser.flat(operator, infix.power, expr, start)?,
                    InfixKind::Arithmetic(operator) => {
                        parser.bump();
                        if matches!(operator, SqlOperator::ShiftLeft | SqlOperator::ShiftRight) {
                            parser.bump();
                        }
                        let right = parser.expr_above(infix.power)?;
                        parser.binary(operator, expr, right, start)
                    }
                    InfixKind::Modulo => {
                        parser.bump();
                        let right = parser.expr_above(infix.power)?;
                        let call = FunctionCall::plain(one_part("MOD", start), vec![expr, right]);
                        parser.spanned(ExprKind::Call(Box::new(call)), start)
                    }
                    InfixKind::Comparison(comparison) => parser.comparison(comparison, expr, start)?,
                };
            }
            parser.height = parser.height.max(siblings);
            Ok(expr)
        })
    }

    /// `a AND b AND c`: one operator with all operands, however many.
    fn flat(&mut self, operator: SqlOperator, power: u8, first: Expr, start: Span) -> Result<Expr> {
        let mut args = vec![first];
        while self.eat_word(operator.as_str()) {
            args.push(self.expr_above(power)?);
        }
        Ok(self.spanned(ExprKind::Operator { operator, args }, start))
    }

    pub(super) fn prefix(&mut self) -> Result<Expr> {
        let start = self.token().span;
        if self.eat_word("NOT") {
            let value = self.expr_above(power::NOT - 1)?;
            return Ok(self.unary(SqlOperator::Not, value, start));
        }
        if self.eat(Punctuation::Minus) {
            return self.negative(start);
        }
        if self.eat(Punctuation::Plus) {
            return self.expr_above(power::UNARY - 1);
        }
        if self.eat(Punctuation::Tilde) {
            let value = self.expr_above(power::UNARY - 1)?;
            return Ok(self.unary(SqlOperator::BitNot, value, start));
        }
        if self.at(Punctuation::Greater)
            && self.previous().is_some_and(|token| token.kind == TokenKind::Punctuation(Punctuation::Minus))
        {
            let hint = "ARRAY_FILTER, ARRAY_TRANSFORM and ARRAY_INCLUDES take one, as their second argument";
            return Err(self.unsupported("a function of elements, `e -> …`,", hint));
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
        if self.token().kind == TokenKind::Float {
            let token = self.bump();
            let span = start.to(token.span);
            let kind = self.float(&format!("-{}", token.span.of(self.text)), span)?;
            return self.suffixes(Expr { kind, span });
        }
        let value = self.expr_above(power::UNARY - 1)?;
        Ok(self.unary(SqlOperator::Negate, value, start))
    }

    pub(super) fn spanned(&self, kind: ExprKind, start: Span) -> Expr {
        Expr { kind, span: self.since(start) }
    }

    fn unary(&self, operator: SqlOperator, value: Expr, start: Span) -> Expr {
        self.spanned(ExprKind::Operator { operator, args: vec![value] }, start)
    }

    fn binary(&self, operator: SqlOperator, left: Expr, right: Expr, start: Span) -> Expr {
        self.spanned(ExprKind::Operator { operator, args: vec![left, right] }, start)
    }

    /// The operator behind an operand that comes next.
    fn infix(&self) -> Result<Option<Infix>> {
        let infix = match self.token().kind {
            TokenKind::Word | TokenKind::End => self.infix_word(),
            TokenKind::Punctuation(sign) => self.infix_sign(sign),
            _ => return Ok(None),
        };
        if infix.is_none() {
            self.refuse_operator()?;
        }
        Ok(infix)
    }

    fn infix_word(&self) -> Option<Infix> {
        let comparisons =
            [("IN", Comparison::In), ("LIKE", Comparison::Like), ("BETWEEN", Comparison::Between)];
        let without_not = [
            ("OR", InfixKind::Logical(SqlOperator::Or), power::OR),
            ("AND", InfixKind::Logical(SqlOperator::And), power::AND),
            ("IS", InfixKind::Comparison(Comparison::Is), power::COMPARE),
        ];
        let word_at = usize::from(self.at_word("NOT"));
        let comparison = comparisons.iter().find(|(word, _)| self.nth_at_word(word_at, word));
        if let Some((_, comparison)) = comparison {
            return Some(Infix { kind: InfixKind::Comparison(*comparison), power: power::COMPARE });
        }
        let found = without_not.iter().find(|(word, ..)| self.at_word(word));
        found.map(|(_, kind, power)| Infix { kind: *kind, power: *power })
    }

    /// T-SQL's `+` and `/` are operators of their own: they differ from GoogleSQL's in what they do.
    fn infix_sign(&self, sign: Punctuation) -> Option<Infix> {
        use SqlOperator::{
            Add, BitAnd, BitOr, BitXor, Concat, Divide, Equal, Greater, GreaterOrEqual, Less, LessOrEqual,
            Multiply, NotEqual, ShiftLeft, ShiftRight, Subtract, TsqlAdd, TsqlDivide,
        };
        let comparison = |operator| InfixKind::Comparison(Comparison::Sign(operator));
        let (kind, power) = match sign {
            Punctuation::Equal => (comparison(Equal), power::COMPARE),
            Punctuation::NotEqual | Punctuation::NotEqualAngle => (comparison(NotEqual), power::COMPARE),
            Punctuation::Less if self.at_doubled() => (InfixKind::Arithmetic(ShiftLeft), power::SHIFT),
            Punctuation::Greater if self.at_doubled() => (InfixKind::Arithmetic(ShiftRight), power::SHIFT),
            // T-SQL's bind as addition does.
            Punctuation::Ampersand if !self.at_doubled() => {
                (InfixKind::Arithmetic(BitAnd), self.bit_power(power::BIT_AND))
            }
            Punctuation::Bar => (InfixKind::Arithmetic(BitOr), self.bit_power(power::BIT_OR)),
            Punctuation::Caret => (InfixKind::Arithmetic(BitXor), self.bit_power(power::BIT_XOR)),
            Punctuation::Less => (comparison(Less), power::COMPARE),
            Punctuation::LessEqual => (comparison(LessOrEqual), power::COMPARE),
            Punctuation::Greater => (comparison(Greater), power::COMPARE),
            Punctuation::GreaterEqual => (comparison(GreaterOrEqual), power::COMPARE),
            Punctuation::Plus if self.is_tsql() => (InfixKind::Arithmetic(TsqlAdd), power::ADD),
            Punctuation::Plus => (InfixKind::Arithmetic(Add), power::ADD),
            Punctuation::Minus => (InfixKind::Arithmetic(Subtract), power::ADD),
            Punctuation::Star => (InfixKind::Arithmetic(Multiply), power::MULTIPLY),
            Punctuation::Slash if self.is_tsql() => (InfixKind::Arithmetic(TsqlDivide), power::MULTIPLY),
            Punctuation::Slash => (InfixKind::Arithmetic(Divide), power::MULTIPLY),
            Punctuation::Concat => (InfixKind::Arithmetic(Concat), power::MULTIPLY),
            Punctuation::Percent if self.is_tsql() => (InfixKind::Modulo, power::MULTIPLY),
            _ => return None,
        };
        Some(Infix { kind, power })
    }

    /// Whether the next sign comes twice without a blank between: `<<`, `>>`.
    fn at_doubled(&self) -> bool {
        let (first, second) = (self.token(), self.nth(1));
        first.kind == second.kind && first.span.end == second.span.start
    }

    fn bit_power(&self, power: u8) -> u8 {
        if self.is_tsql() { power::ADD } else { power }
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
            TokenKind::Word if self.at_word("ILIKE") => {
                Err(self.unsupported("`ILIKE`", "write LOWER(text) LIKE 'pattern'"))
            }
            TokenKind::Word if self.is_tsql() && self.at_word("COLLATE") => Err(self.unsupported(
                "`COLLATE` in an expression",
                "texts are compared without case: write CONVERT(varbinary(100), x) = CONVERT(varbinary(100), y)",
            )),
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
                let concat = |arg: &Expr| {
                    matches!(&arg.kind, ExprKind::Operator { operator: SqlOperator::Concat, .. })
                };
                args.iter().any(concat)
            }
            _ => false,
        };
        match joined {
            true => error.hint("`||` joins texts: write OR between conditions"),
            false => error.hint("put one of them in parentheses, or join them with AND"),
        }
    }

    /// What binds as `=` does.
    fn comparison(&mut self, comparison: Comparison, left: Expr, start: Span) -> Result<Expr> {
        let not = !matches!(comparison, Comparison::Is) && self.eat_word("NOT");
        self.bump();
        let expr = match comparison {
            Comparison::Is => return self.is(left, start),
            Comparison::In => self.within(left, start)?,
            Comparison::Between => {
                let low = self.expr_above(power::COMPARE)?;
                self.expect_word("AND")?;
                let high = self.expr_above(power::COMPARE)?;
                let args = vec![left, low, high];
                self.spanned(ExprKind::Operator { operator: SqlOperator::Between, args }, start)
            }
            Comparison::Like => {
                if let Some(word) = self.eat_one_of(&["ANY", "SOME", "ALL"]) {
                    if not {
                        let hint = "write NOT (value LIKE ANY (…)), or NOT before each LIKE";
                        return Err(self.unsupported(&format!("`NOT LIKE {word}`"), hint));
                    }
                    return self.like_several(left, word, start);
                }
                let pattern = self.expr_above(power::COMPARE)?;
                if self.is_tsql() {
                    return self.tsql_like(left, pattern, not, start);
                }
                self.refuse(&["ESCAPE"], "put `\\\\` in front of `%` and `_` in the pattern")?;
                self.binary(SqlOperator::Like, left, pattern, start)
            }
            Comparison::Sign(operator) => {
                self.refuse_doubled_sign()?;
                if self.is_tsql() && self.nth_at(1, Punctuation::LeftParen) {
                    let word = self.eat_one_of(&["ANY", "SOME", "ALL"]);
                    if let Some(word) = word {
                        let rows = self.queried_values(start)?;
                        let compared = |value| self.binary(operator, left.clone(), value, start);
                        return Ok(quantified(compared, word == "ALL", rows, self.since(start)));
                    }
                }
                self.refuse(
                    &["ANY", "SOME", "ALL"],
                    "compare with MAX or MIN of the values, or write value IN (SELECT …)",
                )?;
                let right = self.expr_above(power::COMPARE)?;
                self.binary(operator, left, right, start)
            }
        };
        Ok(if not { self.unary(SqlOperator::Not, expr, start) } else { expr })
    }

    /// `LIKE ANY (a, b)` is a LIKE for each, joined by OR; `LIKE ALL` by AND.
    fn like_several(&mut self, left: Expr, word: &str, start: Span) -> Result<Expr> {
        let rows = if self.eat_word("UNNEST") {
            let open = self.expect(Punctuation::LeftParen)?;
            let array = self.expr()?;
            self.close(open, Punctuation::RightParen)?;
            let (kind, span) =
                (TableExprKind::Unnest { array, offset: None, fields: true }, self.since(start));
            Some(TableExpr { kind, alias: Some(Ident { text: VALUE.into(), span }), span })
        } else if self.at_parenthesised_query() {
            Some(self.queried_values(start)?)
        } else {
            None
        };
        if let Some(rows) = rows {
            let like = |pattern| self.binary(SqlOperator::Like, left.clone(), pattern, start);
            return Ok(quantified(like, word == "ALL", rows, self.since(start)));
        }
        let patterns = self.parenthesised(Self::expr)?;
        let likes =
            patterns.into_iter().map(|pattern| self.binary(SqlOperator::Like, left.clone(), pattern, start));
        let mut args: Vec<_> = likes.collect();
        if args.len() == 1
            && let Some(only) = args.pop()
        {
            return Ok(only);
        }
        let operator = if word == "ALL" { SqlOperator::And } else { SqlOperator::Or };
        Ok(self.spanned(ExprKind::Operator { operator, args }, start))
    }

    /// `(query)` of one column.
    fn queried_values(&mut self, start: Span) -> Result<TableExpr> {
        let open = self.expect(Punctuation::LeftParen)?;
        let mut query = self.query()?;
        self.close(open, Punctuation::RightParen)?;
        let span = self.since(start);
        name_columns(&mut query, vec![Ident { text: VALUE.into(), span }])?;
        Ok(TableExpr { kind: TableExprKind::Subquery(Box::new(query)), alias: None, span })
    }

    /// `==`: the first sign is taken.
    fn refuse_doubled_sign(&self) -> Result<()> {
        let first = self.previous().filter(|first| first.kind == self.token().kind);
        match first {
            Some(first) if self.at(Punctuation::Equal) => {
                let both = first.span.to(self.token().span);
                Err(self.expected("an expression").at(both).hint("write = to compare").fix(both, "="))
            }
            _ => Ok(()),
        }
    }

    /// `IS [NOT] NULL | TRUE | FALSE | DISTINCT FROM value`, the keyword IS taken already.
    fn is(&mut self, left: Expr, start: Span) -> Result<Expr> {
        let not = self.eat_word("NOT");
        if self.eat_word("NULL") {
            let operator = if not { SqlOperator::IsNotNull } else { SqlOperator::IsNull };
            return Ok(self.unary(operator, left, start));
        }
        let expr = if self.eat_word("TRUE") {
            self.unary(SqlOperator::IsTrue, left, start)
        } else if self.eat_word("FALSE") {
            self.unary(SqlOperator::IsFalse, left, start)
        } else if self.eat_word("DISTINCT") {
            self.expect_word("FROM")?;
            let right = self.expr_above(power::COMPARE)?;
            self.binary(SqlOperator::IsDistinctFrom, left, right, start)
        } else {
            let words = &["NULL", "TRUE", "FALSE", "DISTINCT FROM"];
            return Err(self
                .expected_one_of(words)
                .hint("IS asks for NULL, TRUE or FALSE: compare with = and !="));
        };
        Ok(if not { self.unary(SqlOperator::Not, expr, start) } else { expr })
    }

    /// `IN (a, b) | UNNEST(array) | (query)`, the keyword taken already.
    fn within(&mut self, left: Expr, start: Span) -> Result<Expr> {
        let mut args = vec![left];
        let mut operator = SqlOperator::In;
        if self.eat_word("UNNEST") {
            let open = self.expect(Punctuation::LeftParen)?;
            args.push(self.expr()?);
            self.close(open, Punctuation::RightParen)?;
            operator = SqlOperator::InUnnest;
        } else if self.at_parenthesised_query() {
            let rows = self.primary()?;
            match rows.kind {
                ExprKind::Subquery(SubqueryKind::Scalar, query) => {
                    let kind = ExprKind::Subquery(SubqueryKind::Array, query);
                    args.push(Expr { kind, span: rows.span });
                    operator = SqlOperator::InUnnest;
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
        Ok(self.spanned(ExprKind::Operator { operator, args }, start))
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

/// What the values are called that a quantified comparison is about.
const VALUE: &str = "$value";

/// Whether the condition holds for one of the rows, or for `all`: else NULL where it is NULL for one, else the opposite.
fn quantified(condition: impl FnOnce(Expr) -> Expr, all: bool, rows: TableExpr, span: Span) -> Expr {
    let expr = |kind| Expr { kind, span };
    let number = |value| expr(ExprKind::Literal(Scalar::Int64(value)));
    let value = condition(expr(ExprKind::Name(Ident { text: VALUE.into(), span })));
    let unknown = ExprKind::Operator { operator: SqlOperator::IsNull, args: vec![value.clone()] };
    let branches = vec![(value, number(2)), (expr(unknown), number(1))];
    let rank = ExprKind::Case { operand: None, branches, otherwise: Some(Box::new(number(0))) };
    let decides = called(if all { "MIN" } else { "MAX" }, vec![expr(rank)], span);
    let items = vec![SelectItem::Expr { expr: decides, alias: None }];
    let select = Select { from: Some(rows), ..Select::list(items, span) };
    let query = Query::of_select(select);
    let operand = Some(Box::new(expr(ExprKind::Subquery(SubqueryKind::Scalar, Box::new(query)))));
    let truth = |value| expr(ExprKind::Literal(Scalar::Bool(value)));
    let branches = vec![
        (number(if all { 0 } else { 2 }), truth(!all)),
        (number(1), expr(ExprKind::Literal(Scalar::Null))),
    ];
    expr(ExprKind::Case { operand, branches, otherwise: Some(Box::new(truth(all))) })
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
