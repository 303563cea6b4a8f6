//! Expressions: columns, fields, operators, conversions, constructors, subqueries.

use std::sync::Arc;

use super::coerce::{coerced, convert, literal, origin_of, unified};
use super::collation::columns_of;
use super::scope::{Names, Scope};
use super::tsql_types::{narrowed, wide};
use super::typed::{ExactLiteral, Origin, Typed};
use super::types::{bounded, unnamed};
use super::{Binder, Given, Slot, VariableType};
use crate::data::{CastMode, DataType, Field, Scalar, Schema, StructField};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::function::{self, Body, Signature};
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Node, NodeKind, SubplanKind};
use crate::plan::parameter::Params;
use crate::syntax::ast::{self, Access, Ident, Parameter, RowForm, SubqueryKind, TypeName};
use crate::syntax::{LAST_JOB, SETTABLE};
use crate::syntax::{SqlOperator, written};

impl Binder<'_> {
    /// An expression of whatever type it has; a bare NULL is INT64, as in BigQuery.
    pub(super) fn expr(&mut self, tree: &ast::Expr, names: Names<'_>) -> Result<Expr> {
        self.typed(tree, names).map(|typed| typed.expr)
    }

    /// An expression of this type.
    pub(super) fn expr_of(
        &mut self,
        tree: &ast::Expr,
        names: Names<'_>,
        wanted: &DataType,
        what: &str,
    ) -> Result<Expr> {
        let typed = self.typed(tree, names)?;
        let found = typed.expr.data_type.clone();
        coerced(typed, wanted)?.ok_or_else(|| {
            Error::new(Code::TypeMismatch, format!("expected {what} of type {wanted}, found {found}"))
                .at(tree.span)
        })
    }

    pub(super) fn typed(&mut self, tree: &ast::Expr, names: Names<'_>) -> Result<Typed> {
        let span = tree.span;
        match &tree.kind {
            ast::ExprKind::Literal(value) => Ok(literal(value.clone(), span)),
            ast::ExprKind::Float { value, digits } => {
                let typed = literal(Scalar::Float64(*value), span);
                Ok(Typed { origin: Origin::FloatLiteral(ExactLiteral::new(digits)), ..typed })
            }
            ast::ExprKind::Parameter(parameter) => self.parameter(parameter, span),
            ast::ExprKind::Name(name) => self.named(name, names).map(of_column),
            ast::ExprKind::Field(base, field) => self.field(base, field, span, names).map(Typed::from),
            ast::ExprKind::Operator { operator, args } => {
                let function = function::operator(*operator);
                self.scalar_call(function, args, false, span, names).map(Typed::from)
            }
            ast::ExprKind::Call(call) => self.called(call, span, names),
            ast::ExprKind::Extract { part, value, zone } => {
                self.extract(part, value, zone.as_deref(), span, names).map(Typed::from)
            }
            ast::ExprKind::Cast { value, to, safe, .. } if self.is_tsql() => {
                let value = self.typed(value, names)?;
                self.tsql_cast(value, to, *safe, span).map(Typed::from)
            }
            ast::ExprKind::Cast { value, to, safe, truncate, format } => {
                let (to, bounds) = self.bounded_type(to)?;
                let value = self.typed(value, names)?;
                if format.iter().any(Option::is_some) {
                    let format = format.each_ref().map(Option::as_deref);
                    let cast = self.cast_by_format(value, &to, format, *safe, span, names)?;
                    return bounded(cast, bounds, *safe).map(Typed::from);
                }
                bounded(convert(value, &to, cast_mode(*safe, *truncate), span)?, bounds, *safe)
                    .map(Typed::from)
            }
            ast::ExprKind::Element { array, index, access } => {
                self.element(array, index, *access, span, names).map(Typed::from)
            }
            ast::ExprKind::Array { element, items } => {
                self.array(element.as_ref(), items, span, names).map(Typed::from)
            }
            ast::ExprKind::Struct { data_type, fields } => {
                self.structure(data_type.as_ref(), fields, span, names).map(Typed::from)
            }
            ast::ExprKind::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref(), span, names).map(Typed::from)
            }
            ast::ExprKind::Subquery(kind, query) => self.subquery(*kind, query, span, names).map(Typed::from),
            ast::ExprKind::Interval(count, part) => self.interval(count, part, span, names),
            ast::ExprKind::Default => {
                misplaced("DEFAULT stands for a value of INSERT, UPDATE or MERGE", span)
            }
            ast::ExprKind::Star => misplaced("`*` can only be the argument of COUNT", span),
        }
    }

    fn named(&mut self, name: &Ident, names: Names<'_>) -> Result<Expr> {
        if let Some(expr) = names.alias(name)? {
            return Ok(expr.clone());
        }
        let is_tsql = self.is_tsql();
        let value = |scope: &Scope| if is_tsql { scope.column(None, name) } else { scope.value(name) };
        if names.scope.knows(&name.text) {
            return value(names.scope);
        }
        if let Some(value) = self.of_outer(|scope| scope.knows(&name.text).then(|| value(scope))) {
            return value;
        }
        if let Some((_, variable, value)) = self.context.variable(&name.text) {
            let kind = ExprKind::Literal(value.clone());
            return Ok(Expr { kind, data_type: variable.data_type.clone(), span: name.span });
        }
        names.scope.column(None, name)
    }

    fn parameter(&mut self, parameter: &Parameter, span: Span) -> Result<Typed> {
        if let Parameter::Named(name) = parameter
            && let Some((_, variable, value)) = self.context.variable(name)
        {
            return variable_value(variable, value, span).map(Typed::from);
        }
        if let Parameter::Named(name) = parameter
            && name.starts_with('@')
        {
            return self.system_variable(name, span).map(Typed::from);
        }
        match self.context.params {
            Given::Nothing => Ok(self.unknown_value(parameter, span)),
            Given::Values(params) => Ok(literal(value_of(parameter, params, span)?.clone(), span)),
            Given::Types(params) => {
                let (data_type, origin) = origin_of(value_of(parameter, params, span)?);
                if origin == Origin::Null {
                    return Ok(literal(Scalar::Null, span));
                }
                let slot = Arc::new(Slot::new(parameter.clone(), true, span));
                Ok(Typed { expr: Expr { kind: ExprKind::Parameter(slot), data_type, span }, origin })
            }
        }
    }

    /// A variable such as `@@row_count` that has no value yet.
    fn system_variable(&self, name: &str, span: Span) -> Result<Expr> {
        let data_type = match name {
            "@row_count" if !self.is_tsql() => DataType::Int64,
            "@rowcount" if self.is_tsql() => return Ok(literal(Scalar::Int64(0), span).expr),
            "@error.message" | "@error.statement_text" | "@error.formatted_stack_trace" | LAST_JOB => {
                DataType::String
            }
            _ if SETTABLE.contains(&name) && !self.is_tsql() => DataType::String,
            "@time_zone" if !self.is_tsql() => {
                let utc = Scalar::String("UTC".into());
                return Ok(Expr { kind: ExprKind::Literal(utc), data_type: DataType::String, span });
            }
            _ => {
                let message = format!("the system variable `@{name}` is not known here");
                return Err(Error::new(Code::UnsupportedSyntax, message).at(span).hint(if self.is_tsql() {
                    "there is @@ROWCOUNT; ERROR_MESSAGE() tells what went wrong"
                } else {
                    "there are @@error.message, @@error.statement_text, @@last_job_id, @@row_count, @@query_label and @@time_zone"
                }));
            }
        };
        Ok(Expr { kind: ExprKind::Literal(Scalar::Null), data_type, span })
    }

    /// A parameter that is of whatever type it has to be.
    fn unknown_value(&mut self, parameter: &Parameter, span: Span) -> Typed {
        let is_known = |slot: &&Arc<Slot>| match (&slot.parameter, parameter) {
            (Parameter::Named(known), Parameter::Named(name)) => known.eq_ignore_ascii_case(name),
            (known, parameter) => known == parameter,
        };
        let known = self.parameters.iter().find(is_known).cloned();
        let slot = known.unwrap_or_else(|| {
            let slot = Arc::new(Slot::new(parameter.clone(), false, span));
            self.parameters.push(slot.clone());
            slot
        });
        let kind = ExprKind::Parameter(slot);
        Typed { expr: Expr { kind, data_type: DataType::Int64, span }, origin: Origin::Null }
    }

    /// `table.column`, `column.field`, and so on inwards.
    fn field(&mut self, base: &ast::Expr, field: &Ident, span: Span, names: Names<'_>) -> Result<Expr> {
        let is_alias = match &base.kind {
            ast::ExprKind::Name(name) => names.alias(name)?.is_some(),
            _ => false,
        };
        if let Some(table) = table_name(base).filter(|_| !is_alias) {
            if names.scope.has_table(table) {
                return names.scope.column(Some(table), field).map(|expr| expr.at(span));
            }
            let of_outer = |scope: &Scope| scope.has_table(table).then(|| scope.column(Some(table), field));
            if !names.scope.knows(table)
                && let Some(value) = self.of_outer(of_outer)
            {
                return value.map(|value| value.at(span));
            }
        }
        let value = self.expr(base, names)?;
        if value.data_type == DataType::Json {
            let key = literal(Scalar::String(field.text.clone()), field.span);
            return subscript(value, key, span);
        }
        let fields = value.data_type.fields();
        let called_so = fields.iter().filter(|known| known.name.eq_ignore_ascii_case(&field.text));
        if called_so.count() > 1 {
            let message = format!("several fields are named `{}`", field.text);
            return Err(Error::new(Code::AmbiguousColumn, message).at(field.span));
        }
        let Some((index, data_type)) = value.data_type.field(&field.text) else {
            return Err(Error::new(
                Code::UnknownField,
                format!("there is no field `{}` in a value of type {}", field.text, value.data_type),
            )
            .at(field.span)
            .did_you_mean_here(
                &field.text,
                fields.iter().map(|known| known.name.as_str()),
                written,
            ));
        };
        Ok(Expr { kind: ExprKind::Field { value: Box::new(value), index }, data_type, span })
    }

    fn element(
        &mut self,
        array: &ast::Expr,
        index: &ast::Expr,
        access: Access,
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        let array = self.expr(array, names)?;
        if array.data_type == DataType::Json {
            let index = self.typed(index, names)?;
            return subscript(array, index, span);
        }
        let DataType::Array(element) = array.data_type.clone() else {
            return Err(Error::new(
                Code::TypeMismatch,
                format!("expected an array before `[`, found {}", array.data_type),
            )
            .at(array.span));
        };
        let index = self.expr_of(index, names, &DataType::Int64, "an index")?;
        let kind = ExprKind::Element {
            array: Box::new(array),
            index: Box::new(index),
            base: access.base,
            safe: access.safe,
        };
        Ok(Expr { kind, data_type: *element, span })
    }

    fn array(
        &mut self,
        element: Option<&TypeName>,
        items: &[ast::Expr],
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        let items = items.iter().map(|item| self.typed(item, names)).collect::<Result<Vec<_>>>()?;
        let element = element.map(|element| self.data_type(element)).transpose()?;
        let (element, items) = unified(items, element, "elements", span)?;
        if matches!(element, DataType::Array(_)) {
            return Err(Error::new(Code::TypeMismatch, "an array cannot hold arrays")
                .at(span)
                .hint("wrap the inner ones: [STRUCT([1, 2] AS x)]"));
        }
        Ok(Expr { kind: ExprKind::Array(items), data_type: DataType::array(element), span })
    }

    fn structure(
        &mut self,
        data_type: Option<&TypeName>,
        fields: &[(ast::Expr, Option<Ident>)],
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        if let Some(name) = data_type {
            return self.declared_structure(name, fields, span, names);
        }
        let mut types = Vec::with_capacity(fields.len());
        let mut values = Vec::with_capacity(fields.len());
        for (tree, name) in fields {
            let value = self.expr(tree, names)?;
            let name = name.as_ref().map(|name| name.text.clone()).or_else(|| implied_name(tree));
            types
                .push(StructField { name: name.unwrap_or_else(unnamed), data_type: value.data_type.clone() });
            values.push(value);
        }
        Ok(Expr { kind: ExprKind::Struct(values), data_type: DataType::Struct(types), span })
    }

    /// `STRUCT<x INT64, STRING>(a, b)`.
    fn declared_structure(
        &mut self,
        name: &TypeName,
        fields: &[(ast::Expr, Option<Ident>)],
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        let DataType::Struct(declared) = self.data_type(name)? else {
            return Err(Error::internal("STRUCT has a type that is no struct"));
        };
        if declared.len() != fields.len() {
            return Err(Error::new(
                Code::ColumnCount,
                format!("expected {} fields, found {}", declared.len(), fields.len()),
            )
            .at(span));
        }
        let values = fields
            .iter()
            .zip(&declared)
            .map(|((tree, _), field)| self.expr_of(tree, names, &field.data_type, "a field"));
        let kind = ExprKind::Struct(values.collect::<Result<_>>()?);
        Ok(Expr { kind, data_type: DataType::Struct(declared), span })
    }

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        branches: &[(ast::Expr, ast::Expr)],
        otherwise: Option<&ast::Expr>,
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        let mut conditions = Vec::with_capacity(branches.len());
        for (condition, _) in branches {
            conditions.push(match operand {
                None => self.condition(condition, names)?,
                Some(operand) => {
                    let equal = function::operator(SqlOperator::Equal);
                    let sides = [operand.clone(), condition.clone()];
                    self.scalar_call(equal, &sides, false, condition.span, names)?
                }
            });
        }
        let null = ast::Expr { kind: ast::ExprKind::Literal(Scalar::Null), span };
        let values = branches.iter().map(|(_, value)| value).chain([otherwise.unwrap_or(&null)]);
        let values = values.map(|value| self.typed(value, names)).collect::<Result<Vec<_>>>()?;
        let (data_type, mut values) = unified(self.alike(values)?, None, "results", span)?;
        let otherwise = Box::new(values.pop().invariant("a CASE has results")?);
        let branches = conditions.into_iter().zip(values).collect();
        Ok(Expr { kind: ExprKind::Case { branches, otherwise }, data_type, span })
    }

    fn subquery(
        &mut self,
        subquery: SubqueryKind,
        query: &ast::Query,
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        self.outer.push(names.scope.clone());
        let root = self.query(query);
        self.outer.pop();
        let root = match row_form(&query.body) {
            RowForm::Struct if subquery != SubqueryKind::Exists => as_struct(root?),
            _ => root?,
        };
        let columns = root.schema.fields.len();
        let (kind, data_type) = match (subquery, root.schema.fields.first()) {
            (SubqueryKind::Exists, _) => (SubplanKind::Exists, DataType::Bool),
            (_, Some(field)) if columns == 1 => match (subquery, field.data_type.clone()) {
                (SubqueryKind::Array, DataType::Array(_)) => {
                    return Err(Error::new(Code::TypeMismatch, "an array cannot hold arrays")
                        .at(span)
                        .hint("select a STRUCT of the array"));
                }
                (SubqueryKind::Array, element) => (SubplanKind::Array, DataType::array(element)),
                (_, data_type) => (SubplanKind::Value, data_type),
            },
            _ => {
                return Err(Error::new(
                    Code::ColumnCount,
                    format!("expected a subquery with one column, found {columns}"),
                )
                .at(span)
                .hint("select one column, or a STRUCT of several"));
            }
        };
        self.subquery_value(root, kind, data_type, span)
    }
}

