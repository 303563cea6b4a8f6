//! Mathematical functions. Source: GoogleSQL, "Mathematical functions".

use std::sync::Arc;

use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, UInt64Array};
use arrow_buffer::i256;

use super::super::decimal::{self, ADD, DIV, DIVIDE, MOD, MULTIPLY, SUBTRACT};
use super::super::{BatchCall, Body, Function, Signature, Type, Volatility};
use crate::control::{SCATTER_STEP, scattered};
use crate::data::decimal::Rounding;
use crate::data::{Operand, concat, order_of, take};
use crate::diag::{Code, Error, Invariant, Result, ensure};

use Type::{BigNumeric, Bool, Float64, Int64, Numeric, Ordered};

/// A function of one FLOAT64.
macro_rules! of_float {
    ($name:literal, $doc:literal, $apply:expr) => {
        Function::new(
            $name,
            $doc,
            &[Signature::scalar(&[Float64], Float64, |call| of_float(call, $name, $apply))],
        )
    };
}

/// Of one number, FLOAT64 alone: no digits are made up for NUMERIC and BIGNUMERIC.
macro_rules! of_float_only {
    ($name:literal, $doc:literal, $apply:expr) => {
        Function::new(
            $name,
            $doc,
            &[
                Signature::scalar(&[Float64], Float64, |call| of_float(call, $name, $apply)),
                without_digits(&[Numeric]),
                without_digits(&[BigNumeric]),
            ],
        )
    };
}

/// The signature of a call that is refused.
const fn without_digits(args: &'static [Type]) -> Signature {
    Signature::infer(
        args,
        decimal::without_digits,
        Body::Scalar(|_| Err(Error::internal("a call that is refused"))),
    )
}

const ROUND: &[Signature] = &[
    Signature::scalar(&[Float64, Int64], Float64, |call| to_digits(call, f64::round)).optional(1),
    Signature::scalar(&[Numeric, Int64], Numeric, round_decimals).optional(1),
    Signature::scalar(&[BigNumeric, Int64], BigNumeric, round_decimals).optional(1),
    Signature::scalar(&[Numeric, Int64, Type::String], Numeric, decimal::round_by_mode),
    Signature::scalar(&[BigNumeric, Int64, Type::String], BigNumeric, decimal::round_by_mode),
];
const TRUNC: &[Signature] = &[
    Signature::scalar(&[Float64, Int64], Float64, |call| to_digits(call, f64::trunc)).optional(1),
    Signature::scalar(&[Numeric, Int64], Numeric, truncate_decimals).optional(1),
    Signature::scalar(&[BigNumeric, Int64], BigNumeric, truncate_decimals).optional(1),
];
const CEIL: &[Signature] = &[
    Signature::scalar(&[Float64], Float64, |call| of_float(call, "CEIL", |x| Some(x.ceil()))),
    Signature::scalar(&[Numeric], Numeric, |call| decimal::to_digits(call, "CEIL", Rounding::Up)),
    Signature::scalar(&[BigNumeric], BigNumeric, |call| decimal::to_digits(call, "CEIL", Rounding::Up)),
];

fn round_decimals(call: &BatchCall<'_>) -> Result<ArrayRef> {
    decimal::to_digits(call, "ROUND", Rounding::HalfAwayFromZero)
}

