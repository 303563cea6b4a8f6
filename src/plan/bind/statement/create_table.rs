//! CREATE TABLE: columns, or the rows of a query, or both.

use super::insert::unknown_target;
use super::{column_count, exists_already};
use crate::catalog::Rules;
use crate::data::Schema;
use crate::diag::{Code, Diagnostic, Error, Invariant, Result, Span};
use crate::plan::bind::expr::implied_name;
use crate::plan::bind::query::unique_names;
use crate::plan::bind::types::bounded;
use crate::plan::bind::{Binder, Bound};
use crate::plan::expr::Expr;
use crate::plan::node::{Node, NodeKind, Plan};
use crate::syntax::ast;

/// Put rows into the catalog as a table of these columns; no rows without a plan.
#[derive(Debug)]
pub(crate) struct CreateTable {
    pub(crate) name: String,
    pub(crate) schema: Schema,
    pub(crate) plan: Option<Plan>,
    pub(crate) rules: Rules,
}

impl Binder<'_> {
    pub(super) fn create_table(&mut self, create: &ast::CreateTable, span: Span) -> Result<Bound> {
        let Some(name) = self.created_relation(&create.name, create.on_existing, "TABLE")? else {
            return Ok(exists_already("Table", &create.name.text()));
        };
        for (clause, at) in &create.ignored {
            let note = Diagnostic::warning(Code::InvalidOption, format!("{clause} changes nothing here"));
            self.warnings.push(note.at(*at).hint("rows live in memory"));
        }
        let (mut schema, bounds) = self.bounded_columns(&create.columns)?;
        let narrow = create.columns.iter().enumerate();
        let narrow =
            narrow.filter_map(|(index, column)| Some((index, self.narrow(&column.data_type, false)?)));
        let rules = Rules { bounds, narrow: narrow.collect(), ..rules(&create.columns) };
        let plan = match &create.query {
            Some(query) => {
                let mut root = self.result(query)?;
                if create.columns.is_empty() {
                    check_names(query)?;
                    schema.clone_from(&root.schema);
                } else if schema.fields.len() != root.schema.fields.len() {
                    let found = root.schema.fields.len();
                    return Err(column_count(schema.fields.len(), found, query.span));
                } else {
                    root = within(self.converted(root, &schema, query.span)?, &rules, query.span)?;
                }
                Some(self.plan(root)?)
            }
            None if create.columns.is_empty() => {
                return Err(Error::new(Code::SyntaxError, "CREATE TABLE needs columns or a query")
                    .at(span)
                    .hint("write CREATE TABLE t (x INT64) or CREATE TABLE t AS SELECT …"));
            }
            None => None,
        };
        unique_names(&schema, span)?;
        for column in &create.named {
            if !schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(&column.text)) {
                return Err(unknown_target(column, &schema));
            }
        }
        for (column, value) in &rules.defaults {
            self.default_value(value, schema.fields.get(*column).invariant("a column with a default")?)?;
        }
        Ok(Bound::CreateTable(CreateTable { name, schema, plan, rules }))
    }
}

/// Checks that every column of the query has a name of its own: a table's columns cannot be `f0_`.
fn check_names(query: &ast::Query) -> Result<()> {
    let ast::QueryBody::Select(select) = &query.body else { return Ok(()) };
    for item in &select.items {
        if let ast::SelectItem::Expr { expr, alias: None } = item
            && implied_name(expr).is_none()
        {
            return Err(Error::new(Code::SyntaxError, "a column of CREATE TABLE AS needs a name")
                .at(expr.span)
                .hint("write AS and a name behind it"));
        }
    }
    Ok(())
}

/// What the declared columns ask of the table's rows.
fn rules(columns: &[ast::ColumnDef]) -> Rules {
    let not_null = columns.iter().enumerate().filter(|(_, column)| column.not_null);
    let mut identities = columns.iter().enumerate().filter_map(|(index, column)| {
        let (first, step) = column.identity?;
        Some((index, first, step))
    });
    let not_null = not_null.map(|(index, _)| index).collect();
    let defaults = columns.iter().enumerate();
    let defaults = defaults.filter_map(|(index, column)| Some((index, column.default.clone()?))).collect();
    Rules { not_null, identity: identities.next(), defaults, ..Rules::default() }
}

/// The rows, checked against the parameters of their columns' types.
fn within(input: Node, rules: &Rules, span: Span) -> Result<Node> {
    if rules.bounds.is_empty() {
        return Ok(input);
    }
    let schema = input.schema.clone();
    let exprs = schema.fields.iter().enumerate().map(|(index, field)| {
        bounded(Expr::column(index, field.data_type.clone(), span), rules.bounds_of(index), false)
    });
    let exprs = exprs.collect::<Result<_>>()?;
    Ok(Node { kind: NodeKind::Project { input: Box::new(input), exprs }, schema })
}
