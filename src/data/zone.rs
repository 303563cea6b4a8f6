//! Time zones: offsets from UTC, and named ones, whose rules the host knows.
//!
//! Microseconds of UTC count from 1970-01-01 00:00:00; local ones count as if the zone's clock were UTC's.

use litemap::LiteMap;
use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::calendar::{SECOND, number};
use crate::diag::{Code, Error, Invariant, Result, ensure};

/// A host's time zone database: the offsets of the zone called `name` from second `from` to second `until` of UTC, both counted
/// from 1970-01-01. Each is a second from which on it holds, and seconds east of UTC; the first holds at `from`. `None`
/// where there is no such zone.
pub type ZoneLookup = fn(name: &str, from: i64, until: i64) -> Option<Vec<(i64, i32)>>;

/// The offsets of a zone are asked for in blocks of 16 years, with some days more at both ends: a local time lies within
/// a day of the moment that it means.
const BLOCK: i64 = 16 * 31_556_952;
const MARGIN: i64 = 3 * 86_400;

/// The widest offset of a zone with a name: those before standard time lie within a day.
const WIDEST: i32 = 86_400;

/// The time zones that a query can name.
#[derive(Clone, Default)]
pub(crate) struct TimeZones {
    lookup: Option<ZoneLookup>,
    /// What the host has answered.
    blocks: Arc<Mutex<Blocks>>,
}

type Blocks = LiteMap<(String, i64), Option<Arc<Block>>>;

/// The offsets of a zone for the moments from `start` on, as far as one block goes.
#[derive(Debug)]
struct Block {
    start: i64,
    offsets: Vec<(i64, i32)>,
}

/// One time zone.
pub(crate) enum TimeZone<'a> {
    /// So many microseconds ahead of UTC.
    Offset(i64),
    Named(Named<'a>),
}

pub(crate) struct Named<'a> {
    zones: &'a TimeZones,
    lookup: ZoneLookup,
    name: &'a str,
    /// The block that was read last: rows are often near one another.
    latest: RefCell<Option<Arc<Block>>>,
}

impl fmt::Debug for TimeZones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeZones").field("known", &self.lookup.is_some()).finish_non_exhaustive()
    }
}

impl TimeZones {
    pub(crate) fn new(lookup: ZoneLookup) -> Self {
        Self { lookup: Some(lookup), ..Self::default() }
    }

    /// The zone that a text means: `UTC`, an offset such as `+05:30`, or a name. `None` where there is no such zone.
    ///
    /// # Errors
    /// `unsupported-syntax` for a name where the host has no database.
    pub(crate) fn zone<'a>(&'a self, text: &'a str) -> Result<Option<TimeZone<'a>>> {
        let utc = ["UTC", "Etc/UTC", "GMT"];
        if utc.iter().any(|utc| utc.eq_ignore_ascii_case(text)) {
            return Ok(Some(TimeZone::Offset(0)));
        }
        if let Some(offset) = offset(text.strip_prefix("UTC").unwrap_or(text)) {
            return Ok(Some(TimeZone::Offset(offset)));
        }
        let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_/+-".contains(&byte));
        if !is_name {
            return Ok(None);
        }
        let Some(lookup) = self.lookup else {
            return Err(Error::new(Code::UnsupportedSyntax, format!("time zone {text:?} is not known here"))
                .hint("this host has no time zone database: use 'UTC' or an offset such as '+02:00'"));
        };
        let named = Named { zones: self, lookup, name: text, latest: RefCell::default() };
        Ok(named.block(0)?.map(|_| TimeZone::Named(named)))
    }
}