fn truncate_decimals(call: &BatchCall<'_>) -> Result<ArrayRef> {
    decimal::to_digits(call, "TRUNC", Rounding::TowardsZero)
}
const POWER: &[Signature] = &[
    Signature::scalar(&[Float64, Float64], Float64, |call| of_two(call, "POW", power)),
    Signature::scalar(&[Numeric, Numeric], Numeric, decimal::power),
    without_digits(&[BigNumeric, BigNumeric]),
];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "BIT_COUNT",
        "How many bits of a number or of bytes are 1.",
        &[
            Signature::scalar(&[Type::Int64], Type::Int64, |call| {
                let values = call.arg(0)?.ints()?;
                call.ints(&|row| Ok(Some(values.at(row).count_ones().into())))
            }),
            Signature::scalar(&[Type::Bytes], Type::Int64, |call| {
                let values = call.arg(0)?.bytes()?;
                call.ints(&|row| {
                    Ok(Some(values.at(row).iter().map(|byte| i64::from(byte.count_ones())).sum()))
                })
            }),
        ],
    ),
    Function::new(
        "ABS",
        "The absolute value.",
        &[
            Signature::scalar(&[Int64], Int64, |call| {
                let x = call.arg(0)?.ints()?;
                call.ints(&|row| {
                    x.at(row)
                        .checked_abs()
                        .map(Some)
                        .ok_or_else(|| out_of_range("ABS", &[x.at(row).to_string()]))
                })
            }),
            Signature::scalar(&[Float64], Float64, |call| of_float(call, "ABS", |x| Some(x.abs()))),
            Signature::scalar(&[Numeric], Numeric, |call| {
                decimal::unary(call, "ABS", |x, _| x.checked_abs())
            }),
            Signature::scalar(&[BigNumeric], BigNumeric, |call| {
                decimal::unary(call, "ABS", |x, _| x.checked_abs())
            }),
        ],
    ),
    Function::new(
        "SIGN",
        "-1 for negative numbers, 0 for zero and 1 for positive numbers.",
        &[
            Signature::scalar(&[Int64], Int64, |call| {
                let x = call.arg(0)?.ints()?;
                call.ints(&|row| Ok(Some(x.at(row).signum())))
            }),
            Signature::scalar(&[Float64], Float64, |call| {
                of_float(call, "SIGN", |x| Some(if x == 0.0 { 0.0 } else { x.signum() }))
            }),
            Signature::scalar(&[Numeric], Numeric, |call| decimal::unary(call, "SIGN", decimal::sign)),
            Signature::scalar(&[BigNumeric], BigNumeric, |call| decimal::unary(call, "SIGN", decimal::sign)),
        ],
    ),
    Function::new(
        "ROUND",
        "Rounds to the given number of decimal places (0), halfway cases away from zero; NUMERIC also by the mode ROUND_HALF_EVEN.",
        ROUND,
    ),
    Function::new("TRUNC", "Truncates to the given number of decimal places (0).", TRUNC),
    Function::new("CEIL", "Rounds up to the nearest integer.", CEIL),
    Function::new("CEILING", "Synonym for CEIL.", CEIL),
    Function::new(
        "FLOOR",
        "Rounds down to the nearest integer.",
        &[
            Signature::scalar(&[Float64], Float64, |call| of_float(call, "FLOOR", |x| Some(x.floor()))),
            Signature::scalar(&[Numeric], Numeric, |call| decimal::to_digits(call, "FLOOR", Rounding::Down)),
            Signature::scalar(&[BigNumeric], BigNumeric, |call| {
                decimal::to_digits(call, "FLOOR", Rounding::Down)
            }),
        ],
    ),
    Function::new(
        "SQRT",
        "The square root; an error for negative numbers.",
        &[
            Signature::scalar(&[Float64], Float64, |call| {
                of_float(call, "SQRT", |x| (x.is_nan() || x >= 0.0).then(|| x.sqrt()))
            }),
            Signature::scalar(&[Numeric], Numeric, decimal::square_root),
            without_digits(&[BigNumeric]),
        ],
    ),
    of_float_only!("EXP", "e raised to the power of the number.", |x| Some(x.exp())),
    of_float_only!("LN", "The natural logarithm; an error for numbers that are not positive.", logarithm),
    Function::new(
        "LOG",
        "The logarithm to the given base, or the natural logarithm without one.",
        &[
            Signature::scalar(&[Float64], Float64, |call| of_float(call, "LOG", logarithm)),
            Signature::scalar(&[Float64, Float64], Float64, |call| {
                of_two(call, "LOG", |x, base| {
                    let infinite_base = base.is_infinite() || x == f64::NEG_INFINITY;
                    match base {
                        _ if infinite_base => Some(f64::NAN),
                        1.0 => None,
                        _ => Some(logarithm(x)? / logarithm(base)?),
                    }
                })
            }),
            without_digits(&[Numeric]),
            without_digits(&[BigNumeric]),
            without_digits(&[Numeric, Numeric]),
            without_digits(&[BigNumeric, BigNumeric]),
        ],
    ),
    of_float_only!("LOG10", "The logarithm to base 10.", |x| logarithm(x).map(|_| x.log10())),
    Function::new("POW", "The first number raised to the power of the second.", POWER),
    Function::new("POWER", "Synonym for POW.", POWER),
    Function::new(
        "MOD",
        "The remainder of a division, with the sign of the dividend.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, |call| {
                of_ints(call, "MOD", |x, y| if y == 0 { None } else { Some(x.wrapping_rem(y)) })
            }),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::binary(call, &MOD)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| decimal::binary(call, &MOD)),
        ],
    ),
    Function::new(
        "DIV",
        "Integer division: the quotient, truncated towards zero.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, |call| of_ints(call, "DIV", i64::checked_div)),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::binary(call, &DIV)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| decimal::binary(call, &DIV)),
        ],
    ),
    Function::new(
        "SAFE_DIVIDE",
        "Divides; NULL if the divisor is 0 and on overflow.",
        &[
            Signature::scalar(&[Float64, Float64], Float64, |call| {
                safe_floats(call, |x, y| if y == 0.0 { f64::NAN } else { x / y }, |_, y| y == 0.0)
            }),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::safe_binary(call, &DIVIDE)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| {
                decimal::safe_binary(call, &DIVIDE)
            }),
        ],
    ),
    Function::new(
        "SAFE_ADD",
        "Adds; NULL on overflow.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, |call| safe_ints(call, i64::checked_add)),
            Signature::scalar(&[Float64, Float64], Float64, |call| {
                safe_floats(call, |x, y| x + y, |_, _| false)
            }),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::safe_binary(call, &ADD)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| decimal::safe_binary(call, &ADD)),
        ],
    ),
    Function::new(
        "SAFE_SUBTRACT",
        "Subtracts; NULL on overflow.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, |call| safe_ints(call, i64::checked_sub)),
            Signature::scalar(&[Float64, Float64], Float64, |call| {
                safe_floats(call, |x, y| x - y, |_, _| false)
            }),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::safe_binary(call, &SUBTRACT)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| {
                decimal::safe_binary(call, &SUBTRACT)
            }),
        ],
    ),
    Function::new(
        "SAFE_MULTIPLY",
        "Multiplies; NULL on overflow.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, |call| safe_ints(call, i64::checked_mul)),
            Signature::scalar(&[Float64, Float64], Float64, |call| {
                safe_floats(call, |x, y| x * y, |_, _| false)
            }),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::safe_binary(call, &MULTIPLY)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| {
                decimal::safe_binary(call, &MULTIPLY)
            }),
        ],
    ),
    Function::new(
        "SAFE_NEGATE",
        "Negates; NULL on overflow.",
        &[
            Signature::scalar(&[Int64], Int64, |call| {
                let x = call.arg(0)?.ints()?;
                call.ints(&|row| Ok(x.at(row).checked_neg()))
            }),
            Signature::scalar(&[Float64], Float64, |call| of_float(call, "SAFE_NEGATE", |x| Some(-x))),
            Signature::scalar(&[Numeric], Numeric, |call| decimal::safe_unary(call, i256::checked_neg)),
            Signature::scalar(&[BigNumeric], BigNumeric, |call| decimal::safe_unary(call, i256::checked_neg)),
        ],
    ),
    Function::new(
        "IEEE_DIVIDE",
        "Divides as IEEE 754 specifies: infinity or NaN if the divisor is 0.",
        &[Signature::scalar(&[Float64, Float64], Float64, |call| {
            let (x, y) = (call.arg(0)?.floats()?, call.arg(1)?.floats()?);
            call.floats(&|row| Ok(Some(x.at(row) / y.at(row))))
        })],
    ),
    Function::new(
        "GREATEST",
        "The greatest of the values; NULL if any of them is NULL.",
        &[
            Signature::scalar(&[Int64], Int64, |call| extreme_int(call, i64::max)).variadic(),
            Signature::scalar(&[Float64], Float64, |call| extreme_float(call, f64::max)).variadic(),
            Signature::scalar(&[Ordered], Ordered, |call| extreme(call, true)).variadic(),
        ],
    ),
    Function::new(
        "LEAST",
        "The least of the values; NULL if any of them is NULL.",
        &[
            Signature::scalar(&[Int64], Int64, |call| extreme_int(call, i64::min)).variadic(),
            Signature::scalar(&[Float64], Float64, |call| extreme_float(call, f64::min)).variadic(),
            Signature::scalar(&[Ordered], Ordered, |call| extreme(call, false)).variadic(),
        ],
    ),
    Function::new(
        "PARSE_NUMERIC",
        "The NUMERIC that a string writes, which may hold commas, and a sign behind the number.",
        &[Signature::scalar(&[Type::String], Numeric, decimal::parse)],
    ),
    Function::new(
        "PARSE_BIGNUMERIC",
        "The BIGNUMERIC that a string writes, which may hold commas, and a sign behind the number.",
        &[Signature::scalar(&[Type::String], BigNumeric, decimal::parse)],
    ),
    of_float!("SIN", "The sine of an angle in radians.", |x| Some(x.sin())),
    of_float!("COS", "The cosine of an angle in radians.", |x| Some(x.cos())),
    of_float!("TAN", "The tangent of an angle in radians.", |x| Some(x.tan())),
    of_float!("ASIN", "The arcsine, in radians.", |x| within_one(x).then(|| x.asin())),
    of_float!("ACOS", "The arccosine, in radians.", |x| within_one(x).then(|| x.acos())),
    of_float!("ATAN", "The arctangent, in radians.", |x| Some(x.atan())),
    Function::new(
        "ATAN2",
        "The arctangent, in radians, of the first number divided by the second; their signs determine the quadrant.",
        &[Signature::scalar(&[Float64, Float64], Float64, |call| {
            of_two(call, "ATAN2", |y, x| Some(y.atan2(x)))
        })],
    ),
    of_float!("SINH", "The hyperbolic sine.", |x| Some(x.sinh())),
    of_float!("COSH", "The hyperbolic cosine.", |x| Some(x.cosh())),
    of_float!("TANH", "The hyperbolic tangent.", |x| Some(x.tanh())),
    of_float!("ASINH", "The inverse hyperbolic sine.", |x| Some(x.asinh())),
    of_float!("ACOSH", "The inverse hyperbolic cosine; an error for numbers below 1.", |x| {
        (x.is_nan() || x >= 1.0).then(|| x.acosh())
    }),
    of_float!("ATANH", "The inverse hyperbolic tangent; an error for numbers not between -1 and 1.", |x| {
        (!x.is_finite() || x.abs() < 1.0).then(|| x.atanh())
    }),
    Function::new(
        "IS_NAN",
        "Whether the number is NaN.",
        &[Signature::scalar(&[Float64], Bool, |call| {
            let x = call.arg(0)?.floats()?;
            call.bools(&|row| Ok(x.at(row).is_nan()))
        })],
    ),
    Function::new(
        "IS_INF",
        "Whether the number is infinite.",
        &[Signature::scalar(&[Float64], Bool, |call| {
            let x = call.arg(0)?.floats()?;
            call.bools(&|row| Ok(x.at(row).is_infinite()))
        })],
    ),
    Function::new(
        "RAND",
        "A pseudo-random number in [0, 1).",
        &[Signature::scalar(&[], Float64, |call| call.floats(&|_| Ok(Some(random(call)))))],
    )
    .volatility(Volatility::Volatile),
];

