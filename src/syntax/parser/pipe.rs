//! Pipe syntax: `FROM t |> WHERE … |> AGGREGATE …`. Each operator becomes the query that says the same, over the query so
//! far. Names of tables last as long as rows are only filtered, joined or extended.

use super::Parser;
use super::control::called;
use super::error::ELSEWHERE;
use crate::data::Scalar;
use crate::diag::{Error, Result, Span};
use crate::syntax::SqlOperator;
use crate::syntax::ast::{
    Expr, ExprKind, GroupBy, Ident, Join, JoinKind, OrderItem, Query, QueryBody, Select, SelectItem, Star,
    TableArg, TableExpr, TableExprKind,
};
use crate::syntax::token::Punctuation;

/// The operators that are read here.
const OPERATORS: &[&str] = &[
    "ASSERT",
    "WINDOW",
    "WHERE",
    "SELECT",
    "EXTEND",
    "SET",
    "DROP",
    "RENAME",
    "AS",
    "AGGREGATE",
    "DISTINCT",
    "ORDER",
    "LIMIT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "CALL",
    "PIVOT",
    "UNPIVOT",
    "TABLESAMPLE",
];

impl Parser<'_> {
    /// `|> operator …` behind a query, any number of them.
    pub(super) fn piped(&mut self, mut query: Query, start: Span) -> Result<Query> {
        if !self.at(Punctuation::Pipe) || self.is_tsql() {
            return Ok(query);
        }
        let mut with = std::mem::take(&mut query.with);
        while self.eat(Punctuation::Pipe) {
            self.grow()?;
            if self.eat_word("WITH") {
                with.extend(self.piped_with()?);
                continue;
            }
            query = self.pipe_operator(query, start)?;
            query.span = self.since(start);
        }
        query.with = with;
        Ok(query)
    }

    fn pipe_operator(&mut self, query: Query, start: Span) -> Result<Query> {
        self.refuse(&["LOG", "FORK", "TEE", "MATCH_RECOGNIZE", "STATIC_DESCRIBE"], ELSEWHERE)?;
        let at = self.token().span;
        if let Some(kind) = self.join_kind(false)? {
            return self.piped_join(kind, query, at, start);
        }
        match self.at_one_of(OPERATORS) {
            Some("UNION" | "INTERSECT" | "EXCEPT") => return self.piped_set(query),
            Some("PIVOT" | "UNPIVOT") => {
                let table = self.pivoted(as_table(query, at))?;
                return Ok(Query::of_select(Select::all(table, self.since(at))));
            }
            Some("ORDER") => {
                let order_by = self.order_by()?;
                let in_place = query.order_by.is_empty() && query.limit.is_none() && has_from(&query);
                return Ok(Query { order_by, ..if in_place { query } else { all_of(query, at) } });
            }
            Some("LIMIT") => {
                let limit = self.limit()?;
                return Ok(Query { limit, ..if query.limit.is_none() { query } else { all_of(query, at) } });
            }
            _ => {}
        }
        let word = self.eat_one_of(OPERATORS);
        let select = match word {
            Some("WHERE") => self.piped_filter(open(query, |_| true, at))?,
            Some("SELECT") => {
                let distinct = self.eat_word("DISTINCT");
                let items = self.select_items()?;
                Select { items, distinct, by_row: true, ..open(query, |_| true, at) }
            }
            Some("TABLESAMPLE") => {
                let filter = Some(self.sample(at)?);
                Select { filter, ..open(query, |select| select.filter.is_none(), at) }
            }
            Some("ASSERT") => {
                let condition = self.expr()?;
                let text = condition.span.of(self.text);
                let message = ExprKind::Literal(Scalar::String(format!("ASSERT failed: {text}")));
                let span = condition.span;
                let error = called("ERROR", vec![Expr { kind: message, span }], span);
                let truth = Expr { kind: ExprKind::Literal(Scalar::Bool(true)), span };
                let checked = called("IF", vec![condition, truth, error], span);
                Select { filter: Some(checked), ..open(query, |select| select.filter.is_none(), at) }
            }
            Some("EXTEND" | "WINDOW") => {
                let mut select = open(query, |_| true, at);
                select.items.extend(self.select_items()?);
                Select { by_row: true, ..select }
            }
            Some("AGGREGATE") => return self.piped_aggregate(open(query, |_| true, at)),
            Some("DISTINCT") => Select { distinct: true, ..open(query, |_| true, at) },
            Some("AS") => self.piped_alias(query, at)?,
            Some("CALL") => Select::all(self.piped_call(query, at)?, at),
            Some("SET" | "DROP" | "RENAME") => {
                let star = self.piped_columns(word, at)?;
                Select { items: vec![SelectItem::Star(star)], ..open(query, |_| true, at) }
            }
            _ => return Err(self.no_pipe_operator()),
        };
        Ok(Query::of_select(select))
    }

    fn piped_join(&mut self, kind: JoinKind, query: Query, at: Span, start: Span) -> Result<Query> {
        let mut select = open(query, |select| select.filter.is_none(), at);
        let right = self.table()?;
        let on = if kind == JoinKind::Cross { None } else { self.join_on(&right)? };
        let left = select.from.take().ok_or_else(|| self.expected("a table before the join"))?;
        let kind = TableExprKind::Join(Box::new(Join { left, right, kind, on }));
        select.from = Some(TableExpr { kind, alias: None, span: self.since(start) });
        Ok(Query::of_select(select))
    }

    fn piped_filter(&mut self, mut select: Select) -> Result<Select> {
        let condition = self.expr()?;
        let span = condition.span;
        select.filter = Some(match select.filter.take() {
            None => condition,
            Some(before) => {
                let args = vec![before, condition];
                Expr { kind: ExprKind::Operator { operator: SqlOperator::And, args }, span }
            }
        });
        Ok(select)
    }

    fn piped_alias(&mut self, query: Query, at: Span) -> Result<Select> {
        let alias = self.ident("an alias")?;
        let mut table = as_table(query, at);
        if matches!(table.kind, TableExprKind::Join(_)) {
            let query = Box::new(Query::of_select(Select::all(table, at)));
            table = TableExpr { kind: TableExprKind::Subquery(query), alias: None, span: at };
        }
        Ok(Select::all(TableExpr { alias: Some(alias), ..table }, at))
    }

    #[cold]
    fn no_pipe_operator(&self) -> Error {
        let error = self.expected("an operator behind `|>`");
        match self.nearest_keyword(OPERATORS) {
            Some(near) => super::error::did_you_mean(error, self.token().span, near),
            None => error.hint("such as WHERE, SELECT, EXTEND, AGGREGATE … GROUP BY, JOIN, ORDER BY, LIMIT"),
        }
    }

    /// `SET a = x, …`, `DROP a, …`, `RENAME a AS b, …`.
    fn piped_columns(&mut self, word: Option<&str>, span: Span) -> Result<Star> {
        let mut star = Star::all(span);
        match word {
            Some("SET") => {
                star.replace = self.comma_separated(|parser| {
                    let name = parser.column_name()?;
                    parser.expect(Punctuation::Equal)?;
                    Ok((parser.expr()?, name))
                })?;
            }
            Some("DROP") => star.except = self.comma_separated(Self::column_name)?,
            _ => {
                star.rename = self.comma_separated(|parser| {
                    let name = parser.column_name()?;
                    parser.eat_word("AS");
                    Ok((name, parser.column_name()?))
                })?;
            }
        }
        Ok(star)
    }

    /// `[aggregates] [GROUP [AND ORDER] BY items]`: the items, then the aggregates.
    fn piped_aggregate(&mut self, mut select: Select) -> Result<Query> {
        let mut order_by = Vec::new();
        let aggregates =
            if self.at_word("GROUP") { Vec::new() } else { self.comma_separated(|parser| parser.aliased())? };
        let mut keys = Vec::new();
        if self.eat_word("GROUP") {
            let ordered = self.eat_words(&["AND", "ORDER"]);
            self.expect_word("BY")?;
            if self.at_grouping_sets() {
                let hint = "write |> SELECT …, or a SELECT with GROUP BY around the query";
                return Err(self.unsupported("grouping sets behind AGGREGATE", hint));
            }
            keys = self.comma_separated(|parser| parser.aliased())?;
            if ordered {
                let marked = keys.iter_mut().filter(|(.., order)| order.is_none());
                marked.for_each(|(.., order)| *order = Some((false, None)));
            }
            let numbers = (1..=keys.len()).filter_map(|number| i64::try_from(number).ok());
            let number = |value| Expr { kind: ExprKind::Literal(Scalar::Int64(value)), span: select.span };
            select.group_by = Some(GroupBy::Items(numbers.map(number).collect()));
        }
        select.items.clear();
        for (position, (expr, alias, order)) in (1..).zip(keys.into_iter().chain(aggregates)) {
            if let Some((descending, nulls_first)) = order {
                let key = Expr { kind: ExprKind::Literal(Scalar::Int64(position)), span: expr.span };
                order_by.push(OrderItem { expr: key, descending, nulls_first });
            }
            select.items.push(SelectItem::Expr { expr, alias });
        }
        Ok(Query { order_by, ..Query::of_select(select) })
    }

    /// `expression [AS alias] [ASC | DESC [NULLS FIRST | LAST]]`.
    #[expect(clippy::type_complexity, reason = "an expression, its alias, and what an ORDER BY says of it")]
    fn aliased(&mut self) -> Result<(Expr, Option<Ident>, Option<(bool, Option<bool>)>)> {
        let expr = self.expr()?;
        let alias = self.alias()?;
        let is_ordered = self.at_one_of(&["ASC", "DESC"]).is_some();
        Ok((expr, alias, if is_ordered { Some(self.direction()?) } else { None }))
    }

    /// `UNION ALL (query), …` and its siblings.
    fn piped_set(&mut self, query: Query) -> Result<Query> {
        let span = query.span;
        let Some((operator, by_name)) = self.set_operator()? else { return Err(self.expected("`UNION`")) };
        let mut parts = vec![QueryBody::Nested(Box::new(query))];
        parts.extend(self.comma_separated(|parser| {
            if !parser.at_parenthesised_query() {
                return Err(parser.expected("a query in parentheses"));
            }
            let open = parser.expect(Punctuation::LeftParen)?;
            let query = parser.query()?;
            parser.close(open, Punctuation::RightParen)?;
            Ok(QueryBody::Nested(Box::new(query)))
        })?);
        let body = operator.body(parts, by_name);
        Ok(Query::of(body, span))
    }

    /// `function(arguments) [AS alias]`: the rows are the first argument that is a table, behind models.
    fn piped_call(&mut self, query: Query, span: Span) -> Result<TableExpr> {
        let name = self.path("a table function")?;
        let open = self.expect(Punctuation::LeftParen)?;
        let mut args = self.table_args()?;
        self.close(open, Punctuation::RightParen)?;
        let models = args.iter().take_while(|arg| matches!(arg, TableArg::Model(_))).count();
        let rows = TableExprKind::Subquery(Box::new(query));
        args.insert(models, TableArg::Rows(TableExpr { kind: rows, alias: None, span }));
        let kind = TableExprKind::Function { name, args };
        let alias = self.alias()?;
        Ok(TableExpr { kind, alias, span: self.since(span) })
    }
}

