//! Optimised plans, one for each set of input shapes, built when first met and kept while they are used.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tract_onnx::prelude::{TValue, TVec};
use tract_onnx::tract_core::plan::SimplePlan;
use tract_onnx::tract_hir::internal::TypedSimpleState;

use super::index_guard;
use super::load::Graph;
use super::shapes::InputShapes;
use crate::diag::{Error, Result};
use crate::limits::Limits;
use crate::onnx::failure;

/// The plans of one model, the most recently used last.
pub(super) struct Plans {
    graph: Graph,
    capacity: usize,
    kept: Mutex<Vec<Plan>>,
    last_error: Mutex<Option<Error>>,
    /// The latest answer of [`Plans::bytes`].
    measured: Mutex<Option<(InputShapes, usize)>>,
}

/// What a model has done since it was loaded.
#[derive(Debug, Clone)]
pub struct Status {
    /// Optimised plans that are kept, one for each set of input shapes.
    pub plans: usize,
    /// Plans that may be kept.
    pub plan_limit: usize,
    /// The error of the latest run that failed.
    pub last_error: Option<Error>,
}

struct Plan {
    shapes: InputShapes,
    state: TypedSimpleState,
}

impl Plans {
    /// Plans of `graph`, whose weights have `weight_bytes` bytes together.
    pub(super) fn new(graph: Graph, weight_bytes: usize, limits: &Limits) -> Self {
        // A model without weights may keep all plans.
        let fitting = limits.plan_bytes.checked_div(weight_bytes).unwrap_or(limits.model_plans);
        let capacity = fitting.min(limits.model_plans).max(1);
        Self {
            graph,
            capacity,
            kept: Mutex::default(),
            last_error: Mutex::default(),
            measured: Mutex::default(),
        }
    }

    /// Runs the plan for `shapes`, which are those of `inputs`.
    pub(super) fn run(&self, shapes: InputShapes, inputs: TVec<TValue>) -> Result<TVec<TValue>> {
        self.attempt(shapes, inputs).inspect_err(|error| *lock(&self.last_error) = Some(error.clone()))
    }

    /// Bytes that the widest operator reads and writes for inputs of `shapes`; 0 where that is not known.
    pub(super) fn bytes(&self, shapes: &InputShapes) -> usize {
        let mut measured = lock(&self.measured);
        match &*measured {
            Some((measured, bytes)) if measured == shapes => *bytes,
            _ => {
                let bytes = self.graph.sampled(shapes).map_or(0, |sampled| sampled.bytes);
                *measured = Some((shapes.clone(), bytes));
                bytes
            }
        }
    }

    /// How many plans there are, and what failed.
    pub(super) fn status(&self) -> Status {
        let last_error = lock(&self.last_error).clone();
        Status { plans: lock(&self.kept).len(), plan_limit: self.capacity, last_error }
    }

    fn attempt(&self, shapes: InputShapes, inputs: TVec<TValue>) -> Result<TVec<TValue>> {
        // The plan leaves the cache while it runs: a run that fails takes its half-used state with it.
        let mut plan = match self.take(&shapes) {
            Some(plan) => plan,
            None => {
                // Before a plan is built there is room for it: two of a large model may be one too many.
                self.make_room();
                self.build(shapes)?
            }
        };
        let outputs = plan.state.run(inputs).map_err(failure::run)?;
        self.keep(plan);
        Ok(outputs)
    }

    fn build(&self, shapes: InputShapes) -> Result<Plan> {
        let build = || {
            let mut model = self.graph.concrete(&shapes)?;
            index_guard::insert(&mut model)?;
            SimplePlan::new(model.into_optimized()?)?.spawn()
        };
        let state = build().map_err(failure::load)?;
        Ok(Plan { shapes, state })
    }

    fn take(&self, shapes: &InputShapes) -> Option<Plan> {
        let mut kept = lock(&self.kept);
        let position = kept.iter().position(|plan| plan.shapes == *shapes)?;
        Some(kept.remove(position))
    }

    fn make_room(&self) {
        let mut kept = lock(&self.kept);
        while kept.len() >= self.capacity {
            kept.remove(0);
        }
    }

    fn keep(&self, plan: Plan) {
        self.make_room();
        lock(&self.kept).push(plan);
    }
}

/// A panic elsewhere leaves these lists whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
