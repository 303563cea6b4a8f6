//! Dates and times. Differences count the boundaries between two moments, not whole units.
//!
//! Source: Microsoft, "DATEDIFF (Transact-SQL)", "DATEADD", "DATEPART"; weeks start on Sunday, as by default.

use arrow_array::ArrayRef;

use super::{Function, Signature, Type, scalar};
use crate::data::{Civil, DAY, SECOND, civil, days, days_in_month, in_days, in_micros};
use crate::diag::{Code, Error, Result};
use crate::function::BatchCall;
use crate::function::scalar::date_format::{self, Target};

use Type::{Date, Int64, Part, Timestamp};

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "DATEDIFF",
        "How many boundaries of a part lie between two moments.",
        &[Signature::scalar(&[Part, Timestamp, Timestamp], Int64, difference)],
    ),
    scalar(
        "DATEDIFF_BIG",
        "How many boundaries of a part lie between two moments.",
        &[Signature::scalar(&[Part, Timestamp, Timestamp], Int64, difference)],
    ),
    scalar(
        "DATEADD",
        "A moment moved by a number of parts.",
        &[
            Signature::scalar(&[Part, Int64, Date], Date, add_to_date),
            Signature::scalar(&[Part, Int64, Timestamp], Timestamp, add_to_timestamp),
        ],
    ),
    scalar(
        "DATEPART",
        "A part of a moment.",
        &[Signature::scalar(&[Part, Timestamp], Int64, |call| {
            let (names, moments) = (call.arg(0)?.strings()?, call.arg(1)?.timestamps()?);
            call.ints(&|row| Ok(Some(part_of(unit(names.at(row))?, moments.at(row)))))
        })],
    ),
    scalar(
        "DATENAME",
        "A part of a moment as text, the names of months and weekdays among them.",
        &[Signature::scalar(&[Part, Timestamp], Type::String, named_part)],
    ),
    scalar(
        "DATETRUNC",
        "The start of the part that holds a moment.",
        &[
            Signature::scalar(&[Part, Date], Date, |call| {
                let (names, dates) = (call.arg(0)?.strings()?, call.arg(1)?.dates()?);
                call.dates(&|row| {
                    let start = start_of(names.at(row), i64::from(dates.at(row)) * DAY)?;
                    in_days(start.div_euclid(DAY)).map(Some).ok_or_else(out_of_range)
                })
            }),
            Signature::scalar(&[Part, Timestamp], Timestamp, |call| {
                let (names, moments) = (call.arg(0)?.strings()?, call.arg(1)?.timestamps()?);
                call.timestamps(&|row| start_of(names.at(row), moments.at(row)).map(Some))
            }),
        ],
    ),
    scalar("YEAR", "The year.", &[Signature::scalar(&[Timestamp], Int64, |call| part(call, Unit::Year))]),
    scalar("MONTH", "The month.", &[Signature::scalar(&[Timestamp], Int64, |call| part(call, Unit::Month))]),
    scalar(
        "DAY",
        "The day of the month.",
        &[Signature::scalar(&[Timestamp], Int64, |call| part(call, Unit::Day))],
    ),
    scalar(
        "EOMONTH",
        "The last day of the month.",
        &[Signature::scalar(&[Timestamp, Int64], Date, end_of_month).optional(1)],
    ),
    scalar(
        "DATEFROMPARTS",
        "The date of a year, month and day.",
        &[Signature::scalar(&[Int64, Int64, Int64], Date, from_parts)],
    ),
    scalar(
        "CONVERT",
        "A date or time in the form of a style.",
        &[
            Signature::scalar(&[Date, Int64], Type::String, styled_dates),
            Signature::scalar(&[Timestamp, Int64], Type::String, |call| {
                let (moments, styles) = (call.arg(0)?.timestamps()?, call.arg(1)?.ints()?);
                call.strings(&|row| Ok(Some(styled(moments.at(row), style(styles.at(row))?)?.into())))
            }),
        ],
    ),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Year,
    Quarter,
    Month,
    DayOfYear,
    Day,
    Week,
    IsoWeek,
    Weekday,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
}

