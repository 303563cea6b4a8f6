//! Operators: arithmetic, comparison, logic, text.
//!
//! As in BigQuery, integer overflow and division by zero are errors, NaN equals nothing, and logic has three
//! values. Source: GoogleSQL, "Operators".

mod arithmetic;
mod compare;
mod like;
mod logic;
mod membership;

use std::cmp::Ordering;

use arrow_array::ArrayRef;
use predictql_kernels::arithmetic::Bitwise;

use super::decimal::{self, ADD, DIVIDE, MULTIPLY, SUBTRACT};
use super::scalar::{add_days, add_to_datetime, add_to_timestamp, concat, concat_arrays, interval};
use super::{BatchCall, Function, Signature, Type};
use crate::diag::{Code, Error, Result};
use crate::syntax::SqlOperator;

pub(super) use compare::{Test, equal};
pub(super) use membership::InListCache;

use Type::{
    Any, Array, BigNumeric, Bool, Bytes, Comparable, Date, Datetime, Float64, Int64, Interval, IntervalValue,
    Numeric, Ordered, String, Time, Timestamp,
};

/// The declarations, in the order of the enum.
pub(super) static OPERATORS: &[Function] = &[
    Function::operator(
        SqlOperator::Add,
        "Adds two numbers, or an interval to a date or timestamp.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::add_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::add_floats),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::binary(call, &ADD)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| decimal::binary(call, &ADD)),
            Signature::scalar(&[Date, Int64], Date, |call| add_days(call, [0, 1], 1)),
            Signature::scalar(&[Int64, Date], Date, |call| add_days(call, [1, 0], 1)),
            Signature::scalar(&[Timestamp, Interval], Timestamp, |call| add_to_timestamp(call, 1)),
            Signature::scalar(&[Datetime, Interval], Datetime, |call| add_to_datetime(call, 1)),
            Signature::scalar(&[IntervalValue, IntervalValue], IntervalValue, |call| interval::add(call, 1)),
            Signature::scalar(&[Timestamp, IntervalValue], Timestamp, |call| {
                interval::add_to_timestamp(call, 1)
            }),
            Signature::scalar(&[Datetime, IntervalValue], Datetime, |call| {
                interval::add_to_datetime(call, 1)
            }),
        ],
    ),
    Function::operator(
        SqlOperator::Subtract,
        "Subtracts a number from a number, or an interval from a date or timestamp.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::subtract_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::subtract_floats),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::binary(call, &SUBTRACT)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| decimal::binary(call, &SUBTRACT)),
            Signature::scalar(&[Date, Int64], Date, |call| add_days(call, [0, 1], -1)),
            Signature::scalar(&[Timestamp, Interval], Timestamp, |call| add_to_timestamp(call, -1)),
            Signature::scalar(&[Datetime, Interval], Datetime, |call| add_to_datetime(call, -1)),
            Signature::scalar(&[Date, Date], IntervalValue, interval::between_dates),
            Signature::scalar(&[Timestamp, Timestamp], IntervalValue, |call| {
                interval::between_times(call, false)
            }),
            Signature::scalar(&[Datetime, Datetime], IntervalValue, |call| {
                interval::between_times(call, true)
            }),
            Signature::scalar(&[Time, Time], IntervalValue, interval::between_times_of_day),
            Signature::scalar(&[IntervalValue, IntervalValue], IntervalValue, |call| interval::add(call, -1)),
            Signature::scalar(&[Timestamp, IntervalValue], Timestamp, |call| {
                interval::add_to_timestamp(call, -1)
            }),
            Signature::scalar(&[Datetime, IntervalValue], Datetime, |call| {
                interval::add_to_datetime(call, -1)
            }),
        ],
    ),
    Function::operator(
        SqlOperator::Multiply,
        "Multiplies two numbers.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::multiply_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::multiply_floats),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::binary(call, &MULTIPLY)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| decimal::binary(call, &MULTIPLY)),
            Signature::scalar(&[IntervalValue, Int64], IntervalValue, |call| {
                interval::multiply(call, [0, 1])
            }),
            Signature::scalar(&[Int64, IntervalValue], IntervalValue, |call| {
                interval::multiply(call, [1, 0])
            }),
        ],
    ),
    Function::operator(
        SqlOperator::Divide,
        "Divides two numbers. The quotient of integers is FLOAT64; dividing by 0 is an error.",
        &[
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::divide_floats),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::binary(call, &DIVIDE)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| decimal::binary(call, &DIVIDE)),
            Signature::scalar(&[IntervalValue, Int64], IntervalValue, interval::divide),
        ],
    ),
    Function::operator(
        SqlOperator::Negate,
        "Negates a number.",
        &[
            Signature::scalar(&[Int64], Int64, arithmetic::negate_ints),
            Signature::scalar(&[Float64], Float64, arithmetic::negate_floats),
            Signature::scalar(&[Numeric], Numeric, negate_decimals),
            Signature::scalar(&[BigNumeric], BigNumeric, negate_decimals),
            Signature::scalar(&[IntervalValue], IntervalValue, interval::negate),
        ],
    ),
    Function::operator(
        SqlOperator::TsqlAdd,
        "Adds two numbers, or concatenates two strings.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::add_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::add_floats),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::binary(call, &ADD)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| decimal::binary(call, &ADD)),
            Signature::scalar(&[String, String], String, concat),
        ],
    ),
    Function::operator(
        SqlOperator::TsqlDivide,
        "Divides two numbers. The quotient of integers is an integer, truncated towards zero.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::divide_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::divide_floats),
            Signature::scalar(&[Numeric, Numeric], Numeric, |call| decimal::binary(call, &DIVIDE)),
            Signature::scalar(&[BigNumeric, BigNumeric], BigNumeric, |call| decimal::binary(call, &DIVIDE)),
        ],
    ),
    Function::operator(
        SqlOperator::Concat,
        "Concatenates strings, bytes or arrays.",
        &[
            Signature::scalar(&[String, String], String, concat),
            Signature::scalar(&[Bytes, Bytes], Bytes, concat),
            Signature::scalar(&[Array, Array], Array, concat_arrays),
        ],
    ),
    Function::operator(
        SqlOperator::BitAnd,
        "The bits that both have.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, |call| arithmetic::bits(call, Bitwise::And)),
            Signature::scalar(&[Bytes, Bytes], Bytes, |call| bits_of_bytes(call, |a, b| a & b)),
        ],
    ),
    Function::operator(
        SqlOperator::BitOr,
        "The bits that one of both has.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, |call| arithmetic::bits(call, Bitwise::Or)),
            Signature::scalar(&[Bytes, Bytes], Bytes, |call| bits_of_bytes(call, |a, b| a | b)),
        ],
    ),
    Function::operator(
        SqlOperator::BitXor,
        "The bits that only one of both has.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, |call| arithmetic::bits(call, Bitwise::Xor)),
            Signature::scalar(&[Bytes, Bytes], Bytes, |call| bits_of_bytes(call, |a, b| a ^ b)),
        ],
    ),
    Function::operator(
        SqlOperator::ShiftLeft,
        "The bits, so many places higher; zeros come in.",
        &[Signature::scalar(&[Int64, Int64], Int64, |call| shifted(call, u64::checked_shl))],
    ),
    Function::operator(
        SqlOperator::ShiftRight,
        "The bits, so many places lower; zeros come in, for the sign too.",
        &[Signature::scalar(&[Int64, Int64], Int64, |call| shifted(call, u64::checked_shr))],
    ),
    Function::operator(
        SqlOperator::BitNot,
        "The other bits.",
        &[
            Signature::scalar(&[Int64], Int64, |call| {
                let values = call.arg(0)?.ints()?;
                call.ints(&|row| Ok(Some(!values.at(row))))
            }),
            Signature::scalar(&[Bytes], Bytes, |call| {
                let values = call.arg(0)?.bytes()?;
                call.bytes(&|row| Ok(Some(values.at(row).iter().map(|byte| !byte).collect())))
            }),
        ],
    ),
    Function::operator(
        SqlOperator::Equal,
        "Whether both are equal.",
        &[
            Signature::scalar(&[Comparable, Comparable], Bool, |call| compare::compare(call, Test::Equal)),
            Signature::scalar(&[IntervalValue, IntervalValue], Bool, |call| {
                interval::compare(call, Ordering::is_eq)
            }),
        ],
    ),
    Function::operator(
        SqlOperator::NotEqual,
        "Whether both are not equal.",
        &[
            Signature::scalar(&[Comparable, Comparable], Bool, |call| compare::compare(call, Test::NotEqual)),
            Signature::scalar(&[IntervalValue, IntervalValue], Bool, |call| {
                interval::compare(call, Ordering::is_ne)
            }),
        ],
    ),
    Function::operator(
        SqlOperator::Less,
        "Whether the left value is less than the right one.",
        &[
            Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::Less)),
            Signature::scalar(&[IntervalValue, IntervalValue], Bool, |call| {
                interval::compare(call, Ordering::is_lt)
            }),
        ],
    ),
    Function::operator(
        SqlOperator::LessOrEqual,
        "Whether the left value is less than or equal to the right one.",
        &[
            Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::LessOrEqual)),
            Signature::scalar(&[IntervalValue, IntervalValue], Bool, |call| {
                interval::compare(call, Ordering::is_le)
            }),
        ],
    ),
    Function::operator(
        SqlOperator::Greater,
        "Whether the left value is greater than the right one.",
        &[
            Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::Greater)),
            Signature::scalar(&[IntervalValue, IntervalValue], Bool, |call| {
                interval::compare(call, Ordering::is_gt)
            }),
        ],
    ),
    Function::operator(
        SqlOperator::GreaterOrEqual,
        "Whether the left value is greater than or equal to the right one.",
        &[
            Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::GreaterOrEqual)),
            Signature::scalar(&[IntervalValue, IntervalValue], Bool, |call| {
                interval::compare(call, Ordering::is_ge)
            }),
        ],
    ),
    Function::operator(
        SqlOperator::Between,
        "Whether the value lies between the others, which are included.",
        &[
            Signature::scalar(&[Ordered, Ordered, Ordered], Bool, compare::between),
            Signature::scalar(&[IntervalValue, IntervalValue, IntervalValue], Bool, interval::between),
        ],
    ),
    Function::operator(
        SqlOperator::IsDistinctFrom,
        "Whether both differ, where NULL equals NULL and NaN equals NaN.",
        &[Signature::scalar(&[Comparable, Comparable], Bool, compare::distinct)],
    ),
    Function::operator(
        SqlOperator::In,
        "Whether the value equals one of the others.",
        &[Signature::scalar(&[Comparable, Comparable], Bool, membership::among_values).variadic()],
    ),
    Function::operator(
        SqlOperator::InUnnest,
        "Whether the value equals an element of the array.",
        &[Signature::scalar(&[Comparable, Array], Bool, membership::among_elements)],
    ),
    Function::operator(
        SqlOperator::Like,
        "Whether the string matches a pattern, in which % stands for any characters, _ for one, and \\ escapes them.",
        &[Signature::scalar(&[String, String], Bool, like::like)],
    ),
    Function::operator(
        SqlOperator::And,
        "TRUE if all operands are TRUE.",
        &[Signature::scalar(&[Bool, Bool], Bool, |call| logic::all_or_any(call, true)).variadic()],
    ),
    Function::operator(
        SqlOperator::Or,
        "TRUE if at least one operand is TRUE.",
        &[Signature::scalar(&[Bool, Bool], Bool, |call| logic::all_or_any(call, false)).variadic()],
    ),
    Function::operator(
        SqlOperator::Not,
        "TRUE for FALSE, and FALSE for TRUE.",
        &[Signature::scalar(&[Bool], Bool, logic::not)],
    ),
    Function::operator(
        SqlOperator::IsTrue,
        "Whether the value is TRUE, not FALSE or NULL.",
        &[Signature::scalar(&[Bool], Bool, |call| logic::is(call, true))],
    ),
    Function::operator(
        SqlOperator::IsFalse,
        "Whether the value is FALSE, not TRUE or NULL.",
        &[Signature::scalar(&[Bool], Bool, |call| logic::is(call, false))],
    ),
    Function::operator(
        SqlOperator::IsNull,
        "Whether the value is NULL.",
        &[Signature::scalar(&[Any], Bool, |call| logic::is_null(call, true))],
    ),
    Function::operator(
        SqlOperator::IsNotNull,
        "Whether the value is not NULL.",
        &[Signature::scalar(&[Any], Bool, |call| logic::is_null(call, false))],
    ),
];