/// The name that a column without alias has: its own, or that of the field.
pub(super) fn implied_name(expr: &ast::Expr) -> Option<String> {
    match &expr.kind {
        ast::ExprKind::Name(name) | ast::ExprKind::Field(_, name) => Some(name.text.clone()),
        _ => None,
    }
}

/// A variable as a value. In T-SQL an integer is an `int` only where it was declared so.
/// The part of a JSON value that a key or an index names.
fn subscript(value: Expr, place: Typed, span: Span) -> Result<Expr> {
    let function = function::function("JSON_SUBSCRIPT").invariant("JSON_SUBSCRIPT is not declared")?;
    let wanted = |signature: &&Signature| {
        signature
            .args
            .last()
            .and_then(|wanted| wanted.fixed())
            .is_some_and(|wanted| wanted == place.expr.data_type)
    };
    let Some(Body::Scalar(kernel)) = function.signatures.iter().find(wanted).map(|signature| signature.body)
    else {
        let message = format!("expected a key or an index of a JSON value, found {}", place.expr.data_type);
        return Err(Error::new(Code::TypeMismatch, message).at(place.expr.span));
    };
    let args = vec![value, place.expr];
    let kind = ExprKind::Call { function, kernel, args, safe: false };
    Ok(Expr { kind, data_type: DataType::Json, span })
}

