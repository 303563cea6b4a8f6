//! Functions of dates and timestamps, in UTC unless a time zone is given. Source: GoogleSQL, "Date functions" and "Timestamp functions".

use std::borrow::Cow;

use arrow_array::ArrayRef;

use super::super::{Argument, BatchCall, Body, Function, Signature, Type, Volatility};
use super::date_format::{Element, Target, elements, format};
use super::date_parse::parse;
use super::date_part::{
    Unit, beyond, date_part, invalid, micros_in, named, ordinal, shifted, start_of, unfit,
};
use super::datetime::{add_to_datetime, datetime_diff, time};
use super::json::STRING_OF_JSON;
use crate::data::{
    Civil, DAY, DataType, SECOND, Scalar, StringView, TimeZone, TimeZones, date_text, datetime_text, days,
    has_zone, in_days, in_micros, parse_timestamp, zoned_text,
};
use crate::diag::{Code, Error, Result};

use Type::{Date, Datetime, Int64, Interval, IntervalValue, Part, String, Time, Timestamp};

// DATE_ADD, DATETIME_ADD and TIMESTAMP_ADD are one function of whatever type comes, and so are their siblings.
pub(super) const TIMESTAMP_ADD: Signature =
    Signature::scalar(&[Timestamp, Interval], Timestamp, |call| add_to_timestamp(call, 1));
pub(super) const TIMESTAMP_SUB: Signature =
    Signature::scalar(&[Timestamp, Interval], Timestamp, |call| add_to_timestamp(call, -1));
pub(super) const TIMESTAMP_DIFF: Signature =
    Signature::scalar(&[Timestamp, Timestamp, Part], Int64, timestamp_diff);
pub(super) const TIMESTAMP_TRUNC: Signature =
    Signature::scalar(&[Timestamp, Part, String], Timestamp, timestamp_trunc).optional(1);
pub(super) const FORMAT_TIMESTAMP: Signature =
    Signature::scalar(&[String, Timestamp, String], String, |call| {
        let (formats, times) = (Formats::of(call, Target::Timestamp)?, call.arg(1)?.timestamps()?);
        let zones = Zones::of(call, 2)?;
        call.strings(&|row| {
            let offset = zones.at(row, &|zone| zone.offset(times.at(row)))?;
            let text = format(&formats.at(row)?, times.at(row), offset)?;
            Ok(Some(text.into()))
        })
    })
    .optional(1);
pub(super) const DATETIME_ADD: Signature =
    Signature::scalar(&[Datetime, Interval], Datetime, |call| add_to_datetime(call, 1));
pub(super) const DATETIME_SUB: Signature =
    Signature::scalar(&[Datetime, Interval], Datetime, |call| add_to_datetime(call, -1));
pub(super) const DATETIME_DIFF: Signature =
    Signature::scalar(&[Datetime, Datetime, Part], Int64, datetime_diff);
