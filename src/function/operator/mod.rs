//! Operators: arithmetic, comparison, logic, text.
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
use crate::syntax::SqlOperator;

pub(super) use compare::{Test, equal};
pub(super) use membership::InListCache;

use Type::{Any, Array, Bool, Bytes, Comparable, Date, Float64, Int64, Interval, Ordered, String, Timestamp};

/// The declarations, each at the place of its operator in the enum.
pub(super) static OPERATORS: &[Function] = &[
    Function::operator(
        SqlOperator::Add,
        "The sum; of a date and an interval, the later date.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::add_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::add_floats),
            Signature::scalar(&[Date, Interval], Date, |call| add_to_date(call, 1)),
            Signature::scalar(&[Timestamp, Interval], Timestamp, |call| add_to_timestamp(call, 1)),
        ],
    ),
    Function::operator(
        SqlOperator::Subtract,
        "The difference; of a date and an interval, the earlier date.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::subtract_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::subtract_floats),
            Signature::scalar(&[Date, Interval], Date, |call| add_to_date(call, -1)),
            Signature::scalar(&[Timestamp, Interval], Timestamp, |call| add_to_timestamp(call, -1)),
        ],
    ),
    Function::operator(
        SqlOperator::Multiply,
        "The product.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::multiply_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::multiply_floats),
        ],
    ),
    Function::operator(
        SqlOperator::Divide,
        "The quotient, always FLOAT64; an error where the divisor is 0.",
        &[Signature::scalar(&[Float64, Float64], Float64, arithmetic::divide_floats)],
    ),
    Function::operator(
        SqlOperator::Negate,
        "The number with the other sign.",
        &[
            Signature::scalar(&[Int64], Int64, arithmetic::negate_ints),
            Signature::scalar(&[Float64], Float64, arithmetic::negate_floats),
        ],
    ),
    Function::operator(
        SqlOperator::TsqlAdd,
        "The sum of numbers, or texts joined.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::add_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::add_floats),
            Signature::scalar(&[String, String], String, concat),
        ],
    ),
    Function::operator(
        SqlOperator::TsqlDivide,
        "The quotient; of two integers without what stands behind the point.",
        &[
            Signature::scalar(&[Int64, Int64], Int64, arithmetic::divide_ints),
            Signature::scalar(&[Float64, Float64], Float64, arithmetic::divide_floats),
        ],
    ),
    Function::operator(
        SqlOperator::Concat,
        "Texts, bytes or arrays joined.",
        &[
            Signature::scalar(&[String, String], String, concat),
            Signature::scalar(&[Bytes, Bytes], Bytes, concat),
            Signature::scalar(&[Array, Array], Array, concat_arrays),
        ],
    ),
    Function::operator(
        SqlOperator::Equal,
        "Whether both are equal.",
        &[Signature::scalar(&[Comparable, Comparable], Bool, |call| compare::compare(call, Test::Equal))],
    ),
    Function::operator(
        SqlOperator::NotEqual,
        "Whether both differ.",
        &[Signature::scalar(&[Comparable, Comparable], Bool, |call| compare::compare(call, Test::NotEqual))],
    ),
    Function::operator(
        SqlOperator::Less,
        "Whether the left is smaller.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::Less))],
    ),
    Function::operator(
        SqlOperator::LessOrEqual,
        "Whether the left is not larger.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::LessOrEqual))],
    ),
    Function::operator(
        SqlOperator::Greater,
        "Whether the left is larger.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::Greater))],
    ),
    Function::operator(
        SqlOperator::GreaterOrEqual,
        "Whether the left is not smaller.",
        &[Signature::scalar(&[Ordered, Ordered], Bool, |call| compare::compare(call, Test::GreaterOrEqual))],
    ),
    Function::operator(
        SqlOperator::Between,
        "Whether the first lies between the others, or equals one.",
        &[Signature::scalar(&[Ordered, Ordered, Ordered], Bool, compare::between)],
    ),
    Function::operator(
        SqlOperator::IsDistinctFrom,
        "Whether both differ, NULL taken for a value and NaN for one number.",
        &[Signature::scalar(&[Comparable, Comparable], Bool, compare::distinct)],
    ),
    Function::operator(
        SqlOperator::In,
        "Whether the first equals one of the others.",
        &[Signature::scalar(&[Comparable, Comparable], Bool, membership::among_values).variadic()],
    ),
    Function::operator(
        SqlOperator::InUnnest,
        "Whether the value equals an element of the array.",
        &[Signature::scalar(&[Comparable, Array], Bool, membership::among_elements)],
    ),
    Function::operator(
        SqlOperator::Like,
        "Whether the text has the pattern: % stands for any characters, _ for one, \\ takes their meaning away.",
        &[Signature::scalar(&[String, String], Bool, like::like)],
    ),
    Function::operator(
        SqlOperator::And,
        "TRUE where all are.",
        &[Signature::scalar(&[Bool, Bool], Bool, |call| logic::all_or_any(call, true)).variadic()],
    ),
    Function::operator(
        SqlOperator::Or,
        "TRUE where one is.",
        &[Signature::scalar(&[Bool, Bool], Bool, |call| logic::all_or_any(call, false)).variadic()],
    ),
    Function::operator(
        SqlOperator::Not,
        "TRUE for FALSE and the other way round.",
        &[Signature::scalar(&[Bool], Bool, logic::not)],
    ),
    Function::operator(
        SqlOperator::IsTrue,
        "Whether it is TRUE: neither FALSE nor NULL.",
        &[Signature::scalar(&[Bool], Bool, |call| logic::is(call, true))],
    ),
    Function::operator(
        SqlOperator::IsFalse,
        "Whether it is FALSE: neither TRUE nor NULL.",
        &[Signature::scalar(&[Bool], Bool, |call| logic::is(call, false))],
    ),
    Function::operator(
        SqlOperator::IsNull,
        "Whether there is no value.",
        &[Signature::scalar(&[Any], Bool, |call| logic::is_null(call, true))],
    ),
    Function::operator(
        SqlOperator::IsNotNull,
        "Whether there is a value.",
        &[Signature::scalar(&[Any], Bool, |call| logic::is_null(call, false))],
    ),
];

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
