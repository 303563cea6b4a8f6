//! The columns that are in scope, and how names are resolved to them.

use super::aggregates::same;
use crate::data::{DataType, Schema, StructField};
use crate::diag::{Code, Error, Result, Span};
use crate::function::tsql::Narrow;
use crate::plan::expr::{Expr, ExprKind};
use crate::syntax::ast::Ident;
use crate::syntax::written;

/// How many columns an error lists.
const SHOWN: usize = 20;

/// The names that an expression can use.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) scope: &'a Scope,
    /// Columns of the SELECT list, which go before those of FROM.
    pub(super) aliases: &'a [(String, Expr)],
}

impl<'a> Names<'a> {
    /// The columns of FROM alone.
    pub(super) fn of(scope: &'a Scope) -> Self {
        Self { scope, aliases: &[] }
    }

    /// The column of the SELECT list that `name` means, if there is one.
    ///
    /// # Errors
    /// `ambiguous-column` where there are several.
    pub(super) fn alias(&self, name: &Ident) -> Result<Option<&'a Expr>> {
        let mut found = self.aliases.iter().filter(|(alias, _)| alias.eq_ignore_ascii_case(&name.text));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(Error::new(
                Code::AmbiguousColumn,
                format!("several columns of the SELECT list are named `{}`", name.text),
            )
            .at(name.span)
            .hint("give them different aliases")),
            (first, _) => Ok(first.map(|(_, expr)| expr)),
        }
    }
}

/// The columns of a FROM clause, as expressions over the columns of its operator.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    columns: Vec<Column>,
    /// Outputs of models that are no columns, each with the reason.
    left_out: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
struct Column {
    /// The alias or name of its table.
    table: Option<String>,
    name: String,
    expr: Expr,
    visibility: Visibility,
    /// What T-SQL has declared it as, if its values are not narrowed already.
    narrow: Option<Narrow>,
    /// Whether it is the whole element of an UNNEST with this name.
    is_element: bool,
}

/// How a column can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visibility {
    /// By `*`, by its name, and with its table in front.
    Full,
    /// Not by `*`: a pseudocolumn, or the whole element of an UNNEST.
    NotInStar,
    /// By `*` alone: another column has its name.
    OnlyInStar,
    /// Only with its table in front: one of the two columns that USING has merged.
    QualifiedOnly,
}

impl Column {
    /// A column that its name and `*` reach.
    fn new(table: Option<&str>, name: &str, expr: Expr) -> Self {
        let table = table.map(str::to_owned);
        let name = name.to_owned();
        Self { table, name, expr, visibility: Visibility::Full, narrow: None, is_element: false }
    }

    /// The column, which only its own name reaches.
    fn hidden(self) -> Self {
        Self { visibility: Visibility::NotInStar, ..self }
    }
}

impl Scope {
    /// The columns of one table, called `table`.
    pub(super) fn new(schema: &Schema, table: Option<&str>) -> Self {
        Self::with_hidden(schema, table, schema.fields.len())
    }

    /// The columns of one table; those from `visible` on are pseudocolumns.
    pub(super) fn with_hidden(schema: &Schema, table: Option<&str>, visible: usize) -> Self {
        let columns = schema.fields.iter().enumerate().map(|(number, field)| {
            let expr = Expr::column(number, field.data_type.clone(), Span::default());
            let column = Column::new(table, &field.name, expr);
            if number < visible { column } else { column.hidden() }
        });
        Self { columns: columns.collect(), left_out: Vec::new() }
    }

    /// The elements of an UNNEST called `name`: a struct's fields are columns.
    pub(super) fn element(name: &str, is_alias: bool, element: Expr) -> Self {
        let fields = element.data_type.fields();
        // What follows a JSON value's name is one of its keys.
        let is_table = is_alias && element.data_type != DataType::Json;
        let table = is_table.then_some(name);
        if fields.is_empty() {
            let column = Column { is_element: is_alias, ..Column::new(table, name, element) };
            return Self { columns: vec![column], left_out: Vec::new() };
        }
        let columns = fields.into_iter().enumerate().map(|(index, field)| {
            let kind = ExprKind::Field { value: Box::new(element.clone()), index };
            let expr = Expr { kind, data_type: field.data_type, span: element.span };
            Column::new(table, &field.name, expr)
        });
        let mut columns: Vec<_> = columns.collect();
        if is_alias {
            columns.push(Column { is_element: true, ..Column::new(None, name, element).hidden() });
        }
        Self { columns, left_out: Vec::new() }
    }

