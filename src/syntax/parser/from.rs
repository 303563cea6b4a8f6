//! FROM: tables, joins, subqueries, arrays, table functions.

use super::Parser;
use super::control::{called, rows_of};
use super::error::ELSEWHERE;
use super::tsql_query::name_columns;
use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span};
use crate::syntax::SqlOperator;
use crate::syntax::ast::{
    Expr, ExprKind, Ident, Join, JoinKind, JoinOn, Offset, Pivot, Query, QueryBody, Select, SubqueryKind,
    TableArg, TableExpr, TableExprKind, Unpivot,
};
use crate::syntax::token::{Punctuation, TokenKind};

impl Parser<'_> {
    /// Tables with joins and commas between them, from left to right.
    pub(super) fn from(&mut self) -> Result<TableExpr> {
        self.nested(|parser| {
            let siblings = std::mem::take(&mut parser.height);
            let start = parser.token().span;
            let mut left = parser.table()?;
            let mut comma = false;
            loop {
                comma |= parser.at(Punctuation::Comma);
                let applies = parser.at_words(&["CROSS", "APPLY"]) || parser.at_words(&["OUTER", "APPLY"]);
                let Some(kind) = parser.join_kind(comma)? else { break };
                parser.grow()?;
                let right = parser.table()?;
                let right = if applies { applied(right) } else { right };
                let on = if kind == JoinKind::Cross { None } else { parser.join_on(&right)? };
                if kind == JoinKind::Cross && parser.at_one_of(&["ON", "USING"]).is_some() {
                    let hint = "CROSS JOIN and the comma have no condition: write JOIN";
                    return Err(parser.expected("the end of the join").hint(hint));
                }
                let join = TableExprKind::Join(Box::new(Join { left, right, kind, on }));
                left = TableExpr { kind: join, alias: None, span: parser.since(start) };
            }
            parser.height = parser.height.max(siblings);
            Ok(left)
        })
    }

    /// The join that comes next, its words taken.
    pub(super) fn join_kind(&mut self, behind_comma: bool) -> Result<Option<JoinKind>> {
        if self.at(Punctuation::Comma) {
            // Behind a query without parentheses the comma may end an argument.
            let ends = self.nth_at_word(1, "STRUCT")
                || matches!(self.nth(1).kind, TokenKind::String(_))
                || self.nth_at(2, Punctuation::Arrow);
            if ends {
                return Ok(None);
            }
            self.bump();
            return Ok(Some(JoinKind::Cross));
        }
        if self.at_set_mode() {
            return Ok(None);
        }
        self.refuse(&["NATURAL"], "write JOIN … USING (column, …)")?;
        for apply in ["CROSS", "OUTER"] {
            if self.at_words(&[apply, "APPLY"]) {
                let of_rows = self.at_row_function(2) || self.nth_at(2, Punctuation::LeftParen);
                if self.is_tsql() && of_rows {
                    self.position += 2;
                    return Ok(Some(if apply == "CROSS" { JoinKind::Cross } else { JoinKind::Left }));
                }
                let hint = "in T-SQL it takes a subquery, STRING_SPLIT, OPENJSON or GENERATE_SERIES; here write JOIN, or UNNEST(ARRAY(SELECT AS STRUCT …))";
                return Err(self.unsupported(&format!("`{apply} APPLY`"), hint));
            }
        }
        let kind = match self.eat_one_of(&["JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "FULL"]) {
            None => return Ok(None),
            Some("JOIN") => return Ok(Some(JoinKind::Inner)),
            Some("INNER") => JoinKind::Inner,
            Some("CROSS") => JoinKind::Cross,
            Some("LEFT") => JoinKind::Left,
            Some("RIGHT") => JoinKind::Right,
            Some(_) => JoinKind::Full,
        };
        if matches!(kind, JoinKind::Right | JoinKind::Full) && behind_comma {
            return Err(Error::new(Code::SyntaxError, "this join cannot follow a comma")
                .at(self.end_of_previous())
                .hint("write CROSS JOIN for the comma, or put one of both in parentheses"));
        }
        if matches!(kind, JoinKind::Left | JoinKind::Right | JoinKind::Full) {
            self.eat_word("OUTER");
        }
        self.expect_word("JOIN")?;
        Ok(Some(kind))
    }

    /// `ON condition`, `USING (column, …)`; arrays need neither.
    pub(super) fn join_on(&mut self, right: &TableExpr) -> Result<Option<JoinOn>> {
        if self.eat_word("ON") {
            return Ok(Some(JoinOn::Condition(self.expr()?)));
        }
        if self.eat_word("USING") {
            return Ok(Some(JoinOn::Using(self.parenthesised(Self::column_name)?)));
        }
        if matches!(right.kind, TableExprKind::Unnest { .. }) {
            let always = Expr { kind: ExprKind::Literal(Scalar::Bool(true)), span: right.span };
            return Ok(Some(JoinOn::Condition(always)));
        }
        // An array of a table before it, if there is such a table.
        if matches!(&right.kind, TableExprKind::Name { path, .. } if path.parts.len() > 1) {
            return Ok(None);
        }
        let hint = "say which rows belong together: ON a.id = b.id or USING (id); CROSS JOIN joins all";
        Err(self.expected("`ON` or `USING`").hint(hint))
    }

    /// One table with its alias.
    pub(super) fn table(&mut self) -> Result<TableExpr> {
        let start = self.token().span;
        let kind = self.table_kind()?;
        self.with_alias(kind, start)
    }

    /// What comes behind a table: its alias, PIVOT, TABLESAMPLE.
    fn with_alias(&mut self, kind: TableExprKind, start: Span) -> Result<TableExpr> {
        self.table_refusals()?;
        let span = self.since(start);
        if self.at_name() && self.nth_at(1, Punctuation::LeftParen) {
            self.refuse(&["MATCH_RECOGNIZE"], ELSEWHERE)?;
        }
        if self.at_pivot() {
            return self.pivoted(TableExpr { kind, alias: None, span });
        }
        if matches!(kind, TableExprKind::Join(_)) {
            if self.at_name() || self.at_word("AS") {
                return Err(self.expected("the end of the join").hint("joins in parentheses have no alias"));
            }
            return Ok(TableExpr { kind, alias: None, span });
        }
        let alias = self.alias()?;
        let columns = if alias.is_some() { self.tsql_column_list()? } else { None };
        if alias.is_some() && self.at(Punctuation::LeftParen) {
            return Err(self.unsupported("a column list after an alias", "name the columns in the subquery"));
        }
        self.table_refusals()?;
        if self.eat_word("TABLESAMPLE") {
            return self.sampled(&kind, alias.as_ref(), span);
        }
        let kind = match kind {
            TableExprKind::Subquery(mut query) => {
                if let Some(columns) = columns {
                    name_columns(&mut query, columns)?;
                }
                TableExprKind::Subquery(query)
            }
            _ if columns.is_some() => {
                return Err(self
                    .unsupported("a column list after a table's alias", "name the columns in a subquery")
                    .at(span));
            }
            TableExprKind::Unnest { array, .. } => {
                TableExprKind::Unnest { array, offset: self.with_offset()?, fields: true }
            }
            TableExprKind::Name { path, .. } => TableExprKind::Name { path, offset: self.with_offset()? },
            kind => kind,
        };
        let table = TableExpr { kind, alias, span };
        if self.at_pivot() { self.pivoted(table) } else { Ok(table) }
    }

    fn at_pivot(&self) -> bool {
        (self.at_one_of(&["PIVOT", "UNPIVOT"]).is_some() && self.nth_at(1, Punctuation::LeftParen))
            || (self.at_word("UNPIVOT") && self.nth_at_word(2, "NULLS"))
    }

    /// `PIVOT (…)` and `UNPIVOT (…)` after a table, with its alias.
    pub(super) fn pivoted(&mut self, input: TableExpr) -> Result<TableExpr> {
        let start = input.span;
        let kind = if self.eat_word("PIVOT") {
            let open = self.expect(Punctuation::LeftParen)?;
            let mut aggregates = Vec::new();
            loop {
                let aggregate = self.expr()?;
                let alias = if self.at_word("FOR") { None } else { self.alias()? };
                aggregates.push((aggregate, alias));
                if !self.eat(Punctuation::Comma) {
                    break;
                }
            }
            self.expect_word("FOR")?;
            // `IN` belongs to the clause: what comes before it is no condition.
            let column = self.primary()?;
            self.expect_word("IN")?;
            let values = self.parenthesised(Self::pivot_value)?;
            self.close(open, Punctuation::RightParen)?;
            TableExprKind::Pivot(Box::new(Pivot { input, aggregates, column, values }))
        } else {
            self.expect_word("UNPIVOT")?;
            let with_nulls = self.eat_words(&["INCLUDE", "NULLS"]);
            if !with_nulls {
                self.eat_words(&["EXCLUDE", "NULLS"]);
            }
            let open = self.expect(Punctuation::LeftParen)?;
            let values = self.column_names()?;
            self.expect_word("FOR")?;
            let name = self.column_name()?;
            self.expect_word("IN")?;
            let columns = self.parenthesised(|parser| {
                let columns = parser.column_names()?;
                let text = if parser.eat_word("AS") { Some(parser.expr()?) } else { None };
                Ok((columns, text))
            })?;
            self.close(open, Punctuation::RightParen)?;
            TableExprKind::Unpivot(Box::new(Unpivot { input, with_nulls, values, name, columns }))
        };
        let alias = self.alias()?;
        Ok(TableExpr { kind, alias, span: self.since(start) })
    }

    /// A column, or several in parentheses.
    fn column_names(&mut self) -> Result<Vec<Ident>> {
        if self.at(Punctuation::LeftParen) {
            return self.parenthesised(Self::column_name);
        }
        Ok(vec![self.column_name()?])
    }

    /// `value [[AS] name]`; in T-SQL a name that is the value too.
    fn pivot_value(&mut self) -> Result<(Expr, Option<Ident>)> {
        if !self.is_tsql() {
            return Ok((self.expr()?, self.alias()?));
        }
        let name = self.any_word("a value of the column, as a name: [1]")?;
        let kind = ExprKind::Literal(Scalar::String(name.text.clone()));
        Ok((Expr { kind, span: name.span }, Some(name)))
    }

    fn table_refusals(&mut self) -> Result<()> {
        if self.at_words(&["FOR", "SYSTEM_TIME"]) {
            return Err(self.unsupported("`FOR SYSTEM_TIME`", "tables here have no history"));
        }
        if self.is_tsql() { self.skip_table_hint() } else { Ok(()) }
    }

    /// `SYSTEM (n PERCENT)`: rows by chance, each for itself, where BigQuery takes or leaves blocks of them.
    fn sampled(&mut self, kind: &TableExprKind, alias: Option<&Ident>, span: Span) -> Result<TableExpr> {
        let TableExprKind::Name { path, offset: None } = kind else {
            let hint = "write WHERE RAND() < 0.1";
            return Err(self.unsupported("`TABLESAMPLE` of anything but a table", hint).at(span));
        };
        if self.is_tsql() || !self.at_word("SYSTEM") || path.text().ends_with('*') {
            let hint = if self.is_tsql() {
                "write SELECT TOP (10) PERCENT … ORDER BY NEWID()"
            } else {
                "write TABLESAMPLE SYSTEM (10 PERCENT)"
            };
            return Err(self.unsupported("this form of `TABLESAMPLE`", hint).at(span));
        }
        let filter = Some(self.sample(span)?);
        let alias = alias.or_else(|| path.last()).cloned();
        let from = TableExpr { kind: kind.clone(), alias: None, span };
        let select = Select { filter, ..Select::all(from, span) };
        let query = Query::of_select(select);
        Ok(TableExpr { kind: TableExprKind::Subquery(Box::new(query)), alias, span })
    }

    /// `SYSTEM (n PERCENT)` as a condition.
    pub(super) fn sample(&mut self, span: Span) -> Result<Expr> {
        self.expect_word("SYSTEM")?;
        let open = self.expect(Punctuation::LeftParen)?;
        let percent = self.expr()?;
        let is_share = match percent.kind {
            ExprKind::Literal(Scalar::Int64(share)) => (0..=100).contains(&share),
            ExprKind::Float { value, .. } => (0.0..=100.0).contains(&value),
            ExprKind::Operator { operator: SqlOperator::Negate, .. } => false,
            _ => true,
        };
        if !is_share {
            return Err(Error::new(Code::OutOfRange, "TABLESAMPLE takes 0 to 100 PERCENT").at(percent.span));
        }
        self.expect_word("PERCENT")?;
        self.close(open, Punctuation::RightParen)?;
        let operator = |operator, args| Expr { kind: ExprKind::Operator { operator, args }, span };
        let hundred = Expr { kind: ExprKind::Literal(Scalar::Int64(100)), span };
        let by_chance = operator(SqlOperator::Multiply, vec![called("RAND", Vec::new(), span), hundred]);
        Ok(operator(SqlOperator::Less, vec![by_chance, percent]))
    }

    /// `[WITH OFFSET [[AS] name]]`.
    fn with_offset(&mut self) -> Result<Option<Offset>> {
        if !self.eat_words(&["WITH", "OFFSET"]) {
            return Ok(None);
        }
        let span = self.previous().map_or(self.end_of_previous(), |token| token.span);
        let name = self.alias()?.unwrap_or(Ident { text: "offset".into(), span });
        Ok(Some(Offset { name }))
    }

    fn table_kind(&mut self) -> Result<TableExprKind> {
        if self.at(Punctuation::LeftParen) {
            return self.parenthesised_table();
        }
        if self.eat_word("UNNEST") {
            let open = self.expect(Punctuation::LeftParen)?;
            let array = self.expr()?;
            self.close(open, Punctuation::RightParen)?;
            return Ok(TableExprKind::Unnest { array, offset: None, fields: true });
        }
        self.refuse(&["LATERAL"], "write the subquery without columns of other tables")?;
        if self.at_predict() {
            return self.predict();
        }
        if self.at_row_function(0) {
            return self.row_function();
        }
        let name = self.wildcard_path("a table, a subquery or ML.PREDICT")?;
        if self.at(Punctuation::Star) {
            let span = name.span.to(self.token().span);
            let write = format!("`{}*`", name.text());
            let hint = format!("put names with a wildcard in backticks: {write}");
            return Err(self.expected("the end of the table's name").hint(hint).fix(span, write));
        }
        if self.is_tsql() && self.at_bare_hint() {
            self.bump();
            self.bump();
            self.bump();
            return Ok(TableExprKind::Name { path: name, offset: None });
        }
        if self.at(Punctuation::LeftParen) {
            let open = self.bump().span;
            let args = self.table_args()?;
            self.close(open, Punctuation::RightParen)?;
            self.skip_hint()?;
            return Ok(TableExprKind::Function { name, args });
        }
        Ok(TableExprKind::Name { path: name, offset: None })
    }

    /// `(query)`, or tables with joins.
    fn parenthesised_table(&mut self) -> Result<TableExprKind> {
        let open = self.expect(Punctuation::LeftParen)?;
        if self.at_query() {
            let query = Box::new(self.query()?);
            self.close(open, Punctuation::RightParen)?;
            return Ok(TableExprKind::Subquery(query));
        }
        if !self.is_tsql() && self.at_word("VALUES") && self.nth_at(1, Punctuation::LeftParen) {
            let hint = "write UNNEST([STRUCT(1 AS a, 'x' AS b), (2, 'y')])";
            return Err(self.unsupported("`VALUES` in FROM", hint));
        }
        if self.is_tsql() && self.at_word("VALUES") {
            let query = Box::new(self.row_values()?);
            self.close(open, Punctuation::RightParen)?;
            return Ok(TableExprKind::Subquery(query));
        }
        let tables = self.from()?;
        let kind = match tables.kind {
            // What looked like a table is the first part of a query.
            TableExprKind::Subquery(first) if tables.alias.is_none() && self.at_query_rest() => {
                TableExprKind::Subquery(Box::new(self.query_rest(QueryBody::Nested(first), open)?))
            }
            kind if tables.alias.is_none() => kind,
            _ => return Err(self.expected("a join").hint("put the alias after the closing parenthesis")),
        };
        self.close(open, Punctuation::RightParen)?;
        Ok(kind)
    }

    /// `@{name = value, …}`: advice for Google's servers.
    fn skip_hint(&mut self) -> Result<()> {
        if !self.eat(Punctuation::At) {
            return Ok(());
        }
        let open = self.expect(Punctuation::LeftBrace)?;
        self.comma_separated(|parser| {
            parser.path("a hint's name")?;
            parser.expect(Punctuation::Equal)?;
            parser.expr()
        })?;
        self.close(open, Punctuation::RightBrace).map(drop)
    }

    pub(super) fn table_args(&mut self) -> Result<Vec<TableArg>> {
        let mut args = Vec::new();
        while !self.at(Punctuation::RightParen) {
            args.push(self.table_arg()?);
            // BigQuery's grammar shows ML.PREDICT's STRUCT without a comma before it.
            if !self.eat(Punctuation::Comma) && !self.at_word("STRUCT") {
                if self.at_value() {
                    let hint = "put a comma between two arguments";
                    return Err(self.expected("`,` or `)`").hint(hint).fix(self.end_of_previous(), ","));
                }
                break;
            }
        }
        Ok(args)
    }

    /// `MODEL name` or `TABLE name`.
    pub(super) fn at_table_argument(&self) -> bool {
        (self.at_word("MODEL") || self.at_word("TABLE"))
            && matches!(
                self.nth(1).kind,
                TokenKind::Word | TokenKind::QuotedName(_) | TokenKind::String(_) | TokenKind::End
            )
    }

    fn table_arg(&mut self) -> Result<TableArg> {
        let start = self.token().span;
        if self.at_table_argument() {
            if self.eat_word("MODEL") {
                return self.model_path().map(TableArg::Model);
            }
            self.bump();
            let kind = TableExprKind::Name { path: self.wildcard_path("a table's name")?, offset: None };
            return Ok(TableArg::Rows(TableExpr { kind, alias: None, span: self.since(start) }));
        }
        if self.at_query() || self.at_parenthesised_query() {
            let kind = TableExprKind::Subquery(Box::new(self.query()?));
            return Ok(TableArg::Rows(TableExpr { kind, alias: None, span: self.since(start) }));
        }
        // The names of arguments are `window` too, and slips such as `group`: keywords elsewhere.
        if self.nth_at(1, Punctuation::Arrow) {
            let name = self.any_word("an argument's name")?;
            self.expect(Punctuation::Arrow)?;
            return Ok(TableArg::Named(name, self.setting()?));
        }
        self.has_settings = self.at_word("STRUCT");
        let value = self.expr();
        self.has_settings = false;
        value.map(TableArg::Expr)
    }

    /// The value of a setting: `TABLE name` is the query of its rows, where it is no column called `table`.
    pub(super) fn setting(&mut self) -> Result<Expr> {
        if !self.at_word("TABLE") || !self.at_table_argument() || self.nth_is_word(1, "AS") {
            return self.expr();
        }
        let start = self.bump().span;
        let kind = TableExprKind::Name { path: self.wildcard_path("a table's name")?, offset: None };
        let span = self.since(start);
        let select = Select::all(TableExpr { kind, alias: None, span }, span);
        let query = Query::of_select(select);
        Ok(Expr { kind: ExprKind::Subquery(SubqueryKind::Scalar, Box::new(query)), span })
    }
}

/// The rows of a subquery that is run for each row before it: those of an array of that row.
fn applied(table: TableExpr) -> TableExpr {
    match table.kind {
        TableExprKind::Subquery(query) => {
            let array = rows_of(*query, table.span);
            TableExpr { kind: TableExprKind::Unnest { array, offset: None, fields: true }, ..table }
        }
        _ => table,
    }
}