pub(super) const DATETIME_TRUNC: Signature = Signature::scalar(&[Datetime, Part], Datetime, timestamp_trunc);
pub(super) const FORMAT_DATETIME: Signature = Signature::scalar(&[String, Datetime], String, |call| {
    let (formats, times) = (Formats::of(call, Target::WrittenDatetime)?, call.arg(1)?.timestamps()?);
    call.strings(&|row| Ok(Some(format(&formats.at(row)?, times.at(row), 0)?.into())))
});

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "EXTRACT",
        "A part of a date or timestamp: EXTRACT(YEAR FROM x), EXTRACT(HOUR FROM x AT TIME ZONE 'Europe/Paris').",
        &[
            Signature::infer(&[Part, Date], part_type, Body::Scalar(extract)),
            Signature::infer(&[Part, Timestamp, String], part_type, Body::Scalar(extract)).optional(1),
            Signature::infer(&[Part, Datetime], part_type, Body::Scalar(extract)),
            Signature::scalar(&[Part, IntervalValue], Int64, super::interval::extract),
            Signature::scalar(&[Part, Time], Int64, |call| {
                let (unit, times) = (unit(call, 0)?, call.arg(1)?.strings()?);
                call.ints(&|row| {
                    part_of_time(time(times.at(row))?, unit)
                        .map(Some)
                        .ok_or_else(|| unfit(unit, "a time has"))
                })
            }),
        ],
    ),
    Function::new(
        "CURRENT_DATE",
        "The date when the statement started, in UTC or in the given time zone.",
        &[Signature::scalar(&[String], Date, |call| {
            let zones = Zones::of(call, 0)?;
            call.dates(&|row| {
                let local = zones.at(row, &|zone| zone.local(call.env.now))?;
                in_days(local.div_euclid(DAY)).map(Some).ok_or_else(beyond)
            })
        })
        .optional(1)],
    )
    .volatility(Volatility::Stable),
    Function::new(
        "CURRENT_TIMESTAMP",
        "The timestamp when the statement started.",
        &[Signature::scalar(&[], Timestamp, |call| call.timestamps(&|_| Ok(Some(call.env.now))))],
    )
    .volatility(Volatility::Stable),
    Function::new(
        "DATE",
        "Constructs a date from a year, month and day, or takes it from a timestamp, in UTC or in the given time zone.",
        &[
            Signature::scalar(&[Int64, Int64, Int64], Date, date_of_parts),
            Signature::scalar(&[Timestamp, String], Date, date_of_timestamp).optional(1),
            Signature::scalar(&[Date], Date, |call| call.arg(0)?.clone().into_column(call.rows)),
            Signature::scalar(&[Datetime], Date, date_of_timestamp),
        ],
    ),
    Function::new(
        "DATE_ADD",
        "Adds an interval to a date. If the resulting month has no such day, the result is its last day.",
        &[
            Signature::scalar(&[Date, Interval], Date, |call| add_to_date(call, 1)),
            TIMESTAMP_ADD,
            DATETIME_ADD,
        ],
    ),
    Function::new(
        "DATE_SUB",
        "Subtracts an interval from a date. If the resulting month has no such day, the result is its last day.",
        &[
            Signature::scalar(&[Date, Interval], Date, |call| add_to_date(call, -1)),
            TIMESTAMP_SUB,
            DATETIME_SUB,
        ],
    ),
    Function::new(
        "DATE_DIFF",
        "The number of boundaries of a date part, such as the starts of months, from the second date to the first.",
        &[
            Signature::scalar(&[Date, Date, Part], Int64, |call| {
                let (later, earlier, unit) = (call.arg(0)?.dates()?, call.arg(1)?.dates()?, unit(call, 2)?);
                call.ints(&|row| Ok(Some(ordinal(later.at(row), unit)? - ordinal(earlier.at(row), unit)?)))
            }),
            TIMESTAMP_DIFF,
            DATETIME_DIFF,
        ],
    ),
    Function::new(
        "DATE_TRUNC",
        "Truncates a date to the first day of a date part, such as its month.",
        &[
            Signature::scalar(&[Date, Part], Date, |call| {
                let (dates, unit) = (call.arg(0)?.dates()?, unit(call, 1)?);
                call.dates(&|row| start_of(dates.at(row), unit).map(Some))
            }),
            TIMESTAMP_TRUNC,
            DATETIME_TRUNC,
        ],
    ),
    Function::new(
        "LAST_DAY",
        "The last day of the month, or of the given date part, that contains the date.",
        &[
            Signature::scalar(&[Date, Part], Date, last_day).optional(1),
            Signature::scalar(&[Datetime, Part], Date, last_day).optional(1),
        ],
    ),
    Function::new(
        "UNIX_DATE",
        "The number of days since 1970-01-01.",
        &[Signature::scalar(&[Date], Int64, |call| {
            let dates = call.arg(0)?.dates()?;
            call.ints(&|row| Ok(Some(dates.at(row).into())))
        })],
    ),
    Function::new(
        "DATE_FROM_UNIX_DATE",
        "The date a number of days after 1970-01-01.",
        &[Signature::scalar(&[Int64], Date, |call| {
            let numbers = call.arg(0)?.ints()?;
            call.dates(&|row| in_days(numbers.at(row)).map(Some).ok_or_else(beyond))
        })],
    ),
    Function::new(
        "TIMESTAMP",
        "Converts a string or date to a timestamp, in UTC or in the given time zone.",
        &[
            Signature::scalar(&[String, String], Timestamp, timestamp_of_text).optional(1),
            Signature::scalar(&[Date, String], Timestamp, timestamp_of_date).optional(1),
            Signature::scalar(&[Timestamp], Timestamp, |call| call.arg(0)?.clone().into_column(call.rows)),
            Signature::scalar(&[Datetime, String], Timestamp, |call| {
                let (times, zones) = (call.arg(0)?.timestamps()?, Zones::of(call, 1)?);
                call.timestamps(&|row| {
                    let moment = zones.at(row, &|zone| zone.moment(times.at(row)))?;
                    in_micros(moment).map(Some).ok_or_else(beyond)
                })
            })
            .optional(1),
        ],
    ),
    Function::new("TIMESTAMP_ADD", "Adds an interval to a timestamp.", &[TIMESTAMP_ADD, DATETIME_ADD]),
    Function::new("TIMESTAMP_SUB", "Subtracts an interval from a timestamp.", &[TIMESTAMP_SUB, DATETIME_SUB]),
    Function::new(
        "TIMESTAMP_DIFF",
        "The number of whole units, such as hours, from the second timestamp to the first.",
        &[TIMESTAMP_DIFF, DATETIME_DIFF],
    ),
    Function::new(
        "TIMESTAMP_TRUNC",
        "Truncates a timestamp to the start of a unit, such as its hour, in UTC or in the given time zone.",
        &[TIMESTAMP_TRUNC, DATETIME_TRUNC],
    ),
    Function::new(
        "UNIX_SECONDS",
        "The number of seconds since 1970-01-01 00:00:00 UTC, rounded down.",
        &[since_epoch(|call| unix(call, SECOND))],
    ),
    Function::new(
        "UNIX_MILLIS",
        "The number of milliseconds since 1970-01-01 00:00:00 UTC, rounded down.",
        &[since_epoch(|call| unix(call, 1000))],
    ),
    Function::new(
        "UNIX_MICROS",
        "The number of microseconds since 1970-01-01 00:00:00 UTC.",
        &[since_epoch(|call| unix(call, 1))],
    ),
    Function::new(
        "TIMESTAMP_SECONDS",
        "The timestamp a number of seconds after 1970-01-01 00:00:00 UTC.",
        &[Signature::scalar(&[Int64], Timestamp, |call| from_unix(call, SECOND))],
    ),
    Function::new(
        "TIMESTAMP_MILLIS",
        "The timestamp a number of milliseconds after 1970-01-01 00:00:00 UTC.",
        &[Signature::scalar(&[Int64], Timestamp, |call| from_unix(call, 1000))],
    ),
    Function::new(
        "TIMESTAMP_MICROS",
        "The timestamp a number of microseconds after 1970-01-01 00:00:00 UTC.",
        &[Signature::scalar(&[Int64], Timestamp, |call| from_unix(call, 1))],
    ),
    Function::new(
        "STRING",
        "A date or timestamp as text, in UTC or in the given time zone.",
        &[
            Signature::scalar(&[Timestamp, String], String, |call| {
                let (times, zones) = (call.arg(0)?.timestamps()?, Zones::of(call, 1)?);
                call.strings(&|row| {
                    let offset = zones.at(row, &|zone| zone.offset(times.at(row)))?;
                    Ok(Some(zoned_text(times.at(row), offset).into()))
                })
            })
            .optional(1),
            Signature::scalar(&[Date], String, |call| {
                let dates = call.arg(0)?.dates()?;
                call.strings(&|row| Ok(Some(date_text(dates.at(row)).into())))
            }),
            Signature::scalar(&[Datetime], String, |call| {
                let times = call.arg(0)?.timestamps()?;
                call.strings(&|row| Ok(Some(datetime_text(times.at(row)).into())))
            }),
            Signature::scalar(&[Time], String, |call| call.arg(0)?.clone().into_column(call.rows)),
            STRING_OF_JSON,
        ],
    ),
    Function::new(
        "FORMAT_DATE",
        "Formats a date, with a format such as '%d.%m.%Y'.",
        &[
            Signature::scalar(&[String, Date], String, |call| {
                let (formats, dates) = (Formats::of(call, Target::WrittenDate)?, call.arg(1)?.dates()?);
                call.strings(&|row| {
                    let text = format(&formats.at(row)?, i64::from(dates.at(row)) * DAY, 0)?;
                    Ok(Some(text.into()))
                })
            }),
            FORMAT_TIMESTAMP,
            FORMAT_DATETIME,
        ],
    ),
    Function::new(
        "FORMAT_TIMESTAMP",
        "Formats a timestamp, with a format such as '%F %T', in UTC or in the given time zone.",
        &[FORMAT_TIMESTAMP, FORMAT_DATETIME],
    ),
    Function::new(
        "PARSE_DATE",
        "Parses a date, with a format such as '%d.%m.%Y'.",
        &[Signature::scalar(&[String, String], Date, |call| {
            let (formats, texts) = (Formats::of(call, Target::ReadDate)?, call.arg(1)?.strings()?);
            call.dates(&|row| {
                let micros = parse(&formats.at(row)?, texts.at(row), &call.env.zones, &TimeZone::Offset(0))?;
                in_days(micros.div_euclid(DAY)).map(Some).ok_or_else(beyond)
            })
        })],
    ),
    Function::new(
        "PARSE_TIMESTAMP",
        "Parses a timestamp, with a format such as '%F %T', in UTC or in the given time zone.",
        &[Signature::scalar(&[String, String, String], Timestamp, |call| {
            let (formats, texts) = (Formats::of(call, Target::Timestamp)?, call.arg(1)?.strings()?);
            let zones = Zones::of(call, 2)?;
            call.timestamps(&|row| {
                let format = formats.at(row)?;
                let micros = zones.at(row, &|zone| parse(&format, texts.at(row), &call.env.zones, zone))?;
                in_micros(micros).map(Some).ok_or_else(beyond)
            })
        })
        .optional(1)],
    ),
];

