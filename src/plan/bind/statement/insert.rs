//! INSERT: the rows of VALUES or of a query as rows of the table, NULL and numbers of IDENTITY where none are given.

use std::sync::Arc;

use super::column_count;
use crate::catalog::{Relation, Rules};
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::function::Ranking;
use crate::plan::bind::call::operator_call;
use crate::plan::bind::coerce::coerced;
use crate::plan::bind::from::Source;
use crate::plan::bind::scope::{Names, Scope};
use crate::plan::bind::tsql_types::{implicit, narrowed};
use crate::plan::bind::typed::Typed;
use crate::plan::bind::types::bounded;
use crate::plan::bind::{Binder, Bound};
use crate::plan::expr::Expr;
use crate::plan::node::{Node, NodeKind, Plan, WindowCall};
use crate::syntax::ast::{self, InsertSource};
use crate::syntax::{Dialect, SqlOperator, written};
use crate::table::Table;

/// Put rows behind those of a table; they have its columns.
#[derive(Debug)]
pub(crate) struct Insert {
    pub(crate) name: String,
    pub(crate) plan: Plan,
}

impl Binder<'_> {
    pub(super) fn insert(&mut self, insert: &ast::Insert, span: Span) -> Result<Bound> {
        let (name, table) = self.own_rows(&insert.table, "insert into a table that CREATE TABLE has made")?;
        let rules = self.context.catalog.rules(&name);
        let identity = rules.identity;
        let targets = match (&insert.source, identity) {
            (InsertSource::Defaults, _) => Vec::new(),
            (_, Some((column, ..))) if self.context.dialect == Dialect::TSql => {
                numbered_targets(&insert.columns, &table.schema, column)?
            }
            _ => targets(&insert.columns, &table.schema)?,
        };
        let fields = targets
            .iter()
            .map(|target| table.schema.fields.get(*target).cloned().invariant("a column to insert into"));
        let wanted = Schema { fields: fields.collect::<Result<_>>()? };
        let given = match &insert.source {
            InsertSource::Query(query) => self.query(query)?,
            InsertSource::Values(rows) => self.values(rows, &wanted, &targets, &rules)?,
            InsertSource::Defaults => Source::one_row().node,
        };
        if given.schema.fields.len() != wanted.fields.len() {
            return Err(column_count(wanted.fields.len(), given.schema.fields.len(), span));
        }
        let mut given = self.converted(given, &wanted, span)?;
        if identity.is_some() {
            given = numbered(given);
        }
        let exprs = table.schema.fields.iter().enumerate().map(|(column, field)| {
            if let Some(position) = targets.iter().position(|target| *target == column) {
                let value = Expr::column(position, field.data_type.clone(), span);
                return within_rules(value, &rules, column);
            }
            match identity {
                Some((identity, first, step)) if identity == column => {
                    identity_value(targets.len(), table.rows(), first, step, span)
                }
                _ => match rules.default_of(column) {
                    Some(value) => within_rules(self.default_value(value, field)?, &rules, column),
                    None => Ok(Expr::literal(Scalar::Null, field.data_type.clone(), span)),
                },
            }
        });
        let exprs = exprs.collect::<Result<_>>()?;
        let kind = NodeKind::Project { input: Box::new(given), exprs };
        let root = Node { kind, schema: table.schema.clone() };
        Ok(Bound::Insert(Insert { name, plan: self.plan(root)? }))
    }

    /// Rows of VALUES, each value converted to its column's type.
    fn values(
        &mut self,
        rows: &[Vec<ast::Expr>],
        wanted: &Schema,
        targets: &[usize],
        rules: &Rules,
    ) -> Result<Node> {
        let scope = Scope::default();
        let mut bound = Vec::with_capacity(rows.len());
        for row in rows {
            if row.len() != wanted.fields.len() {
                let first = row.first().invariant("a value in every row")?;
                return Err(column_count(wanted.fields.len(), row.len(), first.span));
            }
            let values = row.iter().zip(&wanted.fields).zip(targets).map(|((tree, field), column)| {
                if tree.kind == ast::ExprKind::Default {
                    return self.default_or_null(rules.default_of(*column), field, tree.span);
                }
                let typed = self.inside("VALUES", |binder| binder.typed(tree, Names::of(&scope)))?;
                self.as_column(typed, field, tree.span)
            });
            bound.push(values.collect::<Result<Vec<_>>>()?);
        }
        Ok(Node { kind: NodeKind::Values { rows: bound }, schema: wanted.clone() })
    }

    /// The value of a column that is given none. It sees no columns.
    pub(super) fn default_value(&mut self, tree: &ast::Expr, field: &Field) -> Result<Expr> {
        let scope = Scope::default();
        let value = self.inside("a DEFAULT", |binder| binder.typed(tree, Names::of(&scope)))?;
        // Its place is that of another statement.
        self.as_column(value, field, tree.span).map(|value| value.at(Span::default()))
    }

    /// What DEFAULT stands for in a statement that gives a column values.
    pub(super) fn default_or_null(
        &mut self,
        tree: Option<&ast::Expr>,
        field: &Field,
        span: Span,
    ) -> Result<Expr> {
        match tree {
            Some(tree) => self.default_value(tree, field),
            None => Ok(Expr::literal(Scalar::Null, field.data_type.clone(), span)),
        }
    }

    /// The table at `path`, whose rows can be changed, and its name; `hint` says what to do where there is none.
    pub(super) fn own_rows(&self, path: &ast::Path, hint: &str) -> Result<(String, Arc<Table>)> {
        let name = self.relation_name(path);
        match self.relation(path)? {
            Relation::Table(table) => Ok((name, table.clone())),
            Relation::Objects(_) | Relation::Stream(_) | Relation::View(_) => {
                Err(Error::new(Code::ReadOnly, format!("`{name}` holds no rows of its own"))
                    .at(path.span)
                    .hint(hint))
            }
        }
    }

    /// The value as one of a column.
    pub(super) fn as_column(&self, mut value: Typed, field: &Field, span: Span) -> Result<Expr> {
        if self.is_tsql() {
            value = implicit(value, &field.data_type)?;
        }
        let found = value.expr.data_type.clone();
        coerced(value, &field.data_type)?.ok_or_else(|| {
            Error::new(
                Code::TypeMismatch,
                format!("column `{}` takes {}, found {found}", field.name, field.data_type),
            )
            .at(span)
            .hint(format!("write CAST(… AS {})", field.data_type))
        })
    }
}

