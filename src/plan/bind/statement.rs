//! Statements: what they create, change and say.

use super::call::operator_call;
use super::declared::Declared;
use super::expr::{Names, Typed, coerced, convert, unified};
use super::query::{converted, unique_names};
use super::scope::Scope;
use super::{Binder, Bound, options};
use crate::catalog::{Relation, Rules, View};
use crate::data::{CastMode, DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Result, Span, nearest};
use crate::function::Ranking;
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Node, NodeKind, Plan, WindowCall};
use crate::plan::{inline, prune};
use crate::syntax::ast::{self, InsertSource, ObjectKind, OnExisting, StatementKind};
use crate::syntax::{Dialect, written};

impl Binder<'_> {
    pub(super) fn statement(&mut self, statement: &ast::Statement) -> Result<Bound> {
        match &statement.kind {
            StatementKind::Query(query) => {
                let root = self.result(query)?;
                Ok(Bound::Query(self.plan(root)?))
            }
            StatementKind::Explain(explain) => match &explain.statement.kind {
                StatementKind::Query(query) => {
                    let root = self.result(query)?;
                    Ok(Bound::Explain { plan: self.plan(root)?, analyze: explain.analyze })
                }
                _ => Err(Error::new(Code::UnsupportedSyntax, "EXPLAIN explains queries only")
                    .at(explain.statement.span)
                    .hint("write EXPLAIN SELECT …")),
            },
            StatementKind::CreateTable(create) => self.create_table(create, statement.span),
            StatementKind::CreateView(create) => self.create_view(create),
            StatementKind::Insert(insert) => self.insert(insert, statement.span),
            StatementKind::CreateModel(create) => self.create_model(create),
            StatementKind::AlterModel(alter) => self.alter_model(alter),
            StatementKind::CreateExternalTable(create) => {
                let Some(name) = self.created(&create.name, create.on_existing, "EXTERNAL TABLE")? else {
                    return Ok(exists_already("Table", &create.name));
                };
                let columns = self.columns(&create.columns)?.into_iter();
                let columns = columns.map(|(field, _)| (field.name, field.data_type)).collect();
                options::external_table(&create.options, name, columns)
            }
            StatementKind::Drop(drop) => self.dropped(drop),
            StatementKind::Declare(declare) => self.declare(declare),
            StatementKind::Set(set) => self.set(set),
            StatementKind::Describe(describe) => self.describe(describe),
            StatementKind::Show(kind) => {
                let table = match kind {
                    ObjectKind::Model => self.models_table()?,
                    _ => self.tables_table()?,
                };
                Ok(rows(table))
            }
        }
    }

    /// The plan of `root` and the subqueries met so far.
    pub(super) fn plan(&mut self, root: Node) -> Result<Plan> {
        prune::prune(inline::inline(Plan { subplans: std::mem::take(&mut self.subplans), root })?)
    }

    /// The name of what is to be created; `None` where it exists and is to be kept.
    fn created(&self, path: &ast::Path, on_existing: OnExisting, what: &str) -> Result<Option<String>> {
        let name = self.relation_name(path);
        let catalog = self.context.catalog;
        let exists = if what == "MODEL" { catalog.has_model(&name) } else { catalog.has_relation(&name) };
        match on_existing {
            OnExisting::Fail if exists => {
                let kind = if what == "MODEL" { "model" } else { "table" };
                Err(Error::new(Code::AlreadyExists, format!("{kind} `{name}` exists already"))
                    .at(path.span)
                    .hint(format!("write CREATE OR REPLACE {what} to replace it")))
            }
            OnExisting::Keep if exists => Ok(None),
            _ => Ok(Some(name)),
        }
    }

    fn create_table(&mut self, create: &ast::CreateTable, span: Span) -> Result<Bound> {
        let Some(name) = self.created(&create.name, create.on_existing, "TABLE")? else {
            return Ok(exists_already("Table", &create.name));
        };
        let mut schema = Schema::default();
        schema.fields.extend(self.columns(&create.columns)?.into_iter().map(|(field, _)| field));
        let plan = match &create.query {
            None if create.columns.is_empty() => {
                return Err(Error::new(Code::SyntaxError, "CREATE TABLE needs columns or a query")
                    .at(span)
                    .hint("write CREATE TABLE t (x INT64) or CREATE TABLE t AS SELECT …"));
            }
            None => None,
            Some(query) => {
                let mut root = self.result(query)?;
                match create.columns.is_empty() {
                    true => schema.clone_from(&root.schema),
                    false if schema.fields.len() != root.schema.fields.len() => {
                        let found = root.schema.fields.len();
                        return Err(column_count(schema.fields.len(), found, query.span));
                    }
                    false => root = converted(root, &schema, query.span)?,
                }
                Some(self.plan(root)?)
            }
        };
        unique_names(&schema, span)?;
        let numbered = create.columns.iter().enumerate();
        let rules = Rules {
            not_null: (0..).zip(&create.columns).filter(|(_, it)| it.not_null).map(|(at, _)| at).collect(),
            identity: numbered
                .filter_map(|(at, it)| it.identity.map(|(first, step)| (at, first, step)))
                .next(),
        };
        Ok(Bound::CreateTable { name, schema, plan, rules })
    }

    fn create_view(&mut self, create: &ast::CreateView) -> Result<Bound> {
        let Some(name) = self.created(&create.name, create.on_existing, "VIEW")? else {
            return Ok(exists_already("View", &create.name));
        };
        self.views.push(name.clone());
        let root = self.query(&create.query);
        self.views.pop();
        let mut schema = root?.schema;
        let names: Vec<_> = create.columns.iter().map(|it| it.text.clone()).collect();
        if !names.is_empty() && names.len() != schema.fields.len() {
            return Err(column_count(names.len(), schema.fields.len(), create.query.span));
        }
        schema.fields.iter_mut().zip(&names).for_each(|(field, name)| field.name.clone_from(name));
        unique_names(&schema, create.query.span)?;
        let view = View { query: (*create.query).clone(), columns: names, schema };
        Ok(Bound::CreateView { name, view })
    }

    fn insert(&mut self, insert: &ast::Insert, span: Span) -> Result<Bound> {
        let name = self.relation_name(&insert.table);
        let table = match self.relation(&insert.table)? {
            Relation::Table(table) => table.clone(),
            Relation::Objects(_) | Relation::View(_) => {
                return Err(Error::new(Code::ReadOnly, format!("`{name}` holds no rows of its own"))
                    .at(insert.table.span)
                    .hint("insert into a table that CREATE TABLE has made"));
            }
        };
        let all = &table.schema.fields;
        let mut targets = Vec::with_capacity(insert.columns.len());
        for column in &insert.columns {
            let at = all.iter().position(|it| it.name.eq_ignore_ascii_case(&column.text));
            let Some(at) = at else { return Err(unknown_target(column, &table.schema)) };
            if targets.contains(&at) {
                return Err(Error::new(
                    Code::AmbiguousColumn,
                    format!("column `{}` is named twice", column.text),
                )
                .at(column.span));
            }
            targets.push(at);
        }
        if insert.columns.is_empty() {
            targets = (0..all.len()).collect();
        }
        let fields = targets.iter().filter_map(|at| all.get(*at)).cloned().collect();
        let wanted = Schema { fields };
        let given = match &insert.source {
            InsertSource::Query(query) => self.query(query)?,
            InsertSource::Values(rows) => self.values(rows, &wanted)?,
        };
        if given.schema.fields.len() != wanted.fields.len() {
            return Err(column_count(wanted.fields.len(), given.schema.fields.len(), span));
        }
        let mut given = converted(given, &wanted, span)?;
        let identity = self.context.catalog.rules(&name).and_then(|rules| rules.identity);
        if identity.is_some() {
            given = numbered(given);
        }
        let exprs =
            all.iter().enumerate().map(|(at, field)| match targets.iter().position(|target| *target == at) {
                Some(place) => Ok(Expr::column(place, field.data_type.clone(), span)),
                None => match identity {
                    Some((column, first, step)) if column == at => {
                        identity_value(targets.len(), table.rows(), first, step, span)
                    }
                    _ => Ok(literal(Scalar::Null, field.data_type.clone(), span)),
                },
            });
        let exprs = exprs.collect::<Result<_>>()?;
        let kind = NodeKind::Project { input: Box::new(given), exprs };
        let root = Node { kind, schema: table.schema.clone() };
        Ok(Bound::Insert { name, plan: self.plan(root)? })
    }

    /// Rows of VALUES, each value converted to its column's type.
    fn values(&mut self, rows: &[Vec<ast::Expr>], wanted: &Schema) -> Result<Node> {
        let scope = Scope::default();
        let mut bound = Vec::with_capacity(rows.len());
        for row in rows {
            if row.len() != wanted.fields.len() {
                let span = row.first().map(|it| it.span).unwrap_or_default();
                return Err(column_count(wanted.fields.len(), row.len(), span));
            }
            let values = row.iter().zip(&wanted.fields).map(|(tree, field)| {
                let typed = self.inside("VALUES", |binder| binder.typed(tree, Names::of(&scope)))?;
                let found = typed.expr.data_type.clone();
                coerced(typed, &field.data_type)?.ok_or_else(|| {
                    Error::new(
                        Code::TypeMismatch,
                        format!("column `{}` takes {}, found {found}", field.name, field.data_type),
                    )
                    .at(tree.span)
                    .hint(format!("write CAST(… AS {})", field.data_type))
                })
            });
            bound.push(values.collect::<Result<Vec<_>>>()?);
        }
        Ok(Node { kind: NodeKind::Values { rows: bound }, schema: wanted.clone() })
    }

    fn create_model(&mut self, create: &ast::CreateModel) -> Result<Bound> {
        let Some(name) = self.created(&create.name, create.on_existing, "MODEL")? else {
            return Ok(exists_already("Model", &create.name));
        };
        if let Some(transform) = &create.transform {
            return self.create_transform(create, transform, name);
        }
        if let Some(query) = &create.query {
            return Err(Error::new(Code::UnsupportedSyntax, "training (`AS` query) is not supported")
                .at(query.span)
                .hint("train elsewhere and import the ONNX file"));
        }
        let (path, path_span, options) = options::model(&create.options)?;
        let declared =
            Declared { inputs: self.columns(&create.inputs)?, outputs: self.columns(&create.outputs)? };
        Ok(Bound::CreateModel { name, path, path_span, options, declared })
    }

    /// Columns that a statement declares, and their places.
    fn columns(&self, columns: &[ast::ColumnDef]) -> Result<Vec<(Field, Span)>> {
        let field = |it: &ast::ColumnDef| {
            Ok((Field::new(it.name.text.clone(), self.data_type(&it.data_type)?), it.span))
        };
        columns.iter().map(field).collect()
    }

    fn alter_model(&mut self, alter: &ast::AlterModel) -> Result<Bound> {
        let name = alter.name.text();
        if alter.if_exists && !self.context.catalog.has_model(&name) {
            return Ok(Bound::Nothing { message: format!("Model {name} does not exist") });
        }
        let model = self.model(&alter.name)?;
        let options = options::altered(&alter.options, model.options())?;
        Ok(Bound::AlterModel { name, options, span: alter.options.span })
    }

    fn dropped(&self, drop: &ast::Drop) -> Result<Bound> {
        let catalog = self.context.catalog;
        if drop.kind == ObjectKind::Model {
            let name = drop.name.text();
            return match catalog.has_model(&name) {
                true => Ok(Bound::DropModel { name }),
                false if drop.if_exists => {
                    Ok(Bound::Nothing { message: format!("Model {name} does not exist") })
                }
                false => self.model(&drop.name).map(|_| Bound::DropModel { name }),
            };
        }
        let name = self.relation_name(&drop.name);
        if drop.if_exists && !catalog.has_relation(&name) {
            return Ok(Bound::Nothing { message: format!("Table {name} does not exist") });
        }
        let relation = self.relation(&drop.name)?;
        let is_view = matches!(relation, Relation::View(_));
        match (drop.kind, is_view) {
            (ObjectKind::View, false) => Err(wrong_kind(&name, "a table", "DROP TABLE", drop.name.span)),
            (ObjectKind::Table | ObjectKind::ExternalTable, true) => {
                Err(wrong_kind(&name, "a view", "DROP VIEW", drop.name.span))
            }
            _ => Ok(Bound::DropTable { name }),
        }
    }

    fn declare(&mut self, declare: &ast::Declare) -> Result<Bound> {
        let declared = declare.data_type.as_ref().map(|it| self.data_type(it)).transpose()?;
        for name in &declare.names {
            if self.context.variable(&name.text).is_some() {
                return Err(Error::new(
                    Code::AlreadyExists,
                    format!("variable `{}` is declared already", name.text),
                )
                .at(name.span)
                .hint(format!("write SET {} = …", name.text)));
            }
        }
        let scope = Scope::default();
        let value = match &declare.value {
            None => None,
            Some(tree) => Some((tree.span, self.variable_value(tree, &scope)?)),
        };
        let (data_type, plan) = match (declared, value) {
            (Some(data_type), None) => (data_type, None),
            (declared, Some((span, value))) => {
                let value = self.assigned(value, declared, span)?;
                (value.data_type.clone(), Some(self.one_row(vec![value])?))
            }
            (None, None) => {
                return Err(Error::new(Code::SyntaxError, "DECLARE needs a type or a DEFAULT")
                    .hint("write DECLARE x INT64 or DECLARE x DEFAULT 1"));
            }
        };
        // Every name gets the same value.
        let names = declare.names.iter().map(|it| (it.text.clone(), data_type.clone())).collect();
        Ok(Bound::Assign { names, plan })
    }

    fn variable_value(&mut self, tree: &ast::Expr, scope: &Scope) -> Result<Typed> {
        self.inside("the value of a variable", |binder| binder.typed(tree, Names::of(scope)))
    }

    /// A value as that of a variable. T-SQL converts it as CAST would.
    fn assigned(&self, value: Typed, declared: Option<DataType>, span: Span) -> Result<Expr> {
        match (self.context.dialect, declared) {
            (Dialect::TSql, Some(data_type)) => convert(value, &data_type, CastMode::Truncate, span),
            (_, declared) => {
                let (_, values) = unified(vec![value], declared, "a value", span)?;
                values.into_iter().next().ok_or_else(|| super::internal("a value is missing"))
            }
        }
    }

    fn set(&mut self, set: &ast::SetVariables) -> Result<Bound> {
        let mut names = Vec::with_capacity(set.names.len());
        for name in &set.names {
            let Some((known, data_type, _)) = self.context.variable(&name.text) else {
                return Err(Error::new(
                    Code::UnknownVariable,
                    format!("variable `{}` was not declared", name.text),
                )
                .at(name.span)
                .hint(format!("write DECLARE {} … first", name.text)));
            };
            names.push((known.clone(), data_type.clone()));
        }
        let scope = Scope::default();
        let trees: Vec<&ast::Expr> = match &set.value.kind {
            ast::ExprKind::Struct { fields, .. } if names.len() > 1 => {
                fields.iter().map(|(tree, _)| tree).collect()
            }
            _ => vec![&set.value],
        };
        if trees.len() != names.len() {
            return Err(column_count(names.len(), trees.len(), set.value.span));
        }
        let mut values = Vec::with_capacity(names.len());
        for (tree, (_, data_type)) in trees.into_iter().zip(&names) {
            let value = self.variable_value(tree, &scope)?;
            values.push(self.assigned(value, Some(data_type.clone()), tree.span)?);
        }
        let plan = self.one_row(values)?;
        Ok(Bound::Assign { names, plan: Some(plan) })
    }

    /// One row of these values.
    fn one_row(&mut self, exprs: Vec<Expr>) -> Result<Plan> {
        let fields = exprs.iter().map(|it| Field::new("", it.data_type.clone())).collect();
        let input = Node { kind: NodeKind::OneRow, schema: Schema::default() };
        let kind = NodeKind::Project { input: Box::new(input), exprs };
        self.plan(Node { kind, schema: Schema { fields } })
    }

    fn describe(&mut self, describe: &ast::Describe) -> Result<Bound> {
        let catalog = self.context.catalog;
        let is_table = catalog.has_relation(&self.relation_name(&describe.name));
        let is_model = catalog.has_model(&describe.name.text());
        let table = match describe.kind {
            Some(ObjectKind::Model) => self.describe_model(&describe.name)?,
            None if is_model && !is_table => self.describe_model(&describe.name)?,
            _ => self.describe_table(&describe.name)?,
        };
        Ok(rows(table))
    }
}