impl TimeZone<'_> {
    /// How far the zone is ahead of UTC at a moment, in microseconds.
    pub(crate) fn offset(&self, micros: i64) -> Result<i64> {
        match self {
            Self::Offset(offset) => Ok(*offset),
            Self::Named(named) => {
                let second = micros.div_euclid(SECOND);
                Ok(i64::from(named.known_block(second)?.at(second)?) * SECOND)
            }
        }
    }

    /// The zone's local time at a moment.
    pub(crate) fn local(&self, micros: i64) -> Result<i64> {
        Ok(micros + self.offset(micros)?)
    }

    /// The moment of a local time. One that comes twice means the first; one that is skipped is taken with the offset
    /// before the change, as in ZetaSQL.
    pub(crate) fn moment(&self, local: i64) -> Result<i64> {
        match self {
            Self::Offset(offset) => Ok(local - offset),
            Self::Named(named) => {
                let second = local.div_euclid(SECOND);
                Ok(local - i64::from(named.known_block(second)?.of_local(second)?) * SECOND)
            }
        }
    }
}

impl Named<'_> {
    /// The block of offsets for a second; the zone is known to exist.
    fn known_block(&self, second: i64) -> Result<Arc<Block>> {
        self.block(second)?.invariant("a time zone has offsets at every time")
    }

    /// `None` where there is no such zone.
    fn block(&self, second: i64) -> Result<Option<Arc<Block>>> {
        let start = second.div_euclid(BLOCK) * BLOCK;
        if let Some(block) = self.latest.borrow().as_ref().filter(|block| block.start == start) {
            return Ok(Some(block.clone()));
        }
        // A panic elsewhere leaves the map whole: every change of it is one step.
        let mut known = self.zones.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (self.name.to_owned(), start);
        let block = match known.get(&key) {
            Some(block) => block.clone(),
            None => {
                let block = Block::ask(self.lookup, self.name, start)?.map(Arc::new);
                known.insert(key, block.clone());
                block
            }
        };
        self.latest.replace(block.clone());
        Ok(block)
    }
}

impl Block {
    fn ask(lookup: ZoneLookup, name: &str, start: i64) -> Result<Option<Self>> {
        let from = start - MARGIN;
        let Some(offsets) = lookup(name, from, start + BLOCK + MARGIN) else { return Ok(None) };
        let in_order = offsets.iter().zip(offsets.iter().skip(1)).all(|(a, b)| a.0 < b.0);
        let holds = offsets.first().is_some_and(|(since, _)| *since <= from);
        let narrow = offsets.iter().all(|(_, offset)| (-WIDEST..=WIDEST).contains(offset));
        ensure(in_order && holds && narrow, "the host's offsets of a time zone are in order")?;
        Ok(Some(Self { start, offsets }))
    }

    /// The offset at a second of UTC.
    fn at(&self, second: i64) -> Result<i32> {
        let later = self.offsets.partition_point(|(since, _)| *since <= second);
        let (_, offset) =
            later.checked_sub(1).and_then(|index| self.offsets.get(index)).invariant("an offset")?;
        Ok(*offset)
    }

    /// The offset with which a local second is to be read.
    fn of_local(&self, second: i64) -> Result<i32> {
        let mut before: Option<i32> = None;
        for (index, (since, offset)) in self.offsets.iter().enumerate() {
            let moment = second - i64::from(*offset);
            let until = self.offsets.get(index + 1).map_or(i64::MAX, |(next, _)| *next);
            if moment < until {
                // Before its start: no offset has this time, the change skips it.
                return Ok(if moment < *since { before.unwrap_or(*offset) } else { *offset });
            }
            before = Some(*offset);
        }
        before.invariant("the last offset has no end")
    }
}

/// `+H`, `-HH`, `+HH:MM`, `+HHMM` in microseconds.
pub(crate) fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes() {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = number(rest, 1, 2)?;
    let (minutes, rest) = match rest {
        [] => (0, rest),
        [b':', rest @ ..] | rest => number(rest, 1, 2)?,
    };
    let valid = rest.is_empty() && minutes < 60 && hours * 60 + minutes <= 14 * 60;
    valid.then_some(sign * (hours * 60 + minutes) * 60 * SECOND)
}
