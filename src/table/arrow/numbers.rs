//! Values of a fixed width of foreign layouts: numbers, decimals, dates and times.

use std::fmt::Display;

use arrow_buffer::{ArrowNativeType, Buffer, NullBuffer, OffsetBuffer, i256};
use arrow_schema::{DataType as Arrow, TimeUnit};
use half::f16;

use super::source::Source;
use super::{damaged, too_large};
use crate::data::decimal::{self, BIGNUMERIC_SCALE, NUMERIC_SCALE};
use crate::data::{DataType, Values, values};
use crate::diag::Result;

/// The values of a column or part, one behind the other.
pub(super) struct Fixed<'a> {
    pub(super) layout: &'a Arrow,
    pub(super) bytes: &'a Buffer,
    pub(super) nulls: Option<&'a NullBuffer>,
    pub(super) source: &'a Source<'a>,
}

impl Fixed<'_> {
    /// The same values of the type `to`.
    ///
    /// # Errors
    /// `invalid-arrow` for a value that it cannot hold; `limit-exceeded` where texts grow too large.
    pub(super) fn values(&self, to: &DataType) -> Result<Values> {
        if *self.layout == to.storage() {
            return Ok(Values::Fixed(aligned(self.bytes.clone())));
        }
        match to {
            DataType::Int64 => self.integers(),
            DataType::Float64 => self.floats(),
            DataType::Date => {
                self.converted("DATE", i64::from_le_bytes, |ms| i32::try_from(ms.div_euclid(86_400_000)).ok())
            }
            DataType::Timestamp | DataType::Datetime => self.timestamps(),
            DataType::Numeric => self.units(NUMERIC_SCALE),
            DataType::BigNumeric => self.units(BIGNUMERIC_SCALE),
            DataType::String => match self.layout {
                Arrow::Time32(unit) | Arrow::Time64(unit) => self.times(*unit),
                _ => self.digits(),
            },
            _ => Err(damaged("a column's layout")),
        }
    }

    fn integers(&self) -> Result<Values> {
        Ok(match self.layout {
            Arrow::Int8 => self.widened(|bytes| i64::from(i8::from_le_bytes(bytes))),
            Arrow::Int16 => self.widened(|bytes| i64::from(i16::from_le_bytes(bytes))),
            Arrow::Int32 => self.widened(|bytes| i64::from(i32::from_le_bytes(bytes))),
            Arrow::UInt8 => self.widened(|bytes| i64::from(u8::from_le_bytes(bytes))),
            Arrow::UInt16 => self.widened(|bytes| i64::from(u16::from_le_bytes(bytes))),
            Arrow::UInt32 => self.widened(|bytes| i64::from(u32::from_le_bytes(bytes))),
            _ => self.converted("INT64", u64::from_le_bytes, |value| i64::try_from(value).ok())?,
        })
    }

    fn floats(&self) -> Result<Values> {
        Ok(match self.layout {
            Arrow::Float16 => self.widened(|bytes| f64::from(f16::from_le_bytes(bytes))),
            Arrow::Float32 => self.widened(|bytes| f64::from(f32::from_le_bytes(bytes))),
            _ => {
                let scale = self.scale()?;
                let nearest = |(_, value): (usize, i256)| match u8::try_from(scale) {
                    Ok(scale) => Ok(decimal::to_float(value, scale)),
                    Err(_) => digits(value, scale).parse().map_err(|_| damaged("a decimal")),
                };
                Values::Fixed(Buffer::from_vec(self.decimals()?.map(nearest).collect::<Result<Vec<f64>>>()?))
            }
        })
    }

    /// In microseconds; finer units are rounded towards the past.
    fn timestamps(&self) -> Result<Values> {
        let name = "TIMESTAMP";
        match self.layout {
            Arrow::Timestamp(TimeUnit::Second, _) => {
                self.converted(name, i64::from_le_bytes, |time| time.checked_mul(1_000_000))
            }
            Arrow::Timestamp(TimeUnit::Millisecond, _) => {
                self.converted(name, i64::from_le_bytes, |time| time.checked_mul(1_000))
            }
            Arrow::Timestamp(TimeUnit::Nanosecond, _) => {
                Ok(self.widened(|bytes| i64::from_le_bytes(bytes).div_euclid(1_000)))
            }
            _ => Ok(Values::Fixed(aligned(self.bytes.clone()))),
        }
    }

    /// Decimals in the units of NUMERIC or BIGNUMERIC, whichever has this scale.
    fn units(&self, scale: u8) -> Result<Values> {
        let from = self.scale()?;
        let more =
            u32::try_from(i16::from(scale) - i16::from(from)).map_err(|_| damaged("a decimal's scale"))?;
        // Beyond 256 bits only zero has a counterpart.
        let factor = i256::from_i128(10).checked_pow(more);
        let scaled = |(row, value): (usize, i256)| {
            if value == i256::ZERO || !self.is_valid(row) {
                return Ok(Some(i256::ZERO));
            }
            let units = factor.and_then(|factor| value.checked_mul(factor));
            units.filter(|units| decimal::in_range(*units, scale)).map(Some).ok_or_else(|| {
                self.source.misfit(row, format!("{} has more digits than its type says", digits(value, from)))
            })
        };
        let units = self.decimals()?.map(scaled).collect::<Result<Vec<_>>>()?;
        values(&decimal::column(units, scale))
    }

    /// The digits of decimals.
    fn digits(&self) -> Result<Values> {
        let scale = self.scale()?;
        self.texts(
            self.decimals()?.map(|(row, value)| {
                Ok(if self.is_valid(row) { digits(value, scale) } else { String::new() })
            }),
        )
    }

    /// Times of day: `12:34:56.789`, without zeros at the end.
    fn times(&self, unit: TimeUnit) -> Result<Values> {
        let digits = match unit {
            TimeUnit::Second => 0,
            TimeUnit::Millisecond => 3,
            TimeUnit::Microsecond => 6,
            TimeUnit::Nanosecond => 9,
        };
        let one = 10_i64.pow(digits);
        let text = |(row, bytes): (usize, &[u8])| {
            if !self.is_valid(row) {
                return Ok(String::new());
            }
            let time = signed(bytes).to_i128().and_then(|time| i64::try_from(time).ok());
            let time = time.ok_or_else(|| damaged("a time"))?;
            let (seconds, fraction) = (time.div_euclid(one), time.rem_euclid(one));
            if !(0..86_400).contains(&seconds) {
                return Err(self.source.misfit(row, format_args!("{time} is no time of day")));
            }
            let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
            if fraction > 0 {
                let fraction = format!(".{fraction:0width$}", width = digits as usize);
                text.push_str(fraction.trim_end_matches('0'));
            }
            Ok(text)
        };
        self.texts(self.rows()?.map(text))
    }

    /// A text for each row.
    fn texts(&self, texts: impl Iterator<Item = Result<String>>) -> Result<Values> {
        let mut ends = vec![0];
        let mut bytes = Vec::new();
        for text in texts {
            bytes.extend_from_slice(text?.as_bytes());
            self.source.claim(bytes.len())?;
            ends.push(i32::try_from(bytes.len()).map_err(|_| too_large(self.source.bytes))?);
        }
        Ok(Values::Blobs(OffsetBuffer::new(ends.into()), Buffer::from_vec(bytes)))
    }

    /// The decimals without their point, a row each.
    fn decimals(&self) -> Result<impl Iterator<Item = (usize, i256)> + '_> {
        Ok(self.rows()?.map(|(row, bytes)| (row, signed(bytes))))
    }

    /// How many digits decimals have behind the point.
    fn scale(&self) -> Result<i8> {
        match self.layout {
            Arrow::Decimal32(_, scale)
            | Arrow::Decimal64(_, scale)
            | Arrow::Decimal128(_, scale)
            | Arrow::Decimal256(_, scale) => Ok(*scale),
            _ => Err(damaged("a column's layout")),
        }
    }

    /// The bytes of the value of each row.
    fn rows(&self) -> Result<impl Iterator<Item = (usize, &[u8])>> {
        let width = self.layout.primitive_width().ok_or_else(|| damaged("a column's layout"))?;
        Ok(self.bytes.chunks_exact(width).enumerate())
    }

    fn is_valid(&self, row: usize) -> bool {
        self.nulls.is_none_or(|nulls| nulls.is_valid(row))
    }

    /// Converts values that all have a counterpart.
    fn widened<const N: usize, R: ArrowNativeType>(&self, to: impl Fn([u8; N]) -> R) -> Values {
        let (values, _) = self.bytes.as_chunks();
        Values::Fixed(Buffer::from_vec(values.iter().map(|bytes| to(*bytes)).collect::<Vec<_>>()))
    }

    /// Converts values; one for which `to` returns `None` is an error that names it.
    fn converted<const N: usize, T: Display + Copy, R: ArrowNativeType>(
        &self,
        name: &str,
        read: fn([u8; N]) -> T,
        to: impl Fn(T) -> Option<R>,
    ) -> Result<Values> {
        let (values, _) = self.bytes.as_chunks();
        let convert = |(row, bytes): (usize, &[u8; N])| {
            let value = read(*bytes);
            match to(value) {
                Some(value) => Ok(value),
                // Default: the value below a NULL is never read.
                None if !self.is_valid(row) => Ok(R::default()),
                None => Err(self.source.misfit(row, format_args!("{value} is out of the range of {name}"))),
            }
        };
        let converted = values.iter().enumerate().map(convert).collect::<Result<Vec<_>>>()?;
        Ok(Values::Fixed(Buffer::from_vec(converted)))
    }
}

/// The same bytes where values of every type may begin.
pub(super) fn aligned(bytes: Buffer) -> Buffer {
    let is_aligned = bytes.as_ptr().align_offset(align_of::<i256>()) == 0;
    if is_aligned { bytes } else { Buffer::from(bytes.as_slice()) }
}

/// A whole number of any width.
#[expect(clippy::indexing_slicing, reason = "the widest have 32 bytes")]
fn signed(bytes: &[u8]) -> i256 {
    let is_negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = [if is_negative { 0xff } else { 0 }; 32];
    wide[..bytes.len()].copy_from_slice(bytes);
    i256::from_le_bytes(wide)
}

/// The digits of a decimal, all those behind the point among them.
fn digits(value: i256, scale: i8) -> String {
    match u8::try_from(scale) {
        Ok(scale) => decimal::digits(value, scale),
        Err(_) if value == i256::ZERO => "0".into(),
        Err(_) => format!("{value}{}", "0".repeat(scale.unsigned_abs().into())),
    }
}
