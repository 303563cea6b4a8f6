//! ML.PREDICT: model inputs bound to columns by name.
//!
//! The rules are those of Spanner's open-source emulator, with BigQuery's: the result has every output of the
//! model, then every column of the rows whose name is not an output's.

use std::sync::Arc;

use super::Binder;
use super::constant::constant;
use super::from::Source;
use super::model_input;
use super::scope::{Names, Scope};
use super::traffic::Prediction;
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Diagnostic, Error, Invariant, Result, Span};
use crate::model::Model;
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Node, NodeKind};
use crate::syntax::ast::{self, TableArg};

/// How ML.PREDICT is written.
const FORM: &str = "write ML.PREDICT(MODEL model, TABLE table) or ML.PREDICT(MODEL model, (SELECT …))";

/// Settings of ML.PREDICT: those of BigQuery, of which all but the first are for models that it trains, and our own.
pub(crate) const SETTINGS: &[&str] =
    &[THRESHOLD, COMPARE, STATES[0], STATES[1], "keep_original_columns", "trial_id"];

/// The setting that moves the cut between two labels.
const THRESHOLD: &str = "threshold";

/// The setting that names versions whose outputs are wanted side by side.
const COMPARE: &str = "compare";

/// The settings that name the inputs and the outputs by which a row hands states to the next.
const STATES: [&str; 2] = ["state_in", "state_out"];

impl Binder<'_> {
    pub(super) fn predict(&mut self, args: &[TableArg], safe: bool, span: Span) -> Result<Node> {
        let (path, rows, settings) = match args {
            [TableArg::Model(path), TableArg::Rows(rows)] => (path, rows, None),
            [TableArg::Model(path), TableArg::Rows(rows), TableArg::Expr(settings)] => {
                (path, rows, Some(settings))
            }
            _ => return Err(malformed(args, span)),
        };
        if self.context.catalog.transform(&path.text()).is_some() {
            return Err(Error::new(
                Code::UnknownModel,
                format!("model `{}` transforms rows and predicts nothing", path.text()),
            )
            .at(path.span)
            .hint("write ML.TRANSFORM(MODEL …)"));
        }
        let mut call = Prediction {
            path,
            safe,
            span: rows.span,
            threshold: None,
            states: [(Vec::new(), rows.span), (Vec::new(), rows.span)],
        };
        let mut compared = Vec::new();
        if let Some(settings) = settings {
            self.settings(settings, &mut call, &mut compared)?;
        }
        if !compared.is_empty() {
            self.without_version(path)?;
            return self.side_by_side(&call, rows, &compared);
        }
        if let Some(traffic) = self.traffic(path) {
            if let Some((_, span)) = call.states.iter().find(|(names, _)| !names.is_empty()) {
                let message = format!(
                    "rows of model `{}` are divided among versions, and states go from row to row",
                    path.text()
                );
                return Err(Error::new(Code::InvalidOption, message)
                    .at(*span)
                    .hint(format!("name a version: MODEL {}@1", path.text())));
            }
            return self.routed(&call, rows, traffic);
        }
        let model = self.model(path)?.clone();
        let source = self.table(rows)?;
        predict_node(source, &path.text(), call.settled(model)?, safe, rows.span)
    }

    /// Reads the settings: the threshold, and the versions to compare.
    fn settings(
        &mut self,
        settings: &ast::Expr,
        call: &mut Prediction<'_>,
        compared: &mut Vec<ast::Ident>,
    ) -> Result<()> {
        let ast::ExprKind::Struct { fields, .. } = &settings.kind else {
            return Err(Error::new(Code::TypeMismatch, "expected the settings as a STRUCT")
                .at(settings.span)
                .hint("write STRUCT(0.5 AS threshold)"));
        };
        let scope = Scope::default();
        for (value, name) in fields {
            let is_setting =
                |name: &&ast::Ident| SETTINGS.iter().any(|known| name.text.eq_ignore_ascii_case(known));
            let Some(known) = name.as_ref().filter(is_setting) else {
                let (found, span) =
                    name.as_ref().map_or(("", value.span), |name| (name.text.as_str(), name.span));
                return Err(Error::new(Code::UnknownOption, format!("ML.PREDICT has no setting `{found}`"))
                    .at(span)
                    .did_you_mean_here(found, SETTINGS.iter().copied(), str::to_owned)
                    .and_list("the settings are", SETTINGS.iter().copied()));
            };
            if known.text.eq_ignore_ascii_case(THRESHOLD) {
                call.threshold = self.threshold(value)?.map(|threshold| (threshold, value.span));
                continue;
            }
            if known.text.eq_ignore_ascii_case(COMPARE) {
                *compared = self.versions_to_compare(value)?;
                continue;
            }
            let of_states = STATES.iter().zip(&mut call.states);
            if let Some((setting, states)) =
                of_states.into_iter().find(|(setting, _)| known.text.eq_ignore_ascii_case(setting))
            {
                *states = (self.names_of_states(setting, value)?, value.span);
                continue;
            }
            self.inside("the settings of ML.PREDICT", |binder| binder.expr(value, Names::of(&scope)))?;
            let warning = Diagnostic::warning(
                Code::InvalidOption,
                format!("`{}` means nothing to an ONNX model", known.text),
            );
            self.warnings.push(warning.at(known.span).hint("leave it out"));
        }
        Ok(())
    }

    /// The words of `compare`; none for a parameter without value, where the statement is only checked.
    fn versions_to_compare(&mut self, value: &ast::Expr) -> Result<Vec<ast::Ident>> {
        let scope = Scope::default();
        let expr =
            self.inside("the settings of ML.PREDICT", |binder| binder.expr(value, Names::of(&scope)))?;
        let expected = |found: String| {
            Error::new(Code::InvalidOption, format!("`compare` takes versions of the model, found {found}"))
                .at(value.span)
                .hint("write STRUCT(['champion', 'challenger'] AS compare)")
        };
        let items = match constant(&expr, self.context.limits)? {
            Some(Scalar::Array(_, items)) if !items.is_empty() => items,
            Some(Scalar::Null) if self.context.only_checks() => Vec::new(),
            found => return Err(expected(found.map_or("no constant".into(), |found| found.to_string()))),
        };
        let mut words: Vec<ast::Ident> = Vec::with_capacity(items.len());
        for item in items {
            let text = match &item {
                Scalar::String(word) => word.clone(),
                Scalar::Int64(number) => number.to_string(),
                other => return Err(expected(other.to_string())),
            };
            if words.iter().any(|known| known.text == text) {
                return Err(expected(format!("`{text}` twice")));
            }
            words.push(ast::Ident { text, span: value.span });
        }
        Ok(words)
    }

    /// The names that `state_in` or `state_out` lists; none for a parameter without value, where the statement is only checked.
    fn names_of_states(&mut self, setting: &str, value: &ast::Expr) -> Result<Vec<String>> {
        let scope = Scope::default();
        let expr =
            self.inside("the settings of ML.PREDICT", |binder| binder.expr(value, Names::of(&scope)))?;
        let found = constant(&expr, self.context.limits)?;
        let names: Option<Vec<String>> = match &found {
            Some(Scalar::String(name)) => Some(vec![name.clone()]),
            Some(Scalar::Array(_, items)) if !items.is_empty() => items
                .iter()
                .map(|item| if let Scalar::String(name) = item { Some(name.clone()) } else { None })
                .collect(),
            Some(Scalar::Null) if self.context.only_checks() => Some(Vec::new()),
            _ => None,
        };
        names.ok_or_else(|| {
            let found = found.map_or("no constant".into(), |found| found.to_string());
            Error::new(
                Code::InvalidOption,
                format!("`{setting}` takes a name or a list of names, found {found}"),
            )
            .at(value.span)
            .hint("write STRUCT('h' AS state_in, 'hn' AS state_out), or ['h', 'c'] and ['hn', 'cn']")
        })
    }

    /// The threshold; `None` for a parameter without value, where the statement is only checked.
    fn threshold(&mut self, value: &ast::Expr) -> Result<Option<f64>> {
        let (scope, number) = (Scope::default(), DataType::Float64);
        let expr = self.inside("the settings of ML.PREDICT", |binder| {
            binder.expr_of(value, Names::of(&scope), &number, "`threshold`")
        })?;
        match constant(&expr, self.context.limits)? {
            Some(Scalar::Float64(threshold)) => Ok(Some(threshold)),
            Some(Scalar::Null) if self.context.only_checks() => Ok(None),
            found => {
                let found =
                    found.map_or("an expression that is no constant".into(), |value| value.to_string());
                let message = format!("`threshold` takes a number from 0 to 1, found {found}");
                Err(Error::new(Code::InvalidOption, message)
                    .at(value.span)
                    .hint("write STRUCT(0.5 AS threshold)"))
            }
        }
    }
}

