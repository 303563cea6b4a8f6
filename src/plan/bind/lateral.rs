//! Joins with an array of the row: FROM t, t.items; LEFT JOIN UNNEST(t.items) AS item ON item > 1.

use super::Binder;
use super::from::Source;
use super::rows::filtered;
use super::scope::{Names, Scope};
use crate::data::Scalar;
use crate::diag::Result;
use crate::syntax::ast::{
    self, Ident, JoinOn, Offset, Query, RowForm, Select, SelectItem, SubqueryKind, TableExpr, TableExprKind,
};

/// What UNNEST makes rows of.
pub(super) struct Elements<'a> {
    pub(super) array: &'a ast::Expr,
    pub(super) offset: Option<&'a ast::Offset>,
    pub(super) alias: Option<&'a str>,
    /// Whether the fields of elements that are structs have names of their own.
    pub(super) fields: bool,
}

/// The array of an UNNEST, or of a path that begins with a table of the scope; its WITH OFFSET and its name.
pub(super) struct Unnested<'a> {
    pub(super) array: ast::Expr,
    offset: Option<&'a Offset>,
    alias: Option<&'a Ident>,
}

impl Unnested<'_> {
    pub(super) fn elements(&self) -> Elements<'_> {
        let alias = self.alias.map(|alias| alias.text.as_str());
        Elements { array: &self.array, offset: self.offset, alias, fields: true }
    }
}

pub(super) fn unnested<'a>(table: &'a TableExpr, scope: &Scope) -> Option<Unnested<'a>> {
    let alias = table.alias.as_ref();
    let (array, offset, alias) = match &table.kind {
        TableExprKind::Unnest { array, offset, .. } => (array.clone(), offset, alias),
        TableExprKind::Name { path, offset } => {
            (array_path(path, |name| scope.has_table(name))?, offset, alias.or(path.last()))
        }
        _ => return None,
    };
    Some(Unnested { array, offset: offset.as_ref(), alias })
}

impl Binder<'_> {
    /// Whether an array cannot be bound without the tables before it.
    pub(super) fn reads_outside(&mut self, array: &ast::Expr) -> bool {
        let (subplans, queries) = (self.subplans.len(), self.queries.len());
        let bound = self.expr(array, Names::of(&Scope::default()));
        self.subplans.truncate(subplans);
        self.queries.truncate(queries);
        bound.is_err()
    }

    /// Joins rows with those of their elements that meet a condition; with `outer`, rows without some stay.
    pub(super) fn unnest_where(
        &mut self,
        left: Source,
        unnested: &Unnested<'_>,
        outer: bool,
        condition: &ast::Expr,
    ) -> Result<Source> {
        if !outer {
            let Source { node, scope } = self.unnest(left, unnested.elements(), false)?;
            let predicate = self.inside("ON", |binder| binder.condition(condition, Names::of(&scope)))?;
            return Ok(Source { node: filtered(node, predicate), scope });
        }
        let array = chosen(unnested, condition);
        self.unnest(left, Elements { array: &array, offset: None, alias: None, fields: true }, true)
    }
}

/// `ARRAY(SELECT AS STRUCT item, offset FROM UNNEST(array) AS item WITH OFFSET WHERE condition)`.
fn chosen(unnested: &Unnested<'_>, condition: &ast::Expr) -> ast::Expr {
    let span = condition.span;
    let Unnested { array, offset, alias } = unnested;
    let alias = alias.cloned().unwrap_or(Ident { text: "element".into(), span });
    let kind = TableExprKind::Unnest { array: array.clone(), offset: offset.cloned(), fields: true };
    let from = TableExpr { kind, alias: Some(alias.clone()), span };
    let names = [Some(&alias), offset.map(|offset| &offset.name)].into_iter().flatten();
    let items = names.map(|name| SelectItem::Expr {
        expr: ast::Expr { kind: ast::ExprKind::Name(name.clone()), span },
        alias: None,
    });
    let filter = Some(condition.clone());
    let select =
        Select { form: RowForm::Struct, from: Some(from), filter, ..Select::list(items.collect(), span) };
    ast::Expr { kind: subquery(select), span }
}

fn subquery(select: Select) -> ast::ExprKind {
    ast::ExprKind::Subquery(SubqueryKind::Array, Box::new(Query::of_select(select)))
}

/// Whether a join keeps the rows of its left side; `None` for one that keeps those of the right.
pub(super) fn lateral_kind(join: &ast::Join) -> Option<bool> {
    match join.kind {
        ast::JoinKind::Left => Some(true),
        ast::JoinKind::Inner | ast::JoinKind::Cross => Some(false),
        ast::JoinKind::Right | ast::JoinKind::Full => None,
    }
}

/// The array that `table.column` and longer paths mean in FROM, where `is_table` knows the first part.
pub(super) fn array_path(path: &ast::Path, is_table: impl Fn(&str) -> bool) -> Option<ast::Expr> {
    let (first, fields) = path.parts.split_first()?;
    if fields.is_empty() || !is_table(&first.text) {
        return None;
    }
    let first = ast::Expr { kind: ast::ExprKind::Name(first.clone()), span: first.span };
    Some(fields.iter().fold(first, |base, field| {
        let span = base.span.to(field.span);
        ast::Expr { kind: ast::ExprKind::Field(Box::new(base), field.clone()), span }
    }))
}

/// Whether the right side of a join can read columns of the left one: it is joined to each row by itself.
pub(super) fn is_lateral(join: &ast::Join) -> bool {
    let is_outer = join.kind == ast::JoinKind::Left;
    let is_unconditional = match &join.on {
        None => true,
        Some(JoinOn::Condition(condition)) => {
            is_outer && condition.kind == ast::ExprKind::Literal(Scalar::Bool(true))
        }
        Some(JoinOn::Using(_)) => false,
    };
    is_unconditional && (is_outer || matches!(join.kind, ast::JoinKind::Cross | ast::JoinKind::Inner))
}
