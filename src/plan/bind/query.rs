//! SELECT, FROM, WHERE, ORDER BY, LIMIT.

use super::Binder;
use super::expr::Names;
use super::scope::Scope;
use crate::catalog::Relation;
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Result, Span};
use crate::plan::expr::Order;
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Node, NodeKind};
use crate::syntax::ast::{self, SelectItem, TableExprKind};

/// A table of FROM and the names of its columns.
pub(super) struct Source {
    pub(super) node: Node,
    pub(super) scope: Scope,
}

impl Binder<'_> {
    /// A query whose columns a host will read by name: no name twice.
    pub(super) fn result(&mut self, query: &ast::Query) -> Result<Node> {
        let node = self.query(query)?;
        let fields = &node.schema.fields;
        for (at, field) in fields.iter().enumerate() {
            if fields.iter().take(at).any(|other| other.name.eq_ignore_ascii_case(&field.name)) {
                return Err(Error::new(
                    Code::AmbiguousColumn,
                    format!("the result has two columns named `{}`", field.name),
                )
                .at(query.span)
                .hint("give one of them an alias, or leave it out with * EXCEPT"));
            }
        }
        Ok(node)
    }

    pub(super) fn query(&mut self, query: &ast::Query) -> Result<Node> {
        let ast::QueryBody::Select(select) = &query.body else {
            return Err(Error::new(Code::UnsupportedSyntax, "this query is not supported"));
        };
        let Source { mut node, scope } = match &select.from {
            Some(table) => self.table(table)?,
            None => Source {
                node: Node { kind: NodeKind::OneRow, schema: Schema::default() },
                scope: Scope::default(),
            },
        };
        let names = Names { scope: &scope, aliases: &[] };
        if let Some(filter) = &select.filter {
            let predicate = self.expr_of(filter, names, &DataType::Bool, "a condition")?;
            let schema = node.schema.clone();
            node = Node { kind: NodeKind::Filter { input: Box::new(node), predicate }, schema };
        }
        let columns = self.select_list(select, names)?;
        node = self.ordered(node, query, columns, &scope)?;
        if let Some(limit) = &query.limit {
            let count = self.count(&limit.count)?;
            let offset = limit.offset.as_ref().map_or(Ok(0), |offset| self.count(offset))?;
            let schema = node.schema.clone();
            node = Node { kind: NodeKind::Limit { input: Box::new(node), count, offset }, schema };
        }
        Ok(node)
    }

    /// The columns of the SELECT list with their names.
    fn select_list(&mut self, select: &ast::Select, names: Names<'_>) -> Result<Vec<(String, Expr)>> {
        let mut columns = Vec::new();
        let mut anonymous = 0;
        for item in &select.items {
            match item {
                SelectItem::Star(star) => columns.extend(star_columns(star, names.scope)?),
                SelectItem::Expr { expr, alias } => {
                    let name = alias.as_ref().map(|it| it.text.clone()).or_else(|| implied_name(expr));
                    let name = name.unwrap_or_else(|| {
                        anonymous += 1;
                        format!("f{}_", anonymous - 1)
                    });
                    columns.push((name, self.expr(expr, names)?));
                }
            }
        }
        Ok(columns)
    }

    /// The SELECT list's columns, in the order of ORDER BY. Keys that are not in the list are computed beside
    /// it and dropped afterwards.
    fn ordered(
        &mut self,
        node: Node,
        query: &ast::Query,
        columns: Vec<(String, Expr)>,
        scope: &Scope,
    ) -> Result<Node> {
        let mut exprs: Vec<_> = columns.iter().map(|(_, expr)| expr.clone()).collect();
        let mut keys = Vec::with_capacity(query.order_by.len());
        for item in &query.order_by {
            let column = match position(item, &columns)? {
                Some(at) => at,
                None => {
                    let names = Names { scope, aliases: &columns };
                    exprs.push(self.expr(&item.expr, names)?);
                    exprs.len() - 1
                }
            };
            let data_type = exprs.get(column).map(|expr| expr.data_type.clone());
            if let Some(data_type) = data_type.filter(|it| !it.is_orderable()) {
                return Err(Error::new(
                    Code::TypeMismatch,
                    format!("values of type {data_type} have no order"),
                )
                .at(item.expr.span));
            }
            let nulls_first = item.nulls_first.unwrap_or(!item.descending);
            let expr = Expr::column(
                column,
                exprs.get(column).map_or(DataType::Int64, |it| it.data_type.clone()),
                item.expr.span,
            );
            keys.push(Order { expr, descending: item.descending, nulls_first });
        }
        let fields: Vec<_> =
            columns.iter().map(|(name, expr)| Field::new(name.clone(), expr.data_type.clone())).collect();
        let extra = exprs.iter().skip(fields.len()).map(|expr| Field::new("", expr.data_type.clone()));
        let wide = Schema { fields: fields.iter().cloned().chain(extra).collect() };
        let back: Vec<_> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| Expr::column(at, field.data_type.clone(), query.span))
            .collect();
        let has_extra = exprs.len() > fields.len();
        let mut node =
            Node { kind: NodeKind::Project { input: Box::new(node), exprs }, schema: wide.clone() };
        if !keys.is_empty() {
            node = Node { kind: NodeKind::Sort { input: Box::new(node), keys, limit: None }, schema: wide };
        }
        if has_extra {
            let kind = NodeKind::Project { input: Box::new(node), exprs: back };
            node = Node { kind, schema: Schema { fields } };
        }
        Ok(node)
    }

    fn count(&mut self, tree: &ast::Expr) -> Result<usize> {
        let scope = Scope::default();
        let names = Names { scope: &scope, aliases: &[] };
        let expr = self.expr_of(tree, names, &DataType::Int64, "a number of rows")?;
        match expr.kind {
            ExprKind::Literal(Scalar::Int64(count)) => usize::try_from(count).map_err(|_| {
                Error::new(Code::OutOfRange, format!("expected a number of rows, found {count}"))
                    .at(tree.span)
            }),
            // A parameter without value yet: the statement is only checked.
            _ if self.params.is_none() => Ok(0),
            _ => Err(Error::new(Code::TypeMismatch, "expected a number of rows, found NULL").at(tree.span)),
        }
    }

    /// What stands in FROM.
    pub(super) fn table(&mut self, table: &ast::TableExpr) -> Result<Source> {
        let alias = table.alias.as_ref().map(|it| it.text.as_str());
        match &table.kind {
            TableExprKind::Name(path) => {
                let of = alias.or(path.last().map(|it| it.text.as_str()));
                Ok(match self.relation(path)? {
                    Relation::Table(table) => {
                        let schema = table.schema.clone();
                        let columns = (0..schema.fields.len()).collect();
                        let scope = Scope::new(&schema, of, schema.fields.len());
                        Source {
                            node: Node { kind: NodeKind::Scan { table: table.clone(), columns }, schema },
                            scope,
                        }
                    }
                    Relation::Objects(objects) => {
                        let mut schema = crate::table::objects::schema();
                        let visible = schema.fields.len();
                        schema.fields.push(Field::new("data", DataType::Bytes));
                        let columns = (0..schema.fields.len()).collect();
                        let scope = Scope::new(&schema, of, visible);
                        let kind = NodeKind::Objects { objects: objects.clone(), columns };
                        Source { node: Node { kind, schema }, scope }
                    }
                })
            }
            TableExprKind::Subquery(query) => {
                let node = self.query(query)?;
                let scope = Scope::new(&node.schema, alias, node.schema.fields.len());
                Ok(Source { node, scope })
            }
            TableExprKind::Unnest { .. } | TableExprKind::Join(_) | TableExprKind::Predict(_) => {
                Err(Error::new(Code::UnsupportedSyntax, "this table is not supported").at(table.span))
            }
            TableExprKind::Function { name, args } => {
                if name.text().eq_ignore_ascii_case("VECTOR_SEARCH") {
                    let node = self.vector_search(args, name.span.to(table.span))?;
                    let scope = Scope::new(&node.schema, alias, node.schema.fields.len());
                    return Ok(Source { node, scope });
                }
                if !name.text().eq_ignore_ascii_case("ML.PREDICT") {
                    return Err(Error::new(
                        Code::UnknownFunction,
                        format!("table function `{}` was not found", name.text()),
                    )
                    .at(name.span)
                    .hint("the table function is ML.PREDICT"));
                }
                let node = self.predict(args, name.span.to(table.span))?;
                let scope = Scope::new(&node.schema, alias, node.schema.fields.len());
                Ok(Source { node, scope })
            }
        }
    }
}