fn cast_mode(safe: bool, truncate: bool) -> CastMode {
    match (safe, truncate) {
        (true, true) => CastMode::SafeTruncate,
        (false, true) => CastMode::Truncate,
        (true, false) => CastMode::Safe,
        (false, false) => CastMode::Strict,
    }
}

fn misplaced(message: &str, span: Span) -> Result<Typed> {
    Err(Error::new(Code::MisplacedClause, message).at(span))
}

fn variable_value(variable: &VariableType, value: &Scalar, span: Span) -> Result<Expr> {
    let data_type = variable.data_type.clone();
    let literal = Expr { kind: ExprKind::Literal(value.clone()), data_type, span };
    match variable.narrow {
        // ISNULL asks a NULL what it is.
        Some(narrow) if narrow.is_integer() || *value == Scalar::Null => {
            narrowed(literal, narrow, false, false)
        }
        // What is written out would be an `int`.
        None if literal.data_type == DataType::Int64 => Ok(wide(literal)),
        _ => Ok(literal),
    }
}

/// # Errors
/// `unknown-parameter`.
fn value_of<'a>(parameter: &Parameter, params: &'a Params, span: Span) -> Result<&'a Scalar> {
    params.value(parameter).ok_or_else(|| unknown_parameter(parameter).at(span))
}

