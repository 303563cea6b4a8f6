//! Queries: SELECT and what stands in FROM.

use super::Parser;
use crate::diag::Result;
use crate::syntax::ast::{
    Expr, ExprKind, Limit, OrderItem, Query, QueryBody, Select, SelectItem, Star, TableArg, TableExpr,
    TableExprKind,
};
use crate::syntax::token::{Sign, TokenKind};

/// Hint for what stands between tables or rows and is left to databases.
const PREPARE_ELSEWHERE: &str =
    "prepare the rows elsewhere, for example in DuckDB-Wasm, and register them as a table";

impl Parser<'_> {
    /// `SELECT … [ORDER BY …] [LIMIT …]`, or the same in parentheses.
    pub(super) fn query(&mut self) -> Result<Query> {
        self.nested(|parser| {
            let start = parser.token().span;
            if parser.at_sign(Sign::LeftParen) {
                parser.bump();
                let query = parser.query()?;
                parser.close(start, Sign::RightParen)?;
                return Ok(query);
            }
            if parser.at_word("WITH") {
                return Err(parser.unsupported("`WITH`", "write the query as a subquery in FROM"));
            }
            let select = parser.select()?;
            parser.refuse_clauses()?;
            let order_by = match parser.eat_words(&["ORDER", "BY"]) {
                true => parser.comma_separated(Self::order_item)?,
                false => Vec::new(),
            };
            let limit = if parser.eat_word("LIMIT") { Some(parser.limit()?) } else { None };
            let body = QueryBody::Select(Box::new(select));
            Ok(Query { with: Vec::new(), body, order_by, limit, span: parser.since(start) })
        })
    }

    fn refuse_clauses(&self) -> Result<()> {
        let clauses = [
            ("GROUP", "`GROUP BY`"),
            ("HAVING", "`HAVING`"),
            ("QUALIFY", "`QUALIFY`"),
            ("WINDOW", "`WINDOW`"),
            ("UNION", "`UNION`"),
            ("INTERSECT", "`INTERSECT`"),
            ("EXCEPT", "`EXCEPT` between queries"),
        ];
        match clauses.iter().find(|(word, _)| self.at_word(word)) {
            Some((_, name)) => Err(self.unsupported(name, PREPARE_ELSEWHERE)),
            None if self.at_sign(Sign::Pipe) => Err(self.unsupported("pipe syntax", "write SELECT … FROM …")),
            None => Ok(()),
        }
    }

    fn select(&mut self) -> Result<Select> {
        let start = self.token().span;
        self.expect_word("SELECT")?;
        if self.at_word("DISTINCT") {
            return Err(self.unsupported("`SELECT DISTINCT`", PREPARE_ELSEWHERE));
        }
        self.eat_word("ALL");
        if self.eat_word("AS") {
            return Err(self.unsupported("`SELECT AS`", "select the columns by name"));
        }
        let mut items = vec![self.select_item()?];
        // A comma may stand behind the last column, as in BigQuery.
        while self.eat(Sign::Comma) && !self.at_select_end() {
            items.push(self.select_item()?);
        }
        let from = if self.eat_word("FROM") { Some(self.table_expr()?) } else { None };
        let filter = if self.eat_word("WHERE") { Some(self.expr()?) } else { None };
        Ok(Select {
            distinct: false,
            items,
            from,
            filter,
            group_by: None,
            having: None,
            qualify: None,
            windows: Vec::new(),
            span: self.since(start),
        })
    }

    fn at_select_end(&self) -> bool {
        self.at_word("FROM")
            || matches!(
                self.token().kind,
                TokenKind::End | TokenKind::Sign(Sign::Semicolon | Sign::RightParen)
            )
    }

    fn select_item(&mut self) -> Result<SelectItem> {
        let start = self.token().span;
        if self.eat(Sign::Star) {
            return self.star(None, start).map(SelectItem::Star);
        }
        if self.at_name() && self.nth_is_sign(1, Sign::Dot) && self.nth_is_sign(2, Sign::Star) {
            let of = self.ident("a table's name")?;
            self.at += 2;
            let of = Expr { span: of.span, kind: ExprKind::Name(of) };
            return self.star(Some(of), start).map(SelectItem::Star);
        }
        if self.at_word("FROM") {
            return Err(self.expected("a column"));
        }
        let expr = self.expr()?;
        Ok(SelectItem::Expr { expr, alias: self.alias()? })
    }

    /// `* [EXCEPT (column, …)]`, the star taken already.
    fn star(&mut self, of: Option<Expr>, start: crate::diag::Span) -> Result<Star> {
        let except = match self.at_word("EXCEPT") && self.nth_is_sign(1, Sign::LeftParen) {
            true => {
                self.bump();
                self.parenthesised(|parser| parser.ident("a column"))?
            }
            false => Vec::new(),
        };
        if self.at_word("REPLACE") {
            return Err(
                self.unsupported("`* REPLACE`", "leave the column out with EXCEPT and select the new value")
            );
        }
        Ok(Star { of, except, replace: Vec::new(), span: self.since(start) })
    }

    /// What stands in FROM.
    fn table_expr(&mut self) -> Result<TableExpr> {
        let start = self.token().span;
        let kind = self.table_primary()?;
        if self.at_word("FOR") || self.at_word("TABLESAMPLE") {
            return Err(self.unsupported("this clause behind a table", "leave it out"));
        }
        let span = self.since(start);
        let alias = self.alias()?;
        for join in ["JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS"] {
            if self.at_word(join) {
                return Err(self.unsupported("`JOIN`", PREPARE_ELSEWHERE));
            }
        }
        if self.at_sign(Sign::Comma) {
            return Err(self.unsupported("a join by comma", PREPARE_ELSEWHERE));
        }
        Ok(TableExpr { kind, alias, span })
    }

    fn table_primary(&mut self) -> Result<TableExprKind> {
        if self.at_sign(Sign::LeftParen) {
            return Ok(TableExprKind::Subquery(Box::new(self.query()?)));
        }
        if self.at_word("UNNEST") {
            return Err(self.unsupported("`UNNEST`", PREPARE_ELSEWHERE));
        }
        let name = self.path("a table, a subquery or ML.PREDICT")?;
        if self.at_sign(Sign::LeftParen) {
            let open = self.bump().span;
            let args = self.table_args()?;
            self.close(open, Sign::RightParen)?;
            return Ok(TableExprKind::Function { name, args });
        }
        Ok(TableExprKind::Name(name))
    }

    fn table_args(&mut self) -> Result<Vec<TableArg>> {
        let mut args = Vec::new();
        while !self.at_sign(Sign::RightParen) {
            args.push(self.table_arg()?);
            // BigQuery's grammar shows ML.PREDICT's STRUCT without a comma before it.
            if !self.eat(Sign::Comma) && !self.at_word("STRUCT") {
                break;
            }
        }
        Ok(args)
    }

    fn table_arg(&mut self) -> Result<TableArg> {
        let names =
            matches!(self.nth(1).kind, TokenKind::Word | TokenKind::QuotedName(_) | TokenKind::String(_));
        if self.at_word("MODEL") && names {
            self.bump();
            return self.path("a model's name").map(TableArg::Model);
        }
        let start = self.token().span;
        if self.at_word("TABLE") && names {
            self.bump();
            let kind = TableExprKind::Name(self.path("a table's name")?);
            return Ok(TableArg::Rows(TableExpr { kind, alias: None, span: self.since(start) }));
        }
        if self.at_word("SELECT") || self.at_word("WITH") || self.at_parenthesised_query() {
            let kind = TableExprKind::Subquery(Box::new(self.query()?));
            return Ok(TableArg::Rows(TableExpr { kind, alias: None, span: self.since(start) }));
        }
        self.expr().map(TableArg::Expr)
    }

    /// `((… SELECT`.
    fn at_parenthesised_query(&self) -> bool {
        let opening = (0..).take_while(|n| self.nth_is_sign(*n, Sign::LeftParen)).count();
        opening > 0 && (self.nth_is(opening, "SELECT") || self.nth_is(opening, "WITH"))
    }

    fn order_item(&mut self) -> Result<OrderItem> {
        let expr = self.expr()?;
        let descending = self.eat_word("DESC");
        if !descending {
            self.eat_word("ASC");
        }
        let nulls_first = if self.eat_words(&["NULLS", "FIRST"]) {
            Some(true)
        } else if self.eat_words(&["NULLS", "LAST"]) {
            Some(false)
        } else {
            None
        };
        Ok(OrderItem { expr, descending, nulls_first })
    }

    fn limit(&mut self) -> Result<Limit> {
        let count = self.count()?;
        let offset = if self.eat_word("OFFSET") { Some(self.count()?) } else { None };
        Ok(Limit { count, offset })
    }

    /// A number or a parameter.
    fn count(&mut self) -> Result<Expr> {
        let expected = self.expected("a number of rows");
        let expr = self.expr()?;
        match expr.kind {
            ExprKind::Literal(_) | ExprKind::Parameter(_) => Ok(expr),
            _ => Err(expected.at(expr.span)),
        }
    }
}
