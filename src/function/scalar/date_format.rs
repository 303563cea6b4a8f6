//! Formats of dates and times, such as `%d.%m.%Y`. Source: GoogleSQL, "Format elements for date and time parts".

use super::date::{Unit, beyond, date_part, day_in_year, week_in_year, weekday};
use crate::data::{Civil, DAY, SECOND, civil, days, in_days, number, parse_zone};
use crate::diag::{Code, Error, Invariant, Result};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Elements that are short for several others.
fn expanded(element: char) -> Option<&'static str> {
    Some(match element {
        'F' => "%Y-%m-%d",
        'T' => "%H:%M:%S",
        'R' => "%H:%M",
        'D' | 'x' => "%m/%d/%y",
        'X' => "%H:%M:%S",
        'c' => "%a %b %e %H:%M:%S %Y",
        _ => return None,
    })
}

fn month_name(month: i64) -> Result<&'static str> {
    let index = usize::try_from(month - 1).ok();
    index.and_then(|index| MONTHS.get(index)).copied().invariant("a month from 1 to 12")
}

fn weekday_name(date: i32) -> Result<&'static str> {
    let index = usize::try_from(weekday(date)).ok();
    index.and_then(|index| WEEKDAYS.get(index)).copied().invariant("a weekday from 0 to 6")
}

/// The first three letters of a name: all names are ASCII and at least as long.
fn abbreviated(name: &str) -> &str {
    name.split_at(3).0
}

fn unknown(element: &str) -> Error {
    Error::new(Code::InvalidValue, format!("format element %{element} is not supported here"))
}

/// `micros` as text; `offset` is its time zone's, where it has a time at all.
pub(super) fn format(format: &str, micros: i64, offset: Option<i64>) -> Result<String> {
    let date = in_days(micros.div_euclid(DAY)).ok_or_else(beyond)?;
    let moment = Moment { micros, offset, date, civil: civil(date.into()), time: micros.rem_euclid(DAY) };
    let mut text = String::new();
    moment.write(format, &mut text)?;
    Ok(text)
}

/// What is formatted, in the time zone that it is shown in.
struct Moment {
    micros: i64,
    /// How far the time zone is ahead of UTC; `None` of a date without a time.
    offset: Option<i64>,
    date: i32,
    civil: Civil,
    /// Microseconds since midnight.
    time: i64,
}

impl Moment {
    fn write(&self, format: &str, text: &mut String) -> Result<()> {
        let mut rest = format.chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                text.push(c);
                continue;
            }
            let element = rest.next().ok_or_else(|| unknown(""))?;
            if let Some(format) = expanded(element) {
                self.write(format, text)?;
            } else if element == 'E' {
                text.push_str(&self.seconds(fraction_digits(&mut rest)?));
            } else if "HIMSpPzZs".contains(element) {
                text.push_str(&self.time_element(element)?);
            } else {
                text.push_str(&self.date_element(element)?);
            }
        }
        Ok(())
    }

    fn date_element(&self, element: char) -> Result<String> {
        let Civil { year, month, day } = self.civil;
        let date = self.date;
        Ok(match element {
            'Y' => year.to_string(),
            'y' => format!("{:02}", year % 100),
            'C' => format!("{:02}", year / 100),
            'm' => format!("{month:02}"),
            'd' => format!("{day:02}"),
            'e' => format!("{day:2}"),
            'j' => format!("{:03}", day_in_year(date)? + 1),
            'B' => month_name(month)?.into(),
            'b' | 'h' => abbreviated(month_name(month)?).into(),
            'A' => weekday_name(date)?.into(),
            'a' => abbreviated(weekday_name(date)?).into(),
            'u' => ((weekday(date) + 6) % 7 + 1).to_string(),
            'w' => weekday(date).to_string(),
            'U' => format!("{:02}", week_in_year(date, 0)?),
            'W' => format!("{:02}", week_in_year(date, 1)?),
            'V' => format!("{:02}", date_part(date, Unit::IsoWeek)?),
            'G' => date_part(date, Unit::IsoYear)?.to_string(),
            'Q' => ((month - 1) / 3 + 1).to_string(),
            't' => "\t".into(),
            'n' => "\n".into(),
            '%' => "%".into(),
            other => return Err(unknown(&other.to_string())),
        })
    }

    fn time_element(&self, element: char) -> Result<String> {
        let offset = self
            .offset
            .ok_or_else(|| unknown(&element.to_string()).hint("a DATE has no time: use FORMAT_TIMESTAMP"))?;
        let (hour, minute, second) =
            (self.time / SECOND / 3600, self.time / SECOND / 60 % 60, self.time / SECOND % 60);
        Ok(match element {
            'H' => format!("{hour:02}"),
            'I' => format!("{:02}", (hour + 11) % 12 + 1),
            'M' => format!("{minute:02}"),
            'S' => format!("{second:02}"),
            'p' => (if hour < 12 { "AM" } else { "PM" }).into(),
            'P' => (if hour < 12 { "am" } else { "pm" }).into(),
            's' => (self.micros - offset).div_euclid(SECOND).to_string(),
            'z' => zone_text(offset),
            'Z' if offset == 0 => "UTC".into(),
            'Z' => format!("UTC{}", zone_text(offset)),
            other => return Err(unknown(&other.to_string())),
        })
    }

    /// Seconds with so many digits of their fraction, or as many as it has.
    fn seconds(&self, digits: Option<usize>) -> String {
        let fraction = format!("{:06}", self.time % SECOND);
        let fraction = match digits {
            Some(digits) => fraction.split_at(digits).0,
            None => fraction.trim_end_matches('0'),
        };
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{:02}{point}{fraction}", self.time / SECOND % 60)
    }
}

