//! FROM: tables, views, queries of WITH, joins, UNNEST, table functions.

use std::sync::Arc;

use super::Binder;
use super::call::{left_out, operator_call};
use super::coerce::{coerced, literal, unified};
use super::lateral::{Elements, array_path, is_lateral, lateral_kind, unnested};
use super::query::LATER;
use super::scope::{Names, Scope};
use super::typed::Typed;
use crate::catalog::{Relation, View};
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::function::{self, Function};
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{JoinKind, Node, NodeKind};
use crate::syntax::SqlOperator;
use crate::syntax::ast::{self, JoinOn, TableExprKind};
use crate::table::{Part, Table, objects};

/// A table of FROM and the names of its columns.
pub(super) struct Source {
    pub(super) node: Node,
    pub(super) scope: Scope,
}

impl Source {
    pub(super) fn new(node: Node, name: Option<&str>) -> Self {
        let mut scope = Scope::new(&node.schema, name);
        if let NodeKind::Predict { model, .. } = &node.kind {
            scope.leave_out(model.left_out());
        }
        Self { node, scope }
    }

    /// The source of a query without FROM.
    pub(super) fn one_row() -> Self {
        Self { node: Node::one_row(), scope: Scope::default() }
    }
}

impl Binder<'_> {
    /// A table of FROM, or tables with joins between them.
    pub(super) fn table(&mut self, table: &ast::TableExpr) -> Result<Source> {
        let alias = table.alias.as_ref().map(|alias| alias.text.as_str());
        match &table.kind {
            TableExprKind::Name { path, offset } => {
                let name = alias.or(path.last().map(|last| last.text.as_str()));
                let is_outer = |name: &str| self.outer.iter().any(|scope| scope.has_table(name));
                if let Some(array) = array_path(path, is_outer) {
                    let elements =
                        Elements { array: &array, offset: offset.as_ref(), alias: name, fields: true };
                    return self.unnest(Source::one_row(), elements, false);
                }
                if let Some(offset) = offset {
                    let message = format!(
                        "WITH OFFSET numbers the elements of an array, and `{}` is none",
                        path.text()
                    );
                    return Err(Error::new(Code::MisplacedClause, message).at(offset.name.span));
                }
                self.named_table(path, name)
            }
            TableExprKind::Subquery(query) => self.query(query).map(|node| Source::new(node, alias)),
            TableExprKind::Function { name, args } => {
                let node = self.table_function(name, args, name.span.to(table.span))?;
                Ok(Source::new(node, alias))
            }
            TableExprKind::Unnest { array, offset, fields } => {
                let elements = Elements { array, offset: offset.as_ref(), alias, fields: *fields };
                self.unnest(Source::one_row(), elements, false)
            }
            TableExprKind::Join(join) => self.join(join, table.span),
            TableExprKind::Pivot(pivot) => self.pivot(pivot, alias, table.span),
            TableExprKind::Unpivot(unpivot) => self.unpivot(unpivot, alias, table.span),
            TableExprKind::Predict(predict) => self.tsql_predict(predict, alias),
        }
    }

    fn named_table(&mut self, path: &ast::Path, name: Option<&str>) -> Result<Source> {
        if let [only] = path.parts.as_slice()
            && let Some(cte) = self.ctes.iter().rev().find(|cte| cte.name.eq_ignore_ascii_case(&only.text))
        {
            if cte.subplan == LATER {
                self.names_later = true;
                let message = format!("the queries of WITH name each other: `{}`", only.text);
                return Err(Error::new(Code::UnknownTable, message)
                    .at(only.span)
                    .hint("a query of WITH RECURSIVE may name itself, and others that do not name it"));
            }
            let columns = (0..cte.schema.fields.len()).collect();
            let kind = NodeKind::Shared { subplan: cte.subplan, columns };
            return Ok(Source::new(Node { kind, schema: cte.schema.clone() }, name));
        }
        if let Some(table) = self.information_schema(path)? {
            return Ok(Source::new(scan(Arc::new(table)), name));
        }
        if path.last().is_some_and(|last| last.text.ends_with('*')) {
            return self.wildcard(path, name);
        }
        match self.relation(path)?.clone() {
            Relation::Table(table) => {
                let mut source = Source::new(scan(table), name);
                self.declare_narrow(&self.relation_name(path), &mut source.scope)?;
                Ok(source)
            }
            Relation::Objects(files) => {
                let mut schema = objects::schema();
                let visible = schema.fields.len();
                schema.fields.extend(objects::hidden());
                let columns = (0..schema.fields.len()).collect();
                let mut scope = Scope::with_hidden(&schema, name, visible);
                scope.leave_to_star(objects::HASH_IN_STAR);
                let kind = NodeKind::Objects { objects: files, columns };
                Ok(Source { node: Node { kind, schema }, scope })
            }
            Relation::Stream(stream) => {
                let schema = stream.schema.clone();
                let columns = (0..schema.fields.len()).collect();
                let kind =
                    NodeKind::Stream { stream, columns, most: None, part: Part::WHOLE, span: path.span };
                Ok(Source::new(Node { kind, schema }, name))
            }
            Relation::View(view) => self.view(&view, path).map(|node| Source::new(node, name)),
        }
    }

    /// The query of a view, bound as a query of its own. Its spans point into another text.
    fn view(&mut self, view: &View, path: &ast::Path) -> Result<Node> {
        if self.views.iter().any(|name| *name == path.text()) {
            return Err(
                Error::new(Code::UnknownTable, format!("view `{}` reads itself", path.text())).at(path.span)
            );
        }
        self.views.push(path.text());
        let ctes = std::mem::take(&mut self.ctes);
        let outer = std::mem::take(&mut self.outer);
        let node = self.query(&view.query);
        (self.ctes, self.outer) = (ctes, outer);
        self.views.pop();
        let mut node =
            node.map_err(|error| error.at(path.span).context(format_args!("view `{}`", path.text())))?;
        let fields = &mut node.schema.fields;
        if view.columns.is_empty() {
            return Ok(node);
        }
        // The query is bound anew: `*` in it may stand for other columns than when the view was made.
        if view.columns.len() != fields.len() {
            let (names, found) = (view.columns.len(), fields.len());
            return Err(Error::new(
                Code::ColumnCount,
                format!("view `{}` names {names} columns, but its query has {found} now", path.text()),
            )
            .at(path.span)
            .hint("create the view again"));
        }
        for (field, name) in fields.iter_mut().zip(&view.columns) {
            field.name.clone_from(name);
        }
        Ok(node)
    }

    /// `` `name*` ``: the rows of all tables whose names begin so; `_TABLE_SUFFIX` is the rest of the name.
    ///
    /// The columns are those of the last table, in the order of the names; what another one lacks is NULL there.
    fn wildcard(&mut self, path: &ast::Path, name: Option<&str>) -> Result<Source> {
        let text = path.text();
        let prefix = text.strip_suffix('*').unwrap_or(&text);
        let relations = self.context.catalog.relations();
        let tables = relations.filter_map(|(name, relation)| match relation {
            Relation::Table(table) => Some((name.strip_prefix(prefix)?, table)),
            Relation::Objects(_) | Relation::Stream(_) | Relation::View(_) => None,
        });
        let tables: Vec<_> = tables.collect();
        let Some((_, last)) = tables.last() else {
            return Err(Error::new(Code::UnknownTable, format!("no table's name begins with `{prefix}`"))
                .at(path.span));
        };
        let mut schema = last.schema.clone();
        let inputs = tables.iter().map(|(suffix, table)| {
            let mut exprs = wildcard_columns(table, &format!("{prefix}{suffix}"), &schema, path.span)?;
            let suffix = ExprKind::Literal(Scalar::String((*suffix).to_owned()));
            exprs.push(Expr { kind: suffix, data_type: DataType::String, span: path.span });
            Ok((scan((*table).clone()), exprs))
        });
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let visible = schema.fields.len();
        schema.fields.push(Field::new("_TABLE_SUFFIX", DataType::String));
        let inputs = inputs.into_iter().map(|(input, exprs)| {
            let kind = NodeKind::Project { input: Box::new(input), exprs };
            Node { kind, schema: schema.clone() }
        });
        let inputs = inputs.collect();
        let scope = Scope::with_hidden(&schema, name, visible);
        Ok(Source { node: Node { kind: NodeKind::Union { inputs }, schema }, scope })
    }

    fn table_function(&mut self, name: &ast::Path, args: &[ast::TableArg], span: Span) -> Result<Node> {
        let text = name.text().to_ascii_uppercase();
        match text.as_str() {
            "ML.PREDICT" => self.predict(args, false, span),
            "SAFE.ML.PREDICT" => self.predict(args, true, span),
            "ML.TRANSFORM" => self.transform(args, span),
            "VECTOR_SEARCH" => self.vector_search(args, span),
            _ => match self.judging(&text, args, span) {
                Some(rows) => rows,
                None => Err(unknown_table_function(&text, name.span)),
            },
        }
    }

    pub(super) fn unnest(&mut self, input: Source, elements: Elements<'_>, outer: bool) -> Result<Source> {
        let Elements { array, offset, alias, fields } = elements;
        let array = self.inside("UNNEST", |binder| binder.expr(array, Names::of(&input.scope)))?;
        let DataType::Array(element) = array.data_type.clone() else {
            return Err(Error::new(
                Code::TypeMismatch,
                format!("expected an array in UNNEST, found {}", array.data_type),
            )
            .at(array.span));
        };
        let span = array.span;
        let width = input.node.schema.fields.len();
        let mut schema = input.node.schema.clone();
        schema.fields.push(Field::new(alias.unwrap_or("f0_"), (*element).clone()));
        let element = Expr::column(width, *element, span);
        let name = alias.unwrap_or("f0_");
        let named = if fields {
            Scope::element(name, alias.is_some(), element)
        } else {
            let mut scope = Scope::default();
            scope.push(None, name, element);
            scope
        };
        let mut scope = input.scope.join(named, 0);
        if let Some(offset) = offset {
            schema.fields.push(Field::new(offset.name.text.clone(), DataType::Int64));
            scope.push(None, &offset.name.text, Expr::column(width + 1, DataType::Int64, offset.name.span));
        }
        let kind = NodeKind::Unnest {
            input: Box::new(input.node),
            array,
            keep: (0..width).collect(),
            offset: offset.is_some(),
            outer,
        };
        Ok(Source { node: Node { kind, schema }, scope })
    }

    fn join(&mut self, join: &ast::Join, span: Span) -> Result<Source> {
        let left = self.table(&join.left)?;
        if let Some(unnested) = unnested(&join.right, &left.scope) {
            if is_lateral(join) {
                return self.unnest(left, unnested.elements(), join.kind == ast::JoinKind::Left);
            }
            if let (Some(JoinOn::Condition(condition)), Some(outer)) = (&join.on, lateral_kind(join))
                && self.reads_outside(&unnested.array)
            {
                return self.unnest_where(left, &unnested, outer, condition);
            }
        }
        let right = self.table(&join.right)?;
        check_aliases(&join.left, &join.right)?;
        let kind = match join.kind {
            ast::JoinKind::Inner | ast::JoinKind::Cross => JoinKind::Inner,
            ast::JoinKind::Left => JoinKind::Left,
            ast::JoinKind::Right => JoinKind::Right,
            ast::JoinKind::Full => JoinKind::Full,
        };
        let split = left.node.schema.fields.len();
        let fields = [left.node.schema.fields.clone(), right.node.schema.fields.clone()].concat();
        let (mut keys, mut condition) = (Vec::new(), None);
        let scope = match &join.on {
            Some(JoinOn::Using(names)) => {
                let merged = self.using(names, &left.scope, &right.scope, kind, split, &mut keys)?;
                let mut scope = left.scope.join(right.scope, split);
                scope.using(merged);
                scope
            }
            on => {
                let scope = left.scope.join(right.scope, split);
                if let Some(JoinOn::Condition(tree)) = on {
                    let bound = self.inside("ON", |binder| binder.condition(tree, Names::of(&scope)))?;
                    (keys, condition) = equalities(bound, split)?;
                } else if join.kind != ast::JoinKind::Cross && on.is_none() {
                    return Err(Error::new(Code::SyntaxError, "a JOIN needs ON or USING")
                        .at(span)
                        .hint("write CROSS JOIN for all pairs of rows"));
                }
                scope
            }
        };
        let (left, right) = (Box::new(left.node), Box::new(right.node));
        let kind = NodeKind::Join { left, right, kind, keys, condition };
        Ok(Source { node: Node { kind, schema: Schema { fields } }, scope })
    }

    /// The columns that USING makes of pairs of one name. Adds the pairs to `keys`.
    fn using(
        &mut self,
        names: &[ast::Ident],
        left: &Scope,
        right: &Scope,
        kind: JoinKind,
        split: usize,
        keys: &mut Vec<(Expr, Expr)>,
    ) -> Result<Vec<(String, Expr)>> {
        let mut merged = Vec::with_capacity(names.len());
        for name in names {
            let sides = vec![left.column(None, name)?.into(), right.column(None, name)?.into()];
            let (data_type, sides) = unified(sides, None, "columns", name.span)?;
            if !data_type.is_comparable() {
                let message = format!("values of type {data_type} cannot be compared by USING");
                return Err(Error::new(Code::TypeMismatch, message).at(name.span));
            }
            let Ok([of_left, mut of_right]) = <[Expr; 2]>::try_from(sides) else {
                return Err(Error::internal("a join has two sides"));
            };
            keys.push((of_left.clone(), of_right.clone()));
            of_right.renumber_columns(&|column| column + split);
            let value = match kind {
                JoinKind::Inner | JoinKind::Left => of_left,
                JoinKind::Right => of_right,
                JoinKind::Full => {
                    let kind = ExprKind::Coalesce(vec![of_left, of_right]);
                    Expr { kind, data_type, span: name.span }
                }
            };
            merged.push((name.text.clone(), value));
        }
        Ok(merged)
    }
}

