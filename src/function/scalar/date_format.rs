//! Formats of dates and times, such as `%d.%m.%Y`, and writing by them. Sources: GoogleSQL, "Format elements for date and time
//! parts", and ZetaSQL's `date_time_util.cc`.

use super::date_part::{Unit, beyond, date_part, day_in_year, week_in_year, weekday};
use crate::data::{Civil, DAY, SECOND, abbreviated, civil, in_days, month_name};
use crate::diag::{Code, Error, Invariant, Result};

pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Elements that are short for several others.
fn expanded(element: char) -> Option<&'static str> {
    Some(match element {
        'F' => "%Y-%m-%d",
        'T' | 'X' => "%H:%M:%S",
        'R' => "%H:%M",
        'r' => "%I:%M:%S %p",
        'D' | 'x' => "%m/%d/%y",
        'c' => "%a %b %e %H:%M:%S %Y",
        _ => return None,
    })
}

/// All elements of one letter, `:` for `%Ez` among them.
const KNOWN: &str = "AaBbCdeGgHhIJjklMmnPpQSstUuVWwYyZz%";

/// A piece of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::function) enum Element {
    Literal(char),
    /// A blank, which in texts that are read stands for any number of them.
    Blank(char),
    /// `%Y` and so on; `:` is `%Ez`.
    Named(char),
    /// A name of a month or a weekday in capitals: what CAST's MONTH is.
    Capitals(char),
    /// `%E4Y`.
    Year4,
    /// `%E3S`, and `%E*S` with `None`.
    Seconds(Option<usize>),
}

/// What a format is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::function) enum Target {
    Timestamp,
    /// A DATETIME that is written: elements of a time zone stand for themselves.
    WrittenDatetime,
    /// A DATETIME that is read: elements of a time zone are errors.
    ReadDatetime,
    /// A DATE that is written: elements of a time stand for themselves.
    WrittenDate,
    /// A DATE that is read: elements of a time are errors.
    ReadDate,
}

/// Elements that a DATE cannot have.
const OF_TIME: &str = "cHIklMPpRrSsTXZz";

/// The pieces of a format.
///
/// # Errors
/// `unsupported-syntax` for an element that is not known, `invalid-value` for one that a DATE cannot have.
pub(in crate::function) fn elements(format: &str, target: Target) -> Result<Vec<Element>> {
    let mut elements = Vec::new();
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        let before = rest.as_str();
        if c != '%' {
            elements.push(if c.is_ascii_whitespace() { Element::Blank(c) } else { Element::Literal(c) });
            continue;
        }
        let Some(letter) = rest.next() else {
            return Err(Error::new(Code::InvalidValue, "a format cannot end with a single %")
                .hint("write %% for one"));
        };
        let (found, of_time) = match expanded(letter) {
            Some(format) => (self::elements(format, Target::Timestamp)?, OF_TIME.contains(letter)),
            None if letter == 'E' => {
                let element = extended(&mut rest)?;
                (vec![element], element != Element::Year4)
            }
            // The binder's sign for capitals, which no reference lists.
            None if letter == '\u{1}' => (vec![Element::Capitals(rest.next().unwrap_or('B'))], false),
            None if KNOWN.contains(letter) => (vec![Element::Named(letter)], OF_TIME.contains(letter)),
            None => return Err(left_out(&letter.to_string())),
        };
        let written = before.strip_suffix(rest.as_str()).unwrap_or(before);
        let of_zone = matches!(letter, 'Z' | 'z' | 's') || found == [Element::Named(':')];
        match target {
            Target::ReadDatetime if of_zone => {
                return Err(Error::new(Code::InvalidValue, format!("a DATETIME has no %{written}"))
                    .hint("PARSE_TIMESTAMP reads time zones; DATETIME(…) of it is in UTC"));
            }
            Target::WrittenDatetime if of_zone => {
                elements.push(Element::Literal('%'));
                elements.extend(written.chars().map(Element::Literal));
            }
            Target::WrittenDate if of_time => {
                elements.push(Element::Literal('%'));
                elements.extend(written.chars().map(Element::Literal));
            }
            Target::ReadDate if of_time => {
                return Err(Error::new(Code::InvalidValue, format!("a DATE has no %{written}"))
                    .hint("PARSE_TIMESTAMP reads times; DATE(…) of it is the date"));
            }
            _ => elements.extend(found),
        }
    }
    Ok(elements)
}

/// What follows `%E`.
fn extended(rest: &mut std::str::Chars<'_>) -> Result<Element> {
    let text = rest.as_str();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, after) = text.split_at(digits);
    let (element, written) = match after.chars().next() {
        Some('z') if digits == 0 => (Element::Named(':'), 1),
        Some('*') if digits == 0 && after.starts_with("*S") => (Element::Seconds(None), 2),
        Some('Y') if number == "4" => (Element::Year4, 2),
        Some('S') if (1..=2).contains(&digits) => (Element::Seconds(number.parse().ok()), digits + 1),
        Some(other) => return Err(left_out(&format!("E{number}{other}"))),
        None => return Err(left_out(&format!("E{number}"))),
    };
    rest.nth(written - 1);
    match element {
        // Two digits are a number, and timestamps end with microseconds.
        Element::Seconds(Some(digits)) if digits > 9 => Err(left_out(&format!("E{digits}S"))),
        element => Ok(element),
    }
}

