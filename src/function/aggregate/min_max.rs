//! Minima and maxima; for BOOL these are AND and OR.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, Float64Array, Int64Array};
use arrow_buffer::i256;
use predictql_kernels::groups::extremes;
use predictql_kernels::moving::{self, Moving};

use super::super::Held;
use super::string_agg::{OptionalBytes, bytes_column};
use super::{Accumulator, Setup, States, argument, check_held, rows_of};
use crate::data::{DataType, Operand, Scalar, array_of, decimal, valid_bits};
use crate::diag::{Invariant, Result};
use crate::function::{Body, Function, Signature, Type};

use Type::{Bool, Ordered};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "MIN",
        "The minimum; NaN if any value is NaN.",
        &[Signature::new(&[Ordered], Ordered, Body::Aggregate(|setup| start(setup, false)))],
    ),
    Function::new(
        "MAX",
        "The maximum; NaN if any value is NaN.",
        &[Signature::new(&[Ordered], Ordered, Body::Aggregate(|setup| start(setup, true)))],
    ),
    Function::new(
        "LOGICAL_AND",
        "Whether all values are TRUE.",
        &[Signature::new(&[Bool], Bool, Body::Aggregate(|setup| start(setup, false)))],
    ),
    Function::new(
        "LOGICAL_OR",
        "Whether at least one value is TRUE.",
        &[Signature::new(&[Bool], Bool, Body::Aggregate(|setup| start(setup, true)))],
    ),
];

fn start(setup: &Setup<'_>, largest: bool) -> Result<Box<dyn Accumulator>> {
    let data_type = setup.returns.clone();
    Ok(match data_type {
        DataType::String | DataType::Time | DataType::Bytes => {
            Box::new(ByteStrings { largest, data_type, best: States::new(), held: Held::new(setup.memory) })
        }
        DataType::Numeric | DataType::BigNumeric => {
            let scale = data_type.decimal_scale().invariant("NUMERIC and BIGNUMERIC have a scale")?;
            Box::new(Decimals { largest, scale, best: States::new() })
        }
        _ => Box::new(Ordinals { largest, data_type, best: States::new(), moving: None }),
    })
}

/// Values of a fixed size, as integers in the same order.
struct Ordinals {
    largest: bool,
    data_type: DataType,
    best: States<Option<i64>>,
    /// Where frames move: the integers, in the opposite order for the largest, and how far they have come.
    moving: Option<(Vec<i64>, Moving<Option<i64>>)>,
}

impl Ordinals {
    fn column(&self, best: impl Iterator<Item = Option<i64>>) -> Result<ArrayRef> {
        Ok(match self.data_type {
            DataType::Int64 => Arc::new(best.collect::<Int64Array>()),
            DataType::Float64 => {
                let float = |value| if is_nan(value) { f64::NAN } else { float(value) };
                Arc::new(best.map(|best| best.map(float)).collect::<Float64Array>())
            }
            _ => {
                let values = best.map(|best| best.map_or(Ok(Scalar::Null), |value| self.scalar(value)));
                array_of(&values.collect::<Result<Vec<_>>>()?, &self.data_type)?
            }
        })
    }

    /// The values of `rows` rows as integers.
    fn ordinals<'a>(&self, values: &'a Operand, rows: usize) -> Result<Cow<'a, [i64]>> {
        Ok(match self.data_type {
            DataType::Float64 => {
                let nan = if self.largest { i64::MAX } else { i64::MIN };
                let ordinal = |value: &f64| if value.is_nan() { nan } else { ordinal(*value) };
                values.values::<Float64Type>(rows)?.iter().map(ordinal).collect()
            }
            DataType::Bool => {
                let values = values.bools()?;
                (0..rows).map(|row| i64::from(values.at(row))).collect()
            }
            DataType::Date => {
                values.values::<Date32Type>(rows)?.iter().map(|days| i64::from(*days)).collect()
            }
            DataType::Timestamp | DataType::Datetime => values.values::<TimestampMicrosecondType>(rows)?,
            _ => values.values::<Int64Type>(rows)?,
        })
    }

    fn scalar(&self, value: i64) -> Result<Scalar> {
        Ok(match self.data_type {
            DataType::Bool => Scalar::Bool(value != 0),
            DataType::Date => Scalar::Date(i32::try_from(value).ok().invariant("the days of a DATE")?),
            DataType::Timestamp => Scalar::Timestamp(value),
            DataType::Datetime => Scalar::Datetime(value),
            _ => Scalar::Int64(value),
        })
    }
}

