//! Sums and averages.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, Float64Array, Int64Array};
use arrow_buffer::i256;
use predictql_kernels::groups::{FloatTotal, sum_floats, sum_ints};
use predictql_kernels::moving::{self, Moving, Total};

use super::{Accumulator, Setup, States, argument, rows_of};
use crate::data::decimal::{self, in_range};
use crate::data::{DataType, Operand, valid_bits};
use crate::diag::{Code, Error, Invariant, Result};
use crate::function::{Body, Function, Signature, Type};

use Type::{BigNumeric, Float64, Int64, Numeric};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "SUM",
        "The sum; NULL without values.",
        &[
            Signature::new(&[Int64], Int64, Body::Aggregate(|_| Ok(IntSum::start()))),
            Signature::new(&[Float64], Float64, Body::Aggregate(|_| Ok(FloatSum::start(false)))),
            Signature::new(&[Numeric], Numeric, Body::Aggregate(|setup| DecimalSum::start(setup, false))),
            Signature::new(
                &[BigNumeric],
                BigNumeric,
                Body::Aggregate(|setup| DecimalSum::start(setup, false)),
            ),
        ],
    ),
    Function::new("AVG", "The average; NULL without values.", &[FLOAT_MEAN, NUMERIC_MEAN, BIGNUMERIC_MEAN]),
];

const FLOAT_MEAN: Signature =
    Signature::new(&[Float64], Float64, Body::Aggregate(|_| Ok(FloatSum::start(true))));
const NUMERIC_MEAN: Signature =
    Signature::new(&[Numeric], Numeric, Body::Aggregate(|setup| DecimalSum::start(setup, true)));
const BIGNUMERIC_MEAN: Signature =
    Signature::new(&[BigNumeric], BigNumeric, Body::Aggregate(|setup| DecimalSum::start(setup, true)));

/// T-SQL's AVG: the average of integers is an integer, truncated towards zero.
pub(in crate::function) const TSQL_AVG: &[Function] = &[Function::new(
    "AVG",
    "The average, truncated if the values are integers; NULL without values.",
    &[
        Signature::new(&[Int64], Int64, Body::Aggregate(|_| Ok(Box::new(IntMean(States::new()))))),
        FLOAT_MEAN,
        NUMERIC_MEAN,
        BIGNUMERIC_MEAN,
    ],
)];

/// Sums in 128 bits: they may leave the range of INT64 on the way, as long as they end in it.
struct IntSum {
    sums: States<Option<i128>>,
    moving: Moving<Option<i128>>,
}

impl IntSum {
    fn start() -> Box<dyn Accumulator> {
        Box::new(Self { sums: States::new(), moving: Moving::default() })
    }

    /// # Errors
    /// `out-of-range` for a sum beyond INT64.
    fn column(sums: &[Option<i128>]) -> Result<ArrayRef> {
        let sums = sums.iter().map(|sum| sum.map(i64::try_from).transpose());
        let sums = sums.collect::<Result<Int64Array, _>>();
        sums.map(|sums| Arc::new(sums) as ArrayRef).map_err(|_| {
            Error::new(Code::OutOfRange, "a sum is out of INT64's range")
                .hint("CAST the values to FLOAT64 to sum them approximately")
        })
    }
}

impl Accumulator for IntSum {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        let values = argument(args, 0)?;
        let nulls = values.nulls(groups.len());
        let states = self.sums.all(groups, count)?;
        sum_ints(&values.values::<Int64Type>(groups.len())?, groups, nulls.as_ref().map(valid_bits), states);
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.sums.carry(from, to).map(drop)
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        Self::column(self.sums.range(range)?)
    }

    fn moving(&mut self, args: &[Operand], frames: &[Range<usize>]) -> Result<Option<ArrayRef>> {
        let values = argument(args, 0)?;
        let (rows, nulls) = rows_of(values);
        let values = values.values::<Int64Type>(rows)?;
        let sums = moving::ints(&values, nulls.as_ref().map(valid_bits), frames, &mut self.moving);
        Self::column(&sums).map(Some)
    }
}

/// Sums, and how many values are in them.
struct IntMean(States<(i128, i128)>);

impl Accumulator for IntMean {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.0.grow(count);
        let values = argument(args, 0)?.ints()?;
        for (row, group) in groups.iter().enumerate() {
            if let Some(value) = values.get(row) {
                let (sum, count) = self.0.of(*group)?;
                *sum = sum.saturating_add(value.into());
                *count += 1;
            }
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.0.carry(from, to).map(drop)
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        let means = self.0.range(range)?.iter();
        let means = means.map(|(sum, count)| sum.checked_div(*count).map(i64::try_from).transpose());
        // No mean is beyond its values.
        let means = means.collect::<Result<Int64Array, _>>();
        means
            .map(|means| Arc::new(means) as ArrayRef)
            .map_err(|_| Error::internal("a mean is among its values"))
    }
}

struct FloatSum {
    sums: States<FloatTotal>,
    moving: Moving<FloatTotal>,
    mean: bool,
}

