//! The text of single fields as values.

use std::borrow::Cow;

use arrow_buffer::i256;
use predictql_kernels::bytes;

use super::options::CsvOptions;
use super::pattern::Pattern;
use crate::data::decimal::{self, Excess};
use crate::data::{
    Bounds, ColumnType, DataType, parse_bool, parse_date, parse_datetime, parse_int, parse_plain_timestamp,
};
use crate::diag::Result;

/// How dates and times are written.
#[derive(Default)]
pub(super) struct Values {
    date: Option<Pattern>,
    timestamp: Option<Pattern>,
}

impl Values {
    /// # Errors
    /// `invalid-option` for a format that cannot be read.
    pub(super) fn new(options: &CsvOptions) -> Result<Self> {
        let pattern = |format: &Option<String>| format.as_deref().map(Pattern::new).transpose();
        Ok(Self { date: pattern(&options.date_format)?, timestamp: pattern(&options.timestamp_format)? })
    }

    /// Whether the options say how dates or times are written.
    pub(super) fn are_given(&self) -> bool {
        self.date.is_some() || self.timestamp.is_some()
    }

    pub(super) fn date(&self, text: &str) -> Option<i32> {
        match &self.date {
            Some(pattern) => pattern.date(text),
            None => parse_date(text),
        }
    }

    /// In microseconds.
    pub(super) fn timestamp(&self, text: &str) -> Option<i64> {
        match &self.timestamp {
            Some(pattern) => pattern.micros(text),
            None => parse_plain_timestamp(text),
        }
    }

    /// Whether a text is a value of a type that CSV holds.
    pub(super) fn fits(
        &self,
        whole: &str,
        ColumnType { data_type, bounds }: &ColumnType,
        comma: bool,
    ) -> bool {
        let text = whole.trim_ascii();
        match data_type {
            DataType::Bool => bool(text).is_some(),
            DataType::Int64 => int(text).is_some(),
            DataType::Float64 => float(text, comma).is_some(),
            DataType::Date => self.date(text).is_some(),
            DataType::Timestamp => self.timestamp(text).is_some(),
            DataType::Datetime => parse_datetime(text).is_some(),
            DataType::String => bounds.is_none_or(|bounds| bounds.holds_text(whole)),
            other => other.decimal_scale().is_none_or(|scale| decimal(text, scale, *bounds, comma).is_some()),
        }
    }
}

/// The words that BigQuery loads as BOOL from CSV. Inferred columns contain only `true` and `false`.
pub(super) fn bool(text: &str) -> Option<bool> {
    parse_bool(text).or_else(|| match text.to_ascii_lowercase().as_str() {
        "1" | "t" | "y" | "yes" => Some(true),
        "0" | "f" | "n" | "no" => Some(false),
        _ => None,
    })
}

pub(super) fn int(text: &str) -> Option<i64> {
    bytes::whole(text.as_bytes()).or_else(|| text.parse().ok()).or_else(|| parse_int(text))
}

/// `comma` where a comma stands before the fraction.
pub(super) fn float(text: &str, comma: bool) -> Option<f64> {
    let parsed = |text: &str| bytes::decimal(text.as_bytes()).or_else(|| text.parse().ok());
    if comma { parsed(&with_point(text)?) } else { parsed(text) }
}

/// The units of a decimal number, rounded where it has more digits behind the point, as CAST does.
pub(super) fn decimal(text: &str, scale: u8, bounds: Option<Bounds>, comma: bool) -> Option<i256> {
    let pointed = if comma { with_point(text)?.into() } else { Cow::from(text) };
    let units = decimal::parsed(&pointed, scale, Excess::Rounded)?;
    let units = decimal::in_range(units, scale).then_some(units)?;
    bounds.map_or(Some(units), |bounds| bounds.decimal(units, scale))
}

/// A number with a decimal comma, with a point in its place.
pub(super) fn with_point(text: &str) -> Option<String> {
    (!text.contains('.')).then(|| text.replace(',', "."))
}

/// Whether the comma of a number cannot stand before thousands.
pub(super) fn is_decimal_comma(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.split_once(',').is_some_and(|(whole, rest)| {
        !rest.contains(',') && (rest.len() != 3 || !(1..=3).contains(&whole.len()) || whole.starts_with('0'))
    })
}