/// The SELECT of a query that gives all columns of FROM, perhaps filtered, and nothing else.
fn all_columns(query: &Query) -> Option<&Select> {
    let QueryBody::Select(select) = &query.body else { return None };
    let plain = Select { filter: None, from: None, ..Select::clone(select) };
    let is_star = match select.items.as_slice() {
        [SelectItem::Star(star)] => *star == Star::all(star.span),
        _ => false,
    };
    let rest = Select { items: plain.items.clone(), ..Select::list(Vec::new(), select.span) };
    let is_whole = query.order_by.is_empty() && query.limit.is_none() && select.from.is_some();
    (is_star && is_whole && plain == rest).then_some(select)
}

/// A SELECT to go on with: that of the query where it still gives all columns and `accept`s, else one over the query.
fn open(query: Query, accept: impl Fn(&Select) -> bool, span: Span) -> Select {
    match all_columns(&query).filter(|select| accept(select)) {
        Some(select) => select.clone(),
        None => Select::all(as_table(query, span), span),
    }
}

fn has_from(query: &Query) -> bool {
    !matches!(&query.body, QueryBody::Select(select) if select.from.is_none())
}

/// All rows of `query`.
fn all_of(query: Query, at: Span) -> Query {
    Query::of_select(Select::all(as_table(query, at), at))
}

/// A query as a table, by the name of the one table whose columns it has.
fn as_table(query: Query, span: Span) -> TableExpr {
    if let Some(Select { filter: None, from: Some(from), .. }) = all_columns(&query) {
        return from.clone();
    }
    let alias = match &query.body {
        // A table's name stands for its columns as they were: behind SET, DROP and RENAME for none that are left.
        QueryBody::Select(select) => match select.items.first() {
            Some(SelectItem::Star(star)) if *star == Star::all(star.span) => {
                select.from.as_ref().and_then(table_name)
            }
            _ => None,
        },
        _ => None,
    };
    TableExpr { kind: TableExprKind::Subquery(Box::new(query)), alias, span }
}

fn table_name(table: &TableExpr) -> Option<Ident> {
    match &table.kind {
        TableExprKind::Name { path, .. } => table.alias.clone().or_else(|| path.last().cloned()),
        _ => table.alias.clone(),
    }
}