const fn since_epoch(kernel: super::super::Kernel) -> Signature {
    Signature::scalar(&[Timestamp], Int64, kernel)
}

/// The part that the argument at this position names: always a constant.
pub(super) fn unit(call: &BatchCall<'_>, position: usize) -> Result<Unit> {
    named(call.arg(position)?.strings()?.at(0))
}

/// The time zones of a call, row by row.
pub(super) enum Zones<'a> {
    One(TimeZone<'a>),
    Each(StringView<'a>, &'a TimeZones),
}

impl<'a> Zones<'a> {
    /// The zones of the argument at this position; UTC where it was left out.
    pub(super) fn of(call: &'a BatchCall<'_>, position: usize) -> Result<Self> {
        let Some(argument) = call.args.get(position) else { return Ok(Self::One(TimeZone::Offset(0))) };
        let names = argument.strings()?;
        if argument.is_constant() && !argument.is_null(0) {
            return zone(&call.env.zones, names.at(0)).map(Self::One);
        }
        Ok(Self::Each(names, &call.env.zones))
    }

    /// What the zone of a row makes of a time.
    pub(super) fn at(&self, row: usize, read: &dyn Fn(&TimeZone<'_>) -> Result<i64>) -> Result<i64> {
        match self {
            Self::One(zone) => read(zone),
            Self::Each(names, zones) => read(&zone(zones, names.at(row))?),
        }
    }
}

fn zone<'a>(zones: &'a TimeZones, name: &'a str) -> Result<TimeZone<'a>> {
    zones.zone(name)?.ok_or_else(|| {
        invalid(format!("there is no time zone {name:?}"))
            .hint("write an offset such as '+02:00', or a name of the tz database such as 'Europe/Paris'")
    })
}

/// The formats of a call's first argument, read once where it is a constant.
pub(super) enum Formats<'a> {
    One(Vec<Element>),
    Each(StringView<'a>, Target),
}

impl<'a> Formats<'a> {
    pub(super) fn of(call: &'a BatchCall<'_>, target: Target) -> Result<Self> {
        let argument = call.arg(0)?;
        let texts = argument.strings()?;
        if argument.is_constant() && !argument.is_null(0) {
            return elements(texts.at(0), target).map(Self::One);
        }
        Ok(Self::Each(texts, target))
    }

