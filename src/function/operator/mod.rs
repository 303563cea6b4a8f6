//! Operators, by their sign: arithmetic, comparison, logic, text.
//!
//! As in BigQuery, integer overflow and division by zero are errors, NaN equals nothing, and logic has three
//! values. Source: GoogleSQL, "Operators".

mod arithmetic;
mod compare;
mod like;
mod logic;
mod membership;

use super::scalar::{add_to_date, add_to_timestamp, concat, concat_arrays};
use super::{Function, Signature, Type};

pub(super) use compare::{Test, equal};
pub(super) use membership::Latest;

use Type::{Any, Array, Bool, Bytes, Comparable, Date, Float64, Int64, Interval, Ordered, String, Timestamp};

pub(super) const OPERATORS: &[Function] = &[
    Function::new(
        "+",
        "The sum; of a date and an interval, the later date.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::add_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::add_floats),
            Signature::scalar(&[Date, Interval], Date, |call| add_to_date(call, 1)),
            Signature::scalar(&[Timestamp, Interval], Timestamp, |call| add_to_timestamp(call, 1)),
        ],
    ),
    Function::new(
        "-",
        "The difference; of a date and an interval, the earlier date.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::subtract_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::subtract_floats),
            Signature::scalar(&[Date, Interval], Date, |call| add_to_date(call, -1)),
            Signature::scalar(&[Timestamp, Interval], Timestamp, |call| add_to_timestamp(call, -1)),
        ],
    ),
    Function::new(
        "*",
        "The product.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::multiply_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::multiply_floats),
        ],
    ),
    Function::new(
        "/",
        "The quotient, always FLOAT64; an error where the divisor is 0.",
        &[Signature::scalar(&[Float64, Float64], Float64, arithmetic::divide_floats)],
    ),
    Function::new(
        "-x",
        "The number with the other sign.",
        &[
            Signature::scalar(&[Int64], Int64, arithmetic::negate_ints),
            Signature::scalar(&[Float64], Float64, arithmetic::negate_floats),
        ],
    ),
    Function::new(
        "+ (T-SQL)",
        "The sum of numbers, or texts joined.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::add_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::add_floats),
            Signature::scalar(&[String, String], String, concat),
        ],
    ),
    Function::new(
        "/ (T-SQL)",
        "The quotient; of two integers without what stands behind the point.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::divide_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::divide_floats),
        ],
    ),
    Function::new(
        "||",
        "Texts, bytes or arrays joined.",
        &[
            Signature::scalar(&[String, String], String, concat),
            Signature::scalar(&[Bytes, Bytes], Bytes, concat),
            Signature::scalar(&[Array, Array], Array, concat_arrays),
        ],
    ),
    Function::new(
        "=",
        "Whether both are equal.",
        &[Signature::scalar(&[Comparable, Comparable], Bool, |call| compare::compare(call, Test::Equal))],
    ),
    Function::new(
        "!=",
        "Whether both differ.",
        &[Signature::scalar(&[Comparable, Comparable], Bool, |call| compare::compare(call, Test::NotEqual))],
    ),
    Function::new(
        "<",
        "Whether the left is smaller.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::Less))],
    ),
    Function::new(
        "<=",
        "Whether the left is not larger.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::LessOrEqual))],
    ),
    Function::new(
        ">",
        "Whether the left is larger.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::Greater))],
    ),
    Function::new(
        ">=",
        "Whether the left is not smaller.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::GreaterOrEqual))],
    ),
    Function::new(
        "BETWEEN",
        "Whether the first lies between the others, or equals one.",
        &[Signature::scalar(&[Ordered, Ordered, Ordered], Bool, compare::between)],
    ),
    Function::new(
        "IS DISTINCT FROM",
        "Whether both differ, NULL taken for a value and NaN for one number.",
        &[Signature::scalar(&[Comparable, Comparable], Bool, compare::distinct)],
    ),
    Function::new(
        "IN",
        "Whether the first equals one of the others.",
        &[Signature::scalar(&[Comparable, Comparable], Bool, membership::among_values).variadic()],
    ),
    Function::new(
        "IN UNNEST",
        "Whether the value equals an element of the array.",
        &[Signature::scalar(&[Comparable, Array], Bool, membership::among_elements)],
    ),
    Function::new(
        "LIKE",
        "Whether the text has the pattern: % stands for any characters, _ for one, \\ takes their meaning away.",
        &[Signature::scalar(&[String, String], Bool, like::like)],
    ),
    Function::new(
        "AND",
        "TRUE where all are.",
        &[Signature::scalar(&[Bool, Bool], Bool, |call| logic::all_or_any(call, true)).variadic()],
    ),
    Function::new(
        "OR",
        "TRUE where one is.",
        &[Signature::scalar(&[Bool, Bool], Bool, |call| logic::all_or_any(call, false)).variadic()],
    ),
    Function::new(
        "NOT",
        "TRUE for FALSE and the other way round.",
        &[Signature::scalar(&[Bool], Bool, logic::not)],
    ),
    Function::new(
        "IS TRUE",
        "Whether it is TRUE: neither FALSE nor NULL.",
        &[Signature::scalar(&[Bool], Bool, |call| logic::is(call, true))],
    ),
    Function::new(
        "IS FALSE",
        "Whether it is FALSE: neither TRUE nor NULL.",
        &[Signature::scalar(&[Bool], Bool, |call| logic::is(call, false))],
    ),
    Function::new(
        "IS NULL",
        "Whether there is no value.",
        &[Signature::scalar(&[Any], Bool, |call| logic::is_null(call, true))],
    ),
    Function::new(
        "IS NOT NULL",
        "Whether there is a value.",
        &[Signature::scalar(&[Any], Bool, |call| logic::is_null(call, false))],
    ),
];
