//! INTERVAL as a value: arithmetic, parts, and what is left when two times are subtracted. Source: GoogleSQL, "Interval
//! functions" and "Operators".

use arrow_array::ArrayRef;

use super::super::{BatchCall, Function, Signature, Type};
use super::date::unit;
use super::date_part::{Unit, beyond, invalid, shifted, unfit};
use super::datetime::time;
use crate::data::{DAY, Interval, StringView, in_days, in_micros};
use crate::diag::{Error, Result};

use Type::{Int64, IntervalValue};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "MAKE_INTERVAL",
        "The interval of so many years, months, days, hours, minutes and seconds.",
        &[Signature::scalar(&[Int64, Int64, Int64, Int64, Int64, Int64], IntervalValue, make).optional(6)],
    ),
    Function::new(
        "JUSTIFY_DAYS",
        "The interval with months in place of every 30 days.",
        &[Signature::scalar(&[IntervalValue], IntervalValue, |call| justified(call, false, true))],
    ),
    Function::new(
        "JUSTIFY_HOURS",
        "The interval with days in place of every 24 hours.",
        &[Signature::scalar(&[IntervalValue], IntervalValue, |call| justified(call, true, false))],
    ),
    Function::new(
        "JUSTIFY_INTERVAL",
        "The interval with days in place of every 24 hours, and months in place of every 30 days.",
        &[Signature::scalar(&[IntervalValue], IntervalValue, |call| justified(call, true, true))],
    ),
];

/// The intervals of a column.
struct Intervals<'a>(StringView<'a>);

impl Intervals<'_> {
    fn at(&self, row: usize) -> Result<Interval> {
        let text = self.0.at(row);
        Interval::parse(text).ok_or_else(|| Error::internal(format!("a column of INTERVAL holds {text:?}")))
    }
}

fn intervals<'a>(call: &'a BatchCall<'_>, position: usize) -> Result<Intervals<'a>> {
    Ok(Intervals(call.arg(position)?.strings()?))
}

/// A column of months, days and microseconds.
fn column(call: &BatchCall<'_>, each: &dyn Fn(usize) -> Result<[i128; 3]>) -> Result<ArrayRef> {
    call.strings(&|row| {
        let [months, days, micros] = each(row)?;
        let interval = Interval::new(months, days, micros)
            .ok_or_else(|| invalid("an INTERVAL has at most 10000 years".into()))?;
        Ok(Some(interval.text().into()))
    })
}

fn counts(interval: Interval) -> [i128; 3] {
    [interval.months, interval.days, interval.micros].map(i128::from)
}

fn make(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let given = call.args.iter().map(|arg| arg.ints()).collect::<Result<Vec<_>>>()?;
    column(call, &|row| {
        let count = |position: usize| given.get(position).map_or(0, |ints| i128::from(ints.at(row)));
        let seconds = (count(3) * 60 + count(4)) * 60 + count(5);
        Ok([count(0) * 12 + count(1), count(2), seconds * 1_000_000])
    })
}

fn justified(call: &BatchCall<'_>, hours: bool, days: bool) -> Result<ArrayRef> {
    let given = intervals(call, 0)?;
    column(call, &|row| {
        let [mut month, mut day, mut micros] = counts(given.at(row)?);
        if hours {
            (day, micros) = carried(day, micros, DAY.into());
        }
        if days {
            (month, day) = carried(month, day, 30);
        }
        Ok([month, day, micros])
    })
}

/// Whole groups of `size` become one of what is above. Both have one sign afterwards.
fn carried(above: i128, below: i128, size: i128) -> (i128, i128) {
    let total = above * size + below;
    (total / size, total % size)
}

/// The sum of two intervals, or their difference where `sign` is -1.
pub(in crate::function) fn add(call: &BatchCall<'_>, sign: i128) -> Result<ArrayRef> {
    let (left, right) = (intervals(call, 0)?, intervals(call, 1)?);
    column(call, &|row| {
        let ([a, b, c], [d, e, f]) = (counts(left.at(row)?), counts(right.at(row)?));
        Ok([a + sign * d, b + sign * e, c + sign * f])
    })
}

pub(in crate::function) fn negate(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let given = intervals(call, 0)?;
    column(call, &|row| Ok(counts(given.at(row)?).map(|count| -count)))
}

/// An interval times a whole number, from the places of both.
pub(in crate::function) fn multiply(call: &BatchCall<'_>, [interval, by]: [usize; 2]) -> Result<ArrayRef> {
    let (given, by) = (intervals(call, interval)?, call.arg(by)?.ints()?);
    column(call, &|row| Ok(counts(given.at(row)?).map(|count| count * i128::from(by.at(row)))))
}

