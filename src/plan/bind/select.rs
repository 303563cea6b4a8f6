//! SELECT: its list, groups, windows, and the order in which they are computed.
//!
//! Expressions are bound over the columns of FROM first. When all are known, so are the aggregates and window
//! functions in them; then the operators are put on top of one another and the expressions follow.

use litemap::LiteMap;

use super::Binder;
use super::aggregates::{Windowed, has_window, is_plain, over_groups, over_windows, same};
use super::call::{misplaced_window, not_groupable, order_key};
use super::correlated::has_outer;
use super::expr::implied_name;
use super::from::Source;
use super::query::ordinal;
use super::rows::{distinct_rows, filtered, sorted};
use super::scope::{Names, Scope};
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::function::GROUPING;
use crate::plan::explain;
use crate::plan::expr::{Aggregate, Expr, ExprKind, Order};
use crate::plan::node::{Node, NodeKind, Subplan, SubplanKind};
use crate::syntax::ast::{self, GroupBy, RowForm, SelectItem};
use crate::syntax::{Dialect, written};

/// A column of the SELECT list: its name and value.
pub(super) type Column = (String, Expr);

/// What a SELECT computes over its groups, or over its rows where it has no groups.
struct Clauses {
    columns: Vec<Column>,
    having: Option<Expr>,
    qualify: Option<Expr>,
    order: Vec<Order>,
}

