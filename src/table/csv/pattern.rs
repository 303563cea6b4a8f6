//! Formats of dates and times: BigQuery's format elements.

use super::options::invalid;
use crate::data::{Civil, DAY, MONTHS, SECOND, abbreviated, days, fraction, in_micros, number, offset};
use crate::diag::{Invariant, Result};

/// One part of a format.
#[derive(Clone, Copy)]
enum Part {
    Year,
    /// Two digits: 69 to 99 are of the last century, as in POSIX.
    ShortYear,
    Month,
    /// English: three letters or the whole word.
    MonthName,
    Day,
    Hour,
    /// From 1 to 12, with [`Part::Half`].
    HalfHour,
    Half,
    Minute,
    Second,
    /// Digits after the point.
    Fraction,
    Zone,
    Literal(u8),
}

/// Longer elements stand before those that they begin with.
const ELEMENTS: [(&str, Part); 17] = [
    ("YYYY", Part::Year),
    ("YY", Part::ShortYear),
    ("MONTH", Part::MonthName),
    ("MON", Part::MonthName),
    ("MM", Part::Month),
    ("MI", Part::Minute),
    ("DD", Part::Day),
    ("HH24", Part::Hour),
    ("HH12", Part::HalfHour),
    ("HH", Part::HalfHour),
    ("AM", Part::Half),
    ("PM", Part::Half),
    ("SS", Part::Second),
    ("FF6", Part::Fraction),
    ("FF", Part::Fraction),
    ("TZH:TZM", Part::Zone),
    ("TZH", Part::Zone),
];

/// A format such as `DD.MM.YYYY HH24:MI:SS`. Numbers may have fewer digits than their element, years excepted.
pub(super) struct Pattern(Vec<Part>);

/// What a text says, in the units of its parts.
struct Moment {
    date: Civil,
    micros: i64,
    half: Option<i64>,
    offset: i64,
}

impl Pattern {
    /// # Errors
    /// `invalid-option` for letters that are no element.
    pub(super) fn new(format: &str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = format;
        while let Some(first) = rest.chars().next() {
            let begins =
                |element: &str| rest.get(..element.len()).is_some_and(|it| it.eq_ignore_ascii_case(element));
            let (part, length) = match ELEMENTS.iter().find(|(element, _)| begins(element)) {
                Some((element, part)) => (*part, element.len()),
                // `YYYY-MM-DDTHH24:MI:SS` has a letter between its elements.
                None if first.is_ascii() && (!first.is_ascii_alphabetic() || matches!(first, 'T' | 't')) => {
                    (Part::Literal(u8::try_from(first).ok().invariant("an ASCII letter is a byte")?), 1)
                }
                None => {
                    return Err(invalid(format!("expected a format of dates, found `{rest}` in `{format}`"))
                        .hint("write its parts as YYYY, MM, DD, HH24, MI, SS: `DD.MM.YYYY`"));
                }
            };
            parts.push(part);
            rest = rest.get(length..).invariant("an element ends where a letter does")?;
        }
        Ok(Self(parts))
    }

    /// The day of a text in this format.
    pub(super) fn date(&self, text: &str) -> Option<i32> {
        days(self.read(text)?.date)
    }

    /// The moment of a text in this format, in microseconds.
    pub(super) fn micros(&self, text: &str) -> Option<i64> {
        let Moment { date, micros, half, offset } = self.read(text)?;
        in_micros(i64::from(days(date)?) * DAY + micros + half.unwrap_or(0) - offset)
    }

    fn read(&self, text: &str) -> Option<Moment> {
        let date = Civil { year: 1970, month: 1, day: 1 };
        let mut moment = Moment { date, micros: 0, half: None, offset: 0 };
        let mut rest = text.as_bytes();
        for part in &self.0 {
            rest = moment.read(*part, rest)?;
        }
        rest.is_empty().then_some(moment)
    }
}