/// Values of the table called `name` for the columns of `schema`; NULL for those that it lacks.
fn wildcard_columns(table: &Table, name: &str, schema: &Schema, span: Span) -> Result<Vec<Expr>> {
    let column = |wanted: &Field| {
        let mut fields = table.schema.fields.iter().enumerate();
        let typed = match fields.find(|(_, field)| field.name.eq_ignore_ascii_case(&wanted.name)) {
            Some((number, field)) => Typed::from(Expr::column(number, field.data_type.clone(), span)),
            None => literal(Scalar::Null, span),
        };
        coerced(typed, &wanted.data_type)?.ok_or_else(|| {
            Error::new(
                Code::TypeMismatch,
                format!(
                    "column `{}` of `{name}` is not {} as in the other tables",
                    wanted.name, wanted.data_type
                ),
            )
            .at(span)
        })
    };
    schema.fields.iter().map(column).collect()
}

#[cold]
fn unknown_table_function(name: &str, span: Span) -> Error {
    if let Some(error) = left_out(name, span) {
        return error;
    }
    let known = function::TABLE_FUNCTIONS.iter().map(|function| function.name);
    let error = Error::new(Code::UnknownFunction, format!("table function `{name}` was not found"))
        .at(span)
        .did_you_mean_here(name, known.clone(), str::to_owned);
    match function::function(name) {
        Some(Function { name, .. }) => error.or_hint(format!(
            "{name} returns a value, not rows: SELECT {name}(…), or UNNEST the array it returns"
        )),
        None => error.or_list("the table functions are", known),
    }
}