#[cold]
fn malformed(args: &[TableArg], span: Span) -> Error {
    let message = match args {
        [] => "ML.PREDICT needs a model and rows",
        [TableArg::Model(_)] => "ML.PREDICT needs rows after the model",
        [TableArg::Expr(_), ..] => "expected `MODEL` and its name first",
        [TableArg::Model(_), TableArg::Expr(_), ..] => {
            "expected `TABLE` and its name, or a query, after the model"
        }
        _ => "ML.PREDICT takes a model, rows and optionally a STRUCT of settings",
    };
    let culprit = match args {
        [TableArg::Expr(expr), ..] | [TableArg::Model(_), TableArg::Expr(expr), ..] => expr.span,
        _ => span,
    };
    Error::new(Code::MisplacedClause, message).at(culprit).hint(FORM)
}

pub(super) fn predict_node(
    source: Source,
    name: &str,
    model: Arc<Model>,
    safe: bool,
    span: Span,
) -> Result<Node> {
    let Source { node: input, scope } = source;
    // Pseudocolumns are not passed on.
    let columns: Vec<_> = scope.visible(None).collect();
    let signature = model.signature();
    let inputs = model_input::bind(&signature.inputs, &columns, name, span)?;
    let is_output = |name: &str| signature.outputs.iter().any(|port| port.name.eq_ignore_ascii_case(name));
    let kept: Vec<_> = columns.iter().filter(|(name, _)| !is_output(name)).collect();
    let mut fields: Vec<_> =
        signature.outputs.iter().map(|port| Field::new(port.name.clone(), port.data_type.clone())).collect();
    let outputs = (0..fields.len()).collect();
    fields.extend(kept.iter().map(|(name, expr)| Field::new(*name, expr.data_type.clone())));
    let keep = kept.iter().map(|(_, expr)| column_number(expr)).collect::<Result<_>>()?;
    let kind = NodeKind::Predict { input: Box::new(input), model, inputs, outputs, keep, safe };
    Ok(Node { kind, schema: Schema { fields } })
}

/// The number of a visible column of a table or subquery.
pub(super) fn column_number(expr: &Expr) -> Result<usize> {
    let number = if let ExprKind::Column(number) = expr.kind { Some(number) } else { None };
    number.invariant("a table has a column that is computed")
}
