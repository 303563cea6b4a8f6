//! Expressions: columns, fields, operators, conversions, constructors, subqueries.

use std::sync::Arc;

use arrow_buffer::i256;

use super::constant::{cast_scalar, value_needed};
use super::scope::Scope;
use super::tsql_types::{narrowed, wide};
use super::types::bounded;
use super::{Binder, Given, Slot, VariableType};
use crate::data::decimal::{self, Excess};
use crate::data::{CastMode, DataType, Scalar, StructField, can_cast, can_coerce};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::function;
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Subplan, SubplanKind};
use crate::plan::parameter::Params;
use crate::syntax::ast::{self, Access, Ident, Parameter, SubqueryKind, TypeName};
use crate::syntax::{SqlOperator, written};

/// The names that an expression can use.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) scope: &'a Scope,
    /// Columns of the SELECT list, which go before those of FROM.
    pub(super) aliases: &'a [(String, Expr)],
}

impl<'a> Names<'a> {
    /// The columns of FROM alone.
    pub(super) fn of(scope: &'a Scope) -> Self {
        Self { scope, aliases: &[] }
    }

    /// The column of the SELECT list that `name` means, if there is one.
    ///
    /// # Errors
    /// `ambiguous-column` where there are several.
    pub(super) fn alias(&self, name: &Ident) -> Result<Option<&'a Expr>> {
        let mut found = self.aliases.iter().filter(|(alias, _)| alias.eq_ignore_ascii_case(&name.text));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(Error::new(
                Code::AmbiguousColumn,
                format!("several columns of the SELECT list are named `{}`", name.text),
            )
            .at(name.span)
            .hint("give them different aliases")),
            (first, _) => Ok(first.map(|(_, expr)| expr)),
        }
    }
}

/// An expression, and whether its type is settled.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) expr: Expr,
    pub(super) origin: Origin,
}

/// Where the type of an expression comes from: whether it can still become another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// From its value: it is settled.
    Value,
    /// From a string that was written out or given as a parameter: it can also be a date or timestamp.
    StringLiteral,
    /// From a number that was written out with a point or an exponent: it can also be NUMERIC or BIGNUMERIC.
    FloatLiteral(ExactLiteral),
    /// From a NULL, which takes any type.
    Null,
}

/// The digits that were written out, rounded to those that a type has; `None` where they are beyond its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExactLiteral {
    numeric: Option<i256>,
    big_numeric: Option<i256>,
}

impl ExactLiteral {
    fn new(digits: &str) -> Self {
        let units = |scale| {
            let units = decimal::parsed(digits, scale, Excess::Rounded);
            units.filter(|units| decimal::in_range(*units, scale))
        };
        Self { numeric: units(decimal::NUMERIC_SCALE), big_numeric: units(decimal::BIGNUMERIC_SCALE) }
    }

    /// The value as one of a type, if the type is exact and has it.
    fn value(self, data_type: &DataType) -> Option<Scalar> {
        match data_type {
            DataType::Numeric => Some(decimal::scalar(self.numeric?, decimal::NUMERIC_SCALE)),
            DataType::BigNumeric => Some(decimal::scalar(self.big_numeric?, decimal::BIGNUMERIC_SCALE)),
            _ => None,
        }
    }
}

impl Typed {
    /// The type; `None` for one that takes any.
    pub(super) fn data_type(&self) -> Option<DataType> {
        (self.origin != Origin::Null).then(|| self.expr.data_type.clone())
    }
}

