//! What the parameters of a type ask of its values: `STRING(10)`, `NUMERIC(10, 2)`.
//!
//! Texts that are too long are an error, decimal numbers are rounded to the scale before their digits are counted.
//! Source: GoogleSQL, "Parameterized data types", and ZetaSQL's `type_parameter_constraints.cc`.

use arrow_array::{Array, ArrayRef};
use arrow_buffer::i256;

use super::decimal::{self, Rounding};
use super::operand::Operand;
use super::{DataType, Scalar};
use crate::diag::{Code, Error, Result};

/// The type of a column as it is declared: `STRING`, `NUMERIC(10, 2)`, `BYTES(16)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnType {
    pub(crate) data_type: DataType,
    /// What its parameters ask of the values.
    pub(crate) bounds: Option<Bounds>,
}

impl ColumnType {
    /// The type that `text` writes, in any case.
    ///
    /// # Errors
    /// `unknown-type`; `invalid-value` for parameters that the type does not take.
    pub fn named(text: &str) -> Result<Self> {
        let unknown = || {
            Error::new(Code::UnknownType, format!("type `{text}` was not found")).hint(
                "the types are INT64, NUMERIC, BIGNUMERIC, FLOAT64, BOOL, STRING, BYTES, DATE and TIMESTAMP; NUMERIC(10, 2) \
                 and STRING(20) have parameters",
            )
        };
        let (name, parameters) = match text.split_once('(') {
            Some((name, rest)) => (name, Some(rest.trim_end().strip_suffix(')').ok_or_else(unknown)?)),
            None => (text, None),
        };
        let data_type = DataType::named(name.trim()).ok_or_else(unknown)?;
        let Some(parameters) = parameters else { return Ok(data_type.into()) };
        let numbers = parameters.split(',').map(|number| number.trim().parse().ok());
        let numbers = numbers.collect::<Option<Vec<i64>>>().ok_or_else(unknown)?;
        let bounds = Some(Bounds::new(&data_type, &numbers)?);
        Ok(Self { data_type, bounds })
    }

    /// As it is written.
    pub(crate) fn text(&self) -> String {
        self.bounds.map_or_else(|| self.data_type.to_string(), |bounds| bounds.of(&self.data_type))
    }
}

impl From<DataType> for ColumnType {
    fn from(data_type: DataType) -> Self {
        Self { data_type, bounds: None }
    }
}

/// The parameters of one of the types that take any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bounds {
    /// So many characters of a STRING, or bytes of BYTES.
    Length(i64),
    /// So many digits of a NUMERIC or BIGNUMERIC, and so many of them behind the point.
    Digits { precision: i64, scale: i64 },
}

impl Bounds {
    /// The bounds that `parameters` mean for a type.
    ///
    /// # Errors
    /// `invalid-value` where the type does not take them.
    pub(crate) fn new(data_type: &DataType, parameters: &[i64]) -> Result<Self> {
        let (most_behind, most_before) = match data_type {
            DataType::String | DataType::Bytes => {
                return match parameters {
                    [length] if *length > 0 => Ok(Self::Length(*length)),
                    _ => Err(misfit(data_type).hint(format!("write {data_type}(n), n being 1 or more"))),
                };
            }
            DataType::Numeric => (9, 29),
            DataType::BigNumeric => (38, 38),
            _ => return Err(misfit(data_type).hint("STRING, BYTES, NUMERIC and BIGNUMERIC take some")),
        };
        let (precision, scale) = match parameters {
            [precision] => (*precision, 0),
            [precision, scale] => (*precision, *scale),
            _ => return Err(misfit(data_type).hint(format!("write {data_type}(precision, scale)"))),
        };
        // In this order nothing can overflow: the scale is small by then.
        if (0..=most_behind).contains(&scale) && (scale.max(1)..=scale + most_before).contains(&precision) {
            return Ok(Self::Digits { precision, scale });
        }
        Err(misfit(data_type).hint(format!(
            "the scale is up to {most_behind}, the precision from 1 or the scale to the scale and {most_before}"
        )))
    }