    /// Adds one more column.
    pub(super) fn push(&mut self, table: Option<&str>, name: &str, expr: Expr) {
        self.columns.push(Column::new(table, name, expr));
    }

    /// Adds a column that only its own name reaches.
    pub(super) fn push_hidden(&mut self, table: Option<&str>, name: &str, expr: Expr) {
        self.columns.push(Column::new(table, name, expr).hidden());
    }

    /// Leaves the name of column number `index` to another one.
    pub(super) fn leave_to_star(&mut self, index: usize) {
        if let Some(column) = self.columns.get_mut(index) {
            column.visibility = Visibility::OnlyInStar;
        }
    }

    /// Remembers what column number `index` is declared as.
    pub(super) fn declare(&mut self, index: usize, narrow: Narrow) {
        if let Some(column) = self.columns.get_mut(index) {
            column.narrow = Some(narrow);
        }
    }

    /// What the column that `expr` is was declared as.
    pub(super) fn narrow_of(&self, expr: &Expr) -> Option<Narrow> {
        let column = self.columns.iter().find(|column| same(&column.expr, expr))?;
        column.narrow
    }

    /// Replaces the value of column number `index`.
    pub(super) fn replace(&mut self, index: usize, replace: impl FnOnce(Expr) -> Result<Expr>) -> Result<()> {
        if let Some(column) = self.columns.get_mut(index) {
            column.expr = replace(column.expr.clone())?;
        }
        Ok(())
    }

    /// The columns of a join: these, then those of `right`, moved up by `shift` places.
    pub(super) fn join(mut self, mut right: Self, shift: usize) -> Self {
        right.shift(shift);
        self.columns.append(&mut right.columns);
        self.left_out.append(&mut right.left_out);
        self
    }

    /// Moves all columns up by `shift` places.
    pub(super) fn shift(&mut self, shift: usize) {
        for column in &mut self.columns {
            column.expr.renumber_columns(&|number| number + shift);
        }
    }

    /// USING merges columns: `merged` come first, and those of the two sides need their table's name.
    pub(super) fn using(&mut self, merged: Vec<(String, Expr)>) {
        let is_merged =
            |column: &Column| merged.iter().any(|(name, _)| name.eq_ignore_ascii_case(&column.name));
        // What has the name now stands in `*` as well.
        self.columns.retain(|column| column.visibility != Visibility::OnlyInStar || !is_merged(column));
        for column in self.columns.iter_mut().filter(|column| is_merged(column)) {
            column.visibility = Visibility::QualifiedOnly;
        }
        let merged = merged.into_iter().map(|(name, expr)| Column::new(None, &name, expr));
        self.columns.splice(0..0, merged);
    }

