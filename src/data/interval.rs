//! INTERVAL: months, days and microseconds, each counted for itself, and their text: `1-2 3 4:5:6.789`.

use super::calendar::DAY;

const SECOND: i128 = 1_000_000;
const HOUR: i128 = 3600 * SECOND;

/// The largest counts, of either sign: those of 10,000 years.
const MOST: [i128; 3] = [120_000, 3_660_000, 3_660_000 * DAY as i128];

/// The parts of a literal, from the longest to the shortest.
const PARTS: [&str; 6] = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];

/// An INTERVAL within its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) months: i64,
    pub(crate) days: i64,
    pub(crate) micros: i64,
}

impl Interval {
    /// `None` beyond 10,000 years.
    pub(crate) fn new(months: i128, days: i128, micros: i128) -> Option<Self> {
        let fits = [months, days, micros].iter().zip(MOST).all(|(count, most)| count.abs() <= most);
        let [months, days, micros] = [months, days, micros].map(|count| i64::try_from(count).ok());
        fits.then_some(Self { months: months?, days: days?, micros: micros? })
    }

    /// As CAST writes it: `0-0 396 0:0:0`; with 3 or 6 digits of a fraction where there is one.
    pub(crate) fn text(self) -> String {
        let sign = |count: i64| if count < 0 { "-" } else { "" };
        let (months, micros) = (self.months.unsigned_abs(), self.micros.unsigned_abs());
        let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
        let fraction = match rest {
            0 => String::new(),
            rest if rest % 1000 == 0 => format!(".{:03}", rest / 1000),
            rest => format!(".{rest:06}"),
        };
        format!(
            "{}{}-{} {} {}{}:{}:{}{fraction}",
            sign(self.months),
            months / 12,
            months % 12,
            self.days,
            sign(self.micros),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }

    /// As JSON has it, ISO 8601's duration: `P1DT5H30M`.
    pub(crate) fn iso_text(self) -> String {
        let part = |count: i64, unit: &str| if count == 0 { String::new() } else { format!("{count}{unit}") };
        let (seconds, rest) = (self.micros / 1_000_000, self.micros % 60_000_000);
        let dates = part(self.months / 12, "Y") + &part(self.months % 12, "M") + &part(self.days, "D");
        let times = part(seconds / 3600, "H") + &part(seconds / 60 % 60, "M");
        let sign = if rest < 0 { "-" } else { "" };
        let second = format!("{sign}{}.{:06}", rest.abs() / 1_000_000, rest.abs() % 1_000_000);
        let second = second.trim_end_matches('0').trim_end_matches('.');
        match (self.micros, rest) {
            (0, _) if dates.is_empty() => "P0Y".into(),
            (0, _) => format!("P{dates}"),
            (_, 0) => format!("P{dates}T{times}"),
            _ => format!("P{dates}T{times}{second}S"),
        }
    }

    /// Reads what CAST reads: `Y-M D H:M:S.F`, parts of it, and ISO 8601's `P1Y2M3DT4H5M6.7S`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix('P') {
            return iso(rest);
        }
        let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
        let kinds: Vec<_> = words.iter().map(|word| kind(word)).collect();
        let (from, to) = match kinds.as_slice() {
            [0] => (0, 1),
            [0, 2] => (0, 2),
            [0, 2, 3] => (0, 5),
            [2, 3] => (2, 5),
            [3] => (3, 5),
            _ => return None,
        };
        of_words(&words, from, to)
    }

    /// Reads the text of a literal that goes from one part to a shorter one: `'1:2:3' HOUR TO SECOND`.
    pub(crate) fn parse_parts(text: &str, from: &str, to: &str) -> Option<Self> {
        let place = |name: &str| PARTS.iter().position(|part| part.eq_ignore_ascii_case(name));
        let (from, to) = (place(from)?, place(to)?);
        if from >= to {
            return None;
        }
        let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
        of_words(&words, from, to)
    }

    /// What two of them are compared by: microseconds, where months have 30 days of 24 hours.
    pub(crate) fn key(self) -> i128 {
        (i128::from(self.months) * 30 + i128::from(self.days)) * i128::from(DAY) + i128::from(self.micros)
    }
}