const UNITS: &[(&[&str], Unit)] = &[
    (&["YEAR", "YY", "YYYY"], Unit::Year),
    (&["QUARTER", "QQ", "Q"], Unit::Quarter),
    (&["MONTH", "MM", "M"], Unit::Month),
    (&["DAYOFYEAR", "DY", "Y"], Unit::DayOfYear),
    (&["DAY", "DD", "D"], Unit::Day),
    (&["WEEK", "WK", "WW"], Unit::Week),
    (&["ISO_WEEK", "ISOWK", "ISOWW"], Unit::IsoWeek),
    (&["WEEKDAY", "DW", "W"], Unit::Weekday),
    (&["HOUR", "HH"], Unit::Hour),
    (&["MINUTE", "MI", "N"], Unit::Minute),
    (&["SECOND", "SS", "S"], Unit::Second),
    (&["MILLISECOND", "MS"], Unit::Millisecond),
    (&["MICROSECOND", "MCS"], Unit::Microsecond),
];

fn unit(name: &str) -> Result<Unit> {
    let found = UNITS.iter().find(|(names, _)| names.contains(&name));
    found.map(|(_, unit)| *unit).ok_or_else(|| {
        Error::new(Code::InvalidValue, format!("'{name}' is not a recognized datepart"))
            .hint("write year, quarter, month, week, day, hour, minute or second")
    })
}

impl Unit {
    /// Its microseconds, where it always has as many.
    fn length(self) -> Option<i64> {
        Some(match self {
            Self::Year | Self::Quarter | Self::Month => return None,
            Self::Week | Self::IsoWeek => 7 * DAY,
            Self::DayOfYear | Self::Day | Self::Weekday => DAY,
            Self::Hour => 3600 * SECOND,
            Self::Minute => 60 * SECOND,
            Self::Second => SECOND,
            Self::Millisecond => SECOND / 1000,
            Self::Microsecond => 1,
        })
    }

    /// Its months, where it is made of months.
    fn months(self) -> Option<i64> {
        match self {
            Self::Year => Some(12),
            Self::Quarter => Some(3),
            Self::Month => Some(1),
            _ => None,
        }
    }
}

/// 1970-01-01 was a Thursday: so many days after a Sunday.
const THURSDAY: i64 = 4;

/// Months since the year 0.
fn month_number(date: &Civil) -> i64 {
    date.year * 12 + date.month - 1
}

fn difference(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (names, starts, ends) =
        (call.arg(0)?.strings()?, call.arg(1)?.timestamps()?, call.arg(2)?.timestamps()?);
    call.ints(&|row| {
        let unit = unit(names.at(row))?;
        // How many units have begun before a moment.
        let begun = |micros: i64| match (unit, unit.months(), unit.length()) {
            (_, Some(months), _) => month_number(&civil(micros.div_euclid(DAY))).div_euclid(months),
            (Unit::Week, ..) => (micros.div_euclid(DAY) + THURSDAY).div_euclid(7),
            (_, None, length) => micros.div_euclid(length.unwrap_or(1)), // each unit has months or a length
        };
        Ok(Some(begun(ends.at(row)) - begun(starts.at(row))))
    })
}

fn named_part(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (names, moments) = (call.arg(0)?.strings()?, call.arg(1)?.timestamps()?);
    call.strings(&|row| {
        let (unit, micros) = (unit(names.at(row))?, moments.at(row));
        let text = match unit {
            Unit::Month => styled(micros, "%B")?,
            Unit::Weekday => styled(micros, "%A")?,
            _ => part_of(unit, micros).to_string(),
        };
        Ok(Some(text.into()))
    })
}

