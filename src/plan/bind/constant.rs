//! Values of constant expressions, where a declaration or an option asks for them.

use std::sync::Arc;

use crate::data::{CastMode, DataType, Scalar, TimeZones, array_of, cast, scalar_at};
use crate::diag::{Code, Error, Result, Span};
use crate::function::fold;
use crate::limits::Limits;
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::parameter::Slot;

/// The value of `expr`; `None` where it depends on rows, on the time or on subqueries.
///
/// # Errors
/// What computing it says.
pub(super) fn constant(expr: &Expr, limits: &Arc<Limits>) -> Result<Option<Scalar>> {
    let all =
        |parts: &[Expr]| parts.iter().map(|part| constant(part, limits)).collect::<Result<Option<Vec<_>>>>();
    Ok(match &expr.kind {
        ExprKind::Literal(value) => Some(value.clone().spread()?),
        ExprKind::Parameter(slot) if slot.is_typed => return Err(value_needed(slot)),
        ExprKind::Parameter(_) => Some(Scalar::Null),
        ExprKind::Array(items) => match (&expr.data_type, all(items)?) {
            (DataType::Array(element), Some(items)) => Some(Scalar::Array((**element).clone(), items)),
            _ => None,
        },
        ExprKind::Struct(items) => match (&expr.data_type, all(items)?) {
            (DataType::Struct(fields), Some(items)) => Some(Scalar::Struct(fields.clone(), items)),
            _ => None,
        },
        ExprKind::Cast { value, mode } => match constant(value, limits)? {
            Some(inner) => cast_scalar(inner, &value.data_type, &expr.data_type, *mode, expr.span)?,
            None => None,
        },
        ExprKind::Call { function, kernel, args, .. } => match all(args)? {
            Some(values) => {
                let types = args.iter().map(|arg| arg.data_type.clone());
                let args: Vec<_> = values.into_iter().zip(types).collect();
                fold(function, *kernel, &args, &expr.data_type, limits)?
            }
            None => None,
        },
        _ => None,
    })
}

/// Binding has to know what the value of a parameter is, not only its type: it is bound with the value then.
#[cold]
pub(super) fn value_needed(slot: &Slot) -> Error {
    Error::internal("the value of a parameter is needed to bind the statement").at(slot.span)
}

/// The CAST of one value; `None` where it depends on the time zones that the host knows.
///
/// # Errors
/// `cast-failed`, at `span`.
pub(super) fn cast_scalar(
    value: Scalar,
    from: &DataType,
    to: &DataType,
    mode: CastMode,
    span: Span,
) -> Result<Option<Scalar>> {
    let array =
        cast(&array_of(&[value], from)?, from, to, mode, &TimeZones::default()).map_err(|mut error| {
            error.take_row();
            error.or_at(span)
        });
    match array {
        Ok(array) => scalar_at(&array, to, 0).map(Some),
        Err(error) if error.code() == Code::UnsupportedSyntax => Ok(None),
        Err(error) => Err(error),
    }
}
