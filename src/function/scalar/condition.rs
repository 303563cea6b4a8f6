//! Conditional functions. Source: GoogleSQL, "Conditional expressions".

use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;

use super::super::operator::equal;
use super::super::{BatchCall, Body, Function, Lazy, Signature, Type, Volatility};
use crate::data::{null_column, with_nulls};
use crate::diag::{Code, Error, Result};

use Type::{Any, Bool, Comparable};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "IF",
        "The second argument if the condition is TRUE, otherwise the third.",
        &[Signature::new(&[Bool, Any, Any], Any, Body::Lazy(Lazy::If))],
    ),
    Function::new(
        "IFNULL",
        "The first argument, or the second if the first is NULL.",
        &[Signature::new(&[Any, Any], Any, Body::Lazy(Lazy::Coalesce))],
    ),
    Function::new(
        "COALESCE",
        "The first argument that is not NULL.",
        &[Signature::new(&[Any], Any, Body::Lazy(Lazy::Coalesce)).variadic()],
    ),
    Function::new(
        "NULLIF",
        "NULL if both arguments are equal, otherwise the first.",
        &[Signature::scalar(&[Comparable, Comparable], Comparable, null_if)],
    ),
    // It is computed for each row that reaches it, and never before.
    Function::new(
        "ERROR",
        "Fails with this message wherever it is reached; it stands for a value of any type.",
        &[Signature::scalar(&[Type::String], Type::Int64, error)],
    )
    .volatility(Volatility::Volatile),
];

fn error(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let messages = call.arg(0)?;
    let texts = messages.strings()?;
    if call.rows == 0 {
        return null_column(&call.returns.storage(), 0);
    }
    let message = if messages.is_null(0) { "NULL" } else { texts.at(0) };
    Err(Error::new(Code::InvalidValue, message).in_row(0))
}

fn null_if(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (value, other) = (call.arg(0)?, call.arg(1)?);
    let (same, known) = equal(value, other, call.returns, call.rows)?.into_parts();
    let same = match &known {
        Some(known) => &same & known.inner(),
        None => same,
    };
    let column = value.clone().into_column(call.rows)?;
    let nulls = NullBuffer::union(column.nulls(), Some(&NullBuffer::new(!&same)));
    with_nulls(&column, nulls)
}