#[cold]
fn unknown_parameter(parameter: &Parameter) -> Error {
    let (what, hint) = match parameter {
        Parameter::Named(name) => {
            (format!("parameter `@{name}`"), format!("give the parameters as an object: {{ {name}: … }}"))
        }
        Parameter::Position(index) => (
            format!("parameter number {} (`?`)", index + 1),
            "give the parameters as a list with a value for every `?`".into(),
        ),
    };
    Error::new(Code::UnknownParameter, format!("{what} has no value")).hint(hint)
}

/// The table that `base` of `base.column` names.
fn table_name(base: &ast::Expr) -> Option<&str> {
    match &base.kind {
        // Of `dataset.table.column` and longer ones the last part before the column counts.
        ast::ExprKind::Name(name) | ast::ExprKind::Field(_, name) => Some(&name.text),
        _ => None,
    }
}

/// The value of a name. A NULL that stands for a parameter of a function takes any type, as where it is written.
fn of_column(expr: Expr) -> Typed {
    match expr.kind {
        ExprKind::Literal(Scalar::Null) if expr.data_type == DataType::Int64 => {
            literal(Scalar::Null, expr.span)
        }
        _ => expr.into(),
    }
}

/// What the rows of a query are.
fn row_form(body: &ast::QueryBody) -> RowForm {
    match body {
        ast::QueryBody::Select(select) => select.form,
        ast::QueryBody::Nested(query) => row_form(&query.body),
        ast::QueryBody::ByName(by_name) => row_form(&by_name.body),
        ast::QueryBody::Union { parts, .. } | ast::QueryBody::Matching { parts, .. } => {
            parts.first().map_or(RowForm::Columns, row_form)
        }
    }
}

/// Each row as one struct.
fn as_struct(node: Node) -> Node {
    let fields = node.schema.fields.iter();
    let fields =
        fields.map(|field| StructField { name: field.name.clone(), data_type: field.data_type.clone() });
    let data_type = DataType::Struct(fields.collect());
    let kind = ExprKind::Struct(columns_of(&node.schema));
    let row = Expr { kind, data_type: data_type.clone(), span: Span::default() };
    let schema = Schema { fields: vec![Field::new("", data_type)] };
    Node { kind: NodeKind::Project { input: Box::new(node), exprs: vec![row] }, schema }
}
