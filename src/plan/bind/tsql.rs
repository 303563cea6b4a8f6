//! T-SQL's PREDICT: the strict dialect. Its WITH clause says what the model gives, and types must agree.
//!
//! Messages begin with those that SQL Server documents, so that what people find about them still helps.

use std::sync::Arc;

use super::Binder;
use super::constant::constant;
use super::from::Source;
use super::model_input::converted;
use super::scope::{Names, Scope};
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Result, Span};
use crate::model::{Model, Port};
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Node, NodeKind, Plan};
use crate::syntax::ast::{self, SubqueryKind};

/// The variable that makes PREDICT convert inputs as GoogleSQL does.
const IMPLICIT_CAST: &str = "predict_implicit_cast";

/// What PREDICT needs before its statement can be bound: its model is a value, and binding runs nothing.
#[derive(Debug)]
pub(crate) enum Prerequisite {
    /// The value of a subquery: the bytes of a model.
    Value { plan: Box<Plan>, place: SubqueryPlace },
    /// The model that these bytes are.
    Model { bytes: Vec<u8>, span: Span },
}

/// Where a subquery stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubqueryPlace {
    /// The views around it, the outermost first: the span is one of the innermost view's text.
    views: Vec<String>,
    pub(crate) span: Span,
}

/// The error of a model that is no model, in the words of SQL Server.
pub(crate) fn invalid_model(error: Error) -> Error {
    error.context(
        "Error occurred during execution of the builtin function 'PREDICT' with HRESULT 0x80070057. Model is \
         corrupt or invalid.",
    )
}