fn weekday_name(date: i32) -> Result<&'static str> {
    let index = usize::try_from(weekday(date)).ok();
    index.and_then(|index| WEEKDAYS.get(index)).copied().invariant("a weekday from 0 to 6")
}

#[cold]
pub(super) fn left_out(element: &str) -> Error {
    Error::new(Code::UnsupportedSyntax, format!("format element %{element} is not supported here"))
        .hint("the elements are those of BigQuery's \"Format elements\"; %% stands for a percent sign")
}

/// `micros` as text; `offset` is how far its time zone is ahead of UTC.
pub(in crate::function) fn format(elements: &[Element], micros: i64, offset: i64) -> Result<String> {
    // Seconds of an offset are left out.
    let offset = offset - offset % (60 * SECOND);
    let local = micros + offset;
    let date = in_days(local.div_euclid(DAY)).ok_or_else(beyond)?;
    let moment = Moment { micros, offset, date, civil: civil(date.into()), time: local.rem_euclid(DAY) };
    let mut text = String::new();
    for element in elements {
        moment.write(*element, &mut text)?;
    }
    Ok(text)
}

/// What is formatted, in the time zone that it is shown in.
struct Moment {
    /// In UTC.
    micros: i64,
    /// How far the time zone is ahead of UTC.
    offset: i64,
    date: i32,
    civil: Civil,
    /// Microseconds since midnight.
    time: i64,
}

impl Moment {
    fn write(&self, element: Element, text: &mut String) -> Result<()> {
        match element {
            Element::Literal(c) | Element::Blank(c) => text.push(c),
            Element::Year4 => text.push_str(&format!("{:04}", self.civil.year)),
            Element::Seconds(digits) => text.push_str(&self.seconds(digits)),
            Element::Named(':') => text.push_str(&zone_text(self.offset, ":")),
            Element::Named(letter) if OF_TIME.contains(letter) => text.push_str(&self.time_element(letter)?),
            Element::Named(letter) => text.push_str(&self.date_element(letter)?),
            Element::Capitals(letter) => text.push_str(&self.date_element(letter)?.to_uppercase()),
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
            'g' => format!("{:02}", date_part(date, Unit::IsoYear)? % 100),
            'Q' => ((month - 1) / 3 + 1).to_string(),
            't' => "\t".into(),
            'n' => "\n".into(),
            '%' => "%".into(),
            other => return Err(left_out(&other.to_string())),
        })
    }

    fn time_element(&self, element: char) -> Result<String> {
        let (hour, minute, second) =
            (self.time / SECOND / 3600, self.time / SECOND / 60 % 60, self.time / SECOND % 60);
        let half = (hour + 11) % 12 + 1;
        Ok(match element {
            'H' => format!("{hour:02}"),
            'k' => format!("{hour:2}"),
            'I' => format!("{half:02}"),
            'l' => format!("{half:2}"),
            'M' => format!("{minute:02}"),
            'S' => format!("{second:02}"),
            'p' => (if hour < 12 { "AM" } else { "PM" }).into(),
            'P' => (if hour < 12 { "am" } else { "pm" }).into(),
            's' => self.micros.div_euclid(SECOND).to_string(),
            'z' => zone_text(self.offset, ""),
            'Z' => zone_name(self.offset),
            other => return Err(left_out(&other.to_string())),
        })
    }

    /// Seconds with so many digits of their fraction, or as many as it has.
    fn seconds(&self, digits: Option<usize>) -> String {
        let fraction = format!("{:06}", self.time % SECOND);
        let fraction = match digits {
            Some(digits) => format!("{fraction:0<digits$}").chars().take(digits).collect(),
            None => fraction.trim_end_matches('0').to_owned(),
        };
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{:02}{point}{fraction}", self.time / SECOND % 60)
    }
}

/// Sign, hours and minutes of an offset.
fn zone_parts(offset: i64) -> (char, i64, i64) {
    let minutes = offset.abs() / SECOND / 60;
    (if offset < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
}

fn zone_text(offset: i64, separator: &str) -> String {
    let (sign, hours, minutes) = zone_parts(offset);
    format!("{sign}{hours:02}{separator}{minutes:02}")
}

/// `UTC`, `UTC-5`, `UTC+0530`.
fn zone_name(offset: i64) -> String {
    match zone_parts(offset) {
        _ if offset == 0 => "UTC".into(),
        (sign, hours, 0) => format!("UTC{sign}{hours}"),
        (sign, hours, minutes) => format!("UTC{sign}{hours:02}{minutes:02}"),
    }
}