/// The moment at which the part begins that holds a moment.
fn start_of(part: &str, micros: i64) -> Result<i64> {
    let unit = unit(part)?;
    let day = micros.div_euclid(DAY);
    let start = match (unit, unit.months(), unit.length()) {
        (_, Some(months), _) => {
            let month = month_number(&civil(day)).div_euclid(months) * months;
            let first = Civil { year: month.div_euclid(12), month: month.rem_euclid(12) + 1, day: 1 };
            return days(first).map(|day| i64::from(day) * DAY).ok_or_else(out_of_range);
        }
        (Unit::Week, ..) => day - (day + THURSDAY).rem_euclid(7),
        (Unit::IsoWeek, ..) => day - (day + THURSDAY - 1).rem_euclid(7),
        (_, None, Some(length)) => return Ok(micros - micros.rem_euclid(length)),
        (_, None, None) => return Err(Error::internal("each unit has months or a length")),
    };
    Ok(start * DAY)
}

fn add_to_date(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (names, counts, dates) = (call.arg(0)?.strings()?, call.arg(1)?.ints()?, call.arg(2)?.dates()?);
    call.dates(&|row| {
        let unit = unit(names.at(row))?;
        if unit.length().is_some_and(|length| length < DAY) {
            return Err(Error::new(
                Code::InvalidValue,
                format!("a date has no {}", names.at(row).to_ascii_lowercase()),
            )
            .hint("CAST it AS datetime2"));
        }
        let moved = moved(i64::from(dates.at(row)) * DAY, unit, counts.at(row));
        moved.and_then(|micros| in_days(micros.div_euclid(DAY))).map(Some).ok_or_else(out_of_range)
    })
}

fn add_to_timestamp(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (names, counts, moments) =
        (call.arg(0)?.strings()?, call.arg(1)?.ints()?, call.arg(2)?.timestamps()?);
    call.timestamps(&|row| {
        let moved = moved(moments.at(row), unit(names.at(row))?, counts.at(row));
        moved.and_then(in_micros).map(Some).ok_or_else(out_of_range)
    })
}

/// The moment `count` units later; the last day of a month that is too short. `None` beyond the calendar.
fn moved(micros: i64, unit: Unit, count: i64) -> Option<i64> {
    let Some(months) = unit.months() else {
        return micros.checked_add(unit.length()?.checked_mul(count)?);
    };
    let date = civil(micros.div_euclid(DAY));
    let month = month_number(&date).checked_add(months.checked_mul(count)?)?;
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    if !(1..=9999).contains(&year) {
        return None;
    }
    let day = date.day.min(days_in_month(year, month));
    let days = days(Civil { year, month, day })?;
    i64::from(days).checked_mul(DAY)?.checked_add(micros.rem_euclid(DAY))
}

#[cold]
fn out_of_range() -> Error {
    Error::new(Code::OutOfRange, "Adding a value to a date column caused an overflow")
}

fn part(call: &BatchCall<'_>, unit: Unit) -> Result<ArrayRef> {
    let moments = call.arg(0)?.timestamps()?;
    call.ints(&|row| Ok(Some(part_of(unit, moments.at(row)))))
}

fn part_of(unit: Unit, micros: i64) -> i64 {
    let (day, time) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let date = civil(day);
    let day_of_year = || day - days(Civil { year: date.year, month: 1, day: 1 }).map_or(day, i64::from) + 1;
    // From 0 for Sunday.
    let weekday = (day + THURSDAY).rem_euclid(7);
    match unit {
        Unit::Year => date.year,
        Unit::Quarter => (date.month - 1) / 3 + 1,
        Unit::Month => date.month,
        Unit::DayOfYear => day_of_year(),
        Unit::Day => date.day,
        // The first week is that of January 1, whatever its length.
        Unit::Week => (day_of_year() - 1 + (weekday - (day_of_year() - 1)).rem_euclid(7)) / 7 + 1,
        // That of its Thursday, which is in the year that the week is counted in.
        Unit::IsoWeek => {
            part_of(Unit::DayOfYear, micros + (THURSDAY - (weekday + 6) % 7 - 1) * DAY).div_euclid(7) + 1
        }
        Unit::Weekday => weekday + 1,
        Unit::Hour => time / (3600 * SECOND),
        Unit::Minute => time / (60 * SECOND) % 60,
        Unit::Second => time / SECOND % 60,
        Unit::Millisecond => time % SECOND / 1000,
        Unit::Microsecond => time % SECOND,
    }
}