/// `*` and `t.*`.
fn star_columns(star: &ast::Star, scope: &Scope) -> Result<Vec<(String, Expr)>> {
    let of = match star.of.as_ref().map(|of| &of.kind) {
        Some(ast::ExprKind::Name(name)) => Some(name),
        _ => None,
    };
    if let Some(of) = of
        && !scope.has_table(&of.text)
    {
        return Err(
            Error::new(Code::UnknownTable, format!("there is no table `{}` in FROM", of.text)).at(of.span)
        );
    }
    let of = of.map(|it| it.text.as_str());
    for name in &star.except {
        scope.column(of, name)?;
    }
    let excepted = |name: &str| star.except.iter().any(|it| it.text.eq_ignore_ascii_case(name));
    let columns: Vec<_> = scope
        .visible(of)
        .filter(|(_, field)| !excepted(&field.name))
        .map(|(at, field)| (field.name, Expr::column(at, field.data_type, star.span)))
        .collect();
    if columns.is_empty() {
        return Err(Error::new(Code::MisplacedClause, "`*` stands for no columns here").at(star.span));
    }
    Ok(columns)
}

/// The name that a column without alias has: its own, or that of the field.
fn implied_name(expr: &ast::Expr) -> Option<String> {
    match &expr.kind {
        ast::ExprKind::Name(name) | ast::ExprKind::Field(_, name) => Some(name.text.clone()),
        _ => None,
    }
}

/// The column of the SELECT list that an ORDER BY item names, by ordinal or by alias.
fn position(item: &ast::OrderItem, columns: &[(String, Expr)]) -> Result<Option<usize>> {
    match &item.expr.kind {
        ast::ExprKind::Literal(Scalar::Int64(ordinal)) => {
            let at = usize::try_from(*ordinal).ok().and_then(|it| it.checked_sub(1));
            match at.filter(|at| *at < columns.len()) {
                Some(at) => Ok(Some(at)),
                None => Err(out_of_list(*ordinal, columns.len(), item.expr.span)),
            }
        }
        ast::ExprKind::Name(name) => {
            Ok(columns.iter().position(|(alias, _)| alias.eq_ignore_ascii_case(&name.text)))
        }
        _ => Ok(None),
    }
}

#[cold]
fn out_of_list(ordinal: i64, columns: usize, span: Span) -> Error {
    Error::new(Code::OutOfRange, format!("ORDER BY {ordinal} is out of the SELECT list's {columns} columns"))
        .at(span)
}