/// `apply` is `None` where the function has no value.
fn of_float(call: &BatchCall<'_>, name: &str, apply: fn(f64) -> Option<f64>) -> Result<ArrayRef> {
    let x = call.arg(0)?.floats()?;
    call.floats(&|row| {
        let x = x.at(row);
        checked(name, &[x], apply(x)).map(Some)
    })
}

fn of_two(call: &BatchCall<'_>, name: &str, apply: fn(f64, f64) -> Option<f64>) -> Result<ArrayRef> {
    let (x, y) = (call.arg(0)?.floats()?, call.arg(1)?.floats()?);
    call.floats(&|row| {
        let (x, y) = (x.at(row), y.at(row));
        checked(name, &[x, y], apply(x, y)).map(Some)
    })
}

/// Infinity out of finite numbers is an overflow.
fn checked(name: &str, given: &[f64], result: Option<f64>) -> Result<f64> {
    match result {
        Some(result) if !result.is_infinite() || given.iter().any(|number| !number.is_finite()) => Ok(result),
        Some(_) => Err(out_of_range(name, &shown(given))),
        None => Err(Error::new(
            Code::InvalidValue,
            format!("{name} has no value for {}", shown(given).join(", ")),
        )
        .hint(format!("SAFE.{name} gives NULL there"))),
    }
}

