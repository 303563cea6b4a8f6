//! The columns that a name can mean.

use crate::data::{DataType, Schema, StructField};
use crate::diag::{Code, Error, Result, Span, nearest};
use crate::plan::expr::{Expr, ExprKind};
use crate::syntax::ast::Ident;
use crate::syntax::written;

/// The columns of a FROM clause, as expressions over what the operator below gives.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    columns: Vec<Column>,
}

#[derive(Debug, Clone)]
struct Column {
    /// The table's alias or name.
    of: Option<String>,
    name: String,
    expr: Expr,
    seen: Seen,
}

/// By which names a column is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Everywhere.
    Plainly,
    /// By name, but not among `*`: a pseudocolumn, or the whole element of an UNNEST.
    ByName,
    /// With its table in front only: one of the two columns that USING made one of.
    Qualified,
}

impl Scope {
    /// The columns of one table.
    pub(super) fn new(schema: &Schema, of: Option<&str>) -> Self {
        Self::with_hidden(schema, of, schema.fields.len())
    }

    /// The columns of one table; those from `visible` on are pseudocolumns.
    pub(super) fn with_hidden(schema: &Schema, of: Option<&str>, visible: usize) -> Self {
        let columns = schema
            .fields
            .iter()
            .enumerate()
            .map(|(at, field)| Column {
                of: of.map(str::to_owned),
                name: field.name.clone(),
                expr: Expr::column(at, field.data_type.clone(), Span::default()),
                seen: if at < visible { Seen::Plainly } else { Seen::ByName },
            })
            .collect();
        Self { columns }
    }

    /// The elements of an UNNEST called `of`: a struct's fields are columns.
    pub(super) fn element(of: &str, named: bool, element: Expr) -> Self {
        let fields = element.data_type.fields();
        let column = |name: &str, expr: Expr, seen| Column {
            of: named.then(|| of.to_owned()),
            name: name.to_owned(),
            expr,
            seen,
        };
        if fields.is_empty() {
            return Self { columns: vec![column(of, element, Seen::Plainly)] };
        }
        let mut columns: Vec<_> = fields
            .into_iter()
            .enumerate()
            .map(|(at, field)| {
                let kind = ExprKind::Field { value: Box::new(element.clone()), at };
                let expr = Expr { kind, data_type: field.data_type, span: element.span };
                column(&field.name, expr, Seen::Plainly)
            })
            .collect();
        if named {
            columns.push(Column { of: None, ..column(of, element, Seen::ByName) });
        }
        Self { columns }
    }

    /// Adds one more column.
    pub(super) fn push(&mut self, of: Option<&str>, name: &str, expr: Expr) {
        let column = Column { of: of.map(str::to_owned), name: name.into(), expr, seen: Seen::Plainly };
        self.columns.push(column);
    }

    /// The columns of a join: these, then `right`'s, which stand behind `shift` columns.
    pub(super) fn join(mut self, mut right: Self, shift: usize) -> Self {
        right.shift(shift);
        self.columns.append(&mut right.columns);
        self
    }

    /// Moves all columns up by `shift` places.
    pub(super) fn shift(&mut self, shift: usize) {
        self.columns.iter_mut().for_each(|column| column.expr.visit_columns(&mut |at| *at += shift));
    }

    /// The columns `names` of both sides become one: `merged` stand in front, the others need their table's name.
    pub(super) fn using(&mut self, merged: Vec<(String, Expr)>) {
        for column in &mut self.columns {
            if merged.iter().any(|(name, _)| name.eq_ignore_ascii_case(&column.name)) {
                column.seen = Seen::Qualified;
            }
        }
        let merged =
            merged.into_iter().map(|(name, expr)| Column { of: None, name, expr, seen: Seen::Plainly });
        self.columns.splice(0..0, merged);
    }

    /// Whether `name` is a table of this scope.
    pub(super) fn has_table(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.is_of(name))
    }

    /// Whether `name` is a column or table of this scope.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.has_table(name) || self.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// Name and value of the columns that `*` or `of.*` means.
    pub(super) fn visible<'a>(&'a self, of: Option<&'a str>) -> impl Iterator<Item = (&'a str, &'a Expr)> {
        self.columns
            .iter()
            .filter(move |column| match of {
                None => column.seen == Seen::Plainly,
                Some(of) => column.seen != Seen::ByName && column.is_of(of),
            })
            .map(|column| (column.name.as_str(), &column.expr))
    }

    /// The column that `name` means, or the whole row of the table of that name as a struct.
    ///
    /// # Errors
    /// `unknown-column` with the nearest name, `ambiguous-column`.
    pub(super) fn column(&self, of: Option<&str>, name: &Ident) -> Result<Expr> {
        let mut matches = self.columns.iter().filter(|column| {
            column.name.eq_ignore_ascii_case(&name.text)
                && of.map_or(column.seen != Seen::Qualified, |of| column.is_of(of))
        });
        match (matches.next(), matches.next()) {
            (Some(column), None) => Ok(column.expr.clone().at(name.span)),
            (Some(first), Some(_)) => {
                let error =
                    Error::new(Code::AmbiguousColumn, format!("several columns are named `{}`", name.text))
                        .at(name.span);
                Err(match &first.of {
                    Some(table) => {
                        let fixed = format!("{}.{}", written(table), written(&name.text));
                        error.hint(format!("write the table in front: {fixed}"))
                    }
                    None => error.hint("give them different aliases in the subquery"),
                })
            }
            (None, _) if of.is_none() && self.has_table(&name.text) => Ok(self.row(&name.text, name.span)),
            (None, _) => Err(self.unknown(of, name)),
        }
    }

    /// The row of table `of` as a struct.
    fn row(&self, of: &str, span: Span) -> Expr {
        let (names, values): (Vec<_>, Vec<_>) =
            self.visible(Some(of)).map(|(name, expr)| (name.to_owned(), expr.clone())).unzip();
        let fields = names.into_iter().zip(&values);
        let fields = fields.map(|(name, value)| StructField { name, data_type: value.data_type.clone() });
        let data_type = DataType::Struct(fields.collect());
        Expr { kind: ExprKind::Struct(values), data_type, span }
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
