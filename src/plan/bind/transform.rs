//! TRANSFORM: preprocessing functions whose statistics are taken once and used again.
//!
//! What is kept of a TRANSFORM is its text's tree and the statistics in the order in which the tree needs them. Over
//! new rows the tree is bound again, and each function finds its own.

use std::sync::Arc;

use super::expr::Names;
use super::query::unique_names;
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
        let scope = super::scope::Scope::new(&root.schema, None);
        self.transform = Some(Transformer::Note(Vec::new()));
        let columns = self.transform_list(&transform.items, Names::of(&scope));
        let calls = match self.transform.take() {
            Some(Transformer::Note(calls)) => calls,
            _ => Vec::new(),
        };
        let gives = schema_of(&columns?);
        unique_names(&gives, transform.span)?;
        let items = transform.items.iter().flat_map(|item| spelled_out(item, &root.schema)).collect();
        Ok(Bound::CreateTransform { name, plan: self.plan(root), calls, items, gives })
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
        self.transform = Some(Transformer::Apply(transform.fitted.clone().into_iter()));
        let columns = self.transform_list(&transform.items, Names::of(&source.scope));
        self.transform = None;
        let columns = columns.map_err(|error| {
            error.at(rows.span).context(format_args!("TRANSFORM of model `{name}`")).hint(needs(transform))
        })?;
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

/// A `*` as the columns that it stands for: later rows need only those.
fn spelled_out(item: &SelectItem, schema: &Schema) -> Vec<SelectItem> {
    let SelectItem::Star(star @ ast::Star { of: None, .. }) = item else { return vec![item.clone()] };
    let kept = schema.fields.iter().map(|field| &field.name);
    let kept = kept.filter(|name| !star.except.iter().any(|it| it.text.eq_ignore_ascii_case(name)));
    kept.map(|name| {
        let ident = ast::Ident { text: name.clone(), span: star.span };
        let replaced = star.replace.iter().find(|(_, it)| it.text.eq_ignore_ascii_case(name));
        let expr = match replaced {
            Some((value, _)) => value.clone(),
            None => ast::Expr { kind: ast::ExprKind::Name(ident.clone()), span: star.span },
        };
        SelectItem::Expr { expr, alias: Some(ident) }
    })
    .collect()
}

fn schema_of(columns: &[(String, Expr)]) -> Schema {
    let field = |(name, expr): &(String, Expr)| Field::new(name.clone(), expr.data_type.clone());
    Schema { fields: columns.iter().map(field).collect() }
}

fn needs(transform: &Transform) -> String {
    let columns: Vec<_> = transform.takes.fields.iter().map(|it| format!("`{}`", it.name)).collect();
    format!("it was made over the columns {}", columns.join(", "))
}
