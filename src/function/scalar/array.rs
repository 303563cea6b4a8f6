//! Array functions. Source: GoogleSQL, "Array functions".

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Date32Array, Float64Array, Int64Array, UInt64Array};

use super::super::array_view::ArrayView;
use super::super::output::check_room;
use super::super::{BatchCall, Function, Signature, Type};
use super::date;
use super::date_part::{self, Unit};
use crate::data::{Operand, take};
use crate::diag::{Code, Error, Result};

use crate::limits::ARRAY_ELEMENTS;
use Type::{Array as AnyArray, ArrayOf, Date, Float64, Int64, Interval, String};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ARRAY_LENGTH",
        "The number of elements.",
        &[Signature::scalar(&[AnyArray], Int64, |call| {
            let arrays = ArrayView::new(call.arg(0)?)?;
            #[expect(clippy::cast_possible_wrap, reason = "offsets have 32 bits")]
            call.ints(&|row| Ok(Some(arrays.range(row).len() as i64)))
        })],
    ),
    Function::new(
        "ARRAY_CONCAT",
        "Concatenates arrays.",
        &[Signature::scalar(&[AnyArray], AnyArray, concat).variadic()],
    ),
    Function::new(
        "ARRAY_REVERSE",
        "The elements in reverse order.",
        &[Signature::scalar(&[AnyArray], AnyArray, |call| {
            picked(call, &|positions| positions.rev().collect())
        })],
    ),
    Function::new(
        "ARRAY_TO_STRING",
        "Concatenates the elements with a separator. NULLs are replaced by the third argument, or left out without one.",
        &[Signature::scalar(&[ArrayOf(&String), String, String], String, array_to_string).optional(1)],
    ),
    Function::new(
        "GENERATE_ARRAY",
        "An array of numbers from the first to the second, with a step of 1 unless it is given.",
        &[
            Signature::scalar(&[Int64, Int64, Int64], ArrayOf(&Int64), generate_ints).optional(1),
            Signature::scalar(&[Float64, Float64, Float64], ArrayOf(&Float64), generate_floats).optional(1),
        ],
    ),
    Function::new(
        "GENERATE_DATE_ARRAY",
        "An array of dates from the first to the second, with a step of 1 day unless it is given.",
        &[
            Signature::scalar(&[Date, Date], ArrayOf(&Date), generate_dates),
            Signature::scalar(&[Date, Date, Interval], ArrayOf(&Date), generate_dates),
        ],
    ),
];

/// The arrays of each row, one behind the other.
pub(in crate::function) fn concat(call: &BatchCall<'_>) -> Result<ArrayRef> {
    picked(call, &|positions| positions.collect())
}

/// New arrays from the elements of all arguments: `order` puts the positions of each array's elements in order.
fn picked(call: &BatchCall<'_>, order: &dyn Fn(Range<u64>) -> Vec<u64>) -> Result<ArrayRef> {
    // The elements of all arguments in one, and where those of each argument begin.
    let mut elements = Vec::with_capacity(call.args.len());
    let mut arrays = Vec::with_capacity(call.args.len());
    let mut start = 0;
    for arg in call.args {
        let view = ArrayView::new(arg)?;
        elements.push(view.values().clone());
        let length = view.values().len();
        arrays.push((view, start));
        start += length;
    }
    let all = crate::data::concat(&elements)?;
    call.arrays(
        &|row, positions| {
            for (view, start) in &arrays {
                let range = view.range(row);
                positions.extend(order((start + range.start) as u64..(start + range.end) as u64));
            }
            Ok(())
        },
        &|positions: Vec<u64>| take(&all, &UInt64Array::from(positions)),
    )
}

fn array_to_string(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let arrays = ArrayView::new(call.arg(0)?)?;
    let elements = Operand::column(arrays.values().clone());
    let elements = elements.strings()?;
    let separators = call.arg(1)?.strings()?;
    let nulls = call.args.get(2).map(Operand::strings).transpose()?;
    call.strings(&|row| {
        let null_text = nulls.as_ref().map(|nulls| nulls.at(row));
        // Without a text for them NULLs are left out.
        let parts = arrays.range(row).filter_map(|element| elements.get(element).or(null_text));
        let parts: Vec<&str> = parts.collect();
        let separator = separators.at(row);
        let made =
            parts.iter().fold(separator.len().saturating_mul(parts.len()), |sum, part| sum + part.len());
        check_room(made)?;
        Ok(Some(Cow::Owned(parts.join(separator))))
    })
}

