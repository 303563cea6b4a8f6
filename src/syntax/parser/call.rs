//! Function calls, with the clauses of aggregate and window functions.

use super::Parser;
use super::lambda::Elements;
use crate::data::Scalar;
use crate::diag::{Code, Error, Result};
use crate::syntax::ast::{
    Expr, ExprKind, Frame, FrameBound, FunctionCall, OrderItem, Over, Parameter, Path, Window,
};
use crate::syntax::token::{Punctuation, TokenKind};

/// An argument that has a name alone, and what it is where it is left out; `None` for nothing.
type Flag = (&'static str, Option<bool>);

/// Functions with such arguments.
const FLAGS: &[(&str, &[Flag])] = &[
    ("EDIT_DISTANCE", &[("max_distance", None)]),
    ("JSON_SET", &[("create_if_missing", Some(true))]),
    ("JSON_ARRAY_APPEND", &[("append_each_element", Some(true))]),
    ("JSON_ARRAY_INSERT", &[("insert_each_element", Some(true))]),
    ("JSON_STRIP_NULLS", &[("include_arrays", Some(true)), ("remove_empty", Some(false))]),
    ("PARSE_JSON", &[("wide_number_mode", None)]),
];

fn flags(function: &Path) -> Option<&'static [Flag]> {
    let name = function.last().filter(|_| function.parts.len() < 3)?;
    FLAGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name.text)).map(|(_, flags)| *flags)
}