/// An integer in the order of the floats: the bits, those of negative numbers flipped except for the sign. Infinity stays below
/// `i64::MAX`.
fn ordinal(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    bits ^ (((bits >> 63).cast_unsigned() >> 1).cast_signed())
}

/// Whether an integer stands for NaN, which is beyond all floats at the end that wins.
fn is_nan(ordinal: i64) -> bool {
    ordinal == i64::MAX || ordinal == i64::MIN
}

/// Back from [`ordinal`], which is its own inverse.
fn float(ordinal: i64) -> f64 {
    f64::from_bits((ordinal ^ (((ordinal >> 63).cast_unsigned() >> 1).cast_signed())).cast_unsigned())
}

impl Accumulator for Ordinals {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        let values = argument(args, 0)?;
        let nulls = values.nulls(groups.len());
        let ordinals = self.ordinals(values, groups.len())?;
        let best = self.best.all(groups, count)?;
        extremes(&ordinals, groups, nulls.as_ref().map(valid_bits), self.largest, best);
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.best.carry(from, to).map(drop)
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        let best = self.best.range(range)?.to_vec();
        self.column(best.into_iter())
    }

    fn moving(&mut self, args: &[Operand], frames: &[Range<usize>]) -> Result<Option<ArrayRef>> {
        let values = argument(args, 0)?;
        let (rows, nulls) = rows_of(values);
        let turn = if self.largest { -1 } else { 0 };
        let (ordinals, mut moving) = match self.moving.take() {
            Some(moving) => moving,
            None => {
                let ordinals = self.ordinals(values, rows)?.iter().map(|ordinal| ordinal ^ turn).collect();
                (ordinals, Moving::default())
            }
        };
        let best = moving::least(&ordinals, nulls.as_ref().map(valid_bits), frames, &mut moving);
        self.moving = Some((ordinals, moving));
        self.column(best.into_iter().map(|best| best.map(|ordinal| ordinal ^ turn))).map(Some)
    }
}

/// NUMERIC and BIGNUMERIC, in units.
struct Decimals {
    largest: bool,
    scale: u8,
    best: States<Option<i256>>,
}

impl Accumulator for Decimals {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.best.grow(count);
        let values = argument(args, 0)?.decimals()?;
        for (row, group) in groups.iter().enumerate() {
            // NULLs do not count.
            let Some(value) = values.get(row) else { continue };
            let best = self.best.of(*group)?.get_or_insert(value);
            *best = if self.largest { value.max(*best) } else { value.min(*best) };
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.best.carry(from, to).map(drop)
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        Ok(decimal::column(self.best.range(range)?.to_vec(), self.scale))
    }
}

/// STRING and BYTES, which both order by their bytes.
struct ByteStrings {
    largest: bool,
    data_type: DataType,
    best: States<Option<Vec<u8>>>,
    held: Held,
}

impl Accumulator for ByteStrings {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.best.grow(count);
        let values = argument(args, 0)?;
        let values = OptionalBytes::new(values)?;
        for (row, group) in groups.iter().enumerate() {
            // NULLs do not count.
            let Some(value) = values.get(row) else { continue };
            let best = self.best.of(*group)?;
            let better = match best.as_deref() {
                None => true,
                Some(best) if self.largest => value > best,
                Some(best) => value < best,
            };
            if better {
                self.held.add(value.len());
                self.held.remove(best.as_ref().map_or(0, Vec::len));
                check_held(&self.held)?;
                *best = Some(value.to_vec());
            }
        }
        check_held(&self.held)
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        // Beyond the limit the next update fails.
        if !self.held.is_full() {
            self.held.add(self.best.carry(from, to)?.as_ref().map_or(0, Vec::len));
        }
        Ok(())
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        bytes_column(self.best.range(range)?, &self.data_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_are_in_the_order_of_the_floats() {
        let floats =
            [f64::NEG_INFINITY, f64::MIN, -1.5, -f64::MIN_POSITIVE, -0.0, 0.0, 5e-324, 1.0, f64::INFINITY];
        assert!(floats.map(ordinal).is_sorted());
        assert_eq!(floats.map(|value| float(ordinal(value))), floats);
        assert!(ordinal(f64::INFINITY) < i64::MAX && ordinal(f64::NEG_INFINITY) > i64::MIN);
    }
}