    pub(super) fn at(&self, row: usize) -> Result<Cow<'_, [Element]>> {
        match self {
            Self::One(elements) => Ok(Cow::Borrowed(elements)),
            Self::Each(texts, target) => elements(texts.at(row), *target).map(Cow::Owned),
        }
    }
}

fn part_type(args: &[Argument]) -> Result<DataType> {
    Ok(match args.first().and_then(|part| part.literal.as_ref()) {
        Some(Scalar::String(part)) if part == "DATE" => DataType::Date,
        Some(Scalar::String(part)) if part == "DATETIME" => DataType::Datetime,
        _ => DataType::Int64,
    })
}

fn extract(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let unit = unit(call, 0)?;
    if let Ok(dates) = call.arg(1)?.dates() {
        return match unit {
            Unit::Date | Unit::Datetime => Err(unfit(unit, "a date has")),
            _ => call.ints(&|row| date_part(dates.at(row), unit).map(Some)),
        };
    }
    let times = call.arg(1)?.timestamps()?;
    let zones = Zones::of(call, 2)?;
    let local = |row| zones.at(row, &|zone| zone.local(times.at(row)));
    if *call.returns == DataType::Datetime {
        return call.timestamps(&|row| in_micros(local(row)?).map(Some).ok_or_else(beyond));
    }
    if *call.returns == DataType::Date {
        return call.dates(&|row| in_days(local(row)?.div_euclid(DAY)).map(Some).ok_or_else(beyond));
    }
    call.ints(&|row| {
        let local = local(row)?;
        let (date, time) = (in_days(local.div_euclid(DAY)), local.rem_euclid(DAY));
        match part_of_time(time, unit) {
            Some(part) => Ok(Some(part)),
            None => date_part(date.ok_or_else(beyond)?, unit).map(Some),
        }
    })
}

