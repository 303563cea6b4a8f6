//! Dates and timestamps as text, both ways.

use predictql_kernels::bytes;

use super::calendar::{Civil, DAY, SECOND, civil, days, fraction, in_micros, number};
use super::zone::{TimeZone, TimeZones};
use crate::diag::Result;

/// `YYYY-MM-DD` with one or two digits of month and day.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let bytes = text.trim().as_bytes();
    let (date, rest) = date_of(bytes)?;
    rest.is_empty().then_some(date)
}

/// A date, then optionally a time after a space or `T`, then optionally `Z`, an offset such as `+01:30`, or a space and the
/// name of a time zone; in microseconds. Without a zone it is in `default`. `None` where the text is something else.
///
/// # Errors
/// `unsupported-syntax` for a named zone where the host has no database.
pub(crate) fn parse_timestamp(text: &str, zones: &TimeZones, default: &TimeZone<'_>) -> Result<Option<i64>> {
    let Some((local, zone)) = local_timestamp(text.trim()) else { return Ok(None) };
    let moment = match zone {
        "" => default.moment(local)?,
        "Z" | "z" => local,
        zone => match zones.zone(zone.trim_start())? {
            Some(zone) => zone.moment(local)?,
            None => return Ok(None),
        },
    };
    Ok(in_micros(moment))
}

/// A date, then optionally a time, and no zone; in microseconds.
pub(crate) fn parse_datetime(text: &str) -> Option<i64> {
    local_timestamp(text.trim()).filter(|(_, zone)| zone.is_empty()).and_then(|(local, _)| in_micros(local))
}

/// A timestamp that needs no time zone database.
pub(crate) fn parse_plain_timestamp(text: &str) -> Option<i64> {
    parse_timestamp(text, &TimeZones::default(), &TimeZone::Offset(0)).ok().flatten()
}

/// Whether a timestamp's text names its time zone.
pub(crate) fn has_zone(text: &str) -> bool {
    local_timestamp(text.trim()).is_some_and(|(_, zone)| !zone.is_empty())
}

/// The local time in microseconds, and the text of its zone.
fn local_timestamp(text: &str) -> Option<(i64, &str)> {
    // What most files have, whose rows are many.
    if let Some([year, month, day, hours, minutes, seconds]) =
        bytes::moment(text.as_bytes()).map(|it| it.map(i64::from))
    {
        let date = days(Civil { year, month, day })?;
        let valid = hours < 24 && minutes < 60 && seconds < 60;
        let time = ((hours * 60 + minutes) * 60 + seconds) * SECOND;
        return valid.then_some((i64::from(date) * DAY + time, ""));
    }
    let (date, rest) = date_of(text.as_bytes())?;
    let (time, rest) = match rest {
        [b' ' | b'T' | b't', after @ ..] if after.trim_ascii_start().first()?.is_ascii_digit() => {
            time_of(after.trim_ascii_start())?
        }
        rest => (0, rest),
    };
    let zone = std::str::from_utf8(rest).ok()?;
    // A name stands behind a space.
    let valid = matches!(zone, "" | "Z" | "z") || zone.starts_with([' ', '+', '-']);
    valid.then_some((i64::from(date) * DAY + time, zone))
}

/// A date, and the rest of the text.
fn date_of(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (year, rest) = number(bytes, 4, 4)?;
    let (month, rest) = number(rest.strip_prefix(b"-")?, 1, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?, 1, 2)?;
    Some((days(Civil { year, month, day })?, rest))
}

/// `H:MM[:SS[.ffffff]]` in microseconds, and the rest of the text.
fn time_of(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (hours, rest) = number(bytes, 1, 2)?;
    let (minutes, rest) = number(rest.strip_prefix(b":")?, 1, 2)?;
    let (seconds, rest) = match rest.strip_prefix(b":") {
        Some(rest) => number(rest, 1, 2)?,
        None => (0, rest),
    };
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => fraction(rest)?,
        None => (0, rest),
    };
    let valid = hours < 24 && minutes < 60 && seconds < 60;
    valid.then_some((((hours * 60 + minutes) * 60 + seconds) * SECOND + fraction, rest))
}