/// `apply` gives nothing where all bits are shifted out.
fn shifted(call: &BatchCall<'_>, apply: fn(u64, u32) -> Option<u64>) -> Result<ArrayRef> {
    let (values, places) = (call.arg(0)?.ints()?, call.arg(1)?.ints()?);
    call.ints(&|row| {
        let places = u64::try_from(places.at(row)).map_err(|_| {
            Error::new(Code::OutOfRange, format!("bits cannot be shifted by {} places", places.at(row)))
        })?;
        let places = u32::try_from(places).unwrap_or(u64::BITS);
        Ok(Some(apply(values.at(row).cast_unsigned(), places).unwrap_or(0).cast_signed()))
    })
}

/// A bitwise operator of two BYTES, which are equally long.
fn bits_of_bytes(call: &BatchCall<'_>, operation: fn(u8, u8) -> u8) -> Result<ArrayRef> {
    let (left, right) = (call.arg(0)?.bytes()?, call.arg(1)?.bytes()?);
    call.bytes(&|row| {
        let (left, right) = (left.at(row), right.at(row));
        if left.len() != right.len() {
            let message =
                format!("bits of {} bytes and of {} bytes cannot be joined", left.len(), right.len());
            return Err(
                Error::new(Code::InvalidValue, message).hint("make both equally long, with LPAD or SUBSTR")
            );
        }
        Ok(Some(left.iter().zip(right).map(|(a, b)| operation(*a, *b)).collect()))
    })
}

fn negate_decimals(call: &BatchCall<'_>) -> Result<ArrayRef> {
    decimal::unary(call, "-", |x, _| x.checked_neg())
}

#[expect(clippy::indexing_slicing, reason = "the loop ends with the declarations")]
const _: () = {
    let mut place = 0;
    while place < OPERATORS.len() {
        let Some(operator) = OPERATORS[place].operator else { panic!("every entry declares an operator") };
        assert!(operator as usize == place, "declarations stand in the order of the enum");
        place += 1;
    }
    assert!(OPERATORS.len() == SqlOperator::COUNT, "every operator is declared");
};

/// The declaration of an operator.
#[expect(clippy::indexing_slicing, reason = "the assertion above holds every operator to its place")]
pub(super) fn declaration(operator: SqlOperator) -> &'static Function {
    &OPERATORS[operator as usize]
}
