//! The time and the time zones of this machine. Zones come with the program, so that every machine has the same.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Milliseconds since 1970-01-01 UTC.
pub(crate) fn now() -> f64 {
    // A clock before 1970 is one that was never set.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3
}

/// The offsets of a zone from UTC, and since when each is valid; none where no zone has this name.
pub(crate) fn zone_offsets(name: &str, from: i64, until: i64) -> Option<Vec<(i64, i32)>> {
    let zone = TimeZone::get(name).ok()?;
    let start = Timestamp::from_second(from).ok()?;
    let changes =
        zone.following(start).map(|change| (change.timestamp().as_second(), change.offset().seconds()));
    let changes = changes.take_while(|(since, _)| *since < until);
    Some(std::iter::once((from, zone.to_offset(start).seconds())).chain(changes).collect())
}
