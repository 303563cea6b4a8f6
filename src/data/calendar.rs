//! Days and dates of the proleptic Gregorian calendar, and the numbers in their text.
//!
//! Days count from 1970-01-01, microseconds from its midnight. Source of the arithmetic: Howard Hinnant,
//! "chrono-compatible low-level date algorithms".

use crate::diag::{Invariant, Result};

/// Microseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000;

/// Microseconds in a day.
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// The names of months, in English.
pub(crate) const MONTHS: [&str; 12] = [
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

/// Year, month and day of the month, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

/// The name of a month, from 1.
///
/// # Errors
/// `internal` where there is no such month.
pub(crate) fn month_name(month: i64) -> Result<&'static str> {
    let index = usize::try_from(month - 1).ok();
    index.and_then(|index| MONTHS.get(index)).copied().invariant("a month from 1 to 12")
}

/// The first three letters of the name of a month or weekday: all are ASCII and at least as long.
pub(crate) fn abbreviated(name: &str) -> &str {
    name.split_at(3).0
}

/// The date of a day.
pub(crate) fn civil(days: i64) -> Civil {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil { year, month, day: day_of_year - (153 * march_month + 2) / 5 + 1 }
}

/// The day of a date; `None` where there is no such date from year 1 to year 9999.
pub(crate) fn days(date: Civil) -> Option<i32> {
    let Civil { year, month, day } = date;
    let exists = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day);
    if !exists {
        return None;
    }
    let (year, march_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * 146_097 + day_of_era - 719_468).ok()
}

/// How many days a month has.
pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day of 0001-01-01 and that of 9999-12-31: dates and timestamps stay between them.
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_896;

/// The day, if it lies in years 1 to 9999.
pub(crate) fn in_days(days: i64) -> Option<i32> {
    (FIRST_DAY..=LAST_DAY).contains(&days).then(|| i32::try_from(days).ok())?
}

/// The moment, if it lies in years 1 to 9999.
pub(crate) fn in_micros(micros: i64) -> Option<i64> {
    (FIRST_DAY..=LAST_DAY).contains(&micros.div_euclid(DAY)).then_some(micros)
}

/// Up to nine digits after the point, in microseconds; finer digits are cut off.
pub(crate) fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (value, rest) = number(bytes, 0, 9)?;
    let digits = u32::try_from(bytes.len() - rest.len()).ok()?;
    let micros = if digits <= 6 { value * 10i64.pow(6 - digits) } else { value / 10i64.pow(digits - 6) };
    Some((micros, rest))
}

/// A number of at least `least` and at most `most` digits, and the rest of the text.
pub(crate) fn number(bytes: &[u8], least: usize, most: usize) -> Option<(i64, &[u8])> {
    let digits = bytes.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at_checked(digits).filter(|_| digits >= least)?;
    Some((digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_has_a_date_of_its_own() {
        let mut date = Civil { year: 1899, month: 12, day: 31 };
        // 1900-01-01 is 25,567 days before 1970-01-01 (Python's datetime).
        for day in -25_568..-25_568 + 146_097 {
            assert_eq!(civil(day), date);
            assert_eq!(days(date).map(i64::from), Some(day));
            date.day += 1;
            if date.day > days_in_month(date.year, date.month) {
                (date.month, date.day) = (date.month + 1, 1);
            }
            if date.month > 12 {
                (date.year, date.month) = (date.year + 1, 1);
            }
        }
        assert_eq!(days(Civil { year: 1, month: 1, day: 1 }).map(i64::from), Some(FIRST_DAY));
        assert_eq!(days(Civil { year: 9999, month: 12, day: 31 }).map(i64::from), Some(LAST_DAY));
    }
}