impl Binder<'_> {
    pub(super) fn select(
        &mut self,
        select: &ast::Select,
        order_by: &[ast::OrderItem],
        span: Span,
    ) -> Result<Node> {
        let Source { mut node, scope } = match &select.from {
            Some(table) => self.table(table)?,
            None => {
                self.check_without_from(select, order_by)?;
                Source::one_row()
            }
        };
        let names = Names::of(&scope);
        if let Some(filter) = &select.filter {
            node = filtered(node, self.inside("WHERE", |binder| binder.condition(filter, names))?);
        }
        let mut columns = self.select_list(&select.items, names)?;
        if let Some(aggregate) = self.level.aggregates.first().filter(|_| select.by_row) {
            let name = aggregate.function.name;
            let message = format!("the aggregate function {name} is not allowed in |> SELECT and |> EXTEND");
            return Err(Error::new(Code::MisplacedFunction, message)
                .at(aggregate.span)
                .hint("write |> AGGREGATE … GROUP BY …, or OVER () behind the function"));
        }
        if select.form == RowForm::Value {
            columns = self.fields_of_value(columns, select.span)?;
        }
        let group_by = select.group_by.as_ref();
        let keys = group_by.map(|group_by| self.group_keys(group_by, select, &columns, names)).transpose()?;
        let sets = match (group_by, &keys) {
            (Some(GroupBy::Sets(sets)), Some(keys)) => Some(self.grouping_sets(sets, keys, &columns, names)?),
            _ => None,
        };
        let mut clauses = self.clauses(select, order_by, columns, names)?;

        // All functions are known now, and with them the operators: the clauses are rewritten over each in turn.
        let mut level = std::mem::take(&mut self.level);
        // GROUPING over plain groups: one set that has every key.
        let every_key = || vec![(0..keys.as_ref().map_or(0, Vec::len)).collect()];
        let sets = sets.or_else(|| level.aggregates.iter().any(is_grouping).then(every_key));
        if keys.is_some() || !level.aggregates.is_empty() || clauses.having.is_some() {
            // Without keys all rows are one group.
            let keys = keys.unwrap_or_default();
            let exprs = clauses.exprs_mut().chain(level.windows.iter_mut().flat_map(Windowed::exprs_mut));
            for expr in exprs {
                over_groups(expr, &keys).map_err(|(column, span)| not_grouped(&node.schema, column, span))?;
            }
            node = match sets {
                Some(sets) => self.by_sets(node, &keys, &sets, &level.aggregates)?,
                None => aggregated(node, keys, level.aggregates),
            };
        }
        if let Some(having) = clauses.having.take() {
            node = filtered(node, having);
        }
        check_qualify(select, &level.windows)?;
        let (mut node, results) = windowed(node, level.windows);
        for expr in clauses.exprs_mut() {
            over_windows(expr, &results)?;
        }
        if let Some(qualify) = clauses.qualify {
            node = filtered(node, qualify);
        }
        output(node, clauses.columns, clauses.order, select.distinct, span)
    }

    /// The groups of each grouping set, with NULL for the keys that it lacks. The rows are computed once.
    fn by_sets(
        &mut self,
        node: Node,
        keys: &[Expr],
        sets: &[Vec<usize>],
        aggregates: &[Aggregate],
    ) -> Result<Node> {
        let input = self.shared(node);
        let width = aggregated(input.clone(), keys.to_vec(), aggregates.to_vec()).schema;
        // The key that each GROUPING asks for, by the number of its aggregate.
        let asked = aggregates.iter().enumerate().filter(|(_, aggregate)| is_grouping(aggregate));
        let asked: Vec<(usize, usize)> = asked
            .map(|(number, aggregate)| Ok((number, grouping_key(aggregate, keys)?)))
            .collect::<Result<_>>()?;
        let real: Vec<_> = (0..aggregates.len())
            .filter(|number| !asked.iter().any(|(grouping, _)| grouping == number))
            .collect();
        let computed: Vec<_> =
            aggregates.iter().filter(|aggregate| !is_grouping(aggregate)).cloned().collect();
        let inputs = sets.iter().map(|set| {
            let own = keys.iter().enumerate().filter(|(number, _)| set.contains(number));
            let (numbers, own): (Vec<_>, Vec<_>) = own.map(|(number, key)| (number, key.clone())).unzip();
            let groups = aggregated(input.clone(), own, computed.clone());
            let fields = width.fields.iter().enumerate();
            let exprs = fields.map(|(number, field)| {
                let (data_type, span) = (field.data_type.clone(), Span::default());
                let place = match number.checked_sub(keys.len()) {
                    Some(aggregate) => match asked.iter().find(|(grouping, _)| *grouping == aggregate) {
                        Some((_, key)) => Err(Scalar::Int64(i64::from(!set.contains(key)))),
                        None => real.iter().position(|real| *real == aggregate).ok_or(Scalar::Null),
                    }
                    .map(|place| numbers.len() + place),
                    None => numbers.iter().position(|key| *key == number).ok_or(Scalar::Null),
                };
                match place {
                    Ok(column) => Expr::column(column, data_type, span),
                    Err(value) => Expr { kind: ExprKind::Literal(value), data_type, span },
                }
            });
            let exprs = exprs.collect();
            Node { kind: NodeKind::Project { input: Box::new(groups), exprs }, schema: width.clone() }
        });
        Ok(Node { kind: NodeKind::Union { inputs: inputs.collect() }, schema: width })
    }

    /// Rows that are read more than once: a subplan, unless they are those of a table.
    pub(super) fn shared(&mut self, node: Node) -> Node {
        if matches!(node.kind, NodeKind::Scan { .. } | NodeKind::Shared { .. } | NodeKind::OneRow)
            || has_outer(&node)
        {
            return node;
        }
        let schema = node.schema.clone();
        self.subplans.push(Subplan { root: node, kind: SubplanKind::Rows, span: Span::default() });
        let columns = (0..schema.fields.len()).collect();
        Node { kind: NodeKind::Shared { subplan: self.subplans.len() - 1, columns }, schema }
    }

    /// HAVING, QUALIFY and ORDER BY, beside the columns of the list. They see the names of the list before those of
    /// FROM, inside functions too.
    fn clauses(
        &mut self,
        select: &ast::Select,
        order_by: &[ast::OrderItem],
        columns: Vec<Column>,
        names: Names<'_>,
    ) -> Result<Clauses> {
        let over_list = Names { aliases: &columns, ..names };
        // T-SQL's HAVING knows the columns of FROM alone.
        let in_having = if self.context.dialect == Dialect::TSql { names } else { over_list };
        // As in ZetaSQL, the list settles whether there are groups.
        let grouped = self.context.dialect == Dialect::TSql
            || select.group_by.is_some()
            || !self.level.aggregates.is_empty();
        if let (Some(having), false) = (&select.having, grouped) {
            return Err(without_groups("HAVING").at(having.span));
        }
        let before = self.level.no_windows.replace("HAVING");
        let having = select.having.as_ref().map(|having| self.condition(having, in_having)).transpose();
        self.level.no_windows = before;
        let having = having?;
        if let (Some(tree), Some(true)) = (&select.having, having.as_ref().map(has_window)) {
            return Err(misplaced_window("HAVING").at(tree.span));
        }
        let qualify =
            select.qualify.as_ref().map(|qualify| self.condition(qualify, over_list)).transpose()?;
        let order = self.order_keys(order_by, &columns, over_list)?;
        if let (Some(item), false, false) = (order_by.first(), grouped, self.level.aggregates.is_empty()) {
            return Err(without_groups("an aggregate function in QUALIFY or ORDER BY").at(item.expr.span));
        }
        Ok(Clauses { columns, having, qualify, order })
    }

    /// A SELECT without FROM has one row: in GoogleSQL there is nothing to filter, group or order then.
    fn check_without_from(&self, select: &ast::Select, order_by: &[ast::OrderItem]) -> Result<()> {
        if self.context.dialect == Dialect::TSql {
            return Ok(());
        }
        let clauses = [
            ("WHERE", select.filter.as_ref().map(|filter| filter.span)),
            ("DISTINCT", select.distinct.then_some(select.span)),
            ("GROUP BY", select.group_by.as_ref().map(|_| select.span)),
            ("HAVING", select.having.as_ref().map(|having| having.span)),
            ("QUALIFY", select.qualify.as_ref().map(|qualify| qualify.span)),
            ("ORDER BY", order_by.first().map(|item| item.expr.span)),
        ];
        match clauses.into_iter().find_map(|(clause, span)| Some((clause, span?))) {
            Some((clause, span)) => {
                Err(Error::new(Code::MisplacedClause, format!("a SELECT without FROM takes no {clause}"))
                    .at(span)
                    .hint("write FROM (SELECT …) around it, or FROM UNNEST([…])"))
            }
            None => Ok(()),
        }
    }

    /// A condition of a clause.
    pub(super) fn condition(&mut self, tree: &ast::Expr, names: Names<'_>) -> Result<Expr> {
        self.expr_of(tree, names, &DataType::Bool, "a condition")
    }

    /// The columns of a SELECT list with their names.
    pub(super) fn select_list(&mut self, items: &[SelectItem], names: Names<'_>) -> Result<Vec<Column>> {
        let mut columns = Vec::new();
        let mut anonymous = 0;
        for item in items {
            match item {
                SelectItem::Star(star) => columns.extend(self.star(star, names)?),
                SelectItem::Expr { expr, alias } => {
                    let name = alias.as_ref().map(|alias| alias.text.clone()).or_else(|| implied_name(expr));
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

    /// SELECT AS VALUE: where a row has columns, they are the fields of the one value.
    fn fields_of_value(&self, columns: Vec<Column>, span: Span) -> Result<Vec<Column>> {
        let [(_, value)] = columns.as_slice() else {
            let message = format!("SELECT AS VALUE takes one value, found {}", columns.len());
            return Err(Error::new(Code::ColumnCount, message).at(span));
        };
        // In an expression the value itself stands for the row.
        if !self.outer.is_empty() || value.data_type.fields().is_empty() {
            return Ok(columns);
        }
        let element = Scope::element("", false, value.clone());
        Ok(element.visible(None).map(|(name, expr)| (name.to_owned(), expr.clone())).collect())
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
            Some(value) if let Some(columns) = self.columns_of_outer(value, names) => columns,
            Some(value) => {
                let value = self.expr(value, names).map_err(|error| no_table(value, error))?;
                Scope::element("", false, value.clone())
                    .visible(None)
                    .filter(|_| !value.data_type.fields().is_empty())
                    .map(|(name, expr)| (name.to_owned(), expr.clone()))
                    .collect()
            }
        };
        let check = |name: &ast::Ident| {
            let known = columns.iter().any(|(column, _)| column.eq_ignore_ascii_case(&name.text));
            if known { Ok(()) } else { Err(unknown_in_star(name, &columns)) }
        };
        star.except.iter().try_for_each(check)?;
        star.replace.iter().try_for_each(|(_, name)| check(name))?;
        star.rename.iter().try_for_each(|(name, _)| check(name))?;
        let mut kept = Vec::with_capacity(columns.len());
        for (name, expr) in columns {
            let is_it = |ident: &ast::Ident| ident.text.eq_ignore_ascii_case(&name);
            if star.except.iter().any(is_it) {
                continue;
            }
            let renamed = star.rename.iter().find(|(old, _)| is_it(old)).map(|(_, new)| new.text.clone());
            let expr = match star.replace.iter().find(|(_, replaced)| is_it(replaced)) {
                Some((value, _)) => self.expr(value, names)?,
                None => expr.at(star.span),
            };
            kept.push((renamed.unwrap_or(name), expr));
        }
        if kept.is_empty() {
            return Err(Error::new(Code::MisplacedClause, "`*` stands for no columns here").at(star.span));
        }
        Ok(kept)
    }

    /// The columns of `t.*` where `t` is a table of a query around.
    fn columns_of_outer(&self, value: &ast::Expr, names: Names<'_>) -> Option<Vec<Column>> {
        let ast::ExprKind::Name(table) = &value.kind else { return None };
        if names.scope.knows(&table.text) { None } else { self.star_of_outer(&table.text) }
    }

    /// What is grouped by: expressions, columns of the list by number, columns of the list by name.
    fn group_keys(
        &mut self,
        group_by: &GroupBy,
        select: &ast::Select,
        columns: &[Column],
        names: Names<'_>,
    ) -> Result<Vec<Expr>> {
        let mut keys: Vec<Expr> = Vec::new();
        let items: Vec<_> = match group_by {
            GroupBy::All => Vec::new(),
            GroupBy::Items(items) => items.iter().collect(),
            GroupBy::Sets(sets) => sets.iter().flatten().collect(),
        };
        match group_by {
            GroupBy::All => {
                for (_, expr) in columns {
                    // What holds an aggregate is no key.
                    if is_plain(expr) {
                        keys.push(expr.clone());
                    }
                }
            }
            GroupBy::Items(_) | GroupBy::Sets(_) => {
                for item in items {
                    let key = self.group_key(item, columns, names)?;
                    if !matches!(group_by, GroupBy::Sets(_)) || !keys.iter().any(|known| same(known, &key)) {
                        keys.push(key);
                    }
                }
            }
        }
        if let Some(key) = keys.iter().find(|key| !key.data_type.is_groupable()) {
            return Err(not_groupable(key, "GROUP BY").or_at(select.span));
        }
        keys.dedup_by(|a, b| same(a, b));
        Ok(keys)
    }

    fn group_key(&mut self, item: &ast::Expr, columns: &[Column], names: Names<'_>) -> Result<Expr> {
        let key = match ordinal(item, columns, "GROUP BY")? {
            Some((_, expr)) => expr.clone(),
            None => match self.named_column(item, columns)? {
                Some(column) => column,
                None => self.inside("GROUP BY", |binder| binder.expr(item, names))?,
            },
        };
        if !is_plain(&key) {
            return Err(Error::new(
                Code::MisplacedFunction,
                "GROUP BY names a column that holds an aggregate or window function",
            )
            .at(item.span));
        }
        Ok(key.at(item.span))
    }

    /// For each grouping set the numbers of its keys.
    fn grouping_sets(
        &mut self,
        sets: &[Vec<ast::Expr>],
        keys: &[Expr],
        columns: &[Column],
        names: Names<'_>,
    ) -> Result<Vec<Vec<usize>>> {
        let number = |binder: &mut Self, item: &ast::Expr| {
            let key = binder.group_key(item, columns, names)?;
            keys.iter().position(|known| same(known, &key)).invariant("a key of a grouping set")
        };
        let sets = sets.iter();
        sets.map(|set| set.iter().map(|item| number(self, item)).collect()).collect()
    }

    /// The column of the list that an item of GROUP BY names. Names inside of larger expressions are those of FROM.
    ///
    /// # Errors
    /// `ambiguous-column`; `misplaced-clause` for a field of such a column.
    fn named_column(&self, item: &ast::Expr, columns: &[Column]) -> Result<Option<Expr>> {
        if self.context.dialect == Dialect::TSql {
            return Ok(None);
        }
        let list = Scope::default();
        let names = Names { scope: &list, aliases: columns };
        let mut root = item;
        while let ast::ExprKind::Field(base, _) = &root.kind {
            root = base;
        }
        let ast::ExprKind::Name(name) = &root.kind else { return Ok(None) };
        match names.alias(name)? {
            Some(_) if !std::ptr::eq(root, item) => Err(Error::new(
                Code::MisplacedClause,
                format!("`{}` is a column of the SELECT list, and GROUP BY takes no field of one", name.text),
            )
            .at(item.span)
            .hint("give the column another alias, or group by the whole expression")),
            column => Ok(column.cloned()),
        }
    }

    /// Keys of ORDER BY: columns of the list by number or name, or other expressions.
    fn order_keys(
        &mut self,
        order_by: &[ast::OrderItem],
        columns: &[Column],
        names: Names<'_>,
    ) -> Result<Vec<Order>> {
        let keys = order_by.iter().map(|item| match ordinal(&item.expr, columns, "ORDER BY")? {
            Some((_, expr)) => order_key(expr.clone().at(item.expr.span), item),
            None => order_key(self.expr(&item.expr, names)?, item),
        });
        keys.collect()
    }
}

impl Clauses {
    fn exprs_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let columns = self.columns.iter_mut().map(|(_, expr)| expr);
        let order = self.order.iter_mut().map(|key| &mut key.expr);
        columns.chain(order).chain(&mut self.having).chain(&mut self.qualify)
    }
}

/// Of a name before `.*` that nothing has it is said that it is no table.
#[cold]
fn no_table(value: &ast::Expr, error: Error) -> Error {
    match &value.kind {
        ast::ExprKind::Name(table) if error.code() == Code::UnknownColumn => {
            let message = format!("there is no table `{}` in FROM", table.text);
            Error::new(Code::UnknownTable, message).at(value.span)
        }
        _ => error,
    }
}

#[cold]
fn unknown_in_star(name: &ast::Ident, columns: &[Column]) -> Error {
    Error::new(Code::UnknownColumn, format!("column `{}` is not among `*`", name.text))
        .at(name.span)
        .did_you_mean_here(&name.text, columns.iter().map(|(column, _)| column.as_str()), written)
}

#[cold]
fn without_groups(clause: &str) -> Error {
    let message = format!("{clause} needs a GROUP BY, or an aggregate function in the SELECT list");
    Error::new(Code::MisplacedClause, message).hint("filter rows with WHERE")
}

#[cold]
fn not_grouped(schema: &Schema, column: usize, span: Span) -> Error {
    let Some(Field { name, .. }) = schema.fields.get(column) else {
        return Error::internal("an expression reads a column that is not there");
    };
    Error::new(
        Code::NotGrouped,
        format!("column `{name}` is neither grouped by nor inside an aggregate function"),
    )
    .at(span)
    .hint(format!("add it to GROUP BY, or take one of its values: ANY_VALUE({})", written(name)))
}

fn check_qualify(select: &ast::Select, windows: &[Windowed]) -> Result<()> {
    match &select.qualify {
        Some(qualify) if windows.is_empty() => {
            Err(Error::new(Code::MisplacedClause, "QUALIFY needs a window function")
                .at(qualify.span)
                .hint("filter rows with WHERE, groups with HAVING"))
        }
        _ => Ok(()),
    }
}

fn is_grouping(aggregate: &Aggregate) -> bool {
    aggregate.function.name == GROUPING
}

/// The number of the key that a GROUPING asks for.
fn grouping_key(aggregate: &Aggregate, keys: &[Expr]) -> Result<usize> {
    let key = aggregate.args.first().and_then(|arg| keys.iter().position(|key| same(key, arg)));
    key.ok_or_else(|| {
        Error::new(Code::NotGrouped, "GROUPING takes an item of GROUP BY")
            .at(aggregate.span)
            .hint("write GROUPING(x) … GROUP BY ROLLUP (x)")
    })
}

fn aggregated(node: Node, keys: Vec<Expr>, aggregates: Vec<Aggregate>) -> Node {
    let key_fields = keys.iter().map(|key| Field::new(explain::text(key, &[&node]), key.data_type.clone()));
    let result_fields = aggregates.iter().map(|aggregate| {
        let name = explain::call(aggregate.function.name, &aggregate.args, &[&node]);
        Field::new(name, aggregate.data_type.clone())
    });
    let schema = Schema { fields: key_fields.chain(result_fields).collect() };
    Node { kind: NodeKind::Aggregate { input: Box::new(node), keys, aggregates }, schema }
}

/// One operator for each window; the columns of the results, by the numbers of the functions.
fn windowed(mut node: Node, windows: Vec<Windowed>) -> (Node, LiteMap<usize, usize>) {
    let mut groups: Vec<Vec<(usize, Windowed)>> = Vec::new();
    for numbered in windows.into_iter().enumerate() {
        let shares = |group: &&mut Vec<(usize, Windowed)>| {
            group.first().is_some_and(|(_, first)| first.shares_window(&numbered.1))
        };
        match groups.iter_mut().find(shares) {
            Some(group) => group.push(numbered),
            None => groups.push(vec![numbered]),
        }
    }
    let mut results = LiteMap::new();
    for group in groups {
        let keep = (0..node.schema.fields.len()).collect();
        let mut schema = node.schema.clone();
        let (mut partition_by, mut order_by, mut calls) = (Vec::new(), Vec::new(), Vec::new());
        for (number, member) in group {
            results.insert(number, schema.fields.len());
            schema.fields.push(Field::new("", member.call.data_type()));
            // The same for all members.
            (partition_by, order_by) = (member.partition_by, member.order_by);
            calls.push(member.call);
        }
        let kind = NodeKind::Window { input: Box::new(node), partition_by, order_by, calls, keep };
        node = Node { kind, schema };
    }
    (node, results)
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
        let in_list = exprs.iter().position(|expr| same(expr, &key.expr));
        let column = in_list.unwrap_or(exprs.len());
        let (data_type, key_span) = (key.expr.data_type.clone(), key.expr.span);
        if in_list.is_none() {
            if distinct {
                return Err(Error::new(
                    Code::MisplacedClause,
                    "ORDER BY after SELECT DISTINCT can only use columns of the list",
                )
                .at(key_span)
                .hint("add it to the SELECT list"));
            }
            wide.fields.push(Field::new("", data_type.clone()));
            exprs.push(key.expr);
        }
        keys.push(Order { expr: Expr::column(column, data_type, key_span), ..key });
    }
    let mut node = Node { kind: NodeKind::Project { input: Box::new(node), exprs }, schema: wide };
    if distinct {
        node = distinct_rows(node, span)?;
    }
    node = sorted(node, keys);
    if node.schema.fields.len() > width {
        let columns = fields.iter().enumerate();
        let exprs =
            columns.map(|(number, field)| Expr::column(number, field.data_type.clone(), span)).collect();
        node = Node { kind: NodeKind::Project { input: Box::new(node), exprs }, schema: Schema { fields } };
    }
    Ok(node)
}
