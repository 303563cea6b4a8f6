//! ALTER TABLE: other columns, names and defaults.

use super::insert::unknown_target;
use super::{already_exists, does_not_exist};
use crate::catalog::Rules;
use crate::data::{Field, Schema, can_coerce};
use crate::diag::{Code, Error, Invariant, Result};
use crate::plan::bind::query::unique_names;
use crate::plan::bind::{Binder, Bound};
use crate::syntax::ast::{self, TableAction};

/// Put the rows of a table under other columns.
#[derive(Debug)]
pub(crate) struct AlterTable {
    pub(crate) name: String,
    /// The name that it gets.
    pub(crate) new_name: String,
    /// Its columns as they were when the statement was bound.
    pub(crate) before: Schema,
    pub(crate) schema: Schema,
    /// For each column where its values stand now; `None` for NULL.
    pub(crate) sources: Vec<Option<usize>>,
    pub(crate) rules: Rules,
}

impl Binder<'_> {
    pub(super) fn alter_table(&mut self, alter: &ast::AlterTable) -> Result<Bound> {
        let name = self.relation_name(&alter.name);
        if alter.if_exists && !self.context.catalog.has_relation(&name) {
            return Ok(does_not_exist("Table", &name));
        }
        let (name, table) = self.own_rows(&alter.name, "alter a table that CREATE TABLE has made")?;
        let before = table.schema.clone();
        let mut altered = AlterTable {
            new_name: name.clone(),
            sources: (0..before.fields.len()).map(Some).collect(),
            rules: self.context.catalog.rules(&name),
            schema: before.clone(),
            before,
            name,
        };
        for action in &alter.actions {
            self.table_action(action, &mut altered)?;
        }
        if altered.schema.fields.is_empty() {
            let message = "a table keeps one column at least";
            return Err(Error::new(Code::ColumnCount, message).at(alter.name.span).hint("write DROP TABLE"));
        }
        unique_names(&altered.schema, alter.name.span)?;
        Ok(Bound::AlterTable(altered))
    }

    fn table_action(&mut self, action: &TableAction, table: &mut AlterTable) -> Result<()> {
        match action {
            TableAction::Add { column, if_missing } => {
                let is_known = position(&column.name, &table.schema).is_ok();
                if is_known && *if_missing {
                    return Ok(());
                }
                if is_known {
                    let message = format!("the table has a column `{}`", column.name.text);
                    return Err(Error::new(Code::AlreadyExists, message).at(column.name.span));
                }
                self.add_column(column, table)
            }
            TableAction::Drop { name, if_exists } => {
                if let Some(at) = existing(name, *if_exists, &table.schema)? {
                    drop_column(at, table);
                }
                Ok(())
            }
            TableAction::Rename { name, to, if_exists } => {
                let Some(at) = existing(name, *if_exists, &table.schema)? else { return Ok(()) };
                let field = table.schema.fields.get_mut(at).invariant("a column to rename")?;
                field.name.clone_from(&to.text);
                Ok(())
            }
            TableAction::RenameTable(path) => self.rename_table(path, table),
            TableAction::Default(name, value) => {
                let at = position(name, &table.schema)?;
                table.rules.defaults.retain(|(column, _)| *column != at);
                if let Some(value) = value {
                    let field = table.schema.fields.get(at).invariant("a column with a default")?.clone();
                    self.default_value(value, &field)?;
                    table.rules.defaults.push((at, (**value).clone()));
                }
                Ok(())
            }
            TableAction::Nullable(name) => {
                let at = position(name, &table.schema)?;
                table.rules.not_null.retain(|column| *column != at);
                Ok(())
            }
            TableAction::Retype(name, to) => self.retype(name, to, table),
            TableAction::Nothing => Ok(()),
        }
    }

    /// A type that every value of the column's has without being asked.
    fn retype(&mut self, name: &ast::Ident, to: &ast::TypeName, table: &mut AlterTable) -> Result<()> {
        let at = position(name, &table.schema)?;
        let (wanted, bounds) = self.bounded_type(to)?;
        let field = table.schema.fields.get_mut(at).invariant("a column of the table")?;
        let kept = table.rules.bounds.iter().any(|known| Some(*known) == bounds.map(|bounds| (at, bounds)));
        if !can_coerce(&field.data_type, &wanted) || (bounds.is_some() && !kept) {
            let message = format!("a column of type {} does not become {}", field.data_type, wanted);
            let hint = "write CREATE OR REPLACE TABLE t AS SELECT * REPLACE (CAST(x AS type) AS x) FROM t";
            return Err(Error::new(Code::TypeMismatch, message).at(to.span).hint(hint));
        }
        field.data_type = wanted;
        let field = field.clone();
        table.rules.bounds.retain(|(column, _)| *column != at || bounds.is_some());
        let default = table.rules.defaults.iter().find(|(column, _)| *column == at);
        default.map_or(Ok(()), |(_, value)| self.default_value(value, &field).map(drop))
    }

    /// The new name stands beside the old one.
    fn rename_table(&self, path: &ast::Path, table: &mut AlterTable) -> Result<()> {
        let name = match (path.parts.as_slice(), table.name.rsplit_once('.')) {
            ([only], Some((dataset, _))) => format!("{dataset}.{}", only.text),
            _ => path.text(),
        };
        if self.context.catalog.has_relation(&name) {
            return Err(already_exists("table", &name, "TABLE").at(path.span).hint("choose another name"));
        }
        table.new_name = name;
        Ok(())
    }

    fn add_column(&mut self, column: &ast::ColumnDef, table: &mut AlterTable) -> Result<()> {
        if column.not_null || column.identity.is_some() {
            let message = format!("the rows have no value for `{}`", column.name.text);
            return Err(Error::new(Code::UnsupportedSyntax, message)
                .at(column.span)
                .hint("add the column without it, and write its values with UPDATE"));
        }
        let at = table.schema.fields.len();
        let (data_type, bounds) = self.bounded_type(&column.data_type)?;
        let narrow = self.narrow(&column.data_type, false);
        let field = Field::new(column.name.text.clone(), data_type);
        if let Some(value) = &column.default {
            // As in BigQuery, the rows that are there keep NULL.
            self.default_value(value, &field)?;
            table.rules.defaults.push((at, value.clone()));
        }
        table.rules.bounds.extend(bounds.map(|bounds| (at, bounds)));
        table.rules.narrow.extend(narrow.map(|narrow| (at, narrow)));
        table.schema.fields.push(field);
        table.sources.push(None);
        Ok(())
    }
}

fn position(name: &ast::Ident, schema: &Schema) -> Result<usize> {
    let position = schema.fields.iter().position(|field| field.name.eq_ignore_ascii_case(&name.text));
    position.ok_or_else(|| unknown_target(name, schema))
}

fn drop_column(at: usize, table: &mut AlterTable) {
    table.schema.fields.remove(at);
    table.sources.remove(at);
    let place = |column: usize| match column.cmp(&at) {
        std::cmp::Ordering::Less => Some(column),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(column - 1),
    };
    table.rules = std::mem::take(&mut table.rules).moved(&place);
}

/// The column's position; `None` where it may be missing and is.
fn existing(name: &ast::Ident, if_exists: bool, schema: &Schema) -> Result<Option<usize>> {
    match position(name, schema) {
        Err(_) if if_exists => Ok(None),
        found => found.map(Some),
    }
}
