//! Operators: arithmetic, comparison, logic, text.
//!
//! As in BigQuery, integer overflow and division by zero are errors, NaN equals nothing, and logic has three
//! values. Sources: GoogleSQL, "Operators".

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};

use super::{Call, Function, Signature, Type};
use crate::data::{DataType, Operand, scalar_at};
use crate::diag::{Code, Error, Result};

use Type::{Any, Bool, Float64, Int64, Ordered, String};

pub(super) const OPERATORS: &[Function] = &[
    Function::new(
        "+",
        "The sum.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, |call| ints(call, "+", i64::checked_add)),
            Signature::scalar(&[Float64, Float64], Float64, |call| floats(call, "+", |a, b| a + b)),
        ],
    ),
    Function::new(
        "-",
        "The difference.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, |call| ints(call, "-", i64::checked_sub)),
            Signature::scalar(&[Float64, Float64], Float64, |call| floats(call, "-", |a, b| a - b)),
        ],
    ),
    Function::new(
        "*",
        "The product.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, |call| ints(call, "*", i64::checked_mul)),
            Signature::scalar(&[Float64, Float64], Float64, |call| floats(call, "*", |a, b| a * b)),
        ],
    ),
    Function::new(
        "/",
        "The quotient, always FLOAT64; an error where the divisor is 0.",
        &[Signature::scalar(&[Float64, Float64], Float64, divide)],
    ),
    Function::new(
        "-x",
        "The number with the other sign.",
        &[
            Signature::scalar(&[Int64], Int64, negate_ints),
            Signature::scalar(&[Float64], Float64, negate_floats),
        ],
    ),
    Function::new("||", "The texts joined.", &[Signature::scalar(&[String, String], String, concat)]),
    Function::new(
        "=",
        "Whether both are equal.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| {
            compare(call, |it| it == Some(Ordering::Equal))
        })],
    ),
    Function::new(
        "!=",
        "Whether both differ.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| {
            compare(call, |it| it != Some(Ordering::Equal))
        })],
    ),
    Function::new(
        "<",
        "Whether the left is smaller.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| {
            compare(call, |it| it == Some(Ordering::Less))
        })],
    ),
    Function::new(
        "<=",
        "Whether the left is not larger.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| {
            compare(call, |it| matches!(it, Some(Ordering::Less | Ordering::Equal)))
        })],
    ),
    Function::new(
        ">",
        "Whether the left is larger.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| {
            compare(call, |it| it == Some(Ordering::Greater))
        })],
    ),
    Function::new(
        ">=",
        "Whether the left is not smaller.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| {
            compare(call, |it| matches!(it, Some(Ordering::Greater | Ordering::Equal)))
        })],
    ),
    Function::new(
        "AND",
        "TRUE where all are.",
        &[Signature::scalar(&[Bool, Bool], Bool, |call| logic(call, false)).variadic()],
    ),
    Function::new(
        "OR",
        "TRUE where one is.",
        &[Signature::scalar(&[Bool, Bool], Bool, |call| logic(call, true)).variadic()],
    ),
    Function::new("NOT", "TRUE for FALSE and the other way round.", &[Signature::scalar(&[Bool], Bool, not)]),
    Function::new(
        "IS NULL",
        "Whether there is no value.",
        &[Signature::scalar(&[Any], Bool, |call| null_test(call, true))],
    ),
    Function::new(
        "IS NOT NULL",
        "Whether there is a value.",
        &[Signature::scalar(&[Any], Bool, |call| null_test(call, false))],
    ),
];

fn ints(call: &Call<'_>, sign: &str, apply: fn(i64, i64) -> Option<i64>) -> Result<ArrayRef> {
    let (left, right) = (call.arg(0)?.ints()?, call.arg(1)?.ints()?);
    let values = (0..call.rows).map(|row| match (left.get(row), right.get(row)) {
        (Some(a), Some(b)) => {
            apply(a, b).map(Some).ok_or_else(|| out_of_range("INT64", format!("{a} {sign} {b}"), row))
        }
        _ => Ok(None),
    });
    Ok(Arc::new(values.collect::<Result<Int64Array>>()?))
}

fn floats(call: &Call<'_>, sign: &str, apply: fn(f64, f64) -> f64) -> Result<ArrayRef> {
    let (left, right) = (call.arg(0)?.floats()?, call.arg(1)?.floats()?);
    let values = (0..call.rows).map(|row| match (left.get(row), right.get(row)) {
        (Some(a), Some(b)) => finite(a, sign, b, apply(a, b), row).map(Some),
        _ => Ok(None),
    });
    Ok(Arc::new(values.collect::<Result<Float64Array>>()?))
}