impl Binder<'_> {
    pub(super) fn tsql_predict(&mut self, predict: &ast::Predict, alias: Option<&str>) -> Result<Source> {
        let model = self.model_of_value(&predict.model)?;
        let Source { node: input, scope } = self.table(&predict.data)?;
        let Some(model) = model else { return self.predict_later(predict, input, scope, alias) };
        let signature = model.signature();
        let mut inputs = Vec::with_capacity(signature.inputs.len());
        for (index, port) in signature.inputs.iter().enumerate() {
            inputs.push(self.tsql_input(port, index, &scope, predict.data.span)?);
        }
        let declared = self.declared_outputs(predict)?;
        let mut outputs = Vec::with_capacity(predict.columns.len());
        for (column, field) in predict.columns.iter().zip(&declared.fields) {
            let is_declared = |port: &Port| {
                port.name.eq_ignore_ascii_case(&field.name) && port.data_type == field.data_type
            };
            let output = signature.outputs.iter().position(is_declared);
            outputs.push(output.ok_or_else(|| output_mismatch(&model, column, predict.columns_span))?);
        }
        let keep = (0..input.schema.fields.len()).collect();
        let schema = behind(&declared, &input.schema);
        let kind = NodeKind::Predict { input: Box::new(input), model, inputs, outputs, keep, safe: false };
        Ok(Source { node: Node { kind, schema }, scope: predicted(scope, &declared, alias) })
    }

    /// What a PREDICT has columns for while its model is not there: no rows of what it declares. Binding goes on, and
    /// what comes of it is bound again.
    fn predict_later(
        &self,
        predict: &ast::Predict,
        input: Node,
        scope: Scope,
        alias: Option<&str>,
    ) -> Result<Source> {
        let declared = self.declared_outputs(predict)?;
        let schema = behind(&declared, &input.schema);
        let node = Node { kind: NodeKind::Values { rows: Vec::new() }, schema };
        Ok(Source { node, scope: predicted(scope, &declared, alias) })
    }

    /// The columns of the WITH clause.
    fn declared_outputs(&self, predict: &ast::Predict) -> Result<Schema> {
        let fields = predict
            .columns
            .iter()
            .map(|column| Ok(Field::new(column.name.text.clone(), self.data_type(&column.data_type)?)));
        Ok(Schema { fields: fields.collect::<Result<_>>()? })
    }

    /// The model whose bytes an expression gives; `None` where something has to be done for it first, and is noted.
    fn model_of_value(&mut self, tree: &ast::Expr) -> Result<Option<Arc<Model>>> {
        let value = match &tree.kind {
            ast::ExprKind::Subquery(SubqueryKind::Scalar, query) => {
                let place = SubqueryPlace { views: self.views.clone(), span: tree.span };
                let known = self.context.subquery_values.iter().find(|(known, _)| *known == place);
                let Some((_, value)) = known else {
                    let root = self.query(query)?;
                    if self.context.only_checks() {
                        return Ok(None);
                    }
                    let plan = self.inner_plan(root)?;
                    self.require(Prerequisite::Value { plan: Box::new(plan), place });
                    return Ok(None);
                };
                Some(value.clone())
            }
            _ => {
                let scope = Scope::default();
                constant(&self.expr(tree, Names::of(&scope))?, self.context.limits)?
            }
        };
        let bytes = match value {
            Some(Scalar::Bytes(bytes)) => bytes,
            // The value comes when the script runs; what is declared of the model is known before.
            None | Some(Scalar::Null) if self.context.only_checks() => return Ok(None),
            Some(Scalar::Null) => {
                return Err(invalid_model(Error::new(Code::UnknownModel, "the model is NULL"))
                    .at(tree.span)
                    .hint("the query that reads the model has found no row"));
            }
            _ => {
                return Err(Error::new(Code::TypeMismatch, "expected the bytes of a model: varbinary(max)")
                    .at(tree.span)
                    .hint("DECLARE @model varbinary(max) = (SELECT data FROM models WHERE id = 1)"));
            }
        };
        if let Some(model) = self.context.catalog.model_of(&bytes) {
            self.used.borrow_mut().model(model, None, None);
            return Ok(Some(model.clone()));
        }
        self.require(Prerequisite::Model { bytes, span: tree.span });
        Ok(None)
    }

    /// Notes what is needed, unless something else is needed before it.
    fn require(&mut self, prerequisite: Prerequisite) {
        self.prerequisite.get_or_insert(prerequisite);
    }

    /// `OBJECT_ID('tempdb..#t' [, 'U'])`: NULL where the catalog has no table, view or procedure of this name.
    pub(super) fn object_id(&mut self, args: &[ast::Expr], span: Span, names: Names<'_>) -> Result<Expr> {
        let (Some(name), 1..=2) = (args.first(), args.len()) else {
            let message = "OBJECT_ID takes a name and a kind if one is wanted";
            return Err(Error::new(Code::NoMatchingSignature, message).at(span));
        };
        let Some(Scalar::String(text)) = constant(&self.expr(name, names)?, self.context.limits)? else {
            let message = "the name of OBJECT_ID is a text that is written out";
            return Err(Error::new(Code::UnsupportedSyntax, message).at(name.span));
        };
        let bare = text.rsplit('.').next().unwrap_or(&text).trim_matches(['[', ']']);
        let catalog = self.context.catalog;
        let is_known = catalog.relations().any(|(known, _)| known.eq_ignore_ascii_case(bare))
            || catalog.procedure(&bare.to_ascii_lowercase()).is_some();
        let value = if is_known { Scalar::Int64(1) } else { Scalar::Null };
        Ok(Expr { kind: ExprKind::Literal(value), data_type: DataType::Int64, span })
    }

    fn tsql_input(&self, port: &Port, index: usize, scope: &Scope, span: Span) -> Result<Option<Expr>> {
        let Some(column) = tsql_column(port, scope, span)? else { return Ok(None) };
        if matches!(port.data_type, DataType::Array(_) | DataType::Struct(_)) || port.data_type.is_tensor() {
            return Err(Error::new(
                Code::InputTypeMismatch,
                format!(
                    "Message(s) from 'PREDICT' engine: Input column {} (1-based) has shape {} which is not \
                     supported.",
                    index + 1,
                    shape(port)
                ),
            )
            .at(span)
            .hint("register the model with input_columns, or use ML.PREDICT with an array"));
        }
        if column.data_type == port.data_type {
            return Ok(Some(column));
        }
        let relaxed = self.context.variable(IMPLICIT_CAST).is_some_and(|(_, _, value)| is_on(value));
        // A bit is a number too, as pandas hands it on.
        let is_bit = column.data_type == DataType::Bool && port.data_type.is_numeric();
        if (is_bit || relaxed)
            && let Some(converted) = converted(column.clone(), &port.data_type)
        {
            return Ok(Some(converted));
        }
        let wanted = type_name(&port.data_type);
        Err(Error::new(
            Code::InputTypeMismatch,
            format!(
                "Message(s) from 'PREDICT' engine: The type of model column '{}' is '{wanted}'. Doesn't match \
                 the input column type, '{}'.",
                port.name,
                type_name(&column.data_type),
            ),
        )
        .at(span)
        .hint(format!(
            "select CAST([{0}] AS {wanted}) AS [{0}], or DECLARE @{IMPLICIT_CAST} bit = 1 first",
            port.name
        )))
    }
}

