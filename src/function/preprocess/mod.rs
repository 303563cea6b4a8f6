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
const TEXTS: Type = Type::ArrayOf(&Type::String);
/// The type of vectors.
const VECTOR: Type = Type::ArrayOf(&Type::Float64);

/// Argument `at` of a call, which must be a constant; `None` where it was left out.
fn option<'a>(call: &'a BatchCall<'_>, at: usize, name: &str) -> Result<Option<&'a Operand>> {
    let Some(operand) = call.args.get(at) else { return Ok(None) };
    let problem = match (operand.is_constant(), operand.is_null(0)) {
        (true, false) => return Ok(Some(operand)),
        (true, true) => "found NULL",
        (false, _) => "found one that differs from row to row",
    };
    Err(Error::new(Code::InvalidValue, format!("expected a constant `{name}`, {problem}"))
        .hint("write the value itself"))
}

fn int_option(call: &BatchCall<'_>, at: usize, name: &str) -> Result<Option<i64>> {
    option(call, at, name)?.map_or(Ok(None), |operand| Ok(operand.ints()?.get(0)))
}

fn float_option(call: &BatchCall<'_>, at: usize, name: &str) -> Result<Option<f64>> {
    option(call, at, name)?.map_or(Ok(None), |operand| Ok(operand.floats()?.get(0)))
}

fn flag(call: &BatchCall<'_>, at: usize, name: &str, default: bool) -> Result<bool> {
    let value = option(call, at, name)?.map_or(Ok(None), |operand| Ok(operand.bools()?.get(0)))?;
    Ok(value.unwrap_or(default))
}

/// One of `choices`, case aside, as its place among them; the first where the argument was left out.
fn choice(call: &BatchCall<'_>, at: usize, name: &str, choices: &[&str]) -> Result<usize> {
    let Some(operand) = option(call, at, name)? else { return Ok(0) };
    let found = operand.texts()?.get(0).unwrap_or_default();
    choices.iter().position(|it| it.eq_ignore_ascii_case(found)).ok_or_else(|| {
        Error::new(Code::InvalidValue, format!("`{name}` cannot be '{found}'"))
            .hint(format!("write one of '{}'", choices.join("', '")))
    })
}

/// An option outside of its range.
#[cold]
fn out_of(name: &str, expected: &str, found: impl std::fmt::Display) -> Error {
    Error::new(Code::InvalidValue, format!("expected `{name}` {expected}, found {found}"))
}

/// The numbers of the first argument that are not NULL.
fn numbers(call: &BatchCall<'_>) -> Result<Vec<f64>> {
    let values = call.arg(0)?.floats()?;
    Ok((0..call.rows).filter_map(|row| values.get(row)).collect())
}

/// The terms in alphabetical order, each with how often it is there.
fn counted(mut terms: Vec<&str>) -> Vec<(&str, usize)> {
    terms.sort_unstable();
    terms.chunk_by(|a, b| a == b).filter_map(|run| Some((*run.first()?, run.len()))).collect()
}

/// The value below which `percent` of the values lie: the first one that as many values reach, as
/// APPROX_QUANTILES has it. There is no interpolation.
fn quantile(sorted: &[f64], percent: f64) -> Option<f64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in the list"
    )]
    let at = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests;