/// Checks that two tables of one FROM have different names.
fn check_aliases(left: &ast::TableExpr, right: &ast::TableExpr) -> Result<()> {
    match table_alias(right) {
        Some(name) if has_alias(left, &name.text) => {
            let message = format!("two tables of FROM are called `{}`", name.text);
            Err(Error::new(Code::AmbiguousColumn, message).at(right.span).hint("give one of them an alias"))
        }
        _ => Ok(()),
    }
}

/// The name by which a table's columns are qualified.
fn table_alias(table: &ast::TableExpr) -> Option<&ast::Ident> {
    match (&table.alias, &table.kind) {
        (Some(alias), _) => Some(alias),
        (None, TableExprKind::Name { path, .. }) => path.last(),
        _ => None,
    }
}

fn has_alias(table: &ast::TableExpr, name: &str) -> bool {
    match &table.kind {
        TableExprKind::Join(join) => has_alias(&join.left, name) || has_alias(&join.right, name),
        _ => table_alias(table).is_some_and(|alias| alias.text.eq_ignore_ascii_case(name)),
    }
}

pub(super) fn scan(table: Arc<Table>) -> Node {
    let schema = table.schema.clone();
    let columns = (0..schema.fields.len()).collect();
    Node { kind: NodeKind::Scan { table, columns }, schema }
}

