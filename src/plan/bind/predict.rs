//! ML.PREDICT: model inputs bound to columns by name.
//!
//! The rules are those of Spanner's open-source emulator, with BigQuery's: the result has every output of the
//! model, then every column of the rows whose name is not an output's; a model input takes the one column of
//! its name, case aside, converted as CAST would.

use std::sync::Arc;

use super::Binder;
use super::expr::Names;
use super::from::Source;
use super::scope::Scope;
use crate::data::{CastMode, DataType, Field, Schema, can_cast};
use crate::diag::{Code, Diagnostic, Error, Invariant, Result, Span, nearest};
use crate::model::{Dim, Model, Port};
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Node, NodeKind};
use crate::syntax::ast::{self, TableArg};
use crate::syntax::written;

/// How ML.PREDICT is written.
const FORM: &str = "write ML.PREDICT(MODEL model, TABLE table) or ML.PREDICT(MODEL model, (SELECT …))";

/// Settings of BigQuery's ML.PREDICT. They are for models that BigQuery trains.
const SETTINGS: &[&str] = &["threshold", "keep_original_columns", "trial_id"];

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
        let model = self.model(path)?.clone();
        let source = self.table(rows)?;
        if let Some(settings) = settings {
            self.settings(settings)?;
        }
        predict_node(source, &path.text(), model, safe, rows.span)
    }

    fn settings(&mut self, settings: &ast::Expr) -> Result<()> {
        let ast::ExprKind::Struct { fields, .. } = &settings.kind else {
            return Err(Error::new(Code::TypeMismatch, "expected the settings as a STRUCT")
                .at(settings.span)
                .hint("write STRUCT(0.5 AS threshold)"));
        };
        let scope = Scope::default();
        for (value, name) in fields {
            self.inside("the settings of ML.PREDICT", |binder| binder.expr(value, Names::of(&scope)))?;
            let is_setting =
                |name: &&ast::Ident| SETTINGS.iter().any(|known| name.text.eq_ignore_ascii_case(known));
            let Some(known) = name.as_ref().filter(is_setting) else {
                let (found, span) =
                    name.as_ref().map_or(("", value.span), |name| (name.text.as_str(), name.span));
                return Err(Error::new(Code::UnknownOption, format!("ML.PREDICT has no setting `{found}`"))
                    .at(span)
                    .or_list("the settings are", SETTINGS.iter().copied()));
            };
            let warning = Diagnostic::warning(
                Code::InvalidOption,
                format!("`{}` means nothing to an ONNX model", known.text),
            );
            self.warnings.push(warning.at(known.span).hint("leave it out"));
        }
        Ok(())
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

fn predict_node(source: Source, name: &str, model: Arc<Model>, safe: bool, span: Span) -> Result<Node> {
    let Source { node: input, scope } = source;
    // Pseudocolumns are not passed on.
    let columns: Vec<_> = scope.visible(None).collect();
    let signature = model.signature();
    let inputs = signature
        .inputs
        .iter()
        .map(|port| bind_input(port, &signature.inputs, &columns, name, span))
        .collect::<Result<Vec<_>>>()?;
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

/// The column that feeds a model input; `None` for an optional input that no column is named after.
fn bind_input(
    port: &Port,
    ports: &[Port],
    columns: &[(&str, &Expr)],
    model: &str,
    span: Span,
) -> Result<Option<Expr>> {
    let mut matches = columns.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&port.name));
    let (name, value) = match (matches.next(), matches.next()) {
        (Some((name, value)), None) => (*name, (*value).clone().at(span)),
        (None, _) if !port.required => return Ok(None),
        (None, _) => return Err(missing(port, ports, columns, model, span)),
        (Some(_), Some(_)) => {
            return Err(Error::new(
                Code::AmbiguousInput,
                format!("several columns are named `{}`, an input of model `{model}`", port.name),
            )
            .at(span)
            .hint("give all but one of them another alias"));
        }
    };
    let found = value.data_type.clone();
    // Pictures stay what they are: the model arranges them, and no other tensors.
    if found == port.data_type || port.data_type == DataType::Tensor && found == DataType::Picture {
        return Ok(Some(value));
    }
    let wanted = match (&port.data_type, &found) {
        (DataType::Tensor, DataType::IntegerPicture) => DataType::Picture,
        (wanted, _) => wanted.clone(),
    };
    if !can_cast(&found, &wanted) {
        return Err(Error::new(
            Code::InputTypeMismatch,
            format!(
                "column `{}` has type {}, but the input of model `{model}` takes {}{}",
                name,
                found,
                port.data_type,
                shape_note(port),
            ),
        )
        .at(span)
        .hint(remedy(&found, port)));
    }
    let kind = ExprKind::Cast { value: Box::new(value), mode: CastMode::Strict };
    Ok(Some(Expr { kind, data_type: wanted, span }))
}

#[cold]
fn missing(port: &Port, ports: &[Port], columns: &[(&str, &Expr)], model: &str, span: Span) -> Error {
    let error = Error::new(
        Code::MissingInput,
        format!(
            "model `{model}` needs a column `{}` of type {}{}, which the rows do not have",
            port.name,
            port.data_type,
            shape_note(port),
        ),
    )
    .at(span);
    // A column that feeds another input is not the one that is meant.
    let is_input = |name: &str| ports.iter().any(|port| port.name.eq_ignore_ascii_case(name));
    let names = columns.iter().map(|(name, _)| *name).filter(|name| !is_input(name));
    if let Some(near) = nearest(&port.name, names) {
        let (near, name) = (written(near), written(&port.name));
        return error.hint(format!("rename {near}: (SELECT * EXCEPT ({near}), {near} AS {name} FROM …)"));
    }
    let columns: Vec<_> = columns.iter().take(20).map(|(name, _)| format!("`{name}`")).collect();
    let name = written(&port.name);
    error.hint(format!("select it in a subquery: … AS {name}; the columns are {}", columns.join(", ")))
}

/// What to write so that a value of type `found` fits.
fn remedy(found: &DataType, port: &Port) -> String {
    let name = written(&port.name);
    match (found, &port.data_type) {
        (DataType::Bytes, DataType::Tensor) => {
            // Most models that do not say their size were trained on 224 by 224 pixels.
            let (height, width) = picture_size(port).unwrap_or((224, 224));
            format!(
                "decode the picture: ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), {height}, {width}, FALSE) AS `{}`",
                port.name
            )
        }
        (scalar, DataType::Array(element)) if can_cast(scalar, element) => {
            format!("put the columns into one array: [a, b, c] AS {name}")
        }
        (DataType::Array(_), _) => format!("take one element: array[OFFSET(0)] AS {name}"),
        (_, wanted) => format!("select a column of type {wanted} AS {name}"),
    }
}

/// The shape of a row, where its type does not say it: ` and shape [224, 224, 3]`.
fn shape_note(port: &Port) -> String {
    match port.shape.get(1..) {
        Some(row) if matches!(port.data_type, DataType::Tensor | DataType::Array(_)) => {
            let sizes: Vec<_> = row.iter().map(Dim::to_string).collect();
            format!(" and shape [{}]", sizes.join(", "))
        }
        _ => String::new(),
    }
}

/// Height and width of a picture in the layout [height, width, channels].
fn picture_size(port: &Port) -> Option<(usize, usize)> {
    match port.shape.get(1..)? {
        [Dim::Fixed(height), Dim::Fixed(width), Dim::Fixed(_)] => Some((*height, *width)),
        _ => None,
    }
}
