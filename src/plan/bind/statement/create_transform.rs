//! CREATE MODEL … TRANSFORM: preprocessing functions, and the rows that their statistics are taken over.

use crate::data::Schema;
use crate::diag::{Code, Error, Result};
use crate::plan::bind::expr::{Names, implied_name};
use crate::plan::bind::query::unique_names;
use crate::plan::bind::scope::Scope;
use crate::plan::bind::transform::{FitCall, Transformer, schema_of};
use crate::plan::bind::{Binder, Bound, options};
use crate::plan::node::Plan;
use crate::syntax::ast::{self, SelectItem};

/// Take the statistics of a TRANSFORM over a plan's rows.
#[derive(Debug)]
pub(crate) struct CreateTransform {
    pub(crate) name: String,
    pub(crate) plan: Plan,
    /// The statistics to take, in the order in which `items` need them.
    pub(crate) calls: Vec<FitCall>,
    pub(crate) items: Vec<SelectItem>,
    /// The columns of `items`.
    pub(crate) schema: Schema,
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
        let Transformer::Collect(calls) = transformer else {
            return Err(Error::internal("statistics that are collected are not applied"));
        };
        let schema = schema_of(&columns);
        unique_names(&schema, transform.span)?;
        let items = transform.items.iter().flat_map(|item| spelled_out(item, &scope)).collect();
        Ok(Bound::CreateTransform(CreateTransform { name, plan: self.plan(root), calls, items, schema }))
    }
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