impl Moment {
    /// Takes one part in, and answers the rest of the text.
    fn read<'t>(&mut self, part: Part, text: &'t [u8]) -> Option<&'t [u8]> {
        let below = |most: i64, unit: i64| {
            let (value, rest) = number(text, 1, 2)?;
            (value < most).then_some((value * unit, rest))
        };
        let (value, rest) = match part {
            Part::Literal(byte) => return text.strip_prefix(&[byte]),
            Part::MonthName => {
                let (month, rest) = month_name(text)?;
                self.date.month = month;
                return Some(rest);
            }
            Part::Half => {
                let (half, rest) = text.split_at_checked(2)?;
                self.half = Some(if half.eq_ignore_ascii_case(b"PM") {
                    12 * 3600 * SECOND
                } else {
                    half.eq_ignore_ascii_case(b"AM").then_some(0)?
                });
                return Some(rest);
            }
            Part::Zone => {
                let zone = std::str::from_utf8(text).ok()?.trim();
                let is_utc = ["", "Z", "UTC"].iter().any(|utc| zone.eq_ignore_ascii_case(utc));
                self.offset = if is_utc { 0 } else { offset(zone)? };
                return Some(&[]);
            }
            Part::Year => number(text, 4, 4)?,
            Part::ShortYear | Part::Month | Part::Day => {
                number(text, if matches!(part, Part::ShortYear) { 2 } else { 1 }, 2)?
            }
            Part::Hour => below(24, 3600 * SECOND)?,
            Part::HalfHour => {
                let (hour, rest) = below(13, 1)?;
                (hour % 12 * 3600 * SECOND, rest)
            }
            Part::Minute => below(60, 60 * SECOND)?,
            Part::Second => below(60, SECOND)?,
            Part::Fraction => fraction(text)?,
        };
        match part {
            Part::Year => self.date.year = value,
            Part::ShortYear => self.date.year = value + if value < 69 { 2000 } else { 1900 },
            Part::Month => self.date.month = value,
            Part::Day => self.date.day = value,
            _ => self.micros += value,
        }
        Some(rest)
    }
}

/// The month whose English name, or the first three letters of it, a text begins with.
fn month_name(text: &[u8]) -> Option<(i64, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (name, rest) = text.split_at_checked(length)?;
    let is_named = |month: &str| {
        [month, abbreviated(month)].iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    };
    let at = MONTHS.iter().position(|month| is_named(month))?;
    Some((i64::try_from(at).ok()? + 1, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_as_their_elements_say() {
        let date = |format: &str, text: &str| Pattern::new(format).unwrap().date(text);
        let leap_day = days(Civil { year: 2024, month: 2, day: 29 });
        for (format, text) in [
            ("DD.MM.YYYY", "29.02.2024"),
            ("DD.MM.YYYY", "29.2.2024"),
            ("mm/dd/yy", "02/29/24"),
            ("DD-MON-YYYY", "29-Feb-2024"),
            ("MONTH DD, YYYY", "February 29, 2024"),
            ("YYYYMMDD", "20240229"),
        ] {
            assert_eq!(date(format, text), leap_day, "{format}");
        }
        assert_eq!(date("DD.MM.YYYY", "30.02.2024"), None);
        assert_eq!(date("DD.MM.YYYY", "29.02.24"), None);
        assert_eq!(date("DD.MM.YYYY", "29.02.2024 "), None);
        assert!(Pattern::new("%d.%m.%Y").is_err());
        let micros = |format: &str, text: &str| Pattern::new(format).unwrap().micros(text);
        assert_eq!(micros("DD/MM/YYYY HH24:MI:SS.FF6", "02/01/1970 00:00:01.5"), Some(DAY + SECOND * 3 / 2));
        assert_eq!(micros("MM/DD/YYYY HH:MI AM", "01/02/1970 12:30 PM"), Some(DAY + 45_000 * SECOND));
        assert_eq!(micros("YYYY-MM-DDTHH24:MI:SSTZH:TZM", "1970-01-01T01:00:00+01:00"), Some(0));
    }
}