/// `YYYY-MM-DD`.
pub(crate) fn date_text(days: i32) -> String {
    let Civil { year, month, day } = civil(days.into());
    format!("{year:04}-{month:02}-{day:02}")
}

/// `YYYY-MM-DD HH:MM:SS[.ffffff]+00`, with three or six digits of a second's fraction where there is one.
pub(crate) fn timestamp_text(micros: i64) -> String {
    zoned_text(micros, 0)
}

/// The same in a zone that is `offset` microseconds ahead of UTC: `…-07`, `…+05:30`. Seconds of an offset are left out.
pub(crate) fn zoned_text(micros: i64, offset: i64) -> String {
    let zone = offset / (60 * SECOND);
    let local = datetime_text(micros + zone * 60 * SECOND);
    let sign = if zone < 0 { '-' } else { '+' };
    match (zone.abs() / 60, zone.abs() % 60) {
        (hours, 0) => format!("{local}{sign}{hours:02}"),
        (hours, minutes) => format!("{local}{sign}{hours:02}:{minutes:02}"),
    }
}

/// `YYYY-MM-DD HH:MM:SS[.ffffff]`, with three or six digits of a second's fraction where there is one.
pub(crate) fn datetime_text(local: i64) -> String {
    format!("{} {}", date_of_days(local.div_euclid(DAY)), time_text(local.rem_euclid(DAY)))
}

fn date_of_days(days: i64) -> String {
    let Civil { year, month, day } = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A time of day that was written as `H:MM[:SS[.ffffff]]`, in microseconds.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let (micros, rest) = time_of(text.trim().as_bytes())?;
    rest.is_empty().then_some(micros)
}

/// `HH:MM:SS` with 3 or 6 digits behind a point where there is a fraction: texts in the order of the times.
pub(crate) fn time_text(time: i64) -> String {
    let (seconds, fraction) = (time / SECOND, time % SECOND);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = match (fraction, fraction % 1000) {
        (0, _) => String::new(),
        (_, 0) => format!(".{:03}", fraction / 1000),
        _ => format!(".{fraction:06}"),
    };
    format!("{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_read_and_print() {
        assert_eq!(parse_plain_timestamp("2014-09-27 12:30:00.45-8:00"), Some(1_411_849_800_450_000));
        assert_eq!(timestamp_text(1_411_849_800_450_000), "2014-09-27 20:30:00.450+00");
        assert_eq!(parse_plain_timestamp("2014-09-27"), Some(1_411_776_000_000_000));
        assert_eq!(parse_plain_timestamp("2014-09-27T12:30:00Z"), Some(1_411_821_000_000_000));
        assert_eq!(parse_plain_timestamp("2014-09-27 12:30 +0000"), Some(1_411_821_000_000_000));
        assert_eq!(parse_plain_timestamp("2014-09-27 UTC"), Some(1_411_776_000_000_000));
        for wrong in [
            "2014-13-01",
            "2014-02-29",
            "2014-09-27 25:00:00",
            "2014-09-27 12:30:00.x",
            "yesterday",
            "2014-09-27 12:30:00+99",
            "2014-09-27 12:30:00+",
            "2014-09-2712:30:00",
            "",
        ] {
            assert_eq!(parse_plain_timestamp(wrong), None, "{wrong}");
        }
        assert_eq!(parse_date("2014-9-3"), Some(16_316));
        assert_eq!(date_text(16_316), "2014-09-03");
        for wrong in ["2014-9", "2014-09-03x", "14-09-03", "0000-01-01"] {
            assert_eq!(parse_date(wrong), None, "{wrong}");
        }
    }
}