/// The positions of the columns that a statement names, all in order where it names none.
fn targets(columns: &[ast::Ident], schema: &Schema) -> Result<Vec<usize>> {
    if columns.is_empty() {
        return Ok((0..schema.fields.len()).collect());
    }
    let mut targets = Vec::with_capacity(columns.len());
    for column in columns {
        let position = schema.fields.iter().position(|field| field.name.eq_ignore_ascii_case(&column.text));
        let Some(position) = position else { return Err(unknown_target(column, schema)) };
        if targets.contains(&position) {
            return Err(Error::new(
                Code::AmbiguousColumn,
                format!("column `{}` is named twice", column.text),
            )
            .at(column.span));
        }
        targets.push(position);
    }
    Ok(targets)
}

/// As [`targets`], without the column whose values T-SQL gives by itself.
fn numbered_targets(columns: &[ast::Ident], schema: &Schema, identity: usize) -> Result<Vec<usize>> {
    let mut targets = targets(columns, schema)?;
    match columns.iter().zip(&targets).find(|(_, target)| **target == identity) {
        Some((column, _)) => Err(Error::new(
            Code::ReadOnly,
            format!("column `{}` is an IDENTITY: it takes no values", column.text),
        )
        .at(column.span)
        .hint("leave it out; its numbers come by themselves")),
        None => {
            targets.retain(|target| *target != identity);
            Ok(targets)
        }
    }
}

/// The rows with their numbers from 1 behind them.
pub(super) fn numbered(input: Node) -> Node {
    let keep: Vec<_> = (0..input.schema.fields.len()).collect();
    let mut schema = input.schema.clone();
    schema.fields.push(Field::new("", DataType::Int64));
    let calls = vec![WindowCall::Ranking(Ranking::RowNumber)];
    let (partition_by, order_by) = (Vec::new(), Vec::new());
    let kind = NodeKind::Window { input: Box::new(input), partition_by, order_by, calls, keep };
    Node { kind, schema }
}

/// `(number + (rows - 1)) * step + first`: the row's number, from 1, is in `column`, behind `rows` that are there.
/// Computed by the engine's operators, so that a value beyond INT64 is an error.
fn identity_value(column: usize, rows: usize, first: i64, step: i64, span: Span) -> Result<Expr> {
    let before = i64::try_from(rows).ok().invariant("a table has fewer rows than INT64 has numbers")? - 1;
    let call = |sign, args| operator_call(sign, args, DataType::Int64, span);
    let number = |value| Expr::literal(Scalar::Int64(value), DataType::Int64, span);
    let index = call(SqlOperator::Add, vec![Expr::column(column, DataType::Int64, span), number(before)])?;
    let distance = call(SqlOperator::Multiply, vec![index, number(step)])?;
    call(SqlOperator::Add, vec![distance, number(first)])
}

/// The value as the table's column number `column` takes it.
pub(super) fn within_rules(value: Expr, rules: &Rules, column: usize) -> Result<Expr> {
    match rules.narrow.iter().find(|(index, _)| *index == column) {
        Some((_, narrow)) => narrowed(value, *narrow, false, false),
        None => bounded(value, rules.bounds_of(column), false),
    }
}

#[cold]
pub(super) fn unknown_target(column: &ast::Ident, schema: &Schema) -> Error {
    let names = schema.fields.iter().map(|field| field.name.as_str());
    Error::new(Code::UnknownColumn, format!("the table has no column `{}`", column.text))
        .at(column.span)
        .did_you_mean_here(&column.text, names.clone(), written)
        .or_list("its columns are", names)
}
