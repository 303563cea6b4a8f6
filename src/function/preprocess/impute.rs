//! `ML.IMPUTER`: a value in place of NULL.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::ArrayRef;

use super::{choice, counted, numbers, quantile};
use crate::diag::{Code, Error, Result};
use crate::function::{BatchCall, Body, Fitted, Function, Signature, Type};

pub(super) const FUNCTIONS: &[Function] = &[Function::new(
    "ML.IMPUTER",
    "Replaces NULL with the 'mean', 'median' or 'most_frequent' value of the column.",
    &[
        Signature::new(&[Type::Float64, Type::String], Type::Float64, Body::Fit(number)),
        Signature::new(&[Type::String, Type::String], Type::String, Body::Fit(text)),
    ],
)];

const STRATEGIES: &[&str] = &["mean", "median", "most_frequent"];

#[derive(Debug)]
enum Imputer {
    Number(Option<f64>),
    Text(Option<String>),
}

impl Fitted for Imputer {
    fn apply(&self, call: &BatchCall<'_>) -> Result<ArrayRef> {
        let operand = call.arg(0)?;
        // NULL has a value here too.
        let rows = call.without_args();
        match self {
            Self::Number(instead) => {
                let values = operand.floats()?;
                rows.floats(&|row| Ok(values.get(row).or(*instead)))
            }
            Self::Text(instead) => {
                let values = operand.strings()?;
                rows.strings(&|row| Ok(values.get(row).or(instead.as_deref()).map(Cow::Borrowed)))
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
fn number(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    let strategy = choice(call, 1, "strategy", STRATEGIES)?;
    let mut values = numbers(call)?;
    let instead = match strategy {
        0 if values.is_empty() => None,
        0 => Some(values.iter().sum::<f64>() / values.len() as f64),
        _ => {
            values.sort_unstable_by(f64::total_cmp);
            if strategy == 1 {
                quantile(&values, 50.0)
            } else {
                most_frequent(values.chunk_by(|a, b| a == b).map(|run| (run.first().copied(), run.len())))
            }
        }
    };
    Ok(Arc::new(Imputer::Number(instead)))
}

fn text(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    if choice(call, 1, "strategy", STRATEGIES)? != 2 {
        return Err(Error::new(Code::InvalidValue, "strings have neither a mean nor a median")
            .hint("write 'most_frequent'"));
    }
    let values = call.arg(0)?.strings()?;
    let counts = counted((0..call.rows).filter_map(|row| values.get(row)).collect());
    let most = most_frequent(counts.into_iter().map(|(value, count)| (Some(value), count)));
    Ok(Arc::new(Imputer::Text(most.map(str::to_owned))))
}

/// The value with the highest count; the first of several.
fn most_frequent<T>(mut runs: impl Iterator<Item = (Option<T>, usize)>) -> Option<T> {
    let first = runs.next()?;
    runs.fold(first, |best, run| if run.1 > best.1 { run } else { best }).0
}