fn shown(numbers: &[f64]) -> Vec<String> {
    numbers.iter().map(|number| format!("{number:?}")).collect()
}

#[cold]
fn out_of_range(name: &str, given: &[String]) -> Error {
    Error::new(Code::OutOfRange, format!("{name}({}) is out of range", given.join(", ")))
        .hint(format!("SAFE.{name} gives NULL there"))
}

/// The natural logarithm; `None` of numbers that are not positive.
fn logarithm(x: f64) -> Option<f64> {
    (x.is_nan() || x > 0.0).then(|| x.ln())
}

/// Whether it has an arcsine and arccosine, which of infinity and NaN is NaN.
fn within_one(x: f64) -> bool {
    !x.is_finite() || x.abs() <= 1.0
}

fn power(x: f64, y: f64) -> Option<f64> {
    let root_of_negative = x < 0.0 && x.is_finite() && y.is_finite() && y.fract() != 0.0;
    let division_by_zero = x == 0.0 && y < 0.0 && y.is_finite();
    (!root_of_negative && !division_by_zero).then(|| x.powf(y))
}

/// Rounds to a number of digits after the decimal point, or, where it is negative, before it.
fn to_digits(call: &BatchCall<'_>, whole: fn(f64) -> f64) -> Result<ArrayRef> {
    let x = call.arg(0)?.floats()?;
    let digits = call.args.get(1).map(Operand::ints).transpose()?;
    call.floats(&|row| {
        let x = x.at(row);
        let digits = digits.as_ref().map_or(0, |digits| digits.at(row)).clamp(-400, 400);
        #[expect(clippy::cast_possible_truncation, reason = "it is small")]
        let factor = 10f64.powi(digits.unsigned_abs() as i32);
        let result = match digits {
            0 => whole(x),
            1.. => whole(x * factor) / factor,
            _ => whole(x / factor) * factor,
        };
        // Digits beyond those of the number change nothing; digits before all of them leave nothing.
        let overflows = x.is_finite() && !result.is_finite();
        Ok(Some(if !overflows {
            result
        } else if digits > 0 {
            x
        } else {
            0.0
        }))
    })
}

