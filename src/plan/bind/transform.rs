//! TRANSFORM: preprocessing functions whose statistics are taken once and used again.
//!
//! What is kept of a TRANSFORM is its text's tree and the statistics in the order in which the tree needs them. Over
//! new rows the tree is bound again, and each function finds its own.

use std::sync::Arc;

use super::expr::{Names, coerced};
use super::query::unique_names;
use super::scope::Scope;
use super::{Binder, Bound, options};
use crate::catalog::Transform;
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Result, Span};
use crate::function::{Fit, Fitted};
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Node, NodeKind};
use crate::syntax::ast::{self, SelectItem, TableArg};

/// Statistics to take over all rows.
#[derive(Debug, Clone)]
pub(crate) struct FitCall {
    pub(crate) fit: Fit,
    pub(crate) args: Vec<Expr>,
    pub(crate) data_type: DataType,
    pub(crate) span: Span,
}

/// What becomes of preprocessing functions while a TRANSFORM is bound.
#[derive(Debug)]
pub(super) enum Transformer {
    /// They are noted.
    Note(Vec<FitCall>),
    /// They use what was kept.
    Apply(std::vec::IntoIter<Arc<dyn Fitted>>),
}

impl Transformer {
    pub(super) fn result(
        &mut self,
        fit: Fit,
        args: Vec<Expr>,
        data_type: DataType,
        span: Span,
    ) -> Result<Expr> {
        let kind = match self {
            Self::Note(calls) => {
                calls.push(FitCall { fit, args, data_type: data_type.clone(), span });
                ExprKind::Literal(Scalar::Null)
            }
            Self::Apply(kept) => {
                let fitted = kept.next().ok_or_else(|| super::internal("statistics are missing"))?;
                ExprKind::Fitted { fitted, args }
            }
        };
        Ok(Expr { kind, data_type, span })
    }
}

/// How ML.TRANSFORM is written.
const FORM: &str = "write ML.TRANSFORM(MODEL model, TABLE table) or ML.TRANSFORM(MODEL model, (SELECT …))";

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
        if let Some(SelectItem::Expr { expr, .. }) = transform.items.iter().find(|item| match item {
            SelectItem::Expr { expr, alias } => alias.is_none() && super::expr::implied_name(expr).is_none(),
            SelectItem::Star(_) => false,
        }) {
            return Err(Error::new(Code::SyntaxError, "a column of TRANSFORM needs a name")
                .at(expr.span)
                .hint("write … AS name"));
        }
        let root = self.result(query)?;
        let scope = Scope::new(&root.schema, None);
        self.transform = Some(Transformer::Note(Vec::new()));
        let columns = self.transform_list(&transform.items, Names::of(&scope));
        let calls = match self.transform.take() {
            Some(Transformer::Note(calls)) => calls,
            _ => Vec::new(),
        };
        let gives = schema_of(&columns?);
        unique_names(&gives, transform.span)?;
        let items = transform.items.iter().flat_map(|item| spelled_out(item, &scope)).collect();
        Ok(Bound::CreateTransform { name, plan: self.plan(root)?, calls, items, gives })
    }

    /// `ML.TRANSFORM(MODEL m, rows)`.
    pub(super) fn transform(&mut self, args: &[TableArg], span: Span) -> Result<Node> {
        let [TableArg::Model(path), TableArg::Rows(rows)] = args else {
            return Err(Error::new(Code::MisplacedClause, "ML.TRANSFORM takes a model and rows")
                .at(span)
                .hint(FORM));
        };
        let name = path.text();
        let catalog = self.context.catalog;
        let Some(transform) = catalog.transform(&name) else {
            self.model(path)?;
            return Err(Error::new(Code::UnknownModel, format!("model `{name}` has no TRANSFORM"))
                .at(path.span)
                .hint("an ONNX model predicts: write ML.PREDICT(MODEL …)"));
        };
        let source = self.table(rows)?;
        let explained = |error: Error| {
            error.at(rows.span).context(format_args!("TRANSFORM of model `{name}`")).hint(needs(transform))
        };
        let scope = taken(&source.scope, &transform.takes).map_err(explained)?;
        self.transform = Some(Transformer::Apply(transform.fitted.clone().into_iter()));
        let columns = self.transform_list(&transform.items, Names::of(&scope));
        self.transform = None;
        let columns = columns.map_err(explained)?;
        let schema = schema_of(&columns);
        let exprs = columns.into_iter().map(|(_, expr)| expr.at(rows.span)).collect();
        Ok(Node { kind: NodeKind::Project { input: Box::new(source.node), exprs }, schema })
    }

    fn transform_list(&mut self, items: &[SelectItem], names: Names<'_>) -> Result<Vec<(String, Expr)>> {
        let before = self.level.no_aggregates.replace("TRANSFORM");
        let columns = self.select_list(items, names);
        self.level.no_aggregates = before;
        match self.level.windows.is_empty() {
            true => columns,
            false => {
                self.level.windows.clear();
                Err(Error::new(
                    Code::MisplacedFunction,
                    "TRANSFORM takes no window functions but those of preprocessing",
                ))
            }
        }
    }
}

/// `*` as the columns that it stands for: rows to come may have more, or lack those that are left out.
fn spelled_out(item: &SelectItem, scope: &Scope) -> Vec<SelectItem> {
    let SelectItem::Star(star) = item else { return vec![item.clone()] };
    if star.of.is_some() {
        return vec![item.clone()];
    }
    let kept = scope.visible(None).filter(|(name, _)| {
        let is_it = |it: &ast::Ident| it.text.eq_ignore_ascii_case(name);
        !star.except.iter().any(is_it)
    });
    kept.map(|(name, _)| {
        let name = ast::Ident { text: name.to_owned(), span: star.span };
        let replaced = star.replace.iter().find(|(_, it)| it.text.eq_ignore_ascii_case(&name.text));
        let expr = match replaced {
            Some((value, _)) => value.clone(),
            None => ast::Expr { kind: ast::ExprKind::Name(name.clone()), span: star.span },
        };
        SelectItem::Expr { expr, alias: Some(name) }
    })
    .collect()
}

/// The columns of new rows that a TRANSFORM was made over, as the types that they had then.
fn taken(scope: &Scope, takes: &Schema) -> Result<Scope> {
    let mut known = Scope::default();
    for (name, expr) in scope.visible(None) {
        let Some(field) = takes.fields.iter().find(|it| it.name.eq_ignore_ascii_case(name)) else { continue };
        let Some(value) = coerced(expr.clone().into(), &field.data_type)? else {
            let (found, wanted) = (&expr.data_type, &field.data_type);
            return Err(Error::new(
                Code::InputTypeMismatch,
                format!("column `{name}` has type {found}, and had {wanted} when the statistics were taken"),
            ));
        };
        known.push(None, name, value);
    }
    Ok(known)
}

fn schema_of(columns: &[(String, Expr)]) -> Schema {
    let field = |(name, expr): &(String, Expr)| Field::new(name.clone(), expr.data_type.clone());
    Schema { fields: columns.iter().map(field).collect() }
}

fn needs(transform: &Transform) -> String {
    let column = |it: &Field| format!("`{}` {}", it.name, it.data_type);
    let columns: Vec<_> = transform.takes.fields.iter().map(column).collect();
    format!("it was made over the columns {}", columns.join(", "))
}
