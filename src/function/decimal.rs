//! Arithmetic and rounding of NUMERIC and BIGNUMERIC: one kernel serves both, in the scale of the call's result.

use arrow_array::ArrayRef;
use arrow_buffer::i256;

use super::{Argument, BatchCall};
use crate::data::decimal::{self, NUMERIC_SCALE, Power, Rounding, in_range};
use crate::data::{DataType, Operand};
use crate::diag::{Code, Error, Invariant, Result};

/// A function of two numbers of units and their scale; `None` where there is no result.
type Apply = fn(i256, i256, u8) -> Option<i256>;

/// An operation over two numbers, and how it is written.
pub(super) struct Operation {
    name: &'static str,
    is_operator: bool,
    divides: bool,
    apply: Apply,
}

impl Operation {
    const fn operator(name: &'static str, apply: Apply) -> Self {
        Self { name, is_operator: true, divides: false, apply }
    }

    const fn function(name: &'static str, apply: Apply) -> Self {
        Self { name, is_operator: false, divides: true, apply }
    }
}

pub(super) const ADD: Operation = Operation::operator("+", |a, b, _| a.checked_add(b));
pub(super) const SUBTRACT: Operation = Operation::operator("-", |a, b, _| a.checked_sub(b));
pub(super) const MULTIPLY: Operation = Operation::operator("*", decimal::multiplied);
pub(super) const DIVIDE: Operation =
    Operation { divides: true, ..Operation::operator("/", decimal::quotient) };
pub(super) const DIV: Operation = Operation::function("DIV", decimal::whole_quotient);
pub(super) const MOD: Operation = Operation::function("MOD", |a, b, _| a.checked_rem(b));

/// The operation on each row.
///
/// # Errors
/// `division-by-zero`, and `out-of-range` where a result is.
pub(super) fn binary(call: &BatchCall<'_>, operation: &Operation) -> Result<ArrayRef> {
    two(call, operation, |a, b, scale| Err(no_result(call.returns, operation, a, b, scale)))
}

/// The operation on each row; NULL where it has no result.
pub(super) fn safe_binary(call: &BatchCall<'_>, operation: &Operation) -> Result<ArrayRef> {
    two(call, operation, |_, _, _| Ok(None))
}

fn two(
    call: &BatchCall<'_>,
    operation: &Operation,
    otherwise: impl Fn(i256, i256, u8) -> Result<Option<i256>>,
) -> Result<ArrayRef> {
    let (x, y) = (call.arg(0)?.decimals()?, call.arg(1)?.decimals()?);
    let scale = scale_of(call)?;
    call.decimals(&|row| {
        let (a, b) = (x.at(row), y.at(row));
        match (operation.apply)(a, b, scale).filter(|units| in_range(*units, scale)) {
            None => otherwise(a, b, scale),
            units => Ok(units),
        }
    })
}

/// A function of one number of units and their scale.
///
/// # Errors
/// `out-of-range` where there is no result, or one beyond the type's range.
pub(super) fn unary(
    call: &BatchCall<'_>,
    name: &str,
    apply: impl Fn(i256, u8) -> Option<i256>,
) -> Result<ArrayRef> {
    let x = call.arg(0)?.decimals()?;
    let scale = scale_of(call)?;
    call.decimals(&|row| {
        let units = apply(x.at(row), scale).filter(|units| in_range(*units, scale));
        units.map(Some).ok_or_else(|| out_of_range(&form(name, &[x.at(row)], scale), call.returns))
    })
}

/// `SQRT` of NUMERIC.
pub(super) fn square_root(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let x = call.arg(0)?.decimals()?;
    call.decimals(&|row| match decimal::square_root(x.at(row)) {
        None => Err(no_value(&form("SQRT", &[x.at(row)], NUMERIC_SCALE), "SQRT")),
        units => Ok(units),
    })
}

/// `POW` of NUMERIC by a whole number.
pub(super) fn power(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (x, y) = (call.arg(0)?.decimals()?, call.arg(1)?.decimals()?);
    call.decimals(&|row| {
        let (x, y) = (x.at(row), y.at(row));
        let form = || form("POW", &[x, y], NUMERIC_SCALE);
        let Some(exponent) = decimal::to_int(y, NUMERIC_SCALE, None) else { return Err(inexact(&form())) };
        match exponent {
            0 => Ok(Some(decimal::from_int(1, NUMERIC_SCALE))),
            1.. if x == i256::ZERO => Ok(Some(x)),
            _ if x == i256::ZERO => Err(no_value(&form(), "POW")),
            _ => match decimal::power(x, exponent) {
                Power::Exact(units) if in_range(units, NUMERIC_SCALE) => Ok(Some(units)),
                Power::Exact(_) | Power::TooLarge => Err(out_of_range(&form(), call.returns)),
                Power::Unknown => Err(inexact(&form())),
            },
        }
    })
}