impl From<Expr> for Typed {
    fn from(expr: Expr) -> Self {
        Self { expr, origin: Origin::Value }
    }
}

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
            ast::ExprKind::Name(name) => self.named(name, names).map(Typed::from),
            ast::ExprKind::Field(base, field) => self.field(base, field, span, names).map(Typed::from),
            ast::ExprKind::Operator { operator, args } => {
                let function = function::operator(*operator);
                self.scalar_call(function, args, false, span, names).map(Typed::from)
            }
            ast::ExprKind::Call(call) => self.call(call, span, names).map(Typed::from),
            ast::ExprKind::Extract { part, value, zone } => {
                self.extract(part, value, zone.as_deref(), span, names).map(Typed::from)
            }
            ast::ExprKind::Cast { value, to, safe, .. } if self.is_tsql() => {
                let value = self.typed(value, names)?;
                self.tsql_cast(value, to, *safe, span).map(Typed::from)
            }
            ast::ExprKind::Cast { value, to, safe, truncate } => {
                let (to, bounds) = self.bounded_type(to)?;
                let value = self.typed(value, names)?;
                let mode = match (safe, truncate) {
                    (true, true) => CastMode::SafeTruncate,
                    (false, true) => CastMode::Truncate,
                    (true, false) => CastMode::Safe,
                    (false, false) => CastMode::Strict,
                };
                bounded(convert(value, &to, mode, span)?, bounds, *safe).map(Typed::from)
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
            ast::ExprKind::Interval(..) => Err(Error::new(
                Code::MisplacedClause,
                "an INTERVAL can only be an argument of a function such as DATE_ADD",
            )
            .at(span)),
            ast::ExprKind::Star => {
                Err(Error::new(Code::MisplacedClause, "`*` can only be the argument of COUNT").at(span))
            }
        }
    }

    fn named(&mut self, name: &Ident, names: Names<'_>) -> Result<Expr> {
        if let Some(expr) = names.alias(name)? {
            return Ok(expr.clone());
        }
        if names.scope.knows(&name.text) {
            return names.scope.column(None, name);
        }
        if let Some((_, variable, value)) = self.context.variable(&name.text) {
            let kind = ExprKind::Literal(value.clone());
            return Ok(Expr { kind, data_type: variable.data_type.clone(), span: name.span });
        }
        self.refuse_correlation(&name.text, name.span)?;
        names.scope.column(None, name)
    }

    /// A name of a query around this one is no column here.
    fn refuse_correlation(&self, name: &str, span: Span) -> Result<()> {
        if self.outer.iter().any(|scope| scope.knows(name)) {
            return Err(Error::new(
                Code::UnsupportedSyntax,
                format!("a subquery that uses `{name}` of the query around it is not supported"),
            )
            .at(span)
            .hint("write it as a JOIN, or UNNEST the array in FROM"));
        }
        Ok(())
    }

    fn parameter(&mut self, parameter: &Parameter, span: Span) -> Result<Typed> {
        if let Parameter::Named(name) = parameter
            && let Some((_, variable, value)) = self.context.variable(name)
        {
            return variable_value(variable, value, span).map(Typed::from);
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
            if !names.scope.knows(table) {
                self.refuse_correlation(table, base.span)?;
            }
        }
        let value = self.expr(base, names)?;
        let Some((index, data_type)) = value.data_type.field(&field.text) else {
            let fields = value.data_type.fields();
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
        let root = root?;
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
        self.subplans.push(Subplan { root, kind, span });
        Ok(Expr { kind: ExprKind::Subplan(self.subplans.len() - 1), data_type, span })
    }
}

/// The name of a struct's field that has none.
pub(super) fn unnamed() -> String {
    String::new()
}

/// The name that a column without alias has: its own, or that of the field.
pub(super) fn implied_name(expr: &ast::Expr) -> Option<String> {
    match &expr.kind {
        ast::ExprKind::Name(name) | ast::ExprKind::Field(_, name) => Some(name.text.clone()),
        _ => None,
    }
}