    /// The type as it was written.
    pub(crate) fn of(self, data_type: &DataType) -> String {
        match self {
            Self::Length(length) => format!("{data_type}({length})"),
            Self::Digits { precision, scale: 0 } => format!("{data_type}({precision})"),
            Self::Digits { precision, scale } => format!("{data_type}({precision}, {scale})"),
        }
    }

    /// The numbers, for an expression that holds them.
    pub(crate) fn parameters(self) -> Vec<Scalar> {
        match self {
            Self::Length(length) => vec![Scalar::Int64(length)],
            Self::Digits { precision, scale } => vec![Scalar::Int64(precision), Scalar::Int64(scale)],
        }
    }

    /// The decimal number rounded to the scale; `None` where it has too many digits.
    pub(crate) fn decimal(self, units: i256, units_scale: u8) -> Option<i256> {
        match self {
            Self::Digits { precision, scale } => within(units, units_scale, precision, scale),
            Self::Length(_) => None,
        }
    }

    /// Whether a text is not too long.
    pub(crate) fn holds_text(self, text: &str) -> bool {
        match self {
            Self::Length(most) => i64::try_from(text.chars().count()).is_ok_and(|length| length <= most),
            Self::Digits { .. } => false,
        }
    }

    /// A column within the bounds: decimal numbers are rounded.
    ///
    /// # Errors
    /// `out-of-range` for a value that does not fit.
    pub(crate) fn apply(self, array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
        let too_large = |row, found: String| {
            let message = format!("{found} does not fit {}", self.of(data_type));
            Error::new(Code::OutOfRange, message).in_row(row)
        };
        let values = Operand::column(array.clone());
        match (self, data_type.decimal_scale()) {
            (Self::Digits { precision, scale }, Some(units_scale)) => {
                let decimals = values.decimals()?;
                let units = (0..array.len()).map(|row| {
                    let Some(units) = decimals.get(row) else { return Ok(None) };
                    match within(units, units_scale, precision, scale) {
                        None => Err(too_large(row, decimal::text(units, units_scale))),
                        units => Ok(units),
                    }
                });
                Ok(decimal::column(units.collect::<Result<_>>()?, units_scale))
            }
            (Self::Length(most), None) => {
                let bytes = values.bytes()?;
                let length = |row| match data_type {
                    // A character is every byte that does not go on with one.
                    DataType::String => bytes.at(row).iter().filter(|byte| **byte & 0xc0 != 0x80).count(),
                    _ => bytes.at(row).len(),
                };
                let fits = |length: usize| i64::try_from(length).is_ok_and(|length| length <= most);
                let valid = (0..array.len()).filter(|row| array.is_valid(*row));
                match valid.map(|row| (row, length(row))).find(|(_, length)| !fits(*length)) {
                    Some((row, length)) => {
                        let unit = if *data_type == DataType::String { "characters" } else { "bytes" };
                        Err(too_large(row, format!("a value of {length} {unit}")))
                    }
                    None => Ok(array.clone()),
                }
            }
            _ => Err(Error::internal(format!("{data_type} has bounds of another type"))),
        }
    }
}

/// The number rounded to the scale; `None` where it has more digits than the precision then.
fn within(units: i256, units_scale: u8, precision: i64, scale: i64) -> Option<i256> {
    let rounded = decimal::rounded(units, units_scale, scale, Rounding::HalfAwayFromZero)?;
    let digits = u32::try_from(precision.checked_sub(scale)?).ok()? + u32::from(units_scale);
    decimal::has_at_most(rounded, digits).then_some(rounded)
}

#[cold]
fn misfit(data_type: &DataType) -> Error {
    Error::new(Code::InvalidValue, format!("{data_type} does not take these parameters"))
}