/// Pairs that must be equal: a value of the left side, a value of the right one.
type Equalities = Vec<(Expr, Expr)>;

/// The parts of a condition that compare one side with the other for equality, and the rest of it.
pub(super) fn equalities(condition: Expr, split: usize) -> Result<(Equalities, Option<Expr>)> {
    let (mut keys, mut rest) = (Vec::new(), Vec::new());
    for part in conjuncts(condition) {
        match equality(&part, split) {
            Some(pair) => keys.push(pair),
            None => rest.push(part),
        }
    }
    if rest.len() < 2 {
        return Ok((keys, rest.pop()));
    }
    let span = rest.first().invariant("an AND has operands")?.span;
    Ok((keys, Some(operator_call(SqlOperator::And, rest, DataType::Bool, span)?)))
}

/// The parts of an AND.
fn conjuncts(condition: Expr) -> Vec<Expr> {
    match condition.kind {
        ExprKind::Call { function, args, .. } if function.operator == Some(SqlOperator::And) => {
            args.into_iter().flat_map(conjuncts).collect()
        }
        kind => vec![Expr { kind, ..condition }],
    }
}

/// The sides of `left = right`, each over the columns of its own table.
fn equality(part: &Expr, split: usize) -> Option<(Expr, Expr)> {
    let ExprKind::Call { function, args, safe: false, .. } = &part.kind else { return None };
    let ([a, b], Some(SqlOperator::Equal)) = (args.as_slice(), function.operator) else { return None };
    let sides = |expr: &Expr| {
        let (mut reads_left, mut reads_right) = (false, false);
        expr.visit_columns(&mut |column| if column < split { reads_left = true } else { reads_right = true });
        (reads_left, reads_right)
    };
    let (left, right) = match (sides(a), sides(b)) {
        ((true, false), (false, true)) => (a, b),
        ((false, true), (true, false)) => (b, a),
        _ => return None,
    };
    if !left.data_type.is_orderable() || left.is_correlated() || right.is_correlated() {
        return None;
    }
    let mut right = right.clone();
    right.renumber_columns(&|column| column - split);
    Some((left.clone(), right))
}
