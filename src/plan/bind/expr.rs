//! Expressions: columns, fields, functions, conversions.

use super::scope::Scope;
use super::{Binder, Params};
use crate::data::{CastMode, DataType, Scalar, StructField, can_cast, can_coerce};
use crate::diag::{Code, Error, Result, Span, nearest};
use crate::function::{self, Function};
use crate::plan::expr::{Expr, ExprKind};
use crate::syntax::ast::{self, Access, Ident, Parameter, TypeName, TypeNameKind};
use crate::syntax::written;

/// What names mean where an expression stands.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) scope: &'a Scope,
    /// Columns of the SELECT list, which ORDER BY sees before those of FROM.
    pub(super) aliases: &'a [(String, Expr)],
}

/// An expression, and whether it is a NULL that takes any type.
struct Typed {
    expr: Expr,
    untyped: bool,
}

impl Typed {
    fn data_type(&self) -> Option<DataType> {
        (!self.untyped).then(|| self.expr.data_type.clone())
    }
}

impl Binder<'_> {
    /// An expression of whatever type it has; a bare NULL is INT64, as in BigQuery.
    pub(super) fn expr(&mut self, tree: &ast::Expr, names: Names<'_>) -> Result<Expr> {
        self.typed(tree, names).map(|it| it.expr)
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
        coerced(typed, wanted).map_err(|found| {
            Error::new(Code::TypeMismatch, format!("expected {what} of type {wanted}, found {found}"))
                .at(tree.span)
        })
    }

    fn typed(&mut self, tree: &ast::Expr, names: Names<'_>) -> Result<Typed> {
        let span = tree.span;
        let expr = |kind, data_type| Ok(Typed { expr: Expr { kind, data_type, span }, untyped: false });
        match &tree.kind {
            ast::ExprKind::Literal(value) => Ok(literal(value.clone(), span)),
            ast::ExprKind::Parameter(parameter) => Ok(literal(self.parameter(parameter, span)?, span)),
            ast::ExprKind::Name(name) => named(name, names).map(typed_expr),
            ast::ExprKind::Field(base, field) => self.field(base, field, span, names).map(typed_expr),
            ast::ExprKind::Operator { sign, args } => {
                let function = function::operator(sign).ok_or_else(|| {
                    Error::new(Code::Internal, format!("operator `{sign}` is not declared"))
                })?;
                self.call(function, args, span, names).map(typed_expr)
            }
            ast::ExprKind::Call(call) => {
                let function = known_function(&call.name)?;
                self.call(function, &call.args, span, names).map(typed_expr)
            }
            ast::ExprKind::Cast { value, to, safe, .. } => {
                let to = data_type(to)?;
                let value = self.typed(value, names)?;
                let mode = if *safe { CastMode::Safe } else { CastMode::Strict };
                convert(value, &to, mode, span).map(typed_expr)
            }
            ast::ExprKind::Element { array, index, access } => {
                self.element(array, index, *access, span, names).map(typed_expr)
            }
            ast::ExprKind::Array { items, .. } => self.array(items, span, names).map(typed_expr),
            ast::ExprKind::Struct { fields, .. } => {
                let mut types = Vec::with_capacity(fields.len());
                let mut values = Vec::with_capacity(fields.len());
                for (value, name) in fields {
                    let value = self.expr(value, names)?;
                    let name = name.as_ref().map(|it| it.text.clone()).unwrap_or_default();
                    types.push(StructField { name, data_type: value.data_type.clone() });
                    values.push(value);
                }
                expr(ExprKind::Struct(values), DataType::Struct(types))
            }
            _ => {
                Err(Error::new(Code::UnsupportedSyntax, "intervals are not supported in expressions")
                    .at(span))
            }
        }
    }

    fn parameter(&self, parameter: &Parameter, span: Span) -> Result<Scalar> {
        let found = match (parameter, self.params) {
            (_, None) => Some(&Scalar::Null),
            (Parameter::Position(at), Some(Params::Positional(values))) => values.get(*at),
            (Parameter::Named(name), Some(Params::Named(values))) => {
                values.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            }
            (Parameter::Position(_), Some(Params::Named(_)))
            | (Parameter::Named(_), Some(Params::Positional(_))) => None,
        };
        found.cloned().ok_or_else(|| {
            let (what, hint) = match parameter {
                Parameter::Named(name) => (
                    format!("parameter `@{name}`"),
                    format!("give the parameters as an object: {{ {name}: … }}"),
                ),
                Parameter::Position(at) => (
                    format!("parameter number {} (`?`)", at + 1),
                    "give the parameters as a list with a value for every `?`".into(),
                ),
            };
            Error::new(Code::UnknownParameter, format!("{what} has no value")).at(span).hint(hint)
        })
    }

    /// `table.column`, `column.field`, and so on inwards.
    fn field(&mut self, base: &ast::Expr, field: &Ident, span: Span, names: Names<'_>) -> Result<Expr> {
        if let ast::ExprKind::Name(table) = &base.kind
            && names.scope.has_table(&table.text)
        {
            let (at, data_type) = names.scope.column(Some(&table.text), field)?;
            return Ok(Expr::column(at, data_type, span));
        }
        let value = self.expr(base, names)?;
        let fields = value.data_type.fields();
        match fields.iter().position(|it| it.name.eq_ignore_ascii_case(&field.text)) {
            Some(at) => {
                let data_type = fields.into_iter().nth(at).map(|it| it.data_type).unwrap_or(DataType::Int64);
                Ok(Expr { kind: ExprKind::Field { value: Box::new(value), at }, data_type, span })
            }
            None => {
                let error = Error::new(
                    Code::UnknownField,
                    format!("there is no field `{}` in a value of type {}", field.text, value.data_type),
                )
                .at(field.span);
                Err(match nearest(&field.text, fields.iter().map(|it| it.name.as_str())) {
                    Some(near) => {
                        error.hint(format!("did you mean `{near}`?")).fix(field.span, written(near))
                    }
                    None => error,
                })
            }
        }
    }

    fn call(
        &mut self,
        function: &'static Function,
        args: &[ast::Expr],
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        let args = args.iter().map(|arg| self.typed(arg, names)).collect::<Result<Vec<_>>>()?;
        let types: Vec<_> = args.iter().map(Typed::data_type).collect();
        let resolved = function::resolve(function, &types, &[]).map_err(|error| error.or_at(span))?;
        let args = args
            .into_iter()
            .zip(&resolved.args)
            .map(|(arg, wanted)| {
                coerced(arg, wanted).map_err(|found| {
                    Error::new(Code::Internal, format!("an argument of type {found} was taken for {wanted}"))
                })
            })
            .collect::<Result<_>>()?;
        let function::Body::Scalar(kernel) = resolved.body else {
            return Err(Error::new(Code::Internal, "not a scalar function"));
        };
        let kind = ExprKind::Call { function, kernel, args, safe: false };
        Ok(Expr { kind, data_type: resolved.returns, span })
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

    /// All elements become the type that one of them has and the others coerce to.
    fn array(&mut self, items: &[ast::Expr], span: Span, names: Names<'_>) -> Result<Expr> {
        let items = items.iter().map(|item| self.typed(item, names)).collect::<Result<Vec<_>>>()?;
        let types: Vec<_> = items.iter().filter_map(Typed::data_type).collect();
        let element = match types.iter().find(|to| types.iter().all(|from| can_coerce(from, to))) {
            Some(DataType::Array(_)) => {
                return Err(Error::new(Code::TypeMismatch, "an array cannot hold arrays")
                    .at(span)
                    .hint("wrap the inner ones: [STRUCT([1, 2] AS x)]"));
            }
            Some(element) => element.clone(),
            None if types.is_empty() => DataType::Int64,
            None => {
                let types: Vec<_> = types.iter().map(DataType::to_string).collect();
                return Err(Error::new(
                    Code::TypeMismatch,
                    format!("expected elements of one type, found {}", types.join(", ")),
                )
                .at(span));
            }
        };
        let items = items
            .into_iter()
            .map(|item| {
                coerced(item, &element).map_err(|found| {
                    Error::new(Code::Internal, format!("an element of type {found} was taken for {element}"))
                })
            })
            .collect::<Result<_>>()?;
        Ok(Expr { kind: ExprKind::Array(items), data_type: DataType::array(element), span })
    }
}