/// The number in [`PARTS`] of what a word begins with.
fn kind(word: &str) -> usize {
    if word.contains(':') {
        3
    } else if word.trim_start_matches(['-', '+']).contains('-') {
        0
    } else {
        2
    }
}

/// The words of years and months, of days and of a time, as far as the parts from `from` to `to` have them.
fn of_words(words: &[&str], from: usize, to: usize) -> Option<Interval> {
    let mut words = words.iter();
    let (mut months, mut days, mut micros) = (0, 0, 0);
    if from <= 1 {
        let (sign, word) = signed(words.next()?);
        let (years, rest) = match word.split_once('-') {
            Some((years, rest)) if from == 0 => (whole(years)?, rest),
            None if from == 1 => (0, word),
            _ => return None,
        };
        months = sign * (years * 12 + whole(rest)?);
    }
    if from <= 2 && to >= 2 {
        let (sign, word) = signed(words.next()?);
        days = sign * whole(word)?;
    }
    if to >= 3 {
        let (sign, word) = signed(words.next()?);
        micros = sign * time(word, from.max(3), to)?;
    }
    if words.next().is_some() {
        return None;
    }
    Interval::new(months, days, micros)
}

/// The microseconds of `H:M:S.F`, of which only the parts from `from` to `to` are there.
fn time(word: &str, from: usize, to: usize) -> Option<i128> {
    let numbers: Vec<_> = word.split(':').collect();
    if numbers.len() != to - from + 1 {
        return None;
    }
    let mut micros = 0;
    for (part, number) in (from..=to).zip(numbers) {
        micros += match part {
            3 => whole(number)? * HOUR,
            4 => whole(number)? * 60 * SECOND,
            _ => fraction(number)?,
        };
    }
    Some(micros)
}

/// ISO 8601's duration behind its `P`.
fn iso(text: &str) -> Option<Interval> {
    let (mut months, mut days, mut micros) = (0, 0, 0);
    let (mut rest, mut in_time) = (text, false);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('T').filter(|behind| !in_time && !behind.is_empty()) {
            (rest, in_time) = (behind, true);
        }
        let end = rest.find(|it: char| it.is_ascii_alphabetic())?;
        let (number, unit) = rest.split_at_checked(end)?;
        let (sign, number) = signed(number);
        match (unit.chars().next()?, in_time) {
            ('Y', false) => months += sign * whole(number)? * 12,
            ('M', false) => months += sign * whole(number)?,
            ('W', false) => days += sign * whole(number)? * 7,
            ('D', false) => days += sign * whole(number)?,
            ('H', true) => micros += sign * whole(number)? * HOUR,
            ('M', true) => micros += sign * whole(number)? * 60 * SECOND,
            ('S', true) => micros += sign * fraction(&number.replace(',', "."))?,
            _ => return None,
        }
        rest = unit.get(1..)?;
    }
    Interval::new(months, days, micros)
}

fn signed(word: &str) -> (i128, &str) {
    match word.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, word.strip_prefix('+').unwrap_or(word)),
    }
}

/// Up to 19 digits, so that no product overflows.
fn whole(digits: &str) -> Option<i128> {
    let is_number = !digits.is_empty() && digits.len() < 20 && digits.bytes().all(|it| it.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

/// Seconds with up to 6 digits behind a point, in microseconds.
fn fraction(text: &str) -> Option<i128> {
    let (seconds, digits) = text.split_once('.').unwrap_or((text, ""));
    let micros = match digits {
        "" if text.ends_with('.') => return None,
        "" => 0,
        digits if digits.len() > 6 => return None,
        digits => whole(&format!("{digits:0<6}"))?,
    };
    Some(whole(seconds)? * SECOND + micros)
}