/// A variable as a value. In T-SQL an integer is an `int` only where it was declared so.
fn variable_value(variable: &VariableType, value: &Scalar, span: Span) -> Result<Expr> {
    let data_type = variable.data_type.clone();
    let literal = Expr { kind: ExprKind::Literal(value.clone()), data_type, span };
    match variable.narrow {
        Some(narrow) if narrow.is_integer() => narrowed(literal, narrow, false, false),
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

pub(super) fn literal(value: Scalar, span: Span) -> Typed {
    let (data_type, origin) = origin_of(&value);
    Typed { expr: Expr { kind: ExprKind::Literal(value), data_type, span }, origin }
}

/// The type of a value that is written out or given as a parameter, and whether it can become another one.
fn origin_of(value: &Scalar) -> (DataType, Origin) {
    match value.data_type() {
        Some(DataType::String) => (DataType::String, Origin::StringLiteral),
        Some(data_type) => (data_type, Origin::Value),
        None => (DataType::Int64, Origin::Null),
    }
}

/// The expressions as values of one type: `declared`, or the one that all of them are coerced to.
///
/// # Errors
/// `type-mismatch` with the types found.
pub(super) fn unified(
    items: Vec<Typed>,
    declared: Option<DataType>,
    what: &str,
    span: Span,
) -> Result<(DataType, Vec<Expr>)> {
    let wanted = declared.or_else(|| common_type(&items)).ok_or_else(|| {
        let types: Vec<_> =
            items.iter().filter_map(Typed::data_type).map(|known| known.to_string()).collect();
        Error::new(Code::TypeMismatch, format!("expected {what} of one type, found {}", types.join(", ")))
            .at(span)
            .hint("CAST some of them")
    })?;
    let exprs = items.into_iter().map(|item| {
        let (item_span, found) = (item.expr.span, item.expr.data_type.clone());
        coerced(item, &wanted)?.ok_or_else(|| {
            Error::new(Code::TypeMismatch, format!("expected {what} of type {wanted}, found {found}"))
                .at(item_span)
        })
    });
    let exprs = exprs.collect::<Result<_>>()?;
    Ok((wanted, exprs))
}

/// The type that all items are coerced to; INT64 where all of them are NULL.
fn common_type(items: &[Typed]) -> Option<DataType> {
    if let Some(exact) = exact_type(items) {
        return Some(exact);
    }
    let types = |with_texts: bool| {
        let counts = |item: &&Typed| match item.origin {
            Origin::Value | Origin::FloatLiteral(_) => true,
            Origin::StringLiteral => with_texts,
            Origin::Null => false,
        };
        items.iter().filter(counts).map(|item| &item.expr.data_type).collect::<Vec<_>>()
    };
    let common = |types: Vec<&DataType>| {
        if types.is_empty() {
            return Some(DataType::Int64);
        }
        let is_common = |to: &&&DataType| types.iter().all(|from| can_coerce(from, to));
        // Tensor is that of a picture and the struct of another tensor.
        types.iter().copied().chain([&DataType::Tensor]).find(|to| is_common(&to)).cloned()
    };
    common(types(true)).or_else(|| common(types(false)).filter(takes_text))
}

/// NUMERIC or BIGNUMERIC where floats stand beside other numbers, all of the floats are written out, and the others are
/// of that type or coerced to it.
pub(super) fn exact_type(items: &[Typed]) -> Option<DataType> {
    let is_float = |item: &&Typed| matches!(item.origin, Origin::FloatLiteral(_));
    let mut exact = None;
    for data_type in items.iter().filter(|item| !is_float(item)).filter_map(Typed::data_type) {
        match data_type {
            DataType::Float64 => return None,
            DataType::BigNumeric => exact = Some(DataType::BigNumeric),
            DataType::Numeric => exact = exact.or(Some(DataType::Numeric)),
            _ => {}
        }
    }
    let exact = exact?;
    let floats: Vec<_> = items.iter().filter(is_float).collect();
    let fits = |item: &&Typed| match item.origin {
        Origin::FloatLiteral(literal) => literal.value(&exact).is_some(),
        _ => false,
    };
    (!floats.is_empty() && floats.iter().all(fits)).then_some(exact)
}

/// Whether a string that is written out can be a value of this type.
pub(super) fn takes_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date | DataType::Timestamp)
}

/// The expression as `wanted`; `None` where it is not coerced to that.
///
/// # Errors
/// `cast-failed` for a string that was written where a date is wanted, and is none.
pub(super) fn coerced(typed: Typed, wanted: &DataType) -> Result<Option<Expr>> {
    let Typed { expr, origin } = typed;
    if origin == Origin::Null {
        return Ok(Some(expr.of_type(wanted)));
    }
    if expr.data_type == *wanted {
        return Ok(Some(expr));
    }
    if let (Origin::FloatLiteral(literal), Some(_)) = (origin, wanted.decimal_scale()) {
        let value = literal.value(wanted).ok_or_else(|| {
            Error::new(Code::CastFailed, format!("the number is out of {wanted}'s range")).at(expr.span)
        })?;
        return Ok(Some(Expr { kind: ExprKind::Literal(value), data_type: wanted.clone(), span: expr.span }));
    }
    let as_date = origin == Origin::StringLiteral && takes_text(wanted);
    if !as_date && !can_coerce(&expr.data_type, wanted) {
        return Ok(None);
    }
    let span = expr.span;
    let kind = match expr.kind {
        ExprKind::Literal(ref value) if as_date => {
            match cast_scalar(value.clone(), &expr.data_type, wanted, CastMode::Strict, span)? {
                Some(value) => ExprKind::Literal(value),
                None => ExprKind::Cast { value: Box::new(expr), mode: CastMode::Strict },
            }
        }
        // Which strings are dates is said before the statement runs.
        ExprKind::Parameter(slot) if as_date => return Err(value_needed(&slot)),
        _ => ExprKind::Cast { value: Box::new(expr), mode: CastMode::Strict },
    };
    Ok(Some(Expr { kind, data_type: wanted.clone(), span }))
}

/// CAST to `to`.
pub(super) fn convert(typed: Typed, to: &DataType, mode: CastMode, span: Span) -> Result<Expr> {
    let from = typed.expr.data_type.clone();
    if typed.origin == Origin::Null {
        return Ok(typed.expr.of_type(to));
    }
    if !can_cast(&from, to) {
        return Err(Error::new(Code::InvalidCast, format!("there is no cast from {from} to {to}")).at(span));
    }
    if from == *to {
        return Ok(typed.expr.at(span));
    }
    if let Origin::FloatLiteral(literal) = typed.origin
        && let Some(value) = literal.value(to)
    {
        return Ok(Expr { kind: ExprKind::Literal(value), data_type: to.clone(), span });
    }
    let kind = ExprKind::Cast { value: Box::new(typed.expr), mode };
    Ok(Expr { kind, data_type: to.clone(), span })
}