fn of_ints(call: &BatchCall<'_>, name: &str, apply: fn(i64, i64) -> Option<i64>) -> Result<ArrayRef> {
    let (x, y) = (call.arg(0)?.ints()?, call.arg(1)?.ints()?);
    call.ints(&|row| {
        let (x, y) = (x.at(row), y.at(row));
        match apply(x, y) {
            None if y == 0 => {
                Err(Error::new(Code::DivisionByZero, format!("division by zero: {name}({x}, 0)"))
                    .hint(format!("{name}(x, NULLIF(y, 0)) gives NULL where the divisor is 0")))
            }
            None => Err(out_of_range(name, &[x, y].map(|number| number.to_string()))),
            result => Ok(result),
        }
    })
}

fn safe_ints(call: &BatchCall<'_>, apply: fn(i64, i64) -> Option<i64>) -> Result<ArrayRef> {
    let (x, y) = (call.arg(0)?.ints()?, call.arg(1)?.ints()?);
    call.ints(&|row| Ok(apply(x.at(row), y.at(row))))
}

fn safe_floats(
    call: &BatchCall<'_>,
    apply: fn(f64, f64) -> f64,
    fails: fn(f64, f64) -> bool,
) -> Result<ArrayRef> {
    let (x, y) = (call.arg(0)?.floats()?, call.arg(1)?.floats()?);
    call.floats(&|row| {
        let (x, y) = (x.at(row), y.at(row));
        let result = apply(x, y);
        let overflows = result.is_infinite() && x.is_finite() && y.is_finite();
        Ok((!overflows && !fails(x, y)).then_some(result))
    })
}

