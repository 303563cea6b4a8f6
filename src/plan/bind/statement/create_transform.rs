//! CREATE MODEL … TRANSFORM: preprocessing functions, and the rows that their statistics are taken over.

use crate::data::{Field, Schema};
use crate::diag::{Code, Error, Result};
use crate::plan::bind::expr::implied_name;
use crate::plan::bind::query::unique_names;
use crate::plan::bind::scope::{Names, Scope};
use crate::plan::bind::transform::schema_of;
use crate::plan::bind::transformer::{FitCall, Transformer};
use crate::plan::bind::{Binder, Bound, options};
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Node, NodeKind, Plan};
use crate::syntax::ast::{self, SelectItem};

/// Take the statistics of a TRANSFORM over all rows of a query.
#[derive(Debug)]
pub(crate) struct CreateTransform {
    pub(crate) name: String,
    /// What the arguments of `calls` are columns of.
    pub(crate) plan: Plan,
    /// The statistics to take, in the order in which `items` need them.
    pub(crate) calls: Vec<FitCall>,
    pub(crate) items: Vec<SelectItem>,
    /// The columns of the query.
    pub(crate) input_schema: Schema,
    /// The columns of `items`.
    pub(crate) output_schema: Schema,
}

impl Binder<'_> {
    pub(super) fn create_transform(
        &mut self,
        create: &ast::CreateModel,
        transform: &ast::Transform,
        name: String,
    ) -> Result<Bound> {
        options::transform_only(&create.options)?;
        let Some(query) = &create.query else {
            return Err(Error::new(Code::SyntaxError, "TRANSFORM needs rows to take its statistics from")
                .at(transform.span)
                .hint("write CREATE MODEL … TRANSFORM (…) OPTIONS (…) AS SELECT …"));
        };
        check_names(&transform.items)?;
        let root = self.result(query)?;
        let scope = Scope::new(&root.schema, None);
        let collecting = Transformer::Collect(Vec::new());
        let (columns, transformer) = self.transform_list(&transform.items, Names::of(&scope), collecting)?;
        let Transformer::Collect(mut calls) = transformer else {
            return Err(Error::internal("statistics that are collected are not applied"));
        };
        let output_schema = schema_of(&columns);
        unique_names(&output_schema, transform.span)?;
        let items = transform.items.iter().flat_map(|item| spelled_out(item, &scope)).collect();
        let input_schema = root.schema.clone();
        let plan = self.plan(arguments(root, &mut calls))?;
        Ok(Bound::CreateTransform(CreateTransform { name, plan, calls, items, input_schema, output_schema }))
    }
}

/// The arguments of `calls` as columns over `input`, which the calls read then. Constants stay where they are.
fn arguments(input: Node, calls: &mut [FitCall]) -> Node {
    let mut exprs: Vec<Expr> = Vec::new();
    for arg in calls.iter_mut().flat_map(|call| &mut call.args) {
        if depends_on_rows(arg) {
            let column = Expr::column(exprs.len(), arg.data_type.clone(), arg.span);
            exprs.push(std::mem::replace(arg, column));
        }
    }
    let fields = exprs.iter().map(|expr| Field::new("", expr.data_type.clone())).collect();
    Node { kind: NodeKind::Project { input: Box::new(input), exprs }, schema: Schema { fields } }
}

/// Whether an expression reads columns or the rows of subqueries.
fn depends_on_rows(expr: &Expr) -> bool {
    expr.any(&|inner| matches!(inner.kind, ExprKind::Column(_) | ExprKind::Subplan(_)))
}

/// # Errors
/// `syntax-error` for a computed column without alias.
fn check_names(items: &[SelectItem]) -> Result<()> {
    for item in items {
        if let SelectItem::Expr { expr, alias: None } = item
            && implied_name(expr).is_none()
        {
            return Err(Error::new(Code::SyntaxError, "a column of TRANSFORM needs a name")
                .at(expr.span)
                .hint("write … AS name"));
        }
    }
    Ok(())
}

/// `*` as the columns that it stands for: rows to come may have more, or lack those that are left out.
fn spelled_out(item: &SelectItem, scope: &Scope) -> Vec<SelectItem> {
    let SelectItem::Star(star) = item else { return vec![item.clone()] };
    if star.of.is_some() {
        return vec![item.clone()];
    }
    let kept = scope
        .visible(None)
        .filter(|(name, _)| !star.except.iter().any(|except| except.text.eq_ignore_ascii_case(name)));
    kept.map(|(name, _)| {
        let name = ast::Ident { text: name.to_owned(), span: star.span };
        let replaced =
            star.replace.iter().find(|(_, replaced)| replaced.text.eq_ignore_ascii_case(&name.text));
        let expr = match replaced {
            Some((value, _)) => value.clone(),
            None => ast::Expr { kind: ast::ExprKind::Name(name.clone()), span: star.span },
        };
        SelectItem::Expr { expr, alias: Some(name) }
    })
    .collect()
}