fn end_of_month(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let moments = call.arg(0)?.timestamps()?;
    let counts = call.args.get(1).map(|operand| operand.ints()).transpose()?;
    call.dates(&|row| {
        let count = counts.as_ref().map_or(0, |counts| counts.at(row));
        let micros = moved(moments.at(row), Unit::Month, count).ok_or_else(out_of_range)?;
        let date = civil(micros.div_euclid(DAY));
        let day = days_in_month(date.year, date.month);
        days(Civil { day, ..date }).map(Some).ok_or_else(out_of_range)
    })
}

fn from_parts(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (years, months, in_month) = (call.arg(0)?.ints()?, call.arg(1)?.ints()?, call.arg(2)?.ints()?);
    call.dates(&|row| {
        let date = Civil { year: years.at(row), month: months.at(row), day: in_month.at(row) };
        days(date).map(Some).ok_or_else(|| {
            Error::new(
                Code::OutOfRange,
                "Cannot construct data type date, some of the arguments have values which are not valid",
            )
        })
    })
}

/// Style 114, which has no point.
const MILLISECONDS_BEHIND_A_COLON: &str = "%H:%M:%E3S";

/// The numbered forms of CONVERT, in GoogleSQL's format elements.
const STYLES: &[(i64, &str)] = &[
    (23, "%E4Y-%m-%d"),
    (101, "%m/%d/%E4Y"),
    (102, "%E4Y.%m.%d"),
    (103, "%d/%m/%E4Y"),
    (104, "%d.%m.%E4Y"),
    (105, "%d-%m-%E4Y"),
    (106, "%d %b %E4Y"),
    (107, "%b %d, %E4Y"),
    (108, "%H:%M:%S"),
    (110, "%m-%d-%E4Y"),
    (111, "%E4Y/%m/%d"),
    (112, "%E4Y%m%d"),
    (114, MILLISECONDS_BEHIND_A_COLON),
    (120, "%E4Y-%m-%d %H:%M:%S"),
    (121, "%E4Y-%m-%d %H:%M:%E3S"),
    (126, "%E4Y-%m-%dT%H:%M:%E3S"),
];

/// Of a date the forms with a time have the date alone.
fn styled_dates(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (dates, styles) = (call.arg(0)?.dates()?, call.arg(1)?.ints()?);
    call.strings(&|row| {
        let style = style(styles.at(row))?;
        let date_alone = style.split([' ', 'T']).next().filter(|date| date.contains("%d"));
        let style = if style.contains("%H") { date_alone.unwrap_or(style) } else { style };
        Ok(Some(styled(i64::from(dates.at(row)) * DAY, style)?.into()))
    })
}

fn style(number: i64) -> Result<&'static str> {
    let found = STYLES.iter().find(|(known, _)| *known == number).map(|(_, style)| *style);
    found.ok_or_else(|| {
        let known: Vec<_> = STYLES.iter().map(|(known, _)| known.to_string()).collect();
        Error::new(Code::UnsupportedSyntax, format!("style {number} of CONVERT is not supported"))
            .hint(format!("the styles are {}", known.join(", ")))
    })
}

fn styled(micros: i64, style: &str) -> Result<String> {
    let text = date_format::format(&date_format::elements(style, Target::Timestamp)?, micros, 0)?;
    Ok(if style == MILLISECONDS_BEHIND_A_COLON { text.replace('.', ":") } else { text })
}
