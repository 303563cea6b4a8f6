//! Preprocessing for models: scalers, encoders, buckets, crosses. Source: BigQuery ML, "Manual feature
//! preprocessing".
//!
//! Functions with statistics see all rows once ([`super::Fit`]) and then compute row by row, now or later in a
//! model's TRANSFORM; the others are ordinary scalar functions. This room knows neither OVER nor models.

mod bucket;
mod combine;
mod impute;
mod scale;
mod vocabulary;

use super::{BatchCall, Function, Type};
use crate::data::Operand;
use crate::diag::{Code, Error, Result};

/// The functions by topic.
pub(super) const TOPICS: [&[Function]; 5] =
    [scale::FUNCTIONS, impute::FUNCTIONS, bucket::FUNCTIONS, vocabulary::FUNCTIONS, combine::FUNCTIONS];

/// The type of tokens.
const STRINGS: Type = Type::ArrayOf(&Type::String);
/// The type of vectors.
const VECTOR: Type = Type::ArrayOf(&Type::Float64);

/// The argument at this position, which must be a constant other than NULL; `None` where it was left out.
fn option<'a>(call: &'a BatchCall<'_>, position: usize, name: &str) -> Result<Option<&'a Operand>> {
    let Some(operand) = call.args.get(position) else { return Ok(None) };
    let problem = if !operand.is_constant() {
        "found one that differs from row to row"
    } else if operand.is_null(0) {
        "found NULL"
    } else {
        return Ok(Some(operand));
    };
    Err(Error::new(Code::InvalidValue, format!("expected a constant `{name}`, {problem}"))
        .hint("write the value itself"))
}

fn int_option(call: &BatchCall<'_>, position: usize, name: &str) -> Result<Option<i64>> {
    option(call, position, name)?.map(|operand| Ok(operand.ints()?.at(0))).transpose()
}

fn float_option(call: &BatchCall<'_>, position: usize, name: &str) -> Result<Option<f64>> {
    option(call, position, name)?.map(|operand| Ok(operand.floats()?.at(0))).transpose()
}

fn string_option<'a>(call: &'a BatchCall<'_>, position: usize, name: &str) -> Result<Option<&'a str>> {
    option(call, position, name)?.map(|operand| Ok(operand.strings()?.at(0))).transpose()
}

fn flag(call: &BatchCall<'_>, position: usize, name: &str, default: bool) -> Result<bool> {
    option(call, position, name)?.map_or(Ok(default), |operand| Ok(operand.bools()?.at(0)))
}

/// One of `choices`, case aside, as its index among them; the first where the argument was left out.
fn choice(call: &BatchCall<'_>, position: usize, name: &str, choices: &[&str]) -> Result<usize> {
    let Some(found) = string_option(call, position, name)? else { return Ok(0) };
    choices.iter().position(|choice| choice.eq_ignore_ascii_case(found)).ok_or_else(|| {
        Error::new(Code::InvalidValue, format!("`{name}` cannot be '{found}'"))
            .hint(format!("write one of '{}'", choices.join("', '")))
    })
}

/// The error for an option that is out of its range.
#[cold]
fn out_of(name: &str, expected: &str, found: impl std::fmt::Display) -> Error {
    Error::new(Code::InvalidValue, format!("expected `{name}` {expected}, found {found}"))
}

/// The numbers of the first argument that are not NULL.
fn numbers(call: &BatchCall<'_>) -> Result<Vec<f64>> {
    let values = call.arg(0)?.floats()?;
    Ok((0..call.rows).filter_map(|row| values.get(row)).collect())
}

/// The distinct terms in alphabetical order, each with its number of occurrences.
fn counted(mut terms: Vec<&str>) -> Vec<(&str, usize)> {
    terms.sort_unstable();
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for term in terms {
        match counts.last_mut() {
            Some((last, count)) if *last == term => *count += 1,
            _ => counts.push((term, 1)),
        }
    }
    counts
}

/// The smallest value that `percent` of the values do not exceed, as APPROX_QUANTILES has it: there is no
/// interpolation. `None` of no values.
fn quantile(sorted: &[f64], percent: f64) -> Option<f64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank among the values"
    )]
    let rank = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests;
