//! The columns that a name can mean.

use crate::data::{DataType, Field, Schema};
use crate::diag::{Code, Error, Result, nearest};
use crate::syntax::ast::Ident;
use crate::syntax::written;

/// The columns of a FROM clause, numbered as the operator below gives them.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    columns: Vec<Column>,
}

#[derive(Debug, Clone)]
struct Column {
    /// The table's alias or name.
    of: Option<String>,
    name: String,
    data_type: DataType,
    /// A pseudocolumn: not among `*`.
    hidden: bool,
}

impl Scope {
    /// The columns of one table; those from `visible` on are pseudocolumns.
    pub(super) fn new(schema: &Schema, of: Option<&str>, visible: usize) -> Self {
        let columns = schema
            .fields
            .iter()
            .enumerate()
            .map(|(at, field)| Column {
                of: of.map(str::to_owned),
                name: field.name.clone(),
                data_type: field.data_type.clone(),
                hidden: at >= visible,
            })
            .collect();
        Self { columns }
    }

    /// Whether `name` is a table of this scope.
    pub(super) fn has_table(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.is_of(name))
    }

    /// Number and field of the columns that `*` or `of.*` means.
    pub(super) fn visible(&self, of: Option<&str>) -> impl Iterator<Item = (usize, Field)> {
        self.columns
            .iter()
            .enumerate()
            .filter(move |(_, column)| !column.hidden && of.is_none_or(|of| column.is_of(of)))
            .map(|(at, column)| (at, Field::new(column.name.clone(), column.data_type.clone())))
    }

    /// Number and type of the column that `name` means.
    ///
    /// # Errors
    /// `unknown-column` with the nearest name, `ambiguous-column`.
    pub(super) fn column(&self, of: Option<&str>, name: &Ident) -> Result<(usize, DataType)> {
        let mut matches = self.columns.iter().enumerate().filter(|(_, column)| {
            column.name.eq_ignore_ascii_case(&name.text) && of.is_none_or(|of| column.is_of(of))
        });
        match (matches.next(), matches.next()) {
            (Some((at, column)), None) => Ok((at, column.data_type.clone())),
            (Some(_), Some(_)) => {
                Err(Error::new(Code::AmbiguousColumn, format!("several columns are named `{}`", name.text))
                    .at(name.span)
                    .hint("give them different aliases in the subquery"))
            }
            (None, _) => Err(self.unknown(of, name)),
        }
    }

    #[cold]
    fn unknown(&self, of: Option<&str>, name: &Ident) -> Error {
        let error =
            Error::new(Code::UnknownColumn, format!("column `{}` was not found", name.text)).at(name.span);
        let names: Vec<_> = self
            .columns
            .iter()
            .filter(|column| of.is_none_or(|of| column.is_of(of)))
            .map(|column| column.name.as_str())
            .collect();
        match nearest(&name.text, names.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")).fix(name.span, written(near)),
            None if names.is_empty() => error.hint("there is no FROM clause to take columns from"),
            None => {
                let shown: Vec<_> = names.iter().take(20).map(|it| format!("`{it}`")).collect();
                let more = if names.len() > 20 { ", …" } else { "" };
                error.hint(format!("the columns are {}{more}", shown.join(", ")))
            }
        }
    }
}

impl Column {
    fn is_of(&self, table: &str) -> bool {
        self.of.as_deref().is_some_and(|of| of.eq_ignore_ascii_case(table))
    }
}