/// An interval by a whole number: what is left of months goes on as days, what is left of days as a time.
pub(in crate::function) fn divide(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (given, by) = (intervals(call, 0)?, call.arg(1)?.ints()?);
    column(call, &|row| {
        let ([months, days, micros], by) = (counts(given.at(row)?), i128::from(by.at(row)));
        if by == 0 {
            return Err(invalid("an INTERVAL cannot be divided by 0".into()));
        }
        let days = months % by * 30 + days;
        let micros = days % by * i128::from(DAY) + micros;
        Ok([months / by, days / by, micros / by])
    })
}

/// Adds an interval to a DATETIME, or subtracts it where `sign` is -1.
pub(in crate::function) fn add_to_datetime(call: &BatchCall<'_>, sign: i64) -> Result<ArrayRef> {
    let (times, by) = (call.arg(0)?.timestamps()?, intervals(call, 1)?);
    call.timestamps(&|row| {
        let (by, at) = (by.at(row)?, times.at(row));
        let moved = (|| {
            let date = in_days(at.div_euclid(DAY))?;
            let date = shifted(date, sign * by.months, Unit::Month)?;
            let date = shifted(date, sign * by.days, Unit::Day)?;
            (i64::from(date) * DAY + at.rem_euclid(DAY)).checked_add(sign * by.micros)
        })();
        moved.and_then(in_micros).map(Some).ok_or_else(beyond)
    })
}

/// The same of a TIMESTAMP, which has no months.
pub(in crate::function) fn add_to_timestamp(call: &BatchCall<'_>, sign: i64) -> Result<ArrayRef> {
    let (times, by) = (call.arg(0)?.timestamps()?, intervals(call, 1)?);
    call.timestamps(&|row| {
        let by = by.at(row)?;
        if by.months != 0 {
            return Err(invalid("an INTERVAL with months or years is not added to a TIMESTAMP".into())
                .hint("months and years differ in length: write DATETIME(t) + …"));
        }
        let moved = times.at(row).checked_add(sign * (by.days * DAY + by.micros));
        moved.and_then(in_micros).map(Some).ok_or_else(beyond)
    })
}

/// From the second date to the first, in days.
pub(in crate::function) fn between_dates(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (later, earlier) = (call.arg(0)?.dates()?, call.arg(1)?.dates()?);
    column(call, &|row| Ok([0, i128::from(later.at(row)) - i128::from(earlier.at(row)), 0]))
}

/// From the second time to the first: hours of TIMESTAMPs, days and hours of DATETIMEs.
pub(in crate::function) fn between_times(call: &BatchCall<'_>, in_whole_days: bool) -> Result<ArrayRef> {
    let (later, earlier) = (call.arg(0)?.timestamps()?, call.arg(1)?.timestamps()?);
    column(call, &|row| {
        let micros = i128::from(later.at(row)) - i128::from(earlier.at(row));
        let day = i128::from(DAY);
        Ok(if in_whole_days { [0, micros / day, micros % day] } else { [0, 0, micros] })
    })
}

/// From the second time of day to the first.
pub(in crate::function) fn between_times_of_day(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (later, earlier) = (call.arg(0)?.strings()?, call.arg(1)?.strings()?);
    column(call, &|row| Ok([0, 0, i128::from(time(later.at(row))? - time(earlier.at(row))?)]))
}

/// Whether the order of two intervals passes `test`.
pub(in crate::function) fn compare(
    call: &BatchCall<'_>,
    test: fn(std::cmp::Ordering) -> bool,
) -> Result<ArrayRef> {
    let (left, right) = (intervals(call, 0)?, intervals(call, 1)?);
    call.bools(&|row| Ok(test(left.at(row)?.key().cmp(&right.at(row)?.key()))))
}

/// Whether an interval is from the second to the third.
pub(in crate::function) fn between(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (value, least, most) = (intervals(call, 0)?, intervals(call, 1)?, intervals(call, 2)?);
    call.bools(&|row| {
        let key = value.at(row)?.key();
        Ok(least.at(row)?.key() <= key && key <= most.at(row)?.key())
    })
}

pub(super) fn extract(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (unit, given) = (unit(call, 0)?, intervals(call, 1)?);
    call.ints(&|row| {
        let Interval { months, days, micros } = given.at(row)?;
        Ok(Some(match unit {
            Unit::Year => months / 12,
            Unit::Month => months % 12,
            Unit::Day => days,
            Unit::Hour => micros / 3_600_000_000,
            Unit::Minute => micros / 60_000_000 % 60,
            Unit::Second => micros / 1_000_000 % 60,
            Unit::Millisecond => micros / 1000 % 1000,
            Unit::Microsecond => micros % 1_000_000,
            _ => return Err(unfit(unit, "an interval has")),
        }))
    })
}