fn typed_expr(expr: Expr) -> Typed {
    Typed { expr, untyped: false }
}

fn literal(value: Scalar, span: Span) -> Typed {
    let data_type = value.data_type();
    let untyped = data_type.is_none();
    let data_type = data_type.unwrap_or(DataType::Int64);
    Typed { expr: Expr { kind: ExprKind::Literal(value), data_type, span }, untyped }
}

fn named(name: &Ident, names: Names<'_>) -> Result<Expr> {
    if let Some((_, expr)) = names.aliases.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(&name.text)) {
        return Ok(expr.clone());
    }
    let (at, data_type) = names.scope.column(None, name)?;
    Ok(Expr::column(at, data_type, name.span))
}

/// The expression as `wanted`, if it becomes that without being asked; else the type it has.
fn coerced(typed: Typed, wanted: &DataType) -> Result<Expr, DataType> {
    let Typed { mut expr, untyped } = typed;
    if untyped {
        expr.data_type = wanted.clone();
        return Ok(expr);
    }
    if expr.data_type == *wanted {
        return Ok(expr);
    }
    if !can_coerce(&expr.data_type, wanted) {
        return Err(expr.data_type);
    }
    let span = expr.span;
    let kind = ExprKind::Cast { value: Box::new(expr), mode: CastMode::Strict };
    Ok(Expr { kind, data_type: wanted.clone(), span })
}