/// The rows with their numbers from 1 behind them.
fn numbered(input: Node) -> Node {
    let keep: Vec<_> = (0..input.schema.fields.len()).collect();
    let mut schema = input.schema.clone();
    schema.fields.push(Field::new("", DataType::Int64));
    let calls = vec![WindowCall::Ranking(Ranking::RowNumber)];
    let (partition_by, order_by) = (Vec::new(), Vec::new());
    let kind = NodeKind::Window { input: Box::new(input), partition_by, order_by, calls, keep };
    Node { kind, schema }
}

/// `first + step * (rows + number - 1)`, the row's number being in `column`.
fn identity_value(column: usize, rows: usize, first: i64, step: i64, span: Span) -> Result<Expr> {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let before = step.saturating_mul(rows).saturating_add(first).saturating_sub(step);
    let call = |sign, args| operator_call(sign, args, DataType::Int64, span);
    let number = |value| literal(Scalar::Int64(value), DataType::Int64, span);
    let scaled = call("*", vec![Expr::column(column, DataType::Int64, span), number(step)])?;
    call("+", vec![scaled, number(before)])
}

fn literal(value: Scalar, data_type: DataType, span: Span) -> Expr {
    Expr { kind: ExprKind::Literal(value), data_type, span }
}

/// The rows of a table that was made to be shown.
fn rows(table: crate::table::Table) -> Bound {
    let schema = table.schema.clone();
    let columns = (0..schema.fields.len()).collect();
    let kind = NodeKind::Scan { table: std::sync::Arc::new(table), columns };
    Bound::Query(Plan { subplans: Vec::new(), root: Node { kind, schema } })
}

fn exists_already(what: &str, path: &ast::Path) -> Bound {
    Bound::Nothing { message: format!("{what} {} exists already", path.text()) }
}

#[cold]
fn wrong_kind(name: &str, what: &str, statement: &str, span: Span) -> Error {
    Error::new(Code::UnknownTable, format!("`{name}` is {what}"))
        .at(span)
        .hint(format!("write {statement} {}", written(name)))
}

#[cold]
pub(super) fn column_count(expected: usize, found: usize, span: Span) -> Error {
    Error::new(Code::ColumnCount, format!("expected {expected} columns, found {found}")).at(span)
}

#[cold]
fn unknown_target(column: &ast::Ident, schema: &Schema) -> Error {
    let names = schema.fields.iter().map(|it| it.name.as_str());
    let error =
        Error::new(Code::UnknownColumn, format!("the table has no column `{}`", column.text)).at(column.span);
    match nearest(&column.text, names.clone()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")).fix(column.span, written(near)),
        None => error.hint(format!("its columns are {}", names.collect::<Vec<_>>().join(", "))),
    }
}
