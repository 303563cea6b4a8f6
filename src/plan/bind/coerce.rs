//! Types that are not settled yet, and how expressions come to one type: coercion, casts, the type that several share.
//!
//! Names and scopes are none of its business: it gets expressions that are bound.

use super::constant::{cast_scalar, value_needed};
use super::open_type::{common_open_type, is_open};
use super::typed::{Origin, Typed};
use crate::data::{CastMode, DataType, Scalar, can_cast, can_coerce};
use crate::diag::{Code, Error, Result, Span};
use crate::plan::expr::{Expr, ExprKind};

pub(super) fn literal(value: Scalar, span: Span) -> Typed {
    let (data_type, origin) = origin_of(&value);
    Typed { expr: Expr { kind: ExprKind::Literal(value), data_type, span }, origin }
}

/// The type of a value that is written out or given as a parameter, and whether it can become another one.
pub(super) fn origin_of(value: &Scalar) -> (DataType, Origin) {
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
    let wanted =
        declared.or_else(|| common_type(&items)).or_else(|| common_open_type(&items)).ok_or_else(|| {
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
    matches!(data_type, DataType::Date | DataType::Timestamp | DataType::Datetime | DataType::Time)
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
    if (is_open(&expr) || !can_coerce(&expr.data_type, wanted))
        && let Some(parts) = parts_as(&expr, wanted)?
    {
        return Ok(Some(parts));
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

/// What is written out as an array or struct as `wanted`, part by part; `None` for other expressions, and where a part is
/// not coerced to its type.
fn parts_as(expr: &Expr, wanted: &DataType) -> Result<Option<Expr>> {
    let (items, types): (_, Vec<_>) = match (&expr.kind, wanted) {
        (ExprKind::Array(items), DataType::Array(element)) => (items, vec![&**element; items.len()]),
        (ExprKind::Struct(items), DataType::Struct(fields)) if items.len() == fields.len() => {
            (items, fields.iter().map(|field| &field.data_type).collect())
        }
        _ => return Ok(None),
    };
    let parts = items.iter().zip(types).map(|(item, wanted)| {
        let is_null = matches!(item.kind, ExprKind::Literal(Scalar::Null));
        let origin = if is_null { Origin::Null } else { Origin::Value };
        coerced(Typed { expr: item.clone(), origin }, wanted)
    });
    let Some(parts) = parts.collect::<Result<Option<Vec<_>>>>()? else { return Ok(None) };
    let kind = match expr.kind {
        ExprKind::Array(_) => ExprKind::Array(parts),
        _ => ExprKind::Struct(parts),
    };
    Ok(Some(Expr { kind, data_type: wanted.clone(), span: expr.span }))
}

/// CAST to `to`.
pub(super) fn convert(typed: Typed, to: &DataType, mode: CastMode, span: Span) -> Result<Expr> {
    let from = typed.expr.data_type.clone();
    if typed.origin == Origin::Null {
        return Ok(typed.expr.of_type(to));
    }
    if is_open(&typed.expr)
        && let Some(parts) = parts_as(&typed.expr, to)?
    {
        return Ok(parts.at(span));
    }
    if !can_cast(&from, to) {
        let error = Error::new(Code::InvalidCast, format!("there is no cast from {from} to {to}")).at(span);
        return Err(match (&from, to) {
            (DataType::String, DataType::Json) => {
                error.hint("PARSE_JSON(text) reads JSON, TO_JSON(text) makes a JSON text of it")
            }
            (DataType::Json, to) => error.hint(format!(
                "{} takes the value out, TO_JSON_STRING(x) writes it as text",
                match to {
                    DataType::String | DataType::Bool | DataType::Int64 | DataType::Float64 =>
                        format!("{to}(x) or LAX_{to}(x)"),
                    _ => "JSON_VALUE(x, '$.a')".into(),
                }
            )),
            (_, DataType::Json) => error.hint("write TO_JSON(x)"),
            _ => error,
        });
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