/// CAST to `to`.
fn convert(typed: Typed, to: &DataType, mode: CastMode, span: Span) -> Result<Expr> {
    let from = typed.expr.data_type.clone();
    if !typed.untyped && !can_cast(&from, to) {
        return Err(Error::new(Code::InvalidCast, format!("there is no cast from {from} to {to}")).at(span));
    }
    if typed.untyped {
        return Ok(Expr { data_type: to.clone(), ..typed.expr });
    }
    let kind = ExprKind::Cast { value: Box::new(typed.expr), mode };
    Ok(Expr { kind, data_type: to.clone(), span })
}

fn known_function(name: &ast::Path) -> Result<&'static Function> {
    let text = name.text();
    function::function(&text).ok_or_else(|| {
        let error =
            Error::new(Code::UnknownFunction, format!("function `{text}` was not found")).at(name.span);
        match function::nearest_function(&text) {
            _ if text.eq_ignore_ascii_case("ML.PREDICT") => {
                error.hint("ML.PREDICT gives a table: write SELECT … FROM ML.PREDICT(MODEL m, TABLE t)")
            }
            Some(near) => error.hint(format!("did you mean `{near}`?")).fix(name.span, near),
            None => error,
        }
    })
}

/// The type that a name means.
fn data_type(name: &TypeName) -> Result<DataType> {
    match &name.kind {
        TypeNameKind::Simple(text) => DataType::named(text).ok_or_else(|| {
            let names = ["INT64", "FLOAT64", "BOOL", "STRING", "BYTES", "DATE", "TIMESTAMP"];
            let error = Error::new(Code::UnknownType, format!("type `{text}` was not found")).at(name.span);
            match nearest(text, names) {
                Some(near) => error.hint(format!("did you mean {near}?")).fix(name.span, near),
                None => error.hint(format!("the types are {}, ARRAY<…> and STRUCT<…>", names.join(", "))),
            }
        }),
        TypeNameKind::Array(element) => match data_type(element)? {
            DataType::Array(_) => {
                Err(Error::new(Code::TypeMismatch, "an array cannot hold arrays").at(element.span))
            }
            element => Ok(DataType::array(element)),
        },
        TypeNameKind::Struct(fields) => {
            let fields = fields.iter().map(|(name, field)| {
                let name = name.as_ref().map(|it| it.text.clone()).unwrap_or_default();
                Ok(StructField { name, data_type: data_type(field)? })
            });
            Ok(DataType::Struct(fields.collect::<Result<_>>()?))
        }
    }
}