impl FloatSum {
    fn start(mean: bool) -> Box<dyn Accumulator> {
        Box::new(Self { sums: States::new(), moving: Moving::default(), mean })
    }

    fn column(mean: bool, totals: &[FloatTotal]) -> ArrayRef {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        let value = |total: &FloatTotal| {
            let divisor = if mean { total.count as f64 } else { 1.0 };
            (total.count > 0).then(|| total.sum() / divisor)
        };
        Arc::new(totals.iter().map(value).collect::<Float64Array>())
    }
}

impl Accumulator for FloatSum {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        let values = argument(args, 0)?;
        let nulls = values.nulls(groups.len());
        let states = self.sums.all(groups, count)?;
        let values = values.values::<Float64Type>(groups.len())?;
        match sum_floats(&values, groups, nulls.as_ref().map(valid_bits), states) {
            None => Ok(()),
            Some(row) => Err(Error::new(Code::OutOfRange, "a sum is out of FLOAT64's range").in_row(row)),
        }
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.sums.carry(from, to).map(drop)
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        Ok(Self::column(self.mean, self.sums.range(range)?))
    }

    fn moving(&mut self, args: &[Operand], frames: &[Range<usize>]) -> Result<Option<ArrayRef>> {
        let values = argument(args, 0)?;
        let (rows, nulls) = rows_of(values);
        let values = values.values::<Float64Type>(rows)?;
        let totals = moving::floats(&values, nulls.as_ref().map(valid_bits), frames, &mut self.moving);
        // Whether a sum fails is up to the order in which its values are added.
        let fails = totals.iter().any(FloatTotal::overflowed);
        Ok((!fails).then(|| Self::column(self.mean, &totals)))
    }
}

/// Sums of NUMERIC and BIGNUMERIC, which may leave the type's range on the way.
struct DecimalSum {
    sums: States<DecimalTotal>,
    moving: Moving<DecimalTotal>,
    mean: bool,
    data_type: DataType,
    scale: u8,
}

#[derive(Clone, Copy, Default)]
struct DecimalTotal {
    /// The sum's lowest 256 bits, and how often it has left them: upwards minus downwards.
    units: i256,
    wraps: i64,
    count: i64,
}

impl DecimalTotal {
    fn of(value: i256) -> Self {
        Self { units: value, wraps: 0, count: 1 }
    }
}

impl Total for DecimalTotal {
    fn and(self, later: Self) -> Self {
        let (units, wrapped) = self.units.overflowing_add(later.units);
        // Only numbers of one sign leave the bits.
        let direction = if later.units.is_negative() { -1 } else { 1 };
        let wraps = self.wraps + later.wraps + if wrapped { direction } else { 0 };
        Self { units, wraps, count: self.count + later.count }
    }
}

impl DecimalSum {
    fn start(setup: &Setup<'_>, mean: bool) -> Result<Box<dyn Accumulator>> {
        let scale = setup.returns.decimal_scale().invariant("a sum of NUMERIC or BIGNUMERIC is one")?;
        let (sums, moving) = (States::new(), Moving::default());
        Ok(Box::new(Self { sums, moving, mean, data_type: setup.returns.clone(), scale }))
    }

    /// # Errors
    /// As [`DecimalSum::value`].
    fn column(&self, totals: Vec<DecimalTotal>) -> Result<ArrayRef> {
        let units = totals.into_iter().map(|total| self.value(total)).collect::<Result<_>>()?;
        Ok(decimal::column(units, self.scale))
    }

    /// # Errors
    /// `out-of-range` for a sum beyond the type's range.
    fn value(&self, total: DecimalTotal) -> Result<Option<i256>> {
        if total.count == 0 {
            return Ok(None);
        }
        let sum = (total.wraps == 0).then_some(total.units);
        let value =
            if self.mean { sum.and_then(|sum| decimal::divided(sum, i256::from(total.count))) } else { sum };
        value.filter(|value| in_range(*value, self.scale)).map(Some).ok_or_else(|| {
            Error::new(Code::OutOfRange, format!("a sum is out of {}'s range", self.data_type))
                .hint("CAST the values to FLOAT64 to sum them approximately")
        })
    }
}

impl Accumulator for DecimalSum {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.sums.grow(count);
        let values = argument(args, 0)?.decimals()?;
        for (row, group) in groups.iter().enumerate() {
            // NULLs do not count.
            let Some(value) = values.get(row) else { continue };
            let total = self.sums.of(*group)?;
            *total = total.and(DecimalTotal::of(value));
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.sums.carry(from, to).map(drop)
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        let totals = self.sums.range(range)?.to_vec();
        self.column(totals)
    }

    fn moving(&mut self, args: &[Operand], frames: &[Range<usize>]) -> Result<Option<ArrayRef>> {
        let values = argument(args, 0)?.decimals()?;
        let total = |row| values.get(row).map(DecimalTotal::of).unwrap_or_default();
        let totals = self.moving.totals(frames, total);
        self.column(totals).map(Some)
    }
}