/// A part of a time of day in microseconds; `None` for parts of dates.
fn part_of_time(time: i64, unit: Unit) -> Option<i64> {
    Some(match unit {
        Unit::Microsecond => time % SECOND,
        Unit::Millisecond => time % SECOND / 1000,
        Unit::Second => time / SECOND % 60,
        Unit::Minute => time / SECOND / 60 % 60,
        Unit::Hour => time / SECOND / 3600,
        _ => return None,
    })
}

fn last_day(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let days_only = call.arg(0)?.dates();
    let times = if days_only.is_err() { Some(call.arg(0)?.timestamps()?) } else { None };
    let date = |row| match (&days_only, &times) {
        (Ok(dates), _) => Ok(dates.at(row)),
        (_, Some(times)) => in_days(times.at(row).div_euclid(DAY)).ok_or_else(beyond),
        (Err(_), None) => Err(beyond()),
    };
    let unit = if call.args.len() > 1 { unit(call, 1)? } else { Unit::Month };
    if unit == Unit::Day {
        return Err(unfit(unit, "has a last day"));
    }
    call.dates(&|row| {
        let first = start_of(date(row)?, unit)?;
        let next = match unit {
            Unit::Week(_) | Unit::IsoWeek => i64::from(first) + 7,
            // 374 days after its start lies in the next ISO year.
            Unit::IsoYear => start_of(first + 374, unit)?.into(),
            unit => shifted(first, 1, unit).ok_or_else(beyond)?.into(),
        };
        in_days(next - 1).map(Some).ok_or_else(beyond)
    })
}

/// Adds an interval to a date, or subtracts it where `sign` is -1.
pub(in crate::function) fn add_to_date(call: &BatchCall<'_>, sign: i64) -> Result<ArrayRef> {
    let (dates, counts, unit) = (call.arg(0)?.dates()?, call.arg(1)?.ints()?, unit(call, 2)?);
    if !matches!(unit, Unit::Day | Unit::Week(0) | Unit::Month | Unit::Quarter | Unit::Year) {
        return Err(unfit(unit, "is added to a date").hint("TIMESTAMP_ADD takes hours and what is shorter"));
    }
    call.dates(&|row| {
        let count = counts.at(row).checked_mul(sign);
        count.and_then(|count| shifted(dates.at(row), count, unit)).map(Some).ok_or_else(beyond)
    })
}

/// Adds days to a date, or subtracts them where `sign` is -1; `places` are those of the date and of the days.
pub(in crate::function) fn add_days(call: &BatchCall<'_>, places: [usize; 2], sign: i64) -> Result<ArrayRef> {
    let [date, days] = places;
    let (dates, counts) = (call.arg(date)?.dates()?, call.arg(days)?.ints()?);
    call.dates(&|row| {
        let count = counts.at(row).checked_mul(sign);
        count.and_then(|count| shifted(dates.at(row), count, Unit::Day)).map(Some).ok_or_else(beyond)
    })
}