/// The type of a function of NUMERIC or BIGNUMERIC whose digits would be made up.
///
/// # Errors
/// Always `unsupported-syntax`.
pub(super) fn without_digits(_: &[Argument]) -> Result<DataType> {
    Err(inexact("this function of decimal numbers"))
}

/// A result whose last digits are not to be had.
#[cold]
fn inexact(what: &str) -> Error {
    Error::new(Code::UnsupportedSyntax, format!("{what} is not computed to the last digit here"))
        .hint("CAST the number AS FLOAT64 for 15 digits, and the result AS NUMERIC where it is to be one")
}

#[cold]
fn no_value(form: &str, name: &str) -> Error {
    Error::new(Code::InvalidValue, format!("{form} has no value"))
        .hint(format!("SAFE.{name} gives NULL there"))
}

/// -1, 0 or 1.
pub(super) fn sign(x: i256, scale: u8) -> Option<i256> {
    Some(decimal::from_int(if x.is_negative() { -1 } else { x.is_positive().into() }, scale))
}

/// As [`unary`], with NULL where there is no result.
pub(super) fn safe_unary(call: &BatchCall<'_>, apply: impl Fn(i256) -> Option<i256>) -> Result<ArrayRef> {
    let x = call.arg(0)?.decimals()?;
    let scale = scale_of(call)?;
    call.decimals(&|row| Ok(apply(x.at(row)).filter(|units| in_range(*units, scale))))
}

/// Rounds to the number of digits that the second argument says, 0 without one.
pub(super) fn to_digits(call: &BatchCall<'_>, name: &str, rounding: Rounding) -> Result<ArrayRef> {
    rounded_by(call, name, &|_| Ok(rounding))
}

/// `ROUND(x, digits, mode)`.
pub(super) fn round_by_mode(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let modes = call.arg(2)?.strings()?;
    rounded_by(call, "ROUND", &|row| match modes.at(row).to_ascii_uppercase().as_str() {
        "ROUND_HALF_AWAY_FROM_ZERO" => Ok(Rounding::HalfAwayFromZero),
        "ROUND_HALF_EVEN" => Ok(Rounding::HalfEven),
        other => Err(Error::new(Code::InvalidValue, format!("there is no rounding mode {other:?}"))
            .hint("it is \"ROUND_HALF_AWAY_FROM_ZERO\" or \"ROUND_HALF_EVEN\"")),
    })
}

fn rounded_by(
    call: &BatchCall<'_>,
    name: &str,
    rounding: &dyn Fn(usize) -> Result<Rounding>,
) -> Result<ArrayRef> {
    let x = call.arg(0)?.decimals()?;
    let digits = call.args.get(1).map(Operand::ints).transpose()?;
    let scale = scale_of(call)?;
    call.decimals(&|row| {
        let digits = digits.as_ref().map_or(0, |digits| digits.at(row));
        let units = decimal::rounded(x.at(row), scale, digits, rounding(row)?);
        let units = units.filter(|units| in_range(*units, scale));
        units.map(Some).ok_or_else(|| out_of_range(&form(name, &[x.at(row)], scale), call.returns))
    })
}

/// `PARSE_NUMERIC`, `PARSE_BIGNUMERIC`.
pub(super) fn parse(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    let scale = scale_of(call)?;
    call.decimals(&|row| {
        let text = texts.at(row);
        let units = decimal::parsed_loosely(text, scale).filter(|units| in_range(*units, scale));
        units.map(Some).ok_or_else(|| {
            Error::new(Code::InvalidValue, format!("{text:?} is not a {}", call.returns))
                .hint("it is written in digits, with a sign, commas, a point or an exponent")
        })
    })
}

fn scale_of(call: &BatchCall<'_>) -> Result<u8> {
    call.returns.decimal_scale().invariant("a function of NUMERIC or BIGNUMERIC returns one")
}

/// How a call of a function is written.
fn form(name: &str, args: &[i256], scale: u8) -> String {
    let args: Vec<_> = args.iter().map(|arg| decimal::text(*arg, scale)).collect();
    format!("{name}({})", args.join(", "))
}

#[cold]
fn no_result(returns: &DataType, operation: &Operation, a: i256, b: i256, scale: u8) -> Error {
    let name = operation.name;
    let form = if operation.is_operator {
        format!("{} {name} {}", decimal::text(a, scale), decimal::text(b, scale))
    } else {
        form(name, &[a, b], scale)
    };
    if !operation.divides || b != i256::ZERO {
        return out_of_range(&form, returns);
    }
    let hint = if operation.is_operator {
        "SAFE_DIVIDE gives NULL where the divisor is 0".to_owned()
    } else {
        format!("{name}(x, NULLIF(y, 0)) gives NULL where the divisor is 0")
    };
    Error::new(Code::DivisionByZero, format!("division by zero: {form}")).hint(hint)
}

#[cold]
fn out_of_range(form: &str, returns: &DataType) -> Error {
    Error::new(Code::OutOfRange, format!("{form} is out of {returns}'s range"))
}
