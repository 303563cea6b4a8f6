//! Arithmetic over whole columns. Overflows are looked for where the loop has seen an odd result.

use std::fmt;
use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int64Type};
use arrow_array::{ArrayRef, PrimitiveArray};

use predictql_kernels::arithmetic::{Bitwise, Compute, Operation, bitwise};

use super::super::BatchCall;
use crate::diag::{Code, Error, Result};
use crate::syntax::SqlOperator;

pub(super) fn add_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Int64Type>(call, Operation::Add, SqlOperator::Add, |a, b| i64::overflowing_add(a, b).1)
}

pub(super) fn subtract_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Int64Type>(call, Operation::Subtract, SqlOperator::Subtract, |a, b| i64::overflowing_sub(a, b).1)
}

pub(super) fn multiply_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Int64Type>(call, Operation::Multiply, SqlOperator::Multiply, |a, b| i64::overflowing_mul(a, b).1)
}

pub(super) fn divide_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let fails = |a: i64, b: i64| b == 0 || a.overflowing_div(b).1;
    binary::<Int64Type>(call, Operation::Divide, SqlOperator::Divide, fails)
}

pub(super) fn add_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Float64Type>(call, Operation::Add, SqlOperator::Add, |a, b| overflows(a, b, a + b))
}

pub(super) fn subtract_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Float64Type>(call, Operation::Subtract, SqlOperator::Subtract, |a, b| overflows(a, b, a - b))
}

pub(super) fn multiply_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    binary::<Float64Type>(call, Operation::Multiply, SqlOperator::Multiply, |a, b| overflows(a, b, a * b))
}

pub(super) fn divide_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let fails = |a, b| b == 0.0 || overflows(a, b, a / b);
    binary::<Float64Type>(call, Operation::Divide, SqlOperator::Divide, fails)
}

pub(super) fn negate_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    unary::<Int64Type>(call, i64::overflowing_neg)
}

pub(super) fn negate_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    unary::<Float64Type>(call, |a| (-a, false))
}

/// A bitwise operator of two INT64.
pub(super) fn bits(call: &BatchCall<'_>, operation: Bitwise) -> Result<ArrayRef> {
    let (left, right) = (call.arg(0)?, call.arg(1)?);
    let values = bitwise(
        operation,
        left.kernel::<Int64Type>(call.rows)?,
        right.kernel::<Int64Type>(call.rows)?,
        call.rows,
    );
    Ok(Arc::new(PrimitiveArray::<Int64Type>::new(values.into(), call.nulls())))
}

/// Whether a result is infinity out of finite numbers.
fn overflows(a: f64, b: f64, result: f64) -> bool {
    !result.is_finite() && a.is_finite() && b.is_finite()
}

/// `fails` says whether the result is out of range.
fn binary<T: ArrowPrimitiveType<Native: Compute>>(
    call: &BatchCall<'_>,
    operation: Operation,
    operator: SqlOperator,
    fails: fn(T::Native, T::Native) -> bool,
) -> Result<ArrayRef>
where
    T::Native: fmt::Debug,
{
    let (left, right) = (call.arg(0)?, call.arg(1)?);
    let (values, any_odd) =
        T::Native::compute(operation, left.kernel::<T>(call.rows)?, right.kernel::<T>(call.rows)?, call.rows);
    let nulls = call.nulls();
    if any_odd {
        let (left, right) = (left.values::<T>(call.rows)?, right.values::<T>(call.rows)?);
        let failed = (0..)
            .zip(left.iter().zip(right.iter()))
            .find(|(row, (a, b))| fails(**a, **b) && nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row)));
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