    /// Whether `name` is a table of this scope.
    pub(super) fn has_table(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.belongs_to(name))
    }

    /// Whether `name` is a column or table of this scope.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.has_table(name) || self.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// Name and value of the columns that `*` or `table.*` means.
    pub(super) fn visible<'a>(&'a self, table: Option<&'a str>) -> impl Iterator<Item = (&'a str, &'a Expr)> {
        self.columns
            .iter()
            .filter(move |column| match table {
                None => matches!(column.visibility, Visibility::Full | Visibility::OnlyInStar),
                Some(table) => column.visibility != Visibility::NotInStar && column.belongs_to(table),
            })
            .map(|column| (column.name.as_str(), &column.expr))
    }

    /// What GoogleSQL's `name` means: the element of an UNNEST that is called so, which hides columns of that name, or a column.
    /// Source: `NameScope::AddNameTarget` of ZetaSQL, where the row of a table does so too.
    ///
    /// # Errors
    /// As [`Scope::column`].
    pub(super) fn value(&self, name: &Ident) -> Result<Expr> {
        let is_called = |column: &&Column| column.is_element && column.name.eq_ignore_ascii_case(&name.text);
        let mut elements = self.columns.iter().filter(is_called);
        match (elements.next(), elements.next()) {
            (Some(element), None) => Ok(element.expr.clone().at(name.span)),
            (Some(first), Some(_)) => Err(ambiguous(first, name)),
            (None, _) => self.column(None, name),
        }
    }

    /// The column that `name` means, or the whole row of the table of that name as a struct.
    ///
    /// # Errors
    /// `unknown-column` with the nearest name, `ambiguous-column`.
    pub(super) fn column(&self, table: Option<&str>, name: &Ident) -> Result<Expr> {
        let mut matches = self.columns.iter().filter(|column| {
            let is_reachable = match (table, column.visibility) {
                (_, Visibility::OnlyInStar) | (None, Visibility::QualifiedOnly) => false,
                (None, _) => true,
                (Some(table), _) => column.belongs_to(table),
            };
            is_reachable && column.name.eq_ignore_ascii_case(&name.text)
        });
        match (matches.next(), matches.next()) {
            (Some(column), None) => Ok(column.expr.clone().at(name.span)),
            (Some(first), Some(_)) => Err(ambiguous(first, name)),
            (None, _) if table.is_none() && self.has_table(&name.text) => Ok(self.row(&name.text, name.span)),
            (None, _) => Err(self.unknown(table, name)),
        }
    }

    /// The row of `table` as a struct.
    fn row(&self, table: &str, span: Span) -> Expr {
        let (fields, values) = self
            .visible(Some(table))
            .map(|(name, value)| {
                let field = StructField { name: name.to_owned(), data_type: value.data_type.clone() };
                (field, value.clone())
            })
            .unzip();
        Expr { kind: ExprKind::Struct(values), data_type: DataType::Struct(fields), span }
    }

    /// Remembers outputs of a model that are no columns, to say so where one is asked for.
    pub(super) fn leave_out<'a>(&mut self, outputs: impl Iterator<Item = (&'a str, &'a str)>) {
        self.left_out.extend(outputs.map(|(name, why)| (name.to_owned(), why.to_owned())));
    }

    #[cold]
    fn unknown(&self, table: Option<&str>, name: &Ident) -> Error {
        if let Some((output, why)) =
            self.left_out.iter().find(|(output, _)| output.eq_ignore_ascii_case(&name.text))
        {
            let message = format!("output `{output}` of the model is no column: it {why}");
            return Error::new(Code::UnknownColumn, message)
                .at(name.span)
                .hint("select the other outputs, or export the model with tensors only");
        }
        let error =
            Error::new(Code::UnknownColumn, format!("column `{}` was not found", name.text)).at(name.span);
        let names: Vec<_> = self
            .columns
            .iter()
            .filter(|column| column.visibility != Visibility::OnlyInStar)
            .filter(|column| table.is_none_or(|table| column.belongs_to(table)))
            .map(|column| column.name.as_str())
            .collect();
        if names.is_empty() {
            return error.hint("there is no FROM clause to take columns from");
        }
        let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        let more = if names.len() > SHOWN { ", …" } else { "" };
        error
            .did_you_mean_here(&name.text, names, written)
            .or_hint(format!("the columns are {}{more}", shown.join(", ")))
    }
}

impl Column {
    fn belongs_to(&self, table: &str) -> bool {
        self.table.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(table))
    }
}

#[cold]
fn ambiguous(first: &Column, name: &Ident) -> Error {
    let error =
        Error::new(Code::AmbiguousColumn, format!("several columns are named `{}`", name.text)).at(name.span);
    match &first.table {
        Some(table) => {
            error.hint(format!("write the table in front: {}.{}", written(table), written(&name.text)))
        }
        None => error.hint("give them different aliases in the subquery"),
    }
}
