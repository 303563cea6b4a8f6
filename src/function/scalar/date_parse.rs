//! Reading dates and times by a format such as `%d.%m.%Y`. Sources: GoogleSQL, "Format elements for date and time parts", and
//! ZetaSQL's `parse_date_time.cc` for what goes before what, and where blanks may stand.

use super::date_format::{Element, WEEKDAYS, left_out};
use super::date_part::{Unit, beyond, start_of, weekday};
use crate::data::{
    Civil, DAY, MONTHS, SECOND, TimeZone, TimeZones, abbreviated, civil, days, in_days, number,
};
use crate::diag::{Code, Error, Result};

/// The moment that `text` means, in microseconds; what it leaves out is that of 1970-01-01 00:00:00. Without a zone in the text
/// it is in `default`.
pub(super) fn parse(
    elements: &[Element],
    text: &str,
    zones: &TimeZones,
    default: &TimeZone<'_>,
) -> Result<i64> {
    let mismatch = || {
        Error::new(Code::InvalidValue, format!("{text:?} does not have this format"))
            .hint("SAFE. in front of the function gives NULL there")
    };
    let mut parsed = Parsed::default();
    let rest = parsed.read(elements, text.trim_ascii_start().as_bytes())?;
    if rest.is_none_or(|rest| !rest.trim_ascii().is_empty()) {
        return Err(mismatch());
    }
    if let Some(second) = parsed.since_epoch {
        return second.checked_mul(SECOND).ok_or_else(mismatch);
    }
    let local = parsed.local()?.ok_or_else(mismatch)?;
    match parsed.zone {
        None => default.moment(local),
        Some(Zone::Offset(offset)) => Ok(local - offset),
        Some(Zone::Named(name)) => match zones.zone(&name)? {
            Some(zone) => zone.moment(local),
            None => Err(mismatch()),
        },
    }
}

/// What has been read of a date or time.
#[derive(Default)]
struct Parsed {
    date: DateParts,
    hour: i64,
    /// Whether the hour is one of `%I` and its kin, which `%p` completes.
    twelve_hour: bool,
    afternoon: bool,
    minute: i64,
    second: i64,
    /// Microseconds.
    fraction: i64,
    zone: Option<Zone>,
    since_epoch: Option<i64>,
}

enum Zone {
    /// Microseconds ahead of UTC.
    Offset(i64),
    Named(String),
}

/// The parts of a date. Of two that say the same, the one further to the right counts, so each has the number of its element.
#[derive(Default)]
struct DateParts {
    /// The element that is being read, from 1.
    position: usize,
    year: Option<(usize, i64)>,
    century: Option<(usize, i64)>,
    year_of_century: Option<(usize, i64)>,
    month: Option<(usize, i64)>,
    day: Option<(usize, i64)>,
    day_of_year: Option<(usize, i64)>,
    /// The number of a week, and how many days after Sunday weeks start.
    week: Option<(usize, i64, i64)>,
    weekday: bool,
    iso_year: Option<i64>,
    iso_week: bool,
    iso_day_of_year: Option<i64>,
}

/// A number from `least` to `most` with at most so many digits, and the rest of the text.
fn bounded(text: &[u8], digits: usize, least: i64, most: i64) -> Option<(i64, &[u8])> {
    number(text, 1, digits).filter(|(value, _)| (least..=most).contains(value))
}

/// The same with blanks in front.
fn after_blanks(text: &[u8], digits: usize, least: i64, most: i64) -> Option<(i64, &[u8])> {
    bounded(text.trim_ascii_start(), digits, least, most)
}