/// Adds an interval to a timestamp, or subtracts it where `sign` is -1.
pub(in crate::function) fn add_to_timestamp(call: &BatchCall<'_>, sign: i64) -> Result<ArrayRef> {
    let (times, counts) = (call.arg(0)?.timestamps()?, call.arg(1)?.ints()?);
    let micros = micros_in(unit(call, 2)?)? * sign;
    call.timestamps(&|row| {
        let moved =
            counts.at(row).checked_mul(micros).and_then(|interval| times.at(row).checked_add(interval));
        moved.and_then(in_micros).map(Some).ok_or_else(beyond)
    })
}

fn timestamp_diff(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (later, earlier, unit) = (call.arg(0)?.timestamps()?, call.arg(1)?.timestamps()?, unit(call, 2)?);
    let micros = micros_in(unit)?;
    call.ints(&|row| Ok(Some((later.at(row) - earlier.at(row)) / micros)))
}

fn timestamp_trunc(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (times, unit) = (call.arg(0)?.timestamps()?, unit(call, 1)?);
    let zones = Zones::of(call, 2)?;
    call.timestamps(&|row| {
        let start = zones.at(row, &|zone| {
            let local = zone.local(times.at(row))?;
            match micros_in(unit) {
                // Hours and what is shorter keep the offset, as in ZetaSQL.
                Ok(micros) if micros < DAY => Ok(times.at(row) - local.rem_euclid(micros)),
                _ => {
                    let date = in_days(local.div_euclid(DAY)).ok_or_else(beyond)?;
                    zone.moment(i64::from(start_of(date, unit)?) * DAY)
                }
            }
        })?;
        in_micros(start).map(Some).ok_or_else(beyond)
    })
}

fn date_of_parts(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (years, months, numbers) = (call.arg(0)?.ints()?, call.arg(1)?.ints()?, call.arg(2)?.ints()?);
    call.dates(&|row| {
        let date = Civil { year: years.at(row), month: months.at(row), day: numbers.at(row) };
        let Civil { year, month, day } = date;
        days(date).map(Some).ok_or_else(|| invalid(format!("there is no date {year}-{month}-{day}")))
    })
}

fn date_of_timestamp(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let times = call.arg(0)?.timestamps()?;
    let zones = Zones::of(call, 1)?;
    call.dates(&|row| {
        let local = zones.at(row, &|zone| zone.local(times.at(row)))?;
        in_days(local.div_euclid(DAY)).map(Some).ok_or_else(beyond)
    })
}

fn timestamp_of_text(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    let zones = Zones::of(call, 1)?;
    call.timestamps(&|row| {
        let text = texts.at(row);
        if call.args.len() > 1 && has_zone(text) {
            return Err(invalid(format!("{text:?} has a time zone, and so has the second argument"))
                .hint("leave one of them out"));
        }
        let micros = zones.at(row, &|zone| {
            parse_timestamp(text, &call.env.zones, zone)?
                .ok_or_else(|| Error::new(Code::CastFailed, format!("cannot convert {text:?} to TIMESTAMP")))
        })?;
        Ok(Some(micros))
    })
}

fn timestamp_of_date(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let dates = call.arg(0)?.dates()?;
    let zones = Zones::of(call, 1)?;
    call.timestamps(&|row| {
        let moment = zones.at(row, &|zone| zone.moment(i64::from(dates.at(row)) * DAY))?;
        in_micros(moment).map(Some).ok_or_else(beyond)
    })
}

fn unix(call: &BatchCall<'_>, micros: i64) -> Result<ArrayRef> {
    let times = call.arg(0)?.timestamps()?;
    call.ints(&|row| Ok(Some(times.at(row).div_euclid(micros))))
}

fn from_unix(call: &BatchCall<'_>, micros: i64) -> Result<ArrayRef> {
    let numbers = call.arg(0)?.ints()?;
    call.timestamps(&|row| {
        numbers.at(row).checked_mul(micros).and_then(in_micros).map(Some).ok_or_else(beyond)
    })
}
