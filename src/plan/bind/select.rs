//! SELECT: its list, groups, windows, and the order in which they are computed.
//!
//! Expressions are bound over the columns of FROM first. When all are known, so are the aggregates and window
//! functions in them; then the operators are put on top of one another and the expressions follow.

use super::Binder;
use super::call::{not_groupable, order_key};
use super::expr::{Names, implied_name};
use super::from::Source;
use super::level::{Level, Windowed, is_plain, over_groups, over_windows, same, same_order};
use super::query::{distinct_rows, ordinal, sorted};
use super::scope::Scope;
use crate::data::{DataType, Field, Schema};
use crate::diag::{Code, Error, Result, Span};
use crate::plan::explain;
use crate::plan::expr::{Expr, Order};
use crate::plan::node::{Node, NodeKind};
use crate::syntax::ast::{self, GroupBy, SelectItem};
use crate::syntax::written;

/// A column of the SELECT list: its name and value.
pub(super) type Column = (String, Expr);

impl Binder<'_> {
    pub(super) fn select(
        &mut self,
        select: &ast::Select,
        order_by: &[ast::OrderItem],
        span: Span,
    ) -> Result<Node> {
        let Source { mut node, scope } = match &select.from {
            Some(table) => self.table(table)?,
            None => Source {
                node: Node { kind: NodeKind::OneRow, schema: Schema::default() },
                scope: Scope::default(),
            },
        };
        let names = Names::of(&scope);
        if let Some(filter) = &select.filter {
            let predicate =
                self.inside("WHERE", |binder| binder.expr_of(filter, names, &DataType::Bool, "a condition"))?;
            node = filtered(node, predicate);
        }
        let mut columns = self.select_list(&select.items, names)?;
        let aliases = columns.clone();
        let keys = match &select.group_by {
            Some(group_by) => Some(self.group_keys(group_by, select, &columns, names)?),
            None => None,
        };
        let seen = Names { aliases: &aliases, ..names };
        let mut having = match &select.having {
            Some(having) => {
                let before = self.level.no_windows.replace("HAVING");
                let bound = self.expr_of(having, seen, &DataType::Bool, "a condition");
                self.level.no_windows = before;
                Some(bound?)
            }
            None => None,
        };
        let qualify = select.qualify.as_ref();
        let mut qualify =
            qualify.map(|qualify| self.expr_of(qualify, seen, &DataType::Bool, "a condition")).transpose()?;
        let mut order = self.order_keys(order_by, &columns, Names { aliases_first: true, ..seen })?;
        let mut level = std::mem::take(&mut self.level);

        if keys.is_some() || !level.aggregates.is_empty() || having.is_some() {
            let keys = keys.unwrap_or_default();
            let exprs = columns
                .iter_mut()
                .map(|(_, expr)| expr)
                .chain(order.iter_mut().map(|key| &mut key.expr))
                .chain(having.iter_mut())
                .chain(qualify.iter_mut())
                .chain(level.windows.iter_mut().flat_map(Windowed::exprs));
            for expr in exprs {
                over_groups(expr, &keys).map_err(|(at, span)| not_grouped(&node.schema, at, span))?;
            }
            node = aggregated(node, keys, &mut level);
        }
        if let Some(having) = having {
            node = filtered(node, having);
        }
        if !level.windows.is_empty() {
            let (on_top, places) = windowed(node, level.windows);
            node = on_top;
            let exprs = columns.iter_mut().map(|(_, expr)| expr);
            exprs
                .chain(order.iter_mut().map(|key| &mut key.expr))
                .chain(qualify.iter_mut())
                .for_each(|expr| over_windows(expr, &places));
        } else if select.qualify.is_some() {
            return Err(Error::new(Code::MisplacedClause, "QUALIFY needs a window function")
                .at(select.qualify.as_ref().map_or(span, |it| it.span))
                .hint("filter rows with WHERE, groups with HAVING"));
        }
        if let Some(qualify) = qualify {
            node = filtered(node, qualify);
        }
        output(node, columns, order, select.distinct, span)
    }

    /// The columns of a SELECT list with their names.
    pub(super) fn select_list(&mut self, items: &[SelectItem], names: Names<'_>) -> Result<Vec<Column>> {
        let mut columns = Vec::new();
        let mut anonymous = 0;
        for item in items {
            match item {
                SelectItem::Star(star) => columns.extend(self.star(star, names)?),
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

    /// `*`, `t.*` and `value.*`.
    fn star(&mut self, star: &ast::Star, names: Names<'_>) -> Result<Vec<Column>> {
        let columns: Vec<Column> = match &star.of {
            None => names.scope.visible(None).map(|(name, expr)| (name.into(), expr.clone())).collect(),
            Some(ast::Expr { kind: ast::ExprKind::Name(table), .. })
                if names.scope.has_table(&table.text) =>
            {
                let columns = names.scope.visible(Some(&table.text));
                columns.map(|(name, expr)| (name.into(), expr.clone())).collect()
            }
            Some(ast::Expr { kind: ast::ExprKind::Name(table), span }) if !names.scope.knows(&table.text) => {
                let message = format!("there is no table `{}` in FROM", table.text);
                return Err(Error::new(Code::UnknownTable, message).at(*span));
            }
            Some(value) => {
                let value = self.expr(value, names)?;
                Scope::element("", false, value.clone())
                    .visible(None)
                    .filter(|_| !value.data_type.fields().is_empty())
                    .map(|(name, expr)| (name.to_owned(), expr.clone()))
                    .collect()
            }
        };
        let find = |name: &ast::Ident| match columns.iter().any(|(it, _)| it.eq_ignore_ascii_case(&name.text))
        {
            true => Ok(()),
            false => Err(unknown_in_star(name, &columns)),
        };
        star.except.iter().try_for_each(find)?;
        star.replace.iter().try_for_each(|(_, name)| find(name))?;
        let mut kept = Vec::with_capacity(columns.len());
        for (name, expr) in columns.iter().cloned() {
            if star.except.iter().any(|it| it.text.eq_ignore_ascii_case(&name)) {
                continue;
            }
            let replaced = star.replace.iter().find(|(_, it)| it.text.eq_ignore_ascii_case(&name));
            let expr = match replaced {
                Some((value, _)) => self.expr(value, names)?,
                None => expr.at(star.span),
            };
            kept.push((name, expr));
        }
        match kept.is_empty() {
            true => Err(Error::new(Code::MisplacedClause, "`*` stands for no columns here").at(star.span)),
            false => Ok(kept),
        }
    }

    /// What is grouped by: expressions, columns of the list by number, columns of the list by name.
    fn group_keys(
        &mut self,
        group_by: &GroupBy,
        select: &ast::Select,
        columns: &[Column],
        names: Names<'_>,
    ) -> Result<Vec<Expr>> {
        let seen = Names { aliases: columns, ..names };
        let mut keys: Vec<Expr> = Vec::new();
        match group_by {
            GroupBy::All => {
                for (_, expr) in columns {
                    // What holds an aggregate is no key.
                    if is_plain(expr) {
                        keys.push(expr.clone());
                    }
                }
            }
            GroupBy::Items(items) => {
                for item in items {
                    let key = match ordinal(item, columns.len(), "GROUP BY")?.and_then(|at| columns.get(at)) {
                        Some((_, expr)) => expr.clone(),
                        None => self.inside("GROUP BY", |binder| binder.expr(item, seen))?,
                    };
                    if !is_plain(&key) {
                        return Err(Error::new(
                            Code::MisplacedFunction,
                            "GROUP BY names a column that holds an aggregate or window function",
                        )
                        .at(item.span));
                    }
                    keys.push(key.at(item.span));
                }
            }
        }
        if let Some(key) = keys.iter().find(|key| !key.data_type.is_orderable()) {
            return Err(not_groupable(key, "GROUP BY").or_at(select.span));
        }
        keys.dedup_by(|a, b| same(a, b));
        Ok(keys)
    }

    /// Keys of ORDER BY: columns of the list by number or name, or other expressions.
    fn order_keys(
        &mut self,
        order_by: &[ast::OrderItem],
        columns: &[Column],
        names: Names<'_>,
    ) -> Result<Vec<Order>> {
        let keys = order_by.iter().map(|item| {
            match ordinal(&item.expr, columns.len(), "ORDER BY")?.and_then(|at| columns.get(at)) {
                Some((_, expr)) => order_key(expr.clone().at(item.expr.span), item),
                None => order_key(self.expr(&item.expr, names)?, item),
            }
        });
        keys.collect()
    }
}

impl Windowed {
    fn exprs(&mut self) -> impl Iterator<Item = &mut Expr> {
        let order_by = self.order_by.iter_mut().map(|key| &mut key.expr);
        self.partition_by.iter_mut().chain(order_by).chain(self.call.exprs())
    }
}

#[cold]
fn unknown_in_star(name: &ast::Ident, columns: &[Column]) -> Error {
    let error = Error::new(Code::UnknownColumn, format!("column `{}` is not among `*`", name.text));
    match crate::diag::nearest(&name.text, columns.iter().map(|(it, _)| it.as_str())) {
        Some(near) => error.hint(format!("did you mean `{near}`?")).fix(name.span, written(near)),
        None => error,
    }
    .at(name.span)
}

#[cold]
fn not_grouped(schema: &Schema, at: usize, span: Span) -> Error {
    let name = schema.fields.get(at).map(|field| field.name.as_str()).unwrap_or_default();
    Error::new(
        Code::NotGrouped,
        format!("column `{name}` is neither grouped by nor inside an aggregate function"),
    )
    .at(span)
    .hint(format!("add it to GROUP BY, or take one of its values: ANY_VALUE({})", written(name)))
}

pub(super) fn filtered(node: Node, predicate: Expr) -> Node {
    let schema = node.schema.clone();
    Node { kind: NodeKind::Filter { input: Box::new(node), predicate }, schema }
}

fn aggregated(node: Node, keys: Vec<Expr>, level: &mut Level) -> Node {
    let aggregates = std::mem::take(&mut level.aggregates);
    let keyed = keys.iter().map(|key| Field::new(explain::text(key, &[&node]), key.data_type.clone()));
    let aggregated = aggregates
        .iter()
        .map(|it| Field::new(explain::call(it.function.name, &it.args, &[&node]), it.data_type.clone()));
    let schema = Schema { fields: keyed.chain(aggregated).collect() };
    Node { kind: NodeKind::Aggregate { input: Box::new(node), keys, aggregates }, schema }
}

/// One operator for each window; the columns where the results stand.
fn windowed(mut node: Node, windows: Vec<Windowed>) -> (Node, Vec<usize>) {
    let mut groups: Vec<(Vec<usize>, Vec<Windowed>)> = Vec::new();
    for (at, window) in windows.into_iter().enumerate() {
        let fits = |group: &&mut (Vec<usize>, Vec<Windowed>)| {
            group.1.first().is_some_and(|first| {
                first.partition_by.len() == window.partition_by.len()
                    && first.partition_by.iter().zip(&window.partition_by).all(|(a, b)| same(a, b))
                    && same_order(&first.order_by, &window.order_by)
            })
        };
        match groups.iter_mut().find(fits) {
            Some((numbers, members)) => {
                numbers.push(at);
                members.push(window);
            }
            None => groups.push((vec![at], vec![window])),
        }
    }
    let mut places = vec![0; groups.iter().map(|(numbers, _)| numbers.len()).sum()];
    for (numbers, members) in groups {
        let width = node.schema.fields.len();
        let mut schema = node.schema.clone();
        let (mut partition_by, mut order_by, mut calls) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (number, member)) in numbers.into_iter().zip(members).enumerate() {
            if let Some(it) = places.get_mut(number) {
                *it = width + place;
            }
            schema.fields.push(Field::new("", member.call.data_type()));
            (partition_by, order_by) = (member.partition_by, member.order_by);
            calls.push(member.call);
        }
        let keep = (0..width).collect();
        let kind = NodeKind::Window { input: Box::new(node), partition_by, order_by, calls, keep };
        node = Node { kind, schema };
    }
    (node, places)
}

/// The SELECT list in its order. Keys that are not in the list are computed beside it and dropped afterwards.
fn output(node: Node, columns: Vec<Column>, order: Vec<Order>, distinct: bool, span: Span) -> Result<Node> {
    let fields: Vec<_> =
        columns.iter().map(|(name, expr)| Field::new(name.clone(), expr.data_type.clone())).collect();
    let width = fields.len();
    let mut exprs: Vec<_> = columns.into_iter().map(|(_, expr)| expr).collect();
    let mut wide = Schema { fields: fields.clone() };
    let mut keys = Vec::with_capacity(order.len());
    for key in order {
        let at = exprs.iter().position(|expr| same(expr, &key.expr)).unwrap_or(exprs.len());
        let (data_type, place) = (key.expr.data_type.clone(), key.expr.span);
        if at == exprs.len() {
            if distinct {
                return Err(Error::new(
                    Code::MisplacedClause,
                    "ORDER BY behind SELECT DISTINCT can only use columns of the list",
                )
                .at(place)
                .hint("add it to the SELECT list"));
            }
            wide.fields.push(Field::new("", data_type.clone()));
            exprs.push(key.expr);
        }
        keys.push(Order { expr: Expr::column(at, data_type, place), ..key });
    }
    let mut node = Node { kind: NodeKind::Project { input: Box::new(node), exprs }, schema: wide };
    if distinct {
        node = distinct_rows(node, span)?;
    }
    node = sorted(node, keys);
    if node.schema.fields.len() > width {
        let back = fields.iter().enumerate();
        let exprs = back.map(|(at, field)| Expr::column(at, field.data_type.clone(), span)).collect();
        node = Node { kind: NodeKind::Project { input: Box::new(node), exprs }, schema: Schema { fields } };
    }
    Ok(node)
}
