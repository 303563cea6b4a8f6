//! Which runner takes a graph, and what became of its runs.

use std::sync::{Mutex, PoisonError};

use crate::diag::{Error, Invariant, Result};
use crate::interpreter::Interpreter;
use crate::limits::Limits;
use crate::onnx::pb::ModelProto;
use crate::onnx::{Declared, Weights};
use crate::operators;
use crate::runner::{InputShapes, Runner};

/// What became of a model since it was loaded.
#[derive(Debug, Clone)]
pub struct Status {
    /// Optimised plans that are kept, one for each set of input shapes; graphs that are interpreted need none.
    pub plans: usize,
    /// Plans that may be kept.
    pub plan_limit: usize,
    /// Why the latest of the runs that failed did.
    pub last_error: Option<Error>,
}

/// Tells whether an operator runs, by its full name: in this engine or in the full one.
pub(super) fn known(name: &str) -> bool {
    operators::find(name).is_some() || operators::FULL_ONLY.binary_search(&name).is_ok()
}

/// The runner of the graph of `proto`: the interpreter where all operators are ours and take what they are given, tract
/// otherwise. `row_axes` are the axes of the `inputs` that count rows.
///
/// # Errors
/// `invalid-model` where neither takes it; `needs-full-engine` where there is no tract.
pub(super) fn runner(
    proto: &ModelProto,
    weights: Weights,
    opset: i64,
    inputs: &[Declared],
    row_axes: &[Option<usize>],
    sample: &InputShapes,
    limits: &Limits,
) -> Result<Box<dyn Runner>> {
    let graph = proto.graph.as_ref().invariant("the graph of a model that was read")?;
    match Interpreter::load(graph, &weights, opset, inputs, sample) {
        Ok(interpreter) => {
            drop(weights);
            Ok(Box::new(interpreter.rewritten(sample)?))
        }
        Err(refusal) => fallback(proto, weights, row_axes, sample, limits, &refusal),
    }
}

/// tract takes what the interpreter refuses.
#[cfg(feature = "full")]
fn fallback(
    proto: &ModelProto,
    weights: Weights,
    row_axes: &[Option<usize>],
    sample: &InputShapes,
    limits: &Limits,
    _: &anyhow::Error,
) -> Result<Box<dyn Runner>> {
    Ok(Box::new(crate::tract::Plans::load(proto, weights, row_axes, sample, limits)?))
}

/// Without tract, nothing takes what the interpreter refuses.
#[cfg(not(feature = "full"))]
fn fallback(
    _: &ModelProto,
    _: Weights,
    _: &[Option<usize>],
    _: &InputShapes,
    _: &Limits,
    refusal: &anyhow::Error,
) -> Result<Box<dyn Runner>> {
    Err(Error::needs_full_engine("the engine for tables does not run this model")
        .detail(format!("{refusal:#}")))
}

/// The latest failure of a model's runs.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<Option<Error>>);

impl Failures {
    /// Keeps the error of a run that failed.
    pub(super) fn note<T>(&self, result: Result<T>) -> Result<T> {
        // A panic elsewhere leaves the error whole.
        result.inspect_err(|error| {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        })
    }

    pub(super) fn status(&self, runner: &dyn Runner) -> Status {
        let last_error = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Status { plans: runner.plans(), plan_limit: runner.plan_limit(), last_error }
    }
}
