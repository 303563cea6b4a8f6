//! Type inference: the narrowest type that all values of a column can be read as.

use crate::data::{DataType, parse_bool, parse_date, parse_timestamp};

/// What the values so far have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Guess {
    /// There was no value.
    #[default]
    Nothing,
    Bool,
    Int64,
    Float64,
    Date,
    Timestamp,
    String,
}

impl Guess {
    /// Widens the type to that of one more value, given without spaces around it.
    pub(super) fn widen(&mut self, text: &str) {
        // A quoted empty field; those of other types read it as NULL.
        if *self == Self::String || text.is_empty() {
            return;
        }
        *self = match self {
            Self::Nothing if is_int(text) => Self::Int64,
            Self::Nothing | Self::Int64 if is_float(text) => match self {
                Self::Int64 if is_int(text) => Self::Int64,
                _ => Self::Float64,
            },
            Self::Float64 if is_float(text) => Self::Float64,
            Self::Nothing | Self::Bool if parse_bool(text).is_some() => Self::Bool,
            Self::Nothing | Self::Date if parse_date(text).is_some() => Self::Date,
            Self::Nothing | Self::Date | Self::Timestamp if parse_timestamp(text).is_some() => {
                Self::Timestamp
            }
            _ => Self::String,
        };
    }

    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Nothing | Self::String => DataType::String,
            Self::Bool => DataType::Bool,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Date => DataType::Date,
            Self::Timestamp => DataType::Timestamp,
        }
    }
}

fn is_int(text: &str) -> bool {
    is_plain(text) && text.parse::<i64>().is_ok()
}

/// `1e999` is not infinity, but a number that FLOAT64 does not have.
fn is_float(text: &str) -> bool {
    is_plain(text)
        && text
            .parse::<f64>()
            .is_ok_and(|value| value.is_finite() || !text.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Not a postcode or an article number, which lose their zeros as numbers.
fn is_plain(text: &str) -> bool {
    !matches!(text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes(), [b'0', b'0'..=b'9', ..])
}

#[cfg(test)]
mod tests {
    use super::Guess;

    fn guess(values: &[&str]) -> Guess {
        let mut guess = Guess::default();
        values.iter().for_each(|value| guess.widen(value));
        guess
    }

    #[test]
    fn columns_get_the_narrowest_type() {
        for (values, expected) in [
            (&[][..], Guess::Nothing),
            (&["1", "-2", "9223372036854775807"], Guess::Int64),
            (&["1", "2.5"], Guess::Float64),
            (&["1", "9223372036854775808"], Guess::Float64),
            (&["1e-3", ".5", "nan", "-inf"], Guess::Float64),
            (&["1e999"], Guess::String),
            (&["0", "0.5", "-0"], Guess::Float64),
            (&["01067", "1"], Guess::String),
            (&["1", "-07"], Guess::String),
            (&["0x1f"], Guess::String),
            (&["true", "FALSE"], Guess::Bool),
            (&["true", "1"], Guess::String),
            (&["2024-01-31"], Guess::Date),
            (&["2024-01-31", "2024-01-31 12:00:00"], Guess::Timestamp),
            (&["2024-01-31T12:00:00Z", "2024-01-31"], Guess::Timestamp),
            (&["2024-02-30"], Guess::String),
            (&["1", "2024-01-31"], Guess::String),
            (&["", "1", ""], Guess::Int64),
        ] {
            assert_eq!(guess(values), expected, "{values:?}");
        }
    }
}
