//! T-SQL's PREDICT: the strict dialect. Its WITH clause says what the model gives, and types must agree.
//!
//! Messages begin with those that SQL Server documents, so that what people find about them still helps.

use std::sync::Arc;

use super::constant::constant;
use super::expr::Names;
use super::from::Source;
use super::scope::Scope;
use super::{Binder, Prepare};
use crate::data::{CastMode, DataType, Field, Scalar, Schema, can_cast};
use crate::diag::{Code, Error, Result, Span};
use crate::model::{Model, Port};
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Node, NodeKind};
use crate::syntax::ast::{self, SubqueryKind};

/// The variable that makes PREDICT convert inputs as GoogleSQL does.
const IMPLICIT_CAST: &str = "predict_implicit_cast";

impl Binder<'_> {
    pub(super) fn tsql_predict(&mut self, predict: &ast::Predict, alias: Option<&str>) -> Result<Source> {
        let model = self.model_of(&predict.model)?;
        let Source { node: input, scope } = self.table(&predict.data)?;
        let signature = model.signature();
        let mut inputs = Vec::with_capacity(signature.inputs.len());
        for (at, port) in signature.inputs.iter().enumerate() {
            inputs.push(self.tsql_input(port, at, &scope, predict.data.span)?);
        }
        let mut outputs = Vec::with_capacity(predict.columns.len());
        let mut fields = Vec::with_capacity(predict.columns.len());
        for column in &predict.columns {
            let data_type = self.data_type(&column.data_type)?;
            let same = |port: &Port| port.name.eq_ignore_ascii_case(&column.name.text);
            let found = signature.outputs.iter().position(|port| same(port) && port.data_type == data_type);
            let Some(at) = found else { return Err(output_mismatch(&model, column, predict.columns_span)) };
            outputs.push(at);
            fields.push(Field::new(column.name.text.clone(), data_type));
        }
        let given = Schema { fields: fields.clone() };
        let width = input.schema.fields.len();
        fields.extend(input.schema.fields.iter().cloned());
        let shift = outputs.len();
        let keep = (0..width).collect();
        let kind = NodeKind::Predict { input: Box::new(input), model, inputs, outputs, keep, safe: false };
        // The rows' columns come first in `*`, then the model's.
        let mut scope = scope;
        scope.shift(shift);
        let scope = scope.join(Scope::new(&given, alias), 0);
        Ok(Source { node: Node { kind, schema: Schema { fields } }, scope })
    }

    /// The model whose bytes an expression gives.
    fn model_of(&mut self, tree: &ast::Expr) -> Result<Arc<Model>> {
        let value = match &tree.kind {
            ast::ExprKind::Subquery(SubqueryKind::Scalar, query) => {
                match self.context.prepared.iter().find(|(span, _)| *span == tree.span) {
                    Some((_, value)) => Some(value.clone()),
                    None => {
                        let root = self.query(query)?;
                        let plan = self.plan(root)?;
                        self.prepare = Some(Prepare::Value { plan, span: tree.span });
                        return Err(super::internal("the model's bytes are still to be read"));
                    }
                }
            }
            _ => {
                let scope = Scope::default();
                constant(&self.expr(tree, Names::of(&scope))?)?
            }
        };
        let bytes = match value {
            Some(Scalar::Bytes(bytes)) => bytes,
            Some(Scalar::Null) if self.context.params.is_some() => {
                return Err(Error::new(
                    Code::UnknownModel,
                    "Error occurred during execution of the builtin function 'PREDICT' with HRESULT \
                     0x80070057. Model is corrupt or invalid.: the model is NULL",
                )
                .at(tree.span)
                .hint("the query that reads the model has found no row"));
            }
            _ => {
                return Err(Error::new(Code::TypeMismatch, "expected the bytes of a model: varbinary(max)")
                    .at(tree.span)
                    .hint("DECLARE @model varbinary(max) = (SELECT data FROM models WHERE id = 1)"));
            }
        };
        match self.context.catalog.model_of(&bytes) {
            Some(model) => Ok(model.clone()),
            None => {
                self.prepare = Some(Prepare::Model { bytes, span: tree.span });
                Err(super::internal("the model is still to be loaded"))
            }
        }
    }

    fn tsql_input(&self, port: &Port, at: usize, scope: &Scope, span: Span) -> Result<Option<Expr>> {
        let mut found = scope.visible(None).filter(|(name, _)| name.eq_ignore_ascii_case(&port.name));
        let column = match (found.next(), found.next()) {
            (Some((_, column)), None) => column.clone().at(span),
            (None, _) if !port.required => return Ok(None),
            (None, _) => {
                return Err(Error::new(
                    Code::MissingInput,
                    format!("the rows of PREDICT have no column `{}`, an input of the model", port.name),
                )
                .at(span)
                .hint(format!("select it: … AS [{}]", port.name)));
            }
            (Some(_), Some(_)) => {
                return Err(Error::new(
                    Code::AmbiguousInput,
                    format!("several columns are named `{}`, an input of the model", port.name),
                )
                .at(span));
            }
        };
        if matches!(port.data_type, DataType::Array(_) | DataType::Tensor) {
            return Err(Error::new(
                Code::InputTypeMismatch,
                format!(
                    "Message(s) from 'PREDICT' engine: Input column {} (1-based) has shape {} which is not \
                     supported.",
                    at + 1,
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
        if relaxed && can_cast(&column.data_type, &port.data_type) {
            let kind = ExprKind::Cast { value: Box::new(column), mode: CastMode::Strict };
            return Ok(Some(Expr { kind, data_type: port.data_type.clone(), span }));
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
    .fix(span, format!("({columns})"))
}
