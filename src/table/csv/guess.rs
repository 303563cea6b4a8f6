//! Type inference: the narrowest type that all values of a column can be read as, without a digit lost.

use super::values::Values;
use crate::data::{DataType, parse_bool};

/// What the values so far have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Guess {
    pub(super) kind: Kind,
    /// There was a whole number that FLOAT64 does not hold.
    inexact: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    /// There was no value.
    #[default]
    Nothing,
    Bool,
    Int64,
    /// Whole numbers, some beyond INT64.
    Whole,
    Float64,
    Date,
    Timestamp,
    String,
}

impl Guess {
    /// Widens the type to that of one more value, given without spaces around it.
    pub(super) fn widen(&mut self, text: &str, values: &Values) {
        use Kind::{Bool, Date, Float64, Int64, Nothing, String, Timestamp, Whole};
        // A quoted empty field; those of other types read it as NULL.
        if self.kind == String || text.is_empty() {
            return;
        }
        let number = Number::of(text);
        self.inexact |=
            number == Some(Number::Whole { exact: false }) || number == Some(Number::Int { exact: false });
        self.kind = match (self.kind, number) {
            (Nothing | Int64, Some(Number::Int { .. })) => Int64,
            (Nothing | Int64 | Whole, Some(Number::Int { .. } | Number::Whole { .. })) => Whole,
            (Nothing | Int64 | Whole | Float64, Some(_)) => Float64,
            (Nothing | Bool, None) if parse_bool(text).is_some() => Bool,
            (Nothing | Date, None) if values.date(text).is_some() => Date,
            (Nothing | Date | Timestamp, None) if values.timestamp(text).is_some() => Timestamp,
            _ => String,
        };
    }

    /// Whether one more value, given without spaces around it, leaves the type as it is, provided that it can be read as one
    /// of that type, without a format of one's own. It is not asked for everything that [`widen`](Self::widen) would: some
    /// values that would leave the type as it is do not count.
    pub(super) fn keeps(self, text: &str) -> bool {
        text.is_empty()
            || match self.kind {
                Kind::Nothing | Kind::Whole => false,
                Kind::Bool => parse_bool(text).is_some(),
                Kind::Int64 => matches!(Number::of(text), Some(Number::Int { .. })),
                Kind::Float64 if self.inexact => false,
                Kind::Float64 => Number::is_plain(text),
                Kind::Date | Kind::Timestamp | Kind::String => true,
            }
    }

    pub(super) fn data_type(self) -> DataType {
        match self.kind {
            Kind::Bool => DataType::Bool,
            Kind::Int64 => DataType::Int64,
            Kind::Float64 if !self.inexact => DataType::Float64,
            Kind::Date => DataType::Date,
            Kind::Timestamp => DataType::Timestamp,
            Kind::Nothing | Kind::Whole | Kind::Float64 | Kind::String => DataType::String,
        }
    }

    /// Whether there are values, of another type than text.
    pub(super) fn is_typed(self) -> bool {
        !matches!(self.kind, Kind::Nothing | Kind::String)
    }

    /// Why numbers are text.
    pub(super) fn lost_type(self) -> Option<&'static str> {
        match self.kind {
            Kind::Whole => Some("INT64"),
            Kind::Float64 if self.inexact => Some("FLOAT64"),
            _ => None,
        }
    }
}

/// A text that is a number; `exact` where FLOAT64 has the whole number too.
#[derive(PartialEq, Eq)]
enum Number {
    Int {
        exact: bool,
    },
    /// Beyond INT64.
    Whole {
        exact: bool,
    },
    Float,
}

impl Number {
    /// Whether a text that is a number is no code, and one that FLOAT64 has: few digits, or a fraction that is finite.
    fn is_plain(text: &str) -> bool {
        let digits = unsigned(text);
        let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
        let has_exponent = || text.bytes().any(|byte| matches!(byte, b'e' | b'E'));
        text.len() < 16 && !is_code(text, digits, is_whole) && !has_exponent()
    }

    fn of(text: &str) -> Option<Self> {
        let digits = unsigned(text);
        // Most values that are no number end here.
        if !matches!(digits.as_bytes(), [b'0'..=b'9' | b'.' | b'n' | b'N' | b'i' | b'I', ..]) {
            return None;
        }
        let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_code(text, digits, is_whole) {
            return None;
        }
        if is_whole && digits.len() < 16 {
            return Some(Self::Int { exact: true });
        }
        // `1e999` is not infinity, but a number that FLOAT64 does not have.
        let value = text
            .parse::<f64>()
            .ok()
            .filter(|value| value.is_finite() || !text.bytes().any(|byte| byte.is_ascii_digit()))?;
        if !is_whole {
            return Some(Self::Float);
        }
        let exact = format!("{:.0}", value.abs()) == digits;
        Some(if text.parse::<i64>().is_ok() { Self::Int { exact } } else { Self::Whole { exact } })
    }
}

/// A text without a sign in front.
fn unsigned(text: &str) -> &str {
    if matches!(text.as_bytes(), [b'-' | b'+', ..]) { text.get(1..).unwrap_or(text) } else { text }
}

/// A postcode or an article number, which lose their zeros as numbers, or a telephone number with its plus.
fn is_code(text: &str, digits: &str, is_whole: bool) -> bool {
    matches!(digits.as_bytes(), [b'0', b'0'..=b'9', ..])
        || (is_whole && text.starts_with('+') && digits.len() > 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_get_the_narrowest_type() {
        use Kind::{Bool, Date, Float64, Int64, Nothing, String, Timestamp, Whole};
        for (values, expected) in [
            (&[][..], Nothing),
            (&["1", "-2", "9223372036854775807"], Int64),
            (&["1", "2.5"], Float64),
            (&["1", "9223372036854775808"], Whole),
            (&["1e-3", ".5", "nan", "-inf"], Float64),
            (&["1e999"], String),
            (&["0", "0.5", "-0"], Float64),
            (&["01067", "1"], String),
            (&["1", "-07"], String),
            (&["+4", "-5"], Int64),
            (&["+491512345678"], String),
            (&["0x1f"], String),
            (&["true", "FALSE"], Bool),
            (&["true", "1"], String),
            (&["2024-01-31"], Date),
            (&["2024-01-31", "2024-01-31 12:00:00"], Timestamp),
            (&["2024-01-31T12:00:00Z", "2024-01-31"], Timestamp),
            (&["2024-02-30"], String),
            (&["1", "2024-01-31"], String),
            (&["", "1", ""], Int64),
        ] {
            let mut guess = Guess::default();
            values.iter().for_each(|value| guess.widen(value, &Values::default()));
            assert_eq!(guess.kind, expected, "{values:?}");
        }
    }

    #[test]
    fn whole_numbers_keep_their_digits() {
        for (values, expected) in [
            (&["9007199254740993"][..], DataType::Int64),
            (&["9007199254740992", "0.5"], DataType::Float64),
            (&["9007199254740993", "0.5"], DataType::String),
            (&["100000000000000000000", "0.5"], DataType::Float64),
            (&["100000000000000000001", "0.5"], DataType::String),
            (&["100000000000000000000"], DataType::String),
            (&["0.1234567890123456789"], DataType::Float64),
        ] {
            let mut guess = Guess::default();
            values.iter().for_each(|value| guess.widen(value, &Values::default()));
            assert_eq!(guess.data_type(), expected, "{values:?}");
        }
    }
}
