//! Arithmetic over whole columns: the loops have no branches, so overflows are looked for afterwards.

use std::fmt;
use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int64Type};
use arrow_array::{ArrayRef, PrimitiveArray};

use super::super::BatchCall;
use crate::diag::{Code, Error, Result, ensure};
use crate::syntax::SqlOperator;

pub(super) fn add_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Int64Type>(call, SqlOperator::Add, i64::overflowing_add)
}

pub(super) fn subtract_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Int64Type>(call, SqlOperator::Subtract, i64::overflowing_sub)
}

pub(super) fn multiply_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Int64Type>(call, SqlOperator::Multiply, i64::overflowing_mul)
}

pub(super) fn divide_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Int64Type>(
        call,
        SqlOperator::Divide,
        |a, b| if b == 0 { (0, true) } else { a.overflowing_div(b) },
    )
}

pub(super) fn add_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Float64Type>(call, SqlOperator::Add, |a, b| finite(a, b, a + b))
}

pub(super) fn subtract_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Float64Type>(call, SqlOperator::Subtract, |a, b| finite(a, b, a - b))
}

pub(super) fn multiply_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Float64Type>(call, SqlOperator::Multiply, |a, b| finite(a, b, a * b))
}

pub(super) fn divide_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Float64Type>(call, SqlOperator::Divide, |a, b| {
        let (value, failed) = finite(a, b, a / b);
        (value, failed | (b == 0.0))
    })
}

pub(super) fn negate_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    unary::<Int64Type>(call, i64::overflowing_neg)
}

pub(super) fn negate_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    unary::<Float64Type>(call, |a| (-a, false))
}

/// The result, and whether it is an overflow: infinity out of finite numbers.
fn finite(a: f64, b: f64, result: f64) -> (f64, bool) {
    (result, !result.is_finite() & a.is_finite() & b.is_finite())
}

/// `apply` gives the result and whether it is out of range.
fn binary<T: ArrowPrimitiveType>(
    call: &BatchCall<'_>,
    operator: SqlOperator,
    apply: impl Fn(T::Native, T::Native) -> (T::Native, bool),
) -> Result<ArrayRef>
where
    T::Native: fmt::Debug,
{
    let (left, right) = (call.arg(0)?.values::<T>(call.rows)?, call.arg(1)?.values::<T>(call.rows)?);
    ensure(left.len() == call.rows && right.len() == call.rows, "operands have a value for each row")?;
    let mut any_failed = false;
    let mut values = Vec::with_capacity(call.rows);
    values.extend(left.iter().zip(right.iter()).map(|(a, b)| {
        let (value, failed) = apply(*a, *b);
        any_failed |= failed;
        value
    }));
    let nulls = call.nulls();
    if any_failed {
        let failed = (0..).zip(left.iter().zip(right.iter())).find(|(row, (a, b))| {
            apply(**a, **b).1 && nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row))
        });
        if let Some((row, (a, b))) = failed {
            return Err(no_result(T::DATA_TYPE == arrow_schema::DataType::Int64, a, operator, b).in_row(row));
        }
    }
    Ok(Arc::new(PrimitiveArray::<T>::new(values.into(), nulls)))
}

fn unary<T: ArrowPrimitiveType>(
    call: &BatchCall<'_>,
    apply: impl Fn(T::Native) -> (T::Native, bool),
) -> Result<ArrayRef>
where
    T::Native: fmt::Debug,
{
    let given = call.arg(0)?.values::<T>(call.rows)?;
    let nulls = call.nulls();
    let failed = (0..)
        .zip(given.iter())
        .find(|(row, a)| apply(**a).1 && nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row)));
    if let Some((row, a)) = failed {
        return Err(no_result(true, &0, SqlOperator::Subtract, a).in_row(row));
    }
    let values: Vec<_> = given.iter().map(|a| apply(*a).0).collect();
    Ok(Arc::new(PrimitiveArray::<T>::new(values.into(), nulls)))
}

#[cold]
fn no_result(ints: bool, a: &dyn fmt::Debug, operator: SqlOperator, b: &dyn fmt::Debug) -> Error {
    let divisor = format!("{b:?}");
    if operator == SqlOperator::Divide && matches!(divisor.trim_start_matches('-'), "0" | "0.0") {
        return Error::new(Code::DivisionByZero, format!("division by zero: {a:?} / 0"))
            .hint("SAFE_DIVIDE gives NULL where the divisor is 0");
    }
    let data_type = if ints { "INT64" } else { "FLOAT64" };
    Error::new(
        Code::OutOfRange,
        format!("{a:?} {} {divisor} is out of {data_type}'s range", operator.as_str()),
    )
}
