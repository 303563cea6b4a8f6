//! Types of what is written out, as far as they are open: a NULL takes any type, `[]` is an array of anything, and so are
//! the parts of `[…]` and `STRUCT(…)` with these inside.

use super::typed::{Origin, Typed};
use crate::data::{DataType, Scalar, StructField};
use crate::function::common_type;
use crate::plan::expr::{Expr, ExprKind};

/// A type whose parts can be open.
#[derive(Debug, Clone, PartialEq)]
enum OpenType {
    Any,
    Known(DataType),
    Array(Box<Self>),
    Struct(Vec<(String, Self)>),
}

/// The type that all items are coerced to, with their open parts; `None` where there is none.
pub(super) fn common_open_type(items: &[Typed]) -> Option<DataType> {
    let mut types =
        items.iter().filter(|item| item.origin != Origin::Null).map(|item| OpenType::of(&item.expr));
    let first = types.next()?;
    types.try_fold(first, OpenType::join).map(OpenType::settled)
}

/// Whether a part of an expression is written out and open.
pub(super) fn is_open(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(Scalar::Null) => true,
        ExprKind::Array(items) => items.is_empty() || items.iter().any(is_open),
        ExprKind::Struct(items) => items.iter().any(is_open),
        _ => false,
    }
}

/// Whether an expression is written out: it is the same wherever it stands.
pub(super) fn is_written_out(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Array(items) | ExprKind::Struct(items) => items.iter().all(is_written_out),
        _ => false,
    }
}

impl OpenType {
    fn of(expr: &Expr) -> Self {
        match (&expr.kind, &expr.data_type) {
            (ExprKind::Literal(Scalar::Null), DataType::Int64) => Self::Any,
            (ExprKind::Array(items), DataType::Array(element)) => {
                let known = items.iter().map(Self::of).reduce(|a, b| a.clone().join(b).unwrap_or(a));
                let element = match known {
                    Some(known) => known,
                    None if **element == DataType::Int64 => Self::Any,
                    None => Self::Known((**element).clone()),
                };
                Self::Array(Box::new(element))
            }
            (ExprKind::Struct(items), DataType::Struct(fields)) => {
                let fields = fields.iter().zip(items);
                Self::Struct(fields.map(|(field, item)| (field.name.clone(), Self::of(item))).collect())
            }
            _ => Self::Known(expr.data_type.clone()),
        }
    }

    /// The type that values of both are coerced to; names of fields are the first ones.
    fn join(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Any, known) | (known, Self::Any) => known,
            (Self::Known(a), Self::Known(b)) => Self::Known(common_type(&a, &b)?),
            (Self::Array(a), Self::Array(b)) => Self::Array(Box::new(a.join(*b)?)),
            (Self::Struct(a), Self::Struct(b)) if a.len() == b.len() => {
                let fields = a.into_iter().zip(b).map(|((name, a), (other, b))| {
                    Some((if name.is_empty() { other } else { name }, a.join(b)?))
                });
                Self::Struct(fields.collect::<Option<_>>()?)
            }
            (Self::Known(known), open) => Self::opened(known)?.join(open)?,
            (open, Self::Known(known)) => open.join(Self::opened(known)?)?,
            _ => return None,
        })
    }

    /// A known type by its parts.
    fn opened(known: DataType) -> Option<Self> {
        match known {
            DataType::Array(element) => Some(Self::Array(Box::new(Self::Known(*element)))),
            DataType::Struct(fields) => {
                let fields = fields.into_iter().map(|field| (field.name, Self::Known(field.data_type)));
                Some(Self::Struct(fields.collect()))
            }
            _ => None,
        }
    }

    /// What is still open is INT64, as a bare NULL is.
    fn settled(self) -> DataType {
        match self {
            Self::Any => DataType::Int64,
            Self::Known(known) => known,
            Self::Array(element) => DataType::array(element.settled()),
            Self::Struct(fields) => {
                let fields = fields.into_iter();
                DataType::Struct(
                    fields.map(|(name, open)| StructField { name, data_type: open.settled() }).collect(),
                )
            }
        }
    }
}
