//! Expressions whose types are not settled yet.

use arrow_buffer::i256;

use crate::data::decimal::{self, Excess};
use crate::data::{DataType, Scalar};
use crate::plan::expr::Expr;

/// An expression, and whether its type is settled.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) expr: Expr,
    pub(super) origin: Origin,
}

/// Where the type of an expression comes from: whether it can still become another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// From its value: it is settled.
    Value,
    /// From a string that was written out or given as a parameter: it can also be a date or timestamp.
    StringLiteral,
    /// From a number that was written out with a point or an exponent: it can also be NUMERIC or BIGNUMERIC.
    FloatLiteral(ExactLiteral),
    /// From a NULL, which takes any type.
    Null,
}

/// The digits that were written out, rounded to those that a type has; `None` where they are beyond its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExactLiteral {
    numeric: Option<i256>,
    big_numeric: Option<i256>,
    /// How many digits stand behind its point; `None` for a number with an exponent.
    behind_point: Option<usize>,
}

impl ExactLiteral {
    pub(super) fn new(digits: &str) -> Self {
        let units = |scale| {
            let units = decimal::parsed(digits, scale, Excess::Rounded);
            units.filter(|units| decimal::in_range(*units, scale))
        };
        let behind_point = digits.split_once('.').map(|(_, fraction)| fraction.len());
        let behind_point = behind_point.filter(|_| !digits.contains(['e', 'E']));
        let big_numeric = units(decimal::BIGNUMERIC_SCALE);
        Self { numeric: units(decimal::NUMERIC_SCALE), big_numeric, behind_point }
    }

    /// It with all digits that were written, as T-SQL has decimals.
    pub(super) fn text(self) -> Option<String> {
        let behind = self.behind_point.filter(|digits| *digits <= usize::from(decimal::BIGNUMERIC_SCALE))?;
        let text = decimal::text(self.big_numeric?, decimal::BIGNUMERIC_SCALE);
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        Some(if behind == 0 { whole.into() } else { format!("{whole}.{fraction:0<behind$}") })
    }

    /// The value as one of a type, if the type is exact and has it.
    pub(super) fn value(self, data_type: &DataType) -> Option<Scalar> {
        match data_type {
            DataType::Numeric => Some(decimal::scalar(self.numeric?, decimal::NUMERIC_SCALE)),
            DataType::BigNumeric => Some(decimal::scalar(self.big_numeric?, decimal::BIGNUMERIC_SCALE)),
            _ => None,
        }
    }
}

impl Typed {
    /// The type; `None` for one that takes any.
    pub(super) fn data_type(&self) -> Option<DataType> {
        (self.origin != Origin::Null).then(|| self.expr.data_type.clone())
    }
}

impl From<Expr> for Typed {
    fn from(expr: Expr) -> Self {
        Self { expr, origin: Origin::Value }
    }
}
