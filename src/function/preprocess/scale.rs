//! Scalers, which compute `(x - shift) / scale`, and the normalizer of vectors.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array};

use super::{VECTOR, flag, float_option, numbers, option, out_of, quantile};
use crate::diag::{Invariant, Result};
use crate::function::array_view::VectorView;
use crate::function::vector::{check_degree, norm};
use crate::function::{BatchCall, Body, Fitted, Function, Signature, Type};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.STANDARD_SCALER",
        "Subtracts the mean of the column and divides by its standard deviation.",
        &[Signature::new(&[Type::Float64], Type::Float64, Body::Fit(standard))],
    ),
    Function::new(
        "ML.MIN_MAX_SCALER",
        "Scales the column to [0, 1]: its minimum to 0 and its maximum to 1.",
        &[Signature::new(&[Type::Float64], Type::Float64, Body::Fit(min_max))],
    ),
    Function::new(
        "ML.MAX_ABS_SCALER",
        "Scales the column to [-1, 1] by dividing by its largest absolute value.",
        &[Signature::new(&[Type::Float64], Type::Float64, Body::Fit(max_abs))],
    ),
    Function::new(
        "ML.ROBUST_SCALER",
        "Subtracts the median of the column and divides by its quantile range, [25, 75] unless it is given.",
        &[Signature::new(&[Type::Float64, VECTOR, Type::Bool, Type::Bool], Type::Float64, Body::Fit(robust))
            .optional(3)],
    ),
    Function::new(
        "ML.NORMALIZER",
        "Divides a vector by its p-norm; p is 2 unless it is given.",
        &[Signature::scalar(&[VECTOR, Type::Float64], VECTOR, normalize).optional(1)],
    ),
];

/// `(x - shift) / scale`.
#[derive(Debug)]
struct Scaler {
    shift: f64,
    scale: f64,
    /// Whether results are kept within [0, 1].
    capped: bool,
}

impl Scaler {
    /// Where all values are the same there is nothing to scale: they are only shifted.
    fn fitted(shift: f64, scale: f64) -> Arc<dyn Fitted> {
        Arc::new(Self { shift, scale: if scale == 0.0 { 1.0 } else { scale }, capped: false })
    }
}

impl Fitted for Scaler {
    fn apply(&self, call: &BatchCall<'_>) -> Result<ArrayRef> {
        let values = call.arg(0)?.floats()?;
        let scaled = |value: f64| {
            let scaled = (value - self.shift) / self.scale;
            if self.capped { scaled.clamp(0.0, 1.0) } else { scaled }
        };
        call.floats(&|row| Ok(values.get(row).map(scaled)))
    }
}

/// Mean and sample standard deviation.
#[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
fn standard(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    let values = numbers(call)?;
    if values.is_empty() {
        return Ok(Scaler::fitted(0.0, 1.0));
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let spread = (squares / values.len().saturating_sub(1).max(1) as f64).sqrt();
    Ok(Scaler::fitted(mean, spread))
}

fn min_max(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    let values = numbers(call)?;
    // Of no values nothing is known: the scaler only caps.
    let (Some(min), Some(max)) =
        (values.iter().copied().reduce(f64::min), values.iter().copied().reduce(f64::max))
    else {
        return Ok(Arc::new(Scaler { shift: 0.0, scale: 1.0, capped: true }));
    };
    let width = max - min;
    Ok(Arc::new(Scaler { shift: min, scale: if width == 0.0 { 1.0 } else { width }, capped: true }))
}

fn max_abs(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    Ok(Scaler::fitted(0.0, norm(&numbers(call)?, f64::INFINITY)))
}

fn robust(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    let (low, high) = quantile_range(call)?;
    let with_median = flag(call, 2, "with_median", true)?;
    let with_range = flag(call, 3, "with_quantile_range", true)?;
    let mut values = numbers(call)?;
    values.sort_unstable_by(f64::total_cmp);
    let quantiles = (quantile(&values, low), quantile(&values, 50.0), quantile(&values, high));
    let (Some(low), Some(median), Some(high)) = quantiles else {
        // Of no values nothing is known.
        return Ok(Scaler::fitted(0.0, 1.0));
    };
    let shift = if with_median { median } else { 0.0 };
    let scale = if with_range { high - low } else { 1.0 };
    Ok(Scaler::fitted(shift, scale))
}

fn quantile_range(call: &BatchCall<'_>) -> Result<(f64, f64)> {
    let Some(operand) = option(call, 1, "quantile_range")? else { return Ok((25.0, 75.0)) };
    match VectorView::new(operand)?.get(0)?.invariant("a range, which is not NULL")? {
        &[low, high] if 0.0 < low && low < high && high < 100.0 => Ok((low, high)),
        found => Err(out_of(
            "quantile_range",
            "as [low, high] with 0 < low < high < 100",
            format_args!("{found:?}"),
        )
        .hint("write [25, 75]")),
    }
}

/// `ML.NORMALIZER(array [, p])`. A vector of zeros stays as it is.
fn normalize(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let degree = float_option(call, 1, "p")?.unwrap_or(2.0);
    check_degree(degree, "p")?;
    let vectors = VectorView::new(call.arg(0)?)?;
    call.arrays(
        &|row, values| {
            let vector = vectors.get(row)?.invariant("a vector that is not NULL")?;
            let length = norm(vector, degree);
            let length = if length == 0.0 { 1.0 } else { length };
            values.extend(vector.iter().map(|value| value / length));
            Ok(())
        },
        &|values| Ok(Arc::new(Float64Array::from(values))),
    )
}