impl Parser<'_> {
    /// `(…) [OVER …]` after a function's name.
    pub(super) fn call(&mut self, name: Path) -> Result<Expr> {
        let start = name.span;
        let open = self.expect(Punctuation::LeftParen)?;
        let mut args = match self.function_of_elements(&name)? {
            Some(Elements::All(expr)) => {
                self.close(open, Punctuation::RightParen)?;
                return Ok(Expr { span: self.since(start), ..expr });
            }
            Some(Elements::First(first)) => vec![first],
            None => Vec::new(),
        };
        let mut call = FunctionCall::plain(name, Vec::new());
        call.distinct = self.eat_word("DISTINCT");
        if call.name.text().eq_ignore_ascii_case("MAKE_INTERVAL") {
            self.interval_parts(&call.name, &mut args)?;
        } else if let Some(flags) = flags(&call.name) {
            self.with_flags(flags, &call.name, &mut args)?;
        } else if !self.at(Punctuation::RightParen) {
            args.extend(self.comma_separated(|parser| parser.argument(&call.name))?);
        }
        call.args = args;
        // T-SQL's `TRIM(characters FROM text)`.
        if self.is_tsql() && call.name.text().eq_ignore_ascii_case("TRIM") && self.eat_word("FROM") {
            call.args.insert(0, self.expr()?);
        }
        if self.is_tsql() && call.args.is_empty() && call.name.text().eq_ignore_ascii_case("ERROR_MESSAGE") {
            self.close(open, Punctuation::RightParen)?;
            let message = Parameter::Named("@error.message".into());
            return Ok(self.spanned(ExprKind::Parameter(message), start));
        }
        self.aggregate_clauses(&mut call)?;
        if !self.at(Punctuation::RightParen) && self.at_value() {
            let hint = "put a comma between two arguments";
            return Err(self.expected("`,` or `)`").hint(hint).fix(self.end_of_previous(), ","));
        }
        self.close(open, Punctuation::RightParen)?;
        if self.is_tsql() {
            self.within_group(&mut call)?;
            // SQL Server has it behind the parentheses.
            if let Some(word) = self.eat_one_of(&["IGNORE", "RESPECT"]) {
                self.expect_word("NULLS")?;
                call.ignore_nulls = Some(word == "IGNORE");
            }
        }
        self.refuse(&["WITHIN"], "write ORDER BY after the argument")?;
        if self.nth_at(1, Punctuation::LeftParen) {
            self.refuse(
                &["FILTER"],
                "write COUNTIF(condition), or IF(condition, value, NULL) as the argument",
            )?;
        }
        if self.eat_word("OVER") {
            call.over = Some(self.over()?);
        }
        if self.is_tsql() {
            self.tsql_call(&call, start)?;
        }
        Ok(self.spanned(ExprKind::Call(Box::new(call)), start))
    }

    /// The arguments of MAKE_INTERVAL: in their order, or behind their names.
    fn interval_parts(&mut self, function: &Path, args: &mut Vec<Expr>) -> Result<()> {
        const NAMES: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];
        let mut given: [Option<Expr>; 6] = [const { None }; 6];
        let mut next = 0;
        while !self.at(Punctuation::RightParen) {
            let start = self.token().span;
            if self.at_name() && self.nth_at(1, Punctuation::Arrow) {
                let name = self.ident("a part")?;
                self.bump();
                let place = NAMES.iter().position(|it| it.eq_ignore_ascii_case(&name.text));
                next = place.ok_or_else(|| {
                    let message = format!("MAKE_INTERVAL has no argument `{}`", name.text);
                    Error::new(Code::SyntaxError, message).at(name.span).did_you_mean(&name.text, NAMES)
                })?;
            }
            let value = self.argument(function)?;
            match given.get_mut(next) {
                Some(place @ None) => *place = Some(value),
                _ => return Err(self.expected("no further argument").at(start)),
            }
            next += 1;
            if !self.eat(Punctuation::Comma) {
                break;
            }
        }
        let zero = Expr { kind: ExprKind::Literal(Scalar::Int64(0)), span: function.span };
        args.extend(given.map(|value| value.unwrap_or_else(|| zero.clone())));
        Ok(())
    }

    /// Arguments in their order, then those that have names, which stand behind all others with what they are otherwise.
    fn with_flags(&mut self, flags: &[Flag], function: &Path, args: &mut Vec<Expr>) -> Result<()> {
        let span = function.span;
        let truth = |value| Expr { kind: ExprKind::Literal(Scalar::Bool(value)), span };
        let mut given: Vec<_> = flags.iter().map(|(_, value)| value.map(truth)).collect();
        while !self.at(Punctuation::RightParen) {
            if self.at_name() && self.nth_at(1, Punctuation::Arrow) {
                let name = self.ident("an argument's name")?;
                self.bump();
                let value = self.expr()?;
                let mut named = flags
                    .iter()
                    .zip(&mut given)
                    .filter(|((flag, _), _)| flag.eq_ignore_ascii_case(&name.text));
                let Some((_, place)) = named.next() else {
                    let message = format!("{} has no argument `{}`", function.text(), name.text);
                    let known = flags.iter().map(|(flag, _)| *flag);
                    return Err(Error::new(Code::SyntaxError, message)
                        .at(name.span)
                        .did_you_mean(&name.text, known));
                };
                *place = Some(value);
            } else {
                args.push(self.argument(function)?);
            }
            if !self.eat(Punctuation::Comma) {
                break;
            }
        }
        // JSON_STRIP_NULLS takes a path or none.
        if flags.len() > 1 && args.len() == 1 {
            args.push(Expr { kind: ExprKind::Literal(Scalar::String("$".into())), span });
        }
        args.extend(given.into_iter().flatten());
        Ok(())
    }

    fn argument(&mut self, function: &Path) -> Result<Expr> {
        let start = self.token().span;
        if self.at(Punctuation::Star) {
            self.bump();
            return Ok(Expr { kind: ExprKind::Star, span: start });
        }
        if self.at_table_argument() {
            return Err(Error::new(
                Code::MisplacedFunction,
                format!("`{}` returns a table, not a value", function.text()),
            )
            .at(function.span)
            .hint(format!("write it in FROM: SELECT * FROM {}(…)", function.text())));
        }
        if self.at_name() && self.nth_at(1, Punctuation::Arrow) {
            return Err(self.unsupported("a named argument here", "give the arguments in their order"));
        }
        let expr = self.expr()?;
        if self.at_word("AS") {
            return Err(self.expected("`,` or `)`").hint("only the fields of STRUCT have names here"));
        }
        Ok(expr)
    }

    /// `[IGNORE|RESPECT NULLS] [HAVING MAX|MIN …] [ORDER BY …] [LIMIT …]`.
    fn aggregate_clauses(&mut self, call: &mut FunctionCall) -> Result<()> {
        if let Some(word) = self.eat_one_of(&["IGNORE", "RESPECT"]) {
            self.expect_word("NULLS")?;
            call.ignore_nulls = Some(word == "IGNORE");
        }
        if self.at_word("WHERE") {
            return Err(
                self.unsupported("`WHERE` in a function", "write IF(condition, value, NULL) as the argument")
            );
        }
        if self.eat_word("HAVING") {
            let Some(word) = self.eat_one_of(&["MAX", "MIN"]) else {
                return Err(self.expected_one_of(&["MAX", "MIN"]));
            };
            call.having = Some((word == "MAX", self.expr()?));
        }
        call.order_by = self.order_by()?;
        if self.eat_word("LIMIT") {
            call.limit = Some(self.count()?);
        }
        Ok(())
    }

    /// Whether a value starts here.
    pub(super) fn at_value(&self) -> bool {
        match self.token().kind {
            TokenKind::Integer
            | TokenKind::Float
            | TokenKind::String(_)
            | TokenKind::Bytes(_)
            | TokenKind::Parameter(_)
            | TokenKind::Placeholder(_) => true,
            _ => self.at_name(),
        }
    }

    /// `name` or `(…)` after OVER.
    fn over(&mut self) -> Result<Over> {
        if self.at(Punctuation::LeftParen) {
            return self.window().map(|window| Over::Window(Box::new(window)));
        }
        self.ident("`(` or a window's name").map(Over::Named)
    }

    /// `([name] [PARTITION BY …] [ORDER BY …])`.
    pub(super) fn window(&mut self) -> Result<Window> {
        let open = self.expect(Punctuation::LeftParen)?;
        let is_based = self.at_name() && !self.at_words(&["PARTITION", "BY"]);
        let base = if is_based { Some(self.ident("a window's name")?) } else { None };
        let mut partition_by = Vec::new();
        if self.eat_word("PARTITION") {
            self.expect_word("BY")?;
            partition_by = self.comma_separated(Self::expr)?;
        }
        let order_by = self.order_by()?;
        self.refuse(&["GROUPS"], "write ROWS or RANGE")?;
        let frame = self.frame()?;
        self.refuse(&["EXCLUDE"], "leave the row out of the aggregate's argument with IF")?;
        self.close(open, Punctuation::RightParen)?;
        Ok(Window { base, partition_by, order_by, frame, span: self.since(open) })
    }

    /// `[{ROWS | RANGE} {start | BETWEEN start AND end}]`.
    fn frame(&mut self) -> Result<Option<Frame>> {
        let from = self.token().span;
        let Some(word) = self.eat_one_of(&["ROWS", "RANGE"]) else { return Ok(None) };
        let (start, end) = if self.eat_word("BETWEEN") {
            let start = self.frame_bound()?;
            self.expect_word("AND")?;
            (start, self.frame_bound()?)
        } else {
            (self.frame_bound()?, FrameBound::CurrentRow)
        };
        let span = self.since(from);
        let is_backwards = matches!(
            (&start, &end),
            (FrameBound::UnboundedFollowing, _)
                | (_, FrameBound::UnboundedPreceding)
                | (FrameBound::CurrentRow, FrameBound::Preceding(_))
                | (FrameBound::Following(_), FrameBound::Preceding(_) | FrameBound::CurrentRow)
        );
        if is_backwards {
            return Err(Error::new(Code::SyntaxError, "a window frame starts before it ends")
                .at(span)
                .hint("write the earlier row first: ROWS BETWEEN 2 PRECEDING AND CURRENT ROW"));
        }
        Ok(Some(Frame { range: word == "RANGE", start, end, span }))
    }

    fn frame_bound(&mut self) -> Result<FrameBound> {
        if self.eat_words(&["CURRENT", "ROW"]) {
            return Ok(FrameBound::CurrentRow);
        }
        let rows = if self.eat_word("UNBOUNDED") { None } else { Some(self.expr()?) };
        Ok(match (self.eat_one_of(&["PRECEDING", "FOLLOWING"]), rows) {
            (Some("PRECEDING"), None) => FrameBound::UnboundedPreceding,
            (Some("PRECEDING"), Some(rows)) => FrameBound::Preceding(rows),
            (Some(_), None) => FrameBound::UnboundedFollowing,
            (Some(_), Some(rows)) => FrameBound::Following(rows),
            (None, _) => return Err(self.expected("`PRECEDING` or `FOLLOWING`")),
        })
    }

    /// `[ORDER BY …]`.
    pub(super) fn order_by(&mut self) -> Result<Vec<OrderItem>> {
        if !self.eat_word("ORDER") {
            return Ok(Vec::new());
        }
        self.expect_word("BY")?;
        self.comma_separated(Self::order_item)
    }

    fn order_item(&mut self) -> Result<OrderItem> {
        let expr = self.expr()?;
        self.refuse(&["COLLATE"], "strings are ordered by their code points")?;
        let (descending, nulls_first) = self.direction()?;
        Ok(OrderItem { expr, descending, nulls_first })
    }

    /// `[ASC | DESC] [NULLS FIRST | LAST]`: whether it descends, and whether NULLs come first.
    pub(super) fn direction(&mut self) -> Result<(bool, Option<bool>)> {
        let descending = self.eat_word("DESC");
        if !descending {
            self.eat_word("ASC");
        }
        let nulls_first = if self.eat_word("NULLS") { Some(self.first_or_last()?) } else { None };
        Ok((descending, nulls_first))
    }

    /// Whether it is `FIRST`.
    fn first_or_last(&mut self) -> Result<bool> {
        match self.eat_one_of(&["FIRST", "LAST"]) {
            Some(word) => Ok(word == "FIRST"),
            None => Err(self.expected_one_of(&["FIRST", "LAST"])),
        }
    }
}