fn zone_text(offset: i64) -> String {
    let minutes = offset.abs() / SECOND / 60;
    format!("{}{:02}{:02}", if offset < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
}

/// What follows `%E`: `*S` for as many digits as there are, or a number of digits from 0 to 6, such as `3S`.
fn fraction_digits(rest: &mut std::str::Chars<'_>) -> Result<Option<usize>> {
    match (rest.next(), rest.next()) {
        (Some('*'), Some('S')) => Ok(None),
        (Some(digits @ '0'..='6'), Some('S')) => Ok(digits.to_digit(10).map(|digits| digits as usize)),
        _ => Err(unknown("E")),
    }
}

/// What has been read of a date or time.
struct Parsed {
    year: i64,
    month: i64,
    day: i64,
    day_in_year: Option<i64>,
    hour: i64,
    afternoon: Option<bool>,
    /// Minutes, seconds and less, in microseconds.
    rest: i64,
    offset: i64,
    since_epoch: Option<i64>,
}

/// The moment that `text` means, in microseconds; what it leaves out is that of 1970-01-01 00:00:00 UTC.
pub(super) fn parse(format: &str, text: &str) -> Result<i64> {
    let mut parsed = Parsed {
        year: 1970,
        month: 1,
        day: 1,
        day_in_year: None,
        hour: 0,
        afternoon: None,
        rest: 0,
        offset: 0,
        since_epoch: None,
    };
    let mismatch = || {
        Error::new(Code::InvalidValue, format!("{text:?} does not have the format {format:?}"))
            .hint("SAFE. in front of the function gives NULL there")
    };
    let rest = parsed.read(format, text.as_bytes())?.ok_or_else(mismatch)?;
    if !rest.trim_ascii().is_empty() {
        return Err(mismatch());
    }
    parsed.micros().ok_or_else(mismatch)
}

impl Parsed {
    /// Reads what `format` asks for from the start of `text` and gives what is left; `None` where they do not match.
    fn read<'a>(&mut self, format: &str, mut text: &'a [u8]) -> Result<Option<&'a [u8]>> {
        let mut elements = format.chars();
        while let Some(c) = elements.next() {
            if c.is_whitespace() {
                text = text.trim_ascii_start();
                continue;
            }
            if c != '%' {
                let mut bytes = [0; 4];
                match text.strip_prefix(c.encode_utf8(&mut bytes).as_bytes()) {
                    Some(rest) => text = rest,
                    None => return Ok(None),
                }
                continue;
            }
            let element = elements.next().ok_or_else(|| unknown(""))?;
            let rest = match expanded(element) {
                Some(format) => self.read(format, text)?,
                None => {
                    let element = match element {
                        'E' => fraction_digits(&mut elements).map(|_| 'E')?,
                        element => element,
                    };
                    if !"YymdejHIMSpPBbhAazZsE%tn".contains(element) {
                        return Err(unknown(&element.to_string()));
                    }
                    self.read_element(element, text)
                }
            };
            match rest {
                Some(rest) => text = rest,
                None => return Ok(None),
            }
        }
        Ok(Some(text))
    }

    fn read_element<'a>(&mut self, element: char, text: &'a [u8]) -> Option<&'a [u8]> {
        let two = |text| number(text, 1, 2);
        let rest;
        match element {
            'Y' => (self.year, rest) = number(text, 1, 4)?,
            'y' => {
                let (year, after) = two(text)?;
                (self.year, rest) = (if year < 69 { 2000 + year } else { 1900 + year }, after);
            }
            'm' => (self.month, rest) = two(text)?,
            'd' | 'e' => (self.day, rest) = two(text.trim_ascii_start())?,
            'j' => {
                let (day, after) = number(text, 1, 3)?;
                (self.day_in_year, rest) = (Some(day), after);
            }
            'H' => (self.hour, rest) = two(text).filter(|(hour, _)| *hour < 24)?,
            'I' => (self.hour, rest) = two(text).filter(|(hour, _)| (1..=12).contains(hour))?,
            'M' => {
                let (minutes, after) = two(text).filter(|(minutes, _)| *minutes < 60)?;
                self.rest += minutes * 60 * SECOND;
                rest = after;
            }
            'S' | 'E' => {
                let (seconds, after) = two(text).filter(|(seconds, _)| *seconds < 60)?;
                let (fraction, after) = match after.strip_prefix(b".") {
                    Some(after) if element == 'E' => crate::data::fraction(after)?,
                    _ => (0, after),
                };
                self.rest += seconds * SECOND + fraction;
                rest = after;
            }
            'p' | 'P' => {
                let (half, after) = text.split_at_checked(2)?;
                self.afternoon = Some(half.eq_ignore_ascii_case(b"PM"));
                rest = Some(after)
                    .filter(|_| half.eq_ignore_ascii_case(b"PM") || half.eq_ignore_ascii_case(b"AM"))?;
            }
            'B' | 'b' | 'h' => {
                let (month, after) = named(&MONTHS, text)?;
                (self.month, rest) = (month + 1, after);
            }
            'A' | 'a' => rest = named(&WEEKDAYS, text)?.1,
            's' => {
                let (seconds, after) = number(text, 1, 12)?;
                (self.since_epoch, rest) = (Some(seconds), after);
            }
            'z' | 'Z' => {
                let length = text.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
                let (zone, after) = text.split_at_checked(length)?;
                self.offset = parse_zone(std::str::from_utf8(zone).ok()?)?;
                rest = after;
            }
            't' | 'n' => rest = text.trim_ascii_start(),
            _ => rest = text.strip_prefix(b"%")?,
        }
        Some(rest)
    }

    fn micros(&self) -> Option<i64> {
        if let Some(seconds) = self.since_epoch {
            return seconds.checked_mul(SECOND);
        }
        let date = match self.day_in_year {
            None => days(Civil { year: self.year, month: self.month, day: self.day })?,
            Some(day) => {
                let first = days(Civil { year: self.year, month: 1, day: 1 })?;
                let date = in_days(i64::from(first) + day - 1)?;
                let in_this_year = day > 0 && civil(date.into()).year == self.year;
                in_this_year.then_some(date)?
            }
        };
        let hour = match self.afternoon {
            None => self.hour,
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
        };
        Some(i64::from(date) * DAY + hour * 3600 * SECOND + self.rest - self.offset)
    }
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
