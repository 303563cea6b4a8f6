//! DATETIME: a date and a time of day without a time zone, in microseconds as TIMESTAMP has them. Source: GoogleSQL, "Datetime
//! functions".

use arrow_array::ArrayRef;

use super::super::{BatchCall, Function, Signature, Type, Volatility};
use super::date::{
    DATETIME_ADD, DATETIME_DIFF, DATETIME_SUB, DATETIME_TRUNC, FORMAT_DATETIME, FORMAT_TIMESTAMP, Formats,
    TIMESTAMP_ADD, TIMESTAMP_DIFF, TIMESTAMP_SUB, TIMESTAMP_TRUNC, Zones, unit,
};
use super::date_format::Target;
use super::date_parse::parse;
use super::date_part::{Unit, beyond, invalid, micros_in, ordinal, shifted, unfit};
use crate::data::{Civil, DAY, SECOND, TimeZone, days, in_days, in_micros, parse_time, time_text};
use crate::diag::Result;

use Type::{Date, Datetime, Int64, String, Time, Timestamp};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "CURRENT_DATETIME",
        "The date and time when the statement started, in UTC or in the given time zone.",
        &[Signature::scalar(&[String], Datetime, |call| {
            let zones = Zones::of(call, 0)?;
            call.timestamps(&|row| zones.at(row, &|zone| zone.local(call.env.now)).map(Some))
        })
        .optional(1)],
    )
    .volatility(Volatility::Stable),
    Function::new(
        "DATETIME",
        "Constructs a DATETIME from its parts, or takes it from a date or from a timestamp, in UTC or in the given time zone.",
        &[
            Signature::scalar(&[Int64, Int64, Int64, Int64, Int64, Int64], Datetime, datetime_of_parts),
            Signature::scalar(&[Date], Datetime, |call| {
                let dates = call.arg(0)?.dates()?;
                call.timestamps(&|row| Ok(Some(i64::from(dates.at(row)) * DAY)))
            }),
            Signature::scalar(&[Timestamp, String], Datetime, |call| {
                let (times, zones) = (call.arg(0)?.timestamps()?, Zones::of(call, 1)?);
                call.timestamps(&|row| {
                    in_micros(zones.at(row, &|zone| zone.local(times.at(row)))?).map(Some).ok_or_else(beyond)
                })
            })
            .optional(1),
            Signature::scalar(&[Datetime], Datetime, |call| call.arg(0)?.clone().into_column(call.rows)),
            Signature::scalar(&[Date, Time], Datetime, |call| {
                let (dates, times) = (call.arg(0)?.dates()?, call.arg(1)?.strings()?);
                call.timestamps(&|row| Ok(Some(i64::from(dates.at(row)) * DAY + time(times.at(row))?)))
            }),
        ],
    ),
    Function::new(
        "TIME",
        "The time of day of a DATETIME, or of a timestamp, in UTC or in the given time zone; or one of hours, minutes and seconds.",
        &[
            Signature::scalar(&[Timestamp, String], Time, time_of).optional(1),
            Signature::scalar(&[Datetime], Time, time_of),
            Signature::scalar(&[Time], Time, |call| call.arg(0)?.clone().into_column(call.rows)),
            Signature::scalar(&[Int64, Int64, Int64], Time, |call| {
                let [hours, minutes, seconds] =
                    [call.arg(0)?.ints()?, call.arg(1)?.ints()?, call.arg(2)?.ints()?];
                call.strings(&|row| {
                    let parts = [hours.at(row), minutes.at(row), seconds.at(row)];
                    let [hour, minute, second] = parts;
                    let valid = parts.iter().zip([24, 60, 60]).all(|(part, end)| (0..end).contains(part));
                    if !valid {
                        return Err(invalid(format!("there is no time {hour}:{minute}:{second}")));
                    }
                    Ok(Some(time_text(((hour * 60 + minute) * 60 + second) * SECOND).into()))
                })
            }),
        ],
    ),
    Function::new(
        "DATETIME_ADD",
        "Adds an interval to a DATETIME. If the resulting month has no such day, the result is its last day.",
        &[DATETIME_ADD, TIMESTAMP_ADD],
    ),
    Function::new(
        "DATETIME_SUB",
        "Subtracts an interval from a DATETIME. If the resulting month has no such day, the result is its last day.",
        &[DATETIME_SUB, TIMESTAMP_SUB],
    ),
    Function::new(
        "DATETIME_DIFF",
        "The number of boundaries of a part, such as the starts of hours, from the second DATETIME to the first.",
        &[DATETIME_DIFF, TIMESTAMP_DIFF],
    ),
    Function::new(
        "DATETIME_TRUNC",
        "Truncates a DATETIME to the start of a part, such as its hour or month.",
        &[DATETIME_TRUNC, TIMESTAMP_TRUNC],
    ),
    Function::new(
        "FORMAT_DATETIME",
        "Formats a DATETIME, with a format such as '%F %T'.",
        &[FORMAT_DATETIME, FORMAT_TIMESTAMP],
    ),
    Function::new(
        "PARSE_DATETIME",
        "Parses a DATETIME, with a format such as '%F %T'.",
        &[Signature::scalar(&[String, String], Datetime, |call| {
            let (formats, texts) = (Formats::of(call, Target::ReadDatetime)?, call.arg(1)?.strings()?);
            call.timestamps(&|row| {
                let micros = parse(&formats.at(row)?, texts.at(row), &call.env.zones, &TimeZone::Offset(0))?;
                in_micros(micros).map(Some).ok_or_else(beyond)
            })
        })],
    ),
];

