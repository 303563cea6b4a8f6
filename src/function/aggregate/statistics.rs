//! Variances, covariances and what follows from them, by Welford's method: one pass that does not lose the digits
//! that a difference of large sums would. Values are taken as their differences from the first one, so that a mean far
//! from zero costs no digits either.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array};
use predictql_kernels::moving::{Moving, Total};

use super::{Accumulator, Start, States, argument};
use crate::data::{Operand, PrimitiveView};
use crate::diag::Result;
use crate::function::{Body, Function, Signature, Type};

use Type::Float64;

const fn of_one(start: Start) -> Signature {
    Signature::new(&[Float64], Float64, Body::Aggregate(start))
}

const fn of_two(start: Start) -> Signature {
    Signature::new(&[Float64, Float64], Float64, Body::Aggregate(start))
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "STDDEV",
        "Synonym for STDDEV_SAMP.",
        &[of_one(|_| Ok(Moments::of(|pairs| pairs.sample(pairs.xx).map(f64::sqrt))))],
    ),
    Function::new(
        "STDDEV_SAMP",
        "The sample standard deviation; NULL for fewer than two values.",
        &[of_one(|_| Ok(Moments::of(|pairs| pairs.sample(pairs.xx).map(f64::sqrt))))],
    ),
    Function::new(
        "STDDEV_POP",
        "The population standard deviation.",
        &[of_one(|_| Ok(Moments::of(|pairs| pairs.population(pairs.xx).map(f64::sqrt))))],
    ),
    Function::new(
        "VARIANCE",
        "Synonym for VAR_SAMP.",
        &[of_one(|_| Ok(Moments::of(|pairs| pairs.sample(pairs.xx))))],
    ),
    Function::new(
        "VAR_SAMP",
        "The sample variance; NULL for fewer than two values.",
        &[of_one(|_| Ok(Moments::of(|pairs| pairs.sample(pairs.xx))))],
    ),
    Function::new(
        "VAR_POP",
        "The population variance.",
        &[of_one(|_| Ok(Moments::of(|pairs| pairs.population(pairs.xx))))],
    ),
    Function::new(
        "COVAR_SAMP",
        "The sample covariance of pairs; NULL for fewer than two pairs.",
        &[of_two(|_| Ok(Moments::of(|pairs| pairs.sample(pairs.xy))))],
    )
    .not_distinct(),
    Function::new(
        "COVAR_POP",
        "The population covariance of pairs.",
        &[of_two(|_| Ok(Moments::of(|pairs| pairs.population(pairs.xy))))],
    )
    .not_distinct(),
    Function::new(
        "CORR",
        "The Pearson correlation coefficient of pairs; NULL for fewer than two pairs, NaN if one side is constant.",
        &[of_two(|_| Ok(Moments::of(Pairs::correlation)))],
    )
    .not_distinct(),
];

/// Pairs seen so far. A single value is a pair with itself.
#[derive(Clone, Copy, Default)]
struct Pairs {
    count: f64,
    first_x: f64,
    first_y: f64,
    /// Means of the differences from the first pair.
    mean_x: f64,
    mean_y: f64,
    /// Sums of products of differences from the means.
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Pairs {
    fn add(&mut self, x: f64, y: f64) {
        if self.count == 0.0 {
            (self.first_x, self.first_y) = (x, y);
        }
        let (x, y) = (x - self.first_x, y - self.first_y);
        self.count += 1.0;
        let (dx, dy) = (x - self.mean_x, y - self.mean_y);
        self.mean_x += dx / self.count;
        self.mean_y += dy / self.count;
        self.xx += dx * (x - self.mean_x);
        self.yy += dy * (y - self.mean_y);
        self.xy += dx * (y - self.mean_y);
    }

    /// Those of one row: none where a side is NULL.
    fn of(x: Option<f64>, y: Option<f64>) -> Self {
        let mut pairs = Self::default();
        if let (Some(x), Some(y)) = (x, y) {
            pairs.add(x, y);
        }
        pairs
    }

    fn population(&self, sum: f64) -> Option<f64> {
        (self.count > 0.0).then(|| sum / self.count)
    }

    fn correlation(&self) -> Option<f64> {
        (self.count > 1.0).then(|| self.xy / (self.xx * self.yy).sqrt())
    }

    fn sample(&self, sum: f64) -> Option<f64> {
        (self.count > 1.0).then(|| sum / (self.count - 1.0))
    }
}

impl Total for Pairs {
    /// As Chan, Golub and LeVeque put two samples together.
    fn and(self, later: Self) -> Self {
        if self.count == 0.0 || later.count == 0.0 {
            return if self.count == 0.0 { later } else { self };
        }
        let count = self.count + later.count;
        let dx = (later.first_x - self.first_x) + (later.mean_x - self.mean_x);
        let dy = (later.first_y - self.first_y) + (later.mean_y - self.mean_y);
        let (share, weight) = (later.count / count, self.count * (later.count / count));
        Self {
            count,
            mean_x: self.mean_x + dx * share,
            mean_y: self.mean_y + dy * share,
            xx: self.xx + later.xx + dx * dx * weight,
            yy: self.yy + later.yy + dy * dy * weight,
            xy: self.xy + later.xy + dx * dy * weight,
            ..self
        }
    }
}

struct Moments {
    pairs: States<Pairs>,
    moving: Moving<Pairs>,
    value: fn(&Pairs) -> Option<f64>,
}

impl Moments {
    fn of(value: fn(&Pairs) -> Option<f64>) -> Box<dyn Accumulator> {
        Box::new(Self { pairs: States::new(), moving: Moving::default(), value })
    }
}

type Floats<'a> = PrimitiveView<'a, Float64Type>;

impl Moments {
    /// Both sides. A function of one argument pairs each value with itself.
    fn columns(args: &[Operand]) -> Result<(Floats<'_>, Floats<'_>)> {
        let x = argument(args, 0)?.floats()?;
        Ok((x, args.get(1).map_or_else(|| argument(args, 0)?.floats(), Operand::floats)?))
    }
}

impl Accumulator for Moments {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.pairs.grow(count);
        let (x, y) = Self::columns(args)?;
        for (row, group) in groups.iter().enumerate() {
            if let (Some(x), Some(y)) = (x.get(row), y.get(row)) {
                self.pairs.of(*group)?.add(x, y);
            }
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.pairs.carry(from, to).map(drop)
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        let value = self.value;
        Ok(Arc::new(self.pairs.range(range)?.iter().map(value).collect::<Float64Array>()))
    }

    fn moving(&mut self, args: &[Operand], frames: &[Range<usize>]) -> Result<Option<ArrayRef>> {
        let (x, y) = Self::columns(args)?;
        let pairs = self.moving.totals(frames, |row| Pairs::of(x.get(row), y.get(row)));
        Ok(Some(Arc::new(pairs.iter().map(self.value).collect::<Float64Array>())))
    }
}