fn generate_ints(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (first, last) = (call.arg(0)?.ints()?, call.arg(1)?.ints()?);
    let step = call.args.get(2).map(Operand::ints).transpose()?;
    call.arrays(
        &|row, values| {
            let (first, last) = (first.at(row), last.at(row));
            let step = step.as_ref().map_or(1, |step| step.at(row));
            let steps = (i128::from(last) - i128::from(first)).checked_div(step.into()).unwrap_or(0);
            make_room(values, usize::try_from(steps.max(0)).unwrap_or(usize::MAX))?;
            let next = |_: i64, value: i64| value.checked_add(step);
            generate(values, Some(first), last, step.cmp(&0), next)
        },
        &|values| Ok(Arc::new(Int64Array::from(values))),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "fewer elements than that are made, and casts saturate"
)]
fn generate_floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (first, last) = (call.arg(0)?.floats()?, call.arg(1)?.floats()?);
    let step = call.args.get(2).map(Operand::floats).transpose()?;
    call.arrays(
        &|row, values| {
            let (first, last) = (first.at(row), last.at(row));
            let step = step.as_ref().map_or(1.0, |step| step.at(row));
            let finite = [first, last, step].iter().all(|number| number.is_finite());
            let Some(direction) = step.partial_cmp(&0.0).filter(|_| finite) else {
                return Err(Error::new(Code::InvalidValue, "GENERATE_ARRAY takes finite numbers only"));
            };
            if direction.is_ne() {
                // One less, whichever way it is rounded; what is negative becomes 0.
                make_room(values, ((last - first) / step - 1.0) as usize)?;
            }
            generate(values, Some(first), last, direction, |count, _| Some(first + count as f64 * step))
        },
        &|values| Ok(Arc::new(Float64Array::from(values))),
    )
}

fn generate_dates(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (first, last) = (call.arg(0)?.dates()?, call.arg(1)?.dates()?);
    let step = call.args.get(2).map(Operand::ints).transpose()?;
    let unit = if step.is_some() { date::unit(call, 3)? } else { Unit::Day };
    if !matches!(unit, Unit::Day | Unit::Week(_) | Unit::Month | Unit::Quarter | Unit::Year) {
        return Err(date_part::unfit(unit, "a step between dates has"));
    }
    call.arrays(
        &|row, values| {
            let (first, step) = (first.at(row), step.as_ref().map_or(1, |step| step.at(row)));
            // Counted from the first date: one at the end of a short month must not move the later ones.
            let next = |count: i64, _| date_part::shifted(first, count.checked_mul(step)?, unit);
            generate(values, Some(first), last.at(row), step.cmp(&0), next)
        },
        &|values| Ok(Arc::new(Date32Array::from(values))),
    )
}

/// Makes room for `count` elements, and at least so many follow.
fn make_room<T>(values: &mut Vec<T>, count: usize) -> Result<()> {
    if values.len().saturating_add(count) >= ARRAY_ELEMENTS {
        return Err(too_many());
    }
    values.reserve(count);
    Ok(())
}

fn too_many() -> Error {
    Error::new(Code::LimitExceeded, format!("more than {ARRAY_ELEMENTS} array elements"))
        .hint("make the step larger, or generate fewer rows")
}

/// Appends values until `last` is passed. `next` is given how many there are and the latest.
fn generate<T: Copy + PartialOrd>(
    values: &mut Vec<T>,
    first: Option<T>,
    last: T,
    direction: std::cmp::Ordering,
    next: impl Fn(i64, T) -> Option<T>,
) -> Result<()> {
    if direction.is_eq() {
        return Err(Error::new(Code::InvalidValue, "the step between elements is 0"));
    }
    let in_range = |value: &T| if direction.is_gt() { *value <= last } else { *value >= last };
    let mut count = 0;
    let mut value = first;
    while let Some(current) = value.filter(in_range) {
        if values.len() >= ARRAY_ELEMENTS {
            return Err(too_many());
        }
        values.push(current);
        count += 1;
        value = next(count, current);
    }
    Ok(())
}