fn extreme_int(call: &BatchCall<'_>, choose: fn(i64, i64) -> i64) -> Result<ArrayRef> {
    let mut columns = call.args.iter().map(|arg| arg.values::<Int64Type>(call.rows));
    let mut best = columns.next().invariant("a value to choose from")??.into_owned();
    for column in columns {
        let column = column?;
        ensure(column.len() == best.len(), "arguments have a value for each row")?;
        best.iter_mut().zip(column.iter()).for_each(|(best, value)| *best = choose(*best, *value));
    }
    Ok(Arc::new(arrow_array::Int64Array::new(best.into(), call.nulls())))
}

/// NaN beats every number.
fn extreme_float(call: &BatchCall<'_>, choose: fn(f64, f64) -> f64) -> Result<ArrayRef> {
    let mut columns = call.args.iter().map(|arg| arg.values::<Float64Type>(call.rows));
    let mut best = columns.next().invariant("a value to choose from")??.into_owned();
    for column in columns {
        let column = column?;
        ensure(column.len() == best.len(), "arguments have a value for each row")?;
        best.iter_mut().zip(column.iter()).for_each(|(best, value)| {
            *best = if best.is_nan() || value.is_nan() { f64::NAN } else { choose(*best, *value) };
        });
    }
    Ok(Arc::new(arrow_array::Float64Array::new(best.into(), call.nulls())))
}

/// For types without arithmetic: takes the value at the position of the greatest or least.
fn extreme(call: &BatchCall<'_>, greatest: bool) -> Result<ArrayRef> {
    let all: Vec<_> = call.args.iter().map(|arg| arg.array().clone()).collect();
    let all = concat(&all)?;
    let order = order_of(&all, call.returns)?;
    // The arguments, and where the values of each begin.
    let mut args = Vec::with_capacity(call.args.len());
    let mut start = 0;
    for arg in call.args {
        args.push((arg, start));
        start += arg.array().len();
    }
    let nulls = call.nulls();
    let positions = (0..call.rows).map(|row| {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        let positions = args.iter().map(|(arg, start)| start + arg.index(row));
        let best = if greatest {
            positions.max_by(|a, b| order(*a, *b))
        } else {
            positions.min_by(|a, b| order(*a, *b))
        };
        best.map(|position| position as u64)
    });
    take(&all, &positions.collect::<UInt64Array>())
}

/// The next number of the generator SplitMix64.
fn random(call: &BatchCall<'_>) -> f64 {
    let state = call.env.random.get();
    call.env.random.set(state.wrapping_add(SCATTER_STEP));
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let value = (scattered(state) >> 11) as f64 / (1u64 << 53) as f64;
    value
}