/// The column of PREDICT's rows that has the name of an input; `None` where the model needs none.
fn tsql_column(port: &Port, scope: &Scope, span: Span) -> Result<Option<Expr>> {
    let mut found = scope.visible(None).filter(|(name, _)| name.eq_ignore_ascii_case(&port.name));
    match (found.next(), found.next()) {
        (Some((_, column)), None) => Ok(Some(column.clone().at(span))),
        (None, _) if !port.required => Ok(None),
        (None, _) => Err(Error::new(
            Code::MissingInput,
            format!("the rows of PREDICT have no column `{}`, an input of the model", port.name),
        )
        .at(span)
        .hint(format!("select it: … AS [{}]", port.name))),
        (Some(_), Some(_)) => Err(Error::new(
            Code::AmbiguousInput,
            format!("several columns are named `{}`, an input of the model", port.name),
        )
        .at(span)),
    }
}

/// What the model gives, then the columns of its rows.
fn behind(outputs: &Schema, input: &Schema) -> Schema {
    Schema { fields: outputs.fields.iter().chain(&input.fields).cloned().collect() }
}

/// The columns as `*` has them: the rows' come first, then the model's, which stand before them in the plan.
fn predicted(mut scope: Scope, outputs: &Schema, alias: Option<&str>) -> Scope {
    scope.shift(outputs.fields.len());
    scope.join(Scope::new(outputs, alias), 0)
}

fn is_on(value: &Scalar) -> bool {
    matches!(value, Scalar::Bool(true) | Scalar::Int64(1))
}

fn shape(port: &Port) -> String {
    let sizes: Vec<_> = port.shape.iter().map(ToString::to_string).collect();
    format!("[{}]", sizes.join(","))
}

/// What T-SQL calls a type.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Int64 => "bigint".into(),
        DataType::Float64 => "float".into(),
        DataType::Bool => "bit".into(),
        DataType::String => "nvarchar(max)".into(),
        DataType::Bytes => "varbinary(max)".into(),
        DataType::Date => "date".into(),
        DataType::Timestamp => "datetime2".into(),
        other => other.to_string(),
    }
}

#[cold]
fn output_mismatch(model: &Model, column: &ast::ColumnDef, span: Span) -> Error {
    let columns: Vec<_> = model
        .signature()
        .outputs
        .iter()
        .map(|port| format!("{} {}", port.name, type_name(&port.data_type)))
        .collect();
    let columns = columns.join(", ");
    Error::new(
        Code::OutputMismatch,
        format!(
            "Msg 39096: Execution failed because its WITH clause specified different output columns from what \
             'PREDICT' function tries to return. The schema returned by 'PREDICT' function is '{columns}'."
        ),
    )
    .at(column.span)
    .hint(format!("write WITH ({columns})"))
    .fix(span, format!("WITH ({columns})"))
}