impl Parsed {
    /// Reads what the elements ask for from the start of `text` and gives what is left; `None` where they do not match.
    fn read<'a>(&mut self, elements: &[Element], mut text: &'a [u8]) -> Result<Option<&'a [u8]>> {
        use Element::{Blank, Capitals, Literal, Named, Seconds, Year4};
        for (index, element) in elements.iter().enumerate() {
            self.date.position += 1;
            let rest = match element {
                Blank(_) | Named('n' | 't') => Some(text.trim_ascii_start()),
                Literal(c) => text.strip_prefix(c.encode_utf8(&mut [0; 4]).as_bytes()),
                Year4 => number(text, 4, 4).map(|(year, rest)| {
                    self.date.full_year(year);
                    rest
                }),
                Seconds(digits) => self.read_seconds(text, *digits),
                Capitals(element) | Named(element) => {
                    // Digits of the next element do not belong to a year.
                    let ends = matches!(elements.get(index + 1), Some(Named(_) | Seconds(_) | Year4));
                    self.read_named(*element, text, ends)?
                }
            };
            match rest {
                Some(rest) => text = rest,
                None => return Ok(None),
            }
        }
        Ok(Some(text))
    }

    fn read_seconds<'a>(&mut self, text: &'a [u8], digits: Option<usize>) -> Option<&'a [u8]> {
        let (second, rest) = bounded(text, 2, 0, 60)?;
        self.second = second;
        let Some(fraction) = rest.strip_prefix(b".").filter(|_| digits != Some(0)) else { return Some(rest) };
        let length =
            fraction.iter().take(digits.unwrap_or(usize::MAX)).take_while(|c| c.is_ascii_digit()).count();
        let (fraction, rest) = fraction.split_at_checked(length)?;
        // Finer digits are cut off.
        let micros = fraction.iter().map(|digit| i64::from(digit - b'0')).chain(std::iter::repeat(0)).take(6);
        self.fraction = micros.fold(0, |micros, digit| micros * 10 + digit);
        Some(rest)
    }

    fn read_named<'a>(&mut self, element: char, text: &'a [u8], ends: bool) -> Result<Option<&'a [u8]>> {
        Ok(match element {
            'H' | 'k' | 'I' | 'l' | 'M' | 'S' | 'p' | 'P' => self.read_time(element, text),
            's' => {
                let (sign, digits) = match text {
                    [b'-', digits @ ..] => (-1, digits),
                    digits => (1, digits),
                };
                number(digits, 1, 12).map(|(seconds, rest)| {
                    self.since_epoch = Some(sign * seconds);
                    rest
                })
            }
            'z' | ':' | 'Z' => self.read_zone(element, text),
            'J' | 'G' | 'g' | 'V' | 'U' | 'W' | 'u' | 'w' | 'A' | 'a' => self.date.read_week(element, text),
            'Y' | 'C' | 'y' | 'm' | 'd' | 'e' | 'j' | 'Q' | 'B' | 'b' | 'h' => {
                self.date.read(element, text, ends)
            }
            '%' => text.strip_prefix(b"%"),
            other => return Err(left_out(&other.to_string())),
        })
    }

    fn read_time<'a>(&mut self, element: char, text: &'a [u8]) -> Option<&'a [u8]> {
        let rest;
        match element {
            'H' => (self.hour, rest) = bounded(text, 2, 0, 23)?,
            'k' => (self.hour, rest) = after_blanks(text, 2, 0, 23)?,
            'I' | 'l' => (self.hour, rest) = after_blanks(text, 2, 1, 12)?,
            'M' => (self.minute, rest) = bounded(text, 2, 0, 59)?,
            'S' => (self.second, rest) = bounded(text, 2, 0, 60)?,
            _ => {
                let (half, after) = text.split_at_checked(2)?;
                self.afternoon = half.eq_ignore_ascii_case(b"PM");
                rest = Some(after).filter(|_| self.afternoon || half.eq_ignore_ascii_case(b"AM"))?;
            }
        }
        match element {
            'H' => self.twelve_hour = false,
            'I' | 'l' => self.twelve_hour = true,
            _ => {}
        }
        Some(rest)
    }

    fn read_zone<'a>(&mut self, element: char, text: &'a [u8]) -> Option<&'a [u8]> {
        if element == 'Z' {
            let length = text.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
            let (zone, rest) = text.split_at_checked(length).filter(|(zone, _)| !zone.is_empty())?;
            self.zone = Some(Zone::Named(std::str::from_utf8(zone).ok()?.into()));
            return Some(rest);
        }
        let with_colon = element == ':';
        if let (true, Some(rest)) = (with_colon, text.strip_prefix(b"Z")) {
            self.zone = Some(Zone::Offset(0));
            return Some(rest);
        }
        let (sign, rest) = match text {
            [b'+', rest @ ..] => (1, rest),
            [b'-', rest @ ..] => (-1, rest),
            _ => return None,
        };
        let (hours, rest) = number(rest, 2, 2)?;
        let behind = rest.strip_prefix(b":").filter(|_| with_colon).unwrap_or(rest);
        let (minutes, rest) = number(behind, 2, 2).filter(|(minutes, _)| *minutes < 60).unwrap_or((0, rest));
        let minutes = hours * 60 + minutes;
        self.zone = Some(Zone::Offset(sign * minutes * 60 * SECOND));
        (minutes <= 14 * 60).then_some(rest)
    }

    /// The local time in microseconds; `None` where there is no such date.
    fn local(&self) -> Result<Option<i64>> {
        let Some(date) = self.date.day()? else { return Ok(None) };
        let hour =
            if self.twelve_hour { self.hour % 12 + if self.afternoon { 12 } else { 0 } } else { self.hour };
        // Second 60 is the next minute's first.
        let (second, fraction) = if self.second == 60 { (60, 0) } else { (self.second, self.fraction) };
        Ok(Some(i64::from(date) * DAY + ((hour * 60 + self.minute) * 60 + second) * SECOND + fraction))
    }
}

