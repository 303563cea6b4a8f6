//! ML.TRANSFORM: preprocessing functions over new rows, with statistics that were taken before.
//!
//! What is kept of a TRANSFORM is its text's tree and the statistics in the order in which the tree needs them. Over
//! new rows the tree is bound again, and each function finds its own.

use super::Binder;
use super::aggregates::Level;
use super::coerce::coerced;
use super::scope::{Names, Scope};
use super::transformer::Transformer;
use crate::catalog::Transform;
use crate::data::{Field, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::plan::expr::Expr;
use crate::plan::node::{Node, NodeKind};
use crate::syntax::ast::{SelectItem, TableArg};

/// How ML.TRANSFORM is written.
const FORM: &str = "write ML.TRANSFORM(MODEL model, TABLE table) or ML.TRANSFORM(MODEL model, (SELECT …))";

impl Binder<'_> {
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
        let scope = columns_taken(&source.scope, &transform.takes).map_err(explained)?;
        let kept = Transformer::Apply(transform.fitted.clone().into_iter());
        let (mut columns, _) =
            self.transform_list(&transform.items, Names::of(&scope), kept).map_err(explained)?;
        let untouched = passed_through(&source.scope, &columns);
        columns.extend(untouched);
        let schema = schema_of(&columns);
        let exprs = columns.into_iter().map(|(_, expr)| expr.at(rows.span)).collect();
        Ok(Node { kind: NodeKind::Project { input: Box::new(source.node), exprs }, schema })
    }

    /// The columns of a TRANSFORM's list. Subqueries in it have levels of their own, and so no part in `transformer`.
    pub(super) fn transform_list(
        &mut self,
        items: &[SelectItem],
        names: Names<'_>,
        transformer: Transformer,
    ) -> Result<(Vec<(String, Expr)>, Transformer)> {
        let level =
            Level { no_aggregates: Some("TRANSFORM"), transformer: Some(transformer), ..Level::default() };
        let outer = std::mem::replace(&mut self.level, level);
        let columns = self.select_list(items, names);
        let level = std::mem::replace(&mut self.level, outer);
        if !level.windows.is_empty() {
            return Err(Error::new(
                Code::MisplacedFunction,
                "TRANSFORM takes no window functions but those of preprocessing",
            ));
        }
        Ok((columns?, level.transformer.invariant("the transformer of the list")?))
    }
}

/// The columns of new rows whose names no column of the TRANSFORM has: they come behind, as they are.
fn passed_through(scope: &Scope, columns: &[(String, Expr)]) -> Vec<(String, Expr)> {
    let is_new = |name: &str| !columns.iter().any(|(column, _)| column.eq_ignore_ascii_case(name));
    let through = scope.visible(None).filter(|(name, _)| is_new(name));
    through.map(|(name, expr)| (name.to_owned(), expr.clone())).collect()
}

/// The columns of new rows that a TRANSFORM was made over, as the types that they had then.
fn columns_taken(scope: &Scope, takes: &Schema) -> Result<Scope> {
    let mut known = Scope::default();
    for (name, expr) in scope.visible(None) {
        // Rows may have more columns than the TRANSFORM takes.
        let Some(field) = takes.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)) else {
            continue;
        };
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

pub(super) fn schema_of(columns: &[(String, Expr)]) -> Schema {
    let field = |(name, expr): &(String, Expr)| Field::new(name.clone(), expr.data_type.clone());
    Schema { fields: columns.iter().map(field).collect() }
}

fn needs(transform: &Transform) -> String {
    let column = |field: &Field| format!("`{}` {}", field.name, field.data_type);
    let columns: Vec<_> = transform.takes.fields.iter().map(column).collect();
    format!("it was made over the columns {}", columns.join(", "))
}
