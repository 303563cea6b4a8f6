//! Sums and averages.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array};

use super::{Accumulator, States, argument};
use crate::data::Operand;
use crate::diag::{Code, Error, Result};
use crate::function::{Body, Function, Signature, Type};

use Type::{Float64, Int64};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "SUM",
        "The sum; NULL without values.",
        &[
            Signature::new(&[Int64], Int64, Body::Aggregate(|_| Ok(Box::new(IntSum(States::new()))))),
            Signature::new(&[Float64], Float64, Body::Aggregate(|_| Ok(FloatSum::start(false)))),
        ],
    ),
    Function::new(
        "AVG",
        "The average; NULL without values.",
        &[Signature::new(&[Float64], Float64, Body::Aggregate(|_| Ok(FloatSum::start(true))))],
    ),
];

/// T-SQL's AVG: the average of integers is an integer, truncated towards zero.
pub(in crate::function) const TSQL_AVG: &[Function] = &[Function::new(
    "AVG",
    "The average, truncated if the values are integers; NULL without values.",
    &[
        Signature::new(&[Int64], Int64, Body::Aggregate(|_| Ok(Box::new(IntMean(States::new()))))),
        Signature::new(&[Float64], Float64, Body::Aggregate(|_| Ok(FloatSum::start(true)))),
    ],
)];

/// Sums in 128 bits: they may leave the range of INT64 on the way, as long as they end in it.
struct IntSum(States<Option<i128>>);

impl Accumulator for IntSum {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.0.grow(count);
        let values = argument(args, 0)?.ints()?;
        for (row, group) in groups.iter().enumerate() {
            if let Some(value) = values.get(row) {
                let sum = self.0.of(*group)?.get_or_insert(0);
                *sum = sum.saturating_add(value.into());
            }
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.0.carry(from, to).map(drop)
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        let sums = self.0.range(range)?.iter();
        let sums = sums.map(|sum| sum.map(i64::try_from).transpose()).collect::<Result<Int64Array, _>>();
        sums.map(|sums| Arc::new(sums) as ArrayRef).map_err(|_| {
            Error::new(Code::OutOfRange, "a sum is out of INT64's range")
                .hint("CAST the values to FLOAT64 to sum them approximately")
        })
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
    /// Sums and how many values are in them.
    sums: States<(f64, i64)>,
    mean: bool,
}

impl FloatSum {
    fn start(mean: bool) -> Box<dyn Accumulator> {
        Box::new(Self { sums: States::new(), mean })
    }
}

impl Accumulator for FloatSum {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.sums.grow(count);
        let values = argument(args, 0)?.floats()?;
        for (row, group) in groups.iter().enumerate() {
            // NULLs do not count.
            let Some(value) = values.get(row) else { continue };
            let (sum, count) = self.sums.of(*group)?;
            let before = *sum;
            *sum += value;
            *count += 1;
            if sum.is_infinite() && before.is_finite() && value.is_finite() {
                return Err(Error::new(Code::OutOfRange, "a sum is out of FLOAT64's range").in_row(row));
            }
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.sums.carry(from, to).map(drop)
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        let mean = self.mean;
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        let value = |(sum, count): &(f64, i64)| {
            let divisor = if mean { *count as f64 } else { 1.0 };
            (*count > 0).then(|| sum / divisor)
        };
        Ok(Arc::new(self.sums.range(range)?.iter().map(value).collect::<Float64Array>()))
    }
}