impl DateParts {
    fn full_year(&mut self, year: i64) {
        self.year = Some((self.position, year));
        (self.century, self.year_of_century) = (None, None);
    }

    fn read<'a>(&mut self, element: char, text: &'a [u8], ends: bool) -> Option<&'a [u8]> {
        let at = self.position;
        let (value, rest) = match element {
            'Y' if ends => bounded(text, 4, 0, 9999)?,
            'Y' => bounded(text, 5, 0, 10_000)?,
            'C' | 'y' => bounded(text, 2, 0, 99)?,
            'm' => bounded(text, 2, 1, 12)?,
            'd' => bounded(text, 2, 1, 31)?,
            'e' => after_blanks(text, 2, 1, 31)?,
            'j' => bounded(text, 3, 1, 366)?,
            'Q' => bounded(text, 1, 1, 4)?,
            _ => named(&MONTHS, text).map(|(month, rest)| (month + 1, rest))?,
        };
        match element {
            'Y' => self.full_year(value),
            'C' => self.century = Some((at, value)),
            'y' => self.year_of_century = Some((at, value)),
            'd' | 'e' => self.day = Some((at, value)),
            'j' => self.day_of_year = Some((at, value)),
            'Q' => (self.month, self.day) = (Some((at, value * 3 - 2)), Some((at, 1))),
            _ => self.month = Some((at, value)),
        }
        Some(rest)
    }

    fn read_week<'a>(&mut self, element: char, text: &'a [u8]) -> Option<&'a [u8]> {
        let (value, rest) = match element {
            'J' => bounded(text, 3, 1, 371)?,
            'G' => bounded(text, 5, 0, 99_999)?,
            'g' => bounded(text, 2, 0, 99)?,
            'V' => bounded(text, 2, 1, 53)?,
            'U' | 'W' => bounded(text, 2, 0, 53)?,
            'u' => after_blanks(text, 1, 1, 7)?,
            'w' => after_blanks(text, 1, 0, 6)?,
            _ => named(&WEEKDAYS, text)?,
        };
        match element {
            'J' => self.iso_day_of_year = Some(value),
            'G' => self.iso_year = Some(value),
            'g' => self.iso_year = Some(if value < 69 { 2000 + value } else { 1900 + value }),
            'V' => self.iso_week = true,
            'U' => self.week = Some((self.position, value, 0)),
            'W' => self.week = Some((self.position, value, 1)),
            _ => self.weekday = true,
        }
        Some(rest)
    }

    /// The day; `None` where there is none.
    ///
    /// # Errors
    /// `unsupported-syntax` for weeks together with what ZetaSQL does not support beside them.
    fn day(&self) -> Result<Option<i32>> {
        let (year_at, year) = self.year_and_position();
        let (month_at, month) = self.month.unwrap_or((0, 1));
        let (day_at, day) = self.day.unwrap_or((0, 1));
        let plain =
            year_at > 0 || month_at > 0 || day_at > 0 || self.day_of_year.is_some() || self.week.is_some();
        if let (Some(iso_year), false) = (self.iso_year, plain) {
            return self.iso_day(iso_year);
        }
        let counted = match (self.day_of_year, self.week) {
            (Some((at, number)), week) if week.is_none_or(|(week_at, ..)| at > week_at) => {
                Some((at, day_of_year(year, number)))
            }
            (_, Some((at, number, start))) => {
                if self.weekday {
                    return Err(left_out("U and %W with a weekday"));
                }
                Some((at, start_of_week(year, number, start)))
            }
            _ => None,
        };
        let Some((at, counted)) = counted else { return Ok(days(Civil { year, month, day })) };
        let Some(counted) = counted else { return Ok(None) };
        let counted = civil(counted.into());
        let latest = |part_at: usize, part: i64, counted: i64| if part_at < at { counted } else { part };
        Ok(days(Civil {
            year: latest(year_at, year, counted.year),
            month: latest(month_at, month, counted.month),
            day: latest(day_at, day, counted.day),
        }))
    }

    /// The year, and the place of the element that says it; 0 where none does.
    fn year_and_position(&self) -> (usize, i64) {
        match (self.century, self.year_of_century) {
            (None, None) => self.year.unwrap_or((0, 1970)),
            (Some((at, century)), None) => (at, century * 100),
            (None, Some((at, year))) => (at, if year < 69 { 2000 + year } else { 1900 + year }),
            (Some((century_at, century)), Some((at, year))) => (at.max(century_at), century * 100 + year),
        }
    }

    fn iso_day(&self, year: i64) -> Result<Option<i32>> {
        if self.iso_week && self.iso_day_of_year.is_none() {
            return Err(left_out("G with %V"));
        }
        let first = |year| -> Result<Option<i32>> {
            days(Civil { year, month: 1, day: 4 }).map(|fourth| start_of(fourth, Unit::IsoYear)).transpose()
        };
        let (Some(start), Some(next)) = (first(year)?, first(year + 1)?) else { return Ok(None) };
        let day = i64::from(start) + self.iso_day_of_year.unwrap_or(1) - 1;
        if day >= next.into() {
            return Ok(None);
        }
        in_days(day).map(Some).ok_or_else(beyond)
    }
}

