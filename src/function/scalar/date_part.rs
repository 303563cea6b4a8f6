//! The parts of dates and times (`DAY`, `ISOWEEK`, …), and what they are of a date.

use crate::data::{Civil, DAY, SECOND, civil, days, days_in_month, in_days};
use crate::diag::{Code, Error, Result};

/// A part of a date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    DayOfWeek,
    DayOfYear,
    /// Weeks that start this many days after Sunday.
    Week(i64),
    IsoWeek,
    Month,
    Quarter,
    Year,
    IsoYear,
    Date,
    Datetime,
}

const NAMES: &[(&str, Unit)] = &[
    ("MICROSECOND", Unit::Microsecond),
    ("MILLISECOND", Unit::Millisecond),
    ("SECOND", Unit::Second),
    ("MINUTE", Unit::Minute),
    ("HOUR", Unit::Hour),
    ("DAY", Unit::Day),
    ("DAYOFWEEK", Unit::DayOfWeek),
    ("DAYOFYEAR", Unit::DayOfYear),
    ("WEEK", Unit::Week(0)),
    ("WEEK(SUNDAY)", Unit::Week(0)),
    ("WEEK(MONDAY)", Unit::Week(1)),
    ("WEEK(TUESDAY)", Unit::Week(2)),
    ("WEEK(WEDNESDAY)", Unit::Week(3)),
    ("WEEK(THURSDAY)", Unit::Week(4)),
    ("WEEK(FRIDAY)", Unit::Week(5)),
    ("WEEK(SATURDAY)", Unit::Week(6)),
    ("ISOWEEK", Unit::IsoWeek),
    ("MONTH", Unit::Month),
    ("QUARTER", Unit::Quarter),
    ("YEAR", Unit::Year),
    ("ISOYEAR", Unit::IsoYear),
    ("DATE", Unit::Date),
    ("DATETIME", Unit::Datetime),
];

pub(super) fn invalid(message: std::string::String) -> Error {
    Error::new(Code::InvalidValue, message)
}

pub(super) fn beyond() -> Error {
    Error::new(Code::OutOfRange, "a date is out of the years 1 to 9999")
}

pub(super) fn named(name: &str) -> Result<Unit> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, unit)| *unit).ok_or_else(|| {
        Error::new(Code::SyntaxError, format!("there is no date part `{name}`"))
            .did_you_mean(name, NAMES.iter().map(|(name, _)| *name))
    })
}

pub(super) fn unfit(unit: Unit, what: &str) -> Error {
    let name = NAMES.iter().find(|(_, known)| *known == unit).map_or("this", |(name, _)| *name);
    Error::new(Code::SyntaxError, format!("{name} is no part that {what}"))
}

/// Days since the latest Sunday.
pub(super) fn weekday(date: i32) -> i64 {
    (i64::from(date) + 4).rem_euclid(7)
}

/// Days since the first of January.
pub(super) fn day_in_year(date: i32) -> Result<i64> {
    let year = civil(date.into()).year;
    let first = days(Civil { year, month: 1, day: 1 }).ok_or_else(beyond)?;
    Ok((date - first).into())
}

/// Days since the latest Monday.
fn days_since_monday(date: i32) -> i32 {
    (date.rem_euclid(7) + 3) % 7
}

/// The Thursday of the date's ISO week: its year is that of the week.
fn iso_thursday(date: i32) -> i32 {
    date - days_since_monday(date) + 3
}

/// The number of a date's week; days before the first week of the year are in week 0.
pub(super) fn week_in_year(date: i32, start: i64) -> Result<i64> {
    Ok((day_in_year(date)? + 7 - (weekday(date) - start).rem_euclid(7)) / 7)
}

pub(super) fn date_part(date: i32, unit: Unit) -> Result<i64> {
    let Civil { year, month, day } = civil(date.into());
    Ok(match unit {
        Unit::Day => day,
        Unit::DayOfWeek => weekday(date) + 1,
        Unit::DayOfYear => day_in_year(date)? + 1,
        Unit::Week(start) => week_in_year(date, start)?,
        Unit::IsoWeek => day_in_year(iso_thursday(date))? / 7 + 1,
        Unit::Month => month,
        Unit::Quarter => (month - 1) / 3 + 1,
        Unit::Year => year,
        Unit::IsoYear => civil(iso_thursday(date).into()).year,
        _ => return Err(unfit(unit, "a date has")),
    })
}

/// The number of the part in which a date lies, among all parts of its kind.
pub(super) fn ordinal(date: i32, unit: Unit) -> Result<i64> {
    let Civil { year, month, .. } = civil(date.into());
    Ok(match unit {
        Unit::Day => date.into(),
        Unit::Week(start) => (i64::from(date) + 4 - start).div_euclid(7),
        Unit::IsoWeek => (i64::from(date) + 3).div_euclid(7),
        Unit::Month => year * 12 + month,
        Unit::Quarter => year * 4 + (month - 1) / 3,
        Unit::Year => year,
        Unit::IsoYear => civil(iso_thursday(date).into()).year,
        _ => return Err(unfit(unit, "dates are counted in")),
    })
}

/// The first day of the part in which a date lies.
pub(super) fn start_of(date: i32, unit: Unit) -> Result<i32> {
    let Civil { year, month, .. } = civil(date.into());
    let day = match unit {
        Unit::Day => Some(date),
        Unit::Week(start) => in_days(i64::from(date) - (weekday(date) - start).rem_euclid(7)),
        Unit::IsoWeek => in_days((date - days_since_monday(date)).into()),
        Unit::Month => days(Civil { year, month, day: 1 }),
        Unit::Quarter => days(Civil { year, month: (month - 1) / 3 * 3 + 1, day: 1 }),
        Unit::Year => days(Civil { year, month: 1, day: 1 }),
        Unit::IsoYear => {
            let year = civil(iso_thursday(date).into()).year;
            days(Civil { year, month: 1, day: 4 })
                .and_then(|fourth| in_days((fourth - days_since_monday(fourth)).into()))
        }
        _ => return Err(unfit(unit, "a date is cut to")),
    };
    day.ok_or_else(beyond)
}

/// The date `count` units later; the last day of a month that is too short.
pub(super) fn shifted(date: i32, count: i64, unit: Unit) -> Option<i32> {
    let months = match unit {
        Unit::Day => return in_days(i64::from(date).checked_add(count)?),
        Unit::Week(_) => return in_days(i64::from(date).checked_add(count.checked_mul(7)?)?),
        Unit::Month => count,
        Unit::Quarter => count.checked_mul(3)?,
        _ => count.checked_mul(12)?,
    };
    let Civil { year, month, day } = civil(date.into());
    let months = (year * 12 + month - 1).checked_add(months)?;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    days(Civil { year, month, day: day.min(days_in_month(year, month)) })
}

pub(super) fn micros_in(unit: Unit) -> Result<i64> {
    Ok(match unit {
        Unit::Microsecond => 1,
        Unit::Millisecond => 1000,
        Unit::Second => SECOND,
        Unit::Minute => 60 * SECOND,
        Unit::Hour => 3600 * SECOND,
        Unit::Day => DAY,
        _ => {
            return Err(unfit(unit, "timestamps are counted in").hint(
                "months and years differ in length: convert with DATE(…) and use the functions of dates",
            ));
        }
    })
}
