//! Types by name, with their parameters.

use super::Binder;
use crate::data::{Bounds, DataType, StructField};
use crate::diag::{Code, Error, Result, nearest};
use crate::function::{self, Body};
use crate::plan::expr::{Expr, ExprKind};
use crate::syntax::Dialect;
use crate::syntax::ast::{TypeName, TypeNameKind};

/// Types that are left out, and what to write instead.
const LEFT_OUT: &[(&str, &str)] = &[
    ("RANGE", "keep its two ends in columns of their own"),
    ("GEOGRAPHY", "keep longitude and latitude as FLOAT64"),
    ("GEOMETRY", "keep the coordinates as FLOAT64"),
    ("UUID", "write STRING"),
    ("UNIQUEIDENTIFIER", "write STRING"),
    ("XML", "keep the text as STRING"),
    ("SQL_VARIANT", "give it the type that its values have"),
];

impl Binder<'_> {
    /// The type that a name means where parameters mean nothing.
    ///
    /// # Errors
    /// `unknown-type`; `unsupported-syntax` for types that are left out, and for parameters.
    pub(super) fn data_type(&self, name: &TypeName) -> Result<DataType> {
        match self.bounded_type(name)? {
            (data_type, Some(bounds)) if self.context.dialect == Dialect::BigQuery => Err(Error::new(
                Code::UnsupportedSyntax,
                format!("the parameters of {} are not supported here", bounds.of(&data_type)),
            )
            .at(name.span)
            .hint(format!(
                "write {data_type}; CAST, DECLARE and the columns of CREATE TABLE take parameters"
            ))),
            (data_type, _) => Ok(data_type),
        }
    }

    /// The type that a name means, and what its parameters ask of values.
    ///
    /// # Errors
    /// `unknown-type`; `unsupported-syntax` for types that are left out; `invalid-value` for parameters that the type does
    /// not take.
    pub(super) fn bounded_type(&self, name: &TypeName) -> Result<(DataType, Option<Bounds>)> {
        let data_type = match &name.kind {
            TypeNameKind::Simple(text) => return self.simple_type(text, name),
            TypeNameKind::Array(element) => match self.data_type(element)? {
                DataType::Array(_) => {
                    return Err(
                        Error::new(Code::TypeMismatch, "an array cannot hold arrays").at(element.span)
                    );
                }
                element => DataType::array(element),
            },
            TypeNameKind::Struct(fields) => {
                let fields = fields.iter().map(|(name, field)| {
                    let name = name.as_ref().map_or_else(unnamed, |name| name.text.clone());
                    Ok(StructField { name, data_type: self.data_type(field)? })
                });
                DataType::Struct(fields.collect::<Result<_>>()?)
            }
        };
        Ok((data_type, None))
    }

    fn simple_type(&self, text: &str, name: &TypeName) -> Result<(DataType, Option<Bounds>)> {
        let named = match self.context.dialect {
            Dialect::BigQuery => DataType::named(text),
            Dialect::TSql => DataType::named_tsql(text),
        };
        let data_type = named.ok_or_else(|| unknown_type(text, name))?;
        let parameters = name.parameters.as_deref().filter(|parameters| !parameters.is_empty());
        let (data_type, parameters) = match (self.context.dialect, parameters) {
            (Dialect::BigQuery, parameters) => (data_type, parameters.map(<[i64]>::to_vec)),
            (Dialect::TSql, parameters) => tsql_decimal(text, data_type, parameters),
        };
        let bounds = parameters.map(|parameters| Bounds::new(&data_type, &parameters)).transpose();
        Ok((data_type, bounds.map_err(|error| error.at(name.span))?))
    }
}

/// T-SQL's decimal types have digits of their own; the parameters of its other types are not those of a [`Bounds`].
fn tsql_decimal(name: &str, data_type: DataType, parameters: Option<&[i64]>) -> (DataType, Option<Vec<i64>>) {
    if data_type != DataType::Numeric {
        return (data_type, None);
    }
    let parameters = match (name.to_ascii_uppercase().as_str(), parameters) {
        ("MONEY", _) => vec![19, 4],
        ("SMALLMONEY", _) => vec![10, 4],
        (_, None) => vec![18, 0],
        (_, Some(parameters)) => parameters.to_vec(),
    };
    // What has more digits than a NUMERIC is a BIGNUMERIC; more than 38 are neither.
    let is_large =
        Bounds::new(&data_type, &parameters).is_err() && parameters.iter().all(|digits| *digits <= 38);
    (if is_large { DataType::BigNumeric } else { data_type }, Some(parameters))
}

/// The value, checked against the parameters of its type.
pub(super) fn bounded(value: Expr, bounds: Option<Bounds>, safe: bool) -> Result<Expr> {
    let Some(bounds) = bounds else { return Ok(value) };
    let (data_type, span) = (value.data_type.clone(), value.span);
    let check = function::bounds_check(&data_type)
        .and_then(|function| Some((function, function.signatures.first()?.body)));
    let Some((function, Body::Scalar(kernel))) = check else {
        return Err(Error::internal(format!("{data_type} has no parameters")));
    };
    let parameters = bounds.parameters().into_iter().map(|parameter| Expr {
        kind: ExprKind::Literal(parameter),
        data_type: DataType::Int64,
        span,
    });
    let args = std::iter::once(value).chain(parameters).collect();
    Ok(Expr { kind: ExprKind::Call { function, kernel, args, safe }, data_type, span })
}

#[cold]
fn unknown_type(text: &str, name: &TypeName) -> Error {
    if let Some((known, hint)) = LEFT_OUT.iter().find(|(known, _)| known.eq_ignore_ascii_case(text)) {
        return Error::new(Code::UnsupportedSyntax, format!("type {known} is left out"))
            .at(name.span)
            .hint(*hint);
    }
    let names = ["INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64", "BOOL", "STRING", "BYTES", "DATE", "TIMESTAMP"];
    let error = Error::new(Code::UnknownType, format!("type `{text}` was not found")).at(name.span);
    match nearest(text, names) {
        Some(near) => error.hint(format!("did you mean {near}?")).fix(name.span, near),
        None => error.hint(format!("the types are {}, ARRAY<…> and STRUCT<…>", names.join(", "))),
    }
}

/// The name of a struct's field that has none.
pub(super) fn unnamed() -> String {
    String::new()
}
