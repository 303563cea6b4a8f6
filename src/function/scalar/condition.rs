//! Conditional functions. Source: GoogleSQL, "Conditional expressions".

use arrow_array::{Array, ArrayRef, make_array};
use arrow_buffer::NullBuffer;

use super::super::operator::equal;
use super::super::{BatchCall, Body, Function, Lazy, Signature, Type};
use crate::diag::{Error, Result};

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
];

fn null_if(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (value, other) = (call.arg(0)?, call.arg(1)?);
    let (same, known) = equal(value, other, call.returns, call.rows)?.into_parts();
    let same = match &known {
        Some(known) => &same & known.inner(),
        None => same,
    };
    let column = value.clone().into_column(call.rows)?;
    let nulls = NullBuffer::union(column.nulls(), Some(&NullBuffer::new(!&same)));
    let data = column.to_data().into_builder().nulls(nulls).build();
    data.map(make_array).map_err(|error| Error::internal("NULLs can be set").detail(error))
}