fn divide(call: &Call<'_>) -> Result<ArrayRef> {
    let (left, right) = (call.arg(0)?.floats()?, call.arg(1)?.floats()?);
    let values = (0..call.rows).map(|row| match (left.get(row), right.get(row)) {
        (Some(a), Some(0.0)) => Err(Error::new(Code::DivisionByZero, format!("division by zero: {a} / 0"))
            .in_row(row)
            .hint("filter such rows out with WHERE")),
        (Some(a), Some(b)) => finite(a, "/", b, a / b, row).map(Some),
        _ => Ok(None),
    });
    Ok(Arc::new(values.collect::<Result<Float64Array>>()?))
}

/// Infinity out of finite numbers is an overflow.
fn finite(a: f64, sign: &str, b: f64, result: f64, row: usize) -> Result<f64> {
    if result.is_finite() || !a.is_finite() || !b.is_finite() {
        return Ok(result);
    }
    Err(out_of_range("FLOAT64", format!("{a} {sign} {b}"), row))
}

#[cold]
fn out_of_range(data_type: &str, what: std::string::String, row: usize) -> Error {
    Error::new(Code::OutOfRange, format!("{what} is out of {data_type}'s range")).in_row(row)
}

fn negate_ints(call: &Call<'_>) -> Result<ArrayRef> {
    let values = call.arg(0)?.ints()?;
    let values = (0..call.rows).map(|row| match values.get(row) {
        Some(a) => a.checked_neg().map(Some).ok_or_else(|| out_of_range("INT64", format!("-({a})"), row)),
        None => Ok(None),
    });
    Ok(Arc::new(values.collect::<Result<Int64Array>>()?))
}

fn negate_floats(call: &Call<'_>) -> Result<ArrayRef> {
    let values = call.arg(0)?.floats()?;
    Ok(Arc::new((0..call.rows).map(|row| values.get(row).map(|it| -it)).collect::<Float64Array>()))
}

fn concat(call: &Call<'_>) -> Result<ArrayRef> {
    let (left, right) = (call.arg(0)?.texts()?, call.arg(1)?.texts()?);
    let values = (0..call.rows).map(|row| Some([left.get(row)?, right.get(row)?].concat()));
    Ok(Arc::new(values.collect::<StringArray>()))
}

/// `accept` is given the order of two values, `None` where they have none: NaN.
fn compare(call: &Call<'_>, accept: fn(Option<Ordering>) -> bool) -> Result<ArrayRef> {
    let (left, right) = (call.arg(0)?, call.arg(1)?);
    let orders: BooleanArray = if let (Ok(a), Ok(b)) = (left.floats(), right.floats()) {
        (0..call.rows).map(|row| Some(accept(a.get(row)?.partial_cmp(&b.get(row)?)))).collect()
    } else if let (Ok(a), Ok(b)) = (left.ints(), right.ints()) {
        (0..call.rows).map(|row| Some(accept(Some(a.get(row)?.cmp(&b.get(row)?))))).collect()
    } else if let (Ok(a), Ok(b)) = (left.texts(), right.texts()) {
        (0..call.rows).map(|row| Some(accept(Some(a.get(row)?.cmp(b.get(row)?))))).collect()
    } else {
        let data_type = rare_type(left)?;
        let value = |operand: &Operand, row| scalar_at(operand.array(), &data_type, operand.index(row));
        (0..call.rows)
            .map(|row| {
                let order = crate::data::compare_scalars(&value(left, row)?, &value(right, row)?);
                Ok(order.map(|it| accept(Some(it))))
            })
            .collect::<Result<_>>()?
    };
    Ok(Arc::new(orders))
}

/// The orderable types that are compared value by value.
fn rare_type(operand: &Operand) -> Result<DataType> {
    [DataType::Bool, DataType::Bytes, DataType::Date, DataType::Timestamp]
        .into_iter()
        .find(|it| it.storage() == *operand.array().data_type())
        .ok_or_else(|| Error::new(Code::Internal, "a comparison of a type without order"))
}

/// AND has the absorbing value FALSE, OR has TRUE: with it the others do not matter, not even NULL.
fn logic(call: &Call<'_>, absorbing: bool) -> Result<ArrayRef> {
    let views = call.args.iter().map(Operand::bools).collect::<Result<Vec<_>>>()?;
    let values = (0..call.rows).map(|row| {
        let mut result = Some(!absorbing);
        for view in &views {
            match view.get(row) {
                Some(value) if value == absorbing => return Some(absorbing),
                Some(_) => {}
                None => result = None,
            }
        }
        result
    });
    Ok(Arc::new(values.collect::<BooleanArray>()))
}

fn not(call: &Call<'_>) -> Result<ArrayRef> {
    let values = call.arg(0)?.bools()?;
    Ok(Arc::new((0..call.rows).map(|row| values.get(row).map(|it| !it)).collect::<BooleanArray>()))
}

fn null_test(call: &Call<'_>, null: bool) -> Result<ArrayRef> {
    let operand = call.arg(0)?;
    Ok(Arc::new((0..call.rows).map(|row| Some(operand.is_null(row) == null)).collect::<BooleanArray>()))
}