fn datetime_of_parts(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let parts = (0..6).map(|place| call.arg(place)?.ints()).collect::<Result<Vec<_>>>()?;
    call.timestamps(&|row| {
        let parts: Vec<_> = parts.iter().map(|part| part.at(row)).collect();
        let micros = match parts.as_slice() {
            [year, month, day, hour @ 0..24, minute @ 0..60, second @ 0..60] => {
                let date = days(Civil { year: *year, month: *month, day: *day });
                let time = ((hour * 60 + minute) * 60 + second) * SECOND;
                date.map(|date| i64::from(date) * DAY + time)
            }
            _ => None,
        };
        micros.map(Some).ok_or_else(|| invalid(format!("there is no DATETIME of the parts {parts:?}")))
    })
}

/// Adds an interval to a DATETIME, or subtracts it where `sign` is -1.
pub(in crate::function) fn add_to_datetime(call: &BatchCall<'_>, sign: i64) -> Result<ArrayRef> {
    let (times, counts, unit) = (call.arg(0)?.timestamps()?, call.arg(1)?.ints()?, unit(call, 2)?);
    let of_dates = matches!(unit, Unit::Month | Unit::Quarter | Unit::Year | Unit::Week(0));
    let micros = if of_dates { DAY } else { micros_in(unit)? };
    call.timestamps(&|row| {
        let count = counts.at(row).checked_mul(sign);
        let moved = count.and_then(|count| {
            if !of_dates {
                return count.checked_mul(micros)?.checked_add(times.at(row));
            }
            let (date, time) = (times.at(row).div_euclid(DAY), times.at(row).rem_euclid(DAY));
            Some(i64::from(shifted(in_days(date)?, count, unit)?) * DAY + time)
        });
        moved.and_then(in_micros).map(Some).ok_or_else(beyond)
    })
}

/// The number of boundaries between two DATETIMEs.
pub(super) fn datetime_diff(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (later, earlier, unit) = (call.arg(0)?.timestamps()?, call.arg(1)?.timestamps()?, unit(call, 2)?);
    let number = |micros: i64| match unit {
        Unit::Microsecond | Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour => {
            Ok(micros.div_euclid(micros_in(unit)?))
        }
        Unit::DayOfWeek | Unit::DayOfYear | Unit::Date => Err(unfit(unit, "DATETIMEs are counted in")),
        unit => ordinal(in_days(micros.div_euclid(DAY)).ok_or_else(beyond)?, unit),
    };
    call.ints(&|row| Ok(Some(number(later.at(row))? - number(earlier.at(row))?)))
}

/// The microseconds of a TIME.
pub(super) fn time(text: &str) -> Result<i64> {
    parse_time(text).ok_or_else(|| invalid(format!("{text:?} is no TIME")))
}

fn time_of(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (times, zones) = (call.arg(0)?.timestamps()?, Zones::of(call, 1)?);
    call.strings(&|row| {
        let local = zones.at(row, &|zone| zone.local(times.at(row)))?;
        Ok(Some(time_text(local.rem_euclid(DAY)).into()))
    })
}