/// The day with this number from 1; `None` where the year has none.
fn day_of_year(year: i64, number: i64) -> Option<i32> {
    let first = days(Civil { year, month: 1, day: 1 })?;
    in_days(i64::from(first) + number - 1).filter(|day| civil((*day).into()).year == year)
}

/// The first day of a week of the year, where weeks start `start` days after Sunday and the first full one is number 1. `None`
/// where the year has no such week.
fn start_of_week(year: i64, number: i64, start: i64) -> Option<i32> {
    let first = days(Civil { year, month: 1, day: 1 })?;
    let last = days(Civil { year, month: 12, day: 31 })?;
    let until_start = (start - weekday(first)).rem_euclid(7);
    // Days before the first full week are week 0.
    let least = i64::from(until_start == 0);
    let day = i64::from(first) + until_start + 7 * (number - 1);
    (number >= least && day <= last.into()).then(|| in_days(day))?
}

/// The name, in full or abbreviated, at the start of `text`: its index, and what follows.
fn named<'a>(names: &[&str], text: &'a [u8]) -> Option<(i64, &'a [u8])> {
    (0..).zip(names).find_map(|(index, name)| {
        [name, abbreviated(name)].into_iter().find_map(|name| {
            let (start, rest) = text.split_at_checked(name.len())?;
            start.eq_ignore_ascii_case(name.as_bytes()).then_some((index, rest))
        })
    })
}
