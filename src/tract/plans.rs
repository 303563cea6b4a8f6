//! Optimised plans, one for each set of input shapes, built when first met and kept while they are used.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tract_onnx::prelude::{IntoTValue, TVec};
use tract_onnx::tract_core::model::TypedSimplePlan;
use tract_onnx::tract_hir::internal::{TractResult, TypedModel, ensure};

use super::load::{self, Graph};
use super::{guard_indices, guard_ranges, keep_nan};
use crate::diag::Result;
use crate::limits::{Limits, TENSOR_BYTES};
use crate::onnx::pb::ModelProto;
use crate::onnx::{self, Weights, failure};
use crate::runner::{InputShapes, Runner, Sampled};
use crate::tensor::Tensor;
use crate::tract::convert::{from_tract, to_tract};

/// The plans of one model, the most recently used last.
pub(crate) struct Plans {
    graph: Graph,
    capacity: usize,
    kept: Mutex<Vec<Plan>>,
    /// Whether the graph has operators that lose NaN; known once a plan was built.
    loses_nan: OnceLock<bool>,
    /// What [`Plans::bytes`] said last.
    measured: Mutex<Option<(InputShapes, usize)>>,
}

struct Plan {
    key: PlanKey,
    plan: Arc<TypedSimplePlan>,
}

/// What a plan is optimised for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PlanKey {
    shapes: InputShapes,
    /// Whether NaN passes through every operator, which takes longer.
    keeps_nan: bool,
}

impl Plans {
    /// Loads the graph of `proto` with its `weights`, trying `sample` where shapes must be known. `row_axes` are the axes
    /// of the inputs that count rows.
    ///
    /// # Errors
    /// `invalid-model` where it does not load.
    pub(crate) fn load(
        proto: &ModelProto,
        weights: Weights,
        row_axes: &[Option<usize>],
        sample: &InputShapes,
        limits: &Limits,
    ) -> Result<Self> {
        let weight_bytes = onnx::weight_bytes(&weights);
        let graph = load::graph(super::onnx(), proto, weights, row_axes, sample)?;
        // Default: plans without weights are bounded by their number alone.
        let fitting = limits.plan_bytes.checked_div(weight_bytes).unwrap_or(limits.model_plans);
        let capacity = fitting.min(limits.model_plans).max(1);
        Ok(Self {
            graph,
            capacity,
            kept: Mutex::default(),
            loses_nan: OnceLock::new(),
            measured: Mutex::default(),
        })
    }

    fn attempt(
        &self,
        shapes: InputShapes,
        inputs: &[Tensor],
        column: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Vec<Tensor>> {
        // Until a plan was built, any operator may lose NaN. Where none does, inputs need no looking through.
        // Default: so it is supposed.
        let may_lose_nan = *self.loses_nan.get().unwrap_or(&true);
        let keeps_nan = may_lose_nan && inputs.iter().any(Tensor::holds_nan);
        let key = PlanKey { shapes, keeps_nan };
        let plan = match self.find(&key) {
            Some(plan) => plan,
            None => {
                // Before a plan is built there is room for it: two of a large model may be one too many.
                self.make_room();
                let plan = self.build(&key)?;
                lock(&self.kept).push(Plan { key, plan: plan.clone() });
                plan
            }
        };
        // Every run starts with a state of its own: loops of recurrent operators keep theirs from one run to the next.
        let run = || {
            let inputs = inputs.iter().map(|input| Ok(to_tract(input)?.into_tvalue()));
            let outputs = plan.run(inputs.collect::<TractResult<TVec<_>>>()?)?;
            outputs.iter().map(|output| from_tract(output)).collect::<TractResult<_>>()
        };
        run().map_err(|error| failure::of_plan(error, column))
    }

    fn build(&self, key: &PlanKey) -> Result<Arc<TypedSimplePlan>> {
        let build = || {
            let mut model = self.graph.concrete(&key.shapes)?;
            check_memory(&model)?;
            guard_indices(&mut model)?;
            guard_ranges(&mut model);
            if key.keeps_nan || self.loses_nan.get().is_none() {
                let mut careful = model.clone();
                let _ = self.loses_nan.set(keep_nan(&mut careful));
                if key.keeps_nan {
                    model = careful;
                }
            }
            TypedSimplePlan::new(model.into_optimized()?)
        };
        build().map_err(failure::load)
    }

    /// The plan for `key`, now the most recently used one.
    fn find(&self, key: &PlanKey) -> Option<Arc<TypedSimplePlan>> {
        let mut kept = lock(&self.kept);
        let position = kept.iter().position(|plan| plan.key == *key)?;
        let plan = kept.remove(position);
        let found = plan.plan.clone();
        kept.push(plan);
        Some(found)
    }

    fn make_room(&self) {
        let mut kept = lock(&self.kept);
        while kept.len() >= self.capacity {
            kept.remove(0);
        }
    }
}

impl Runner for Plans {
    fn takes(&self, shapes: &InputShapes) -> bool {
        self.graph.takes(shapes)
    }

    fn sampled(&self, sample: &InputShapes, _: &InputShapes) -> Result<Sampled> {
        self.graph.sampled(sample).map_err(failure::load)
    }

    fn output_shapes(&self, inputs: &InputShapes) -> Result<Vec<Vec<Option<usize>>>> {
        self.graph.output_shapes(inputs).map_err(failure::load)
    }

    fn bytes(&self, shapes: &InputShapes) -> usize {
        let mut measured = lock(&self.measured);
        match &*measured {
            Some((of, bytes)) if of == shapes => *bytes,
            _ => {
                let bytes = self.graph.sampled(shapes).map_or(0, |sampled| sampled.bytes);
                *measured = Some((shapes.clone(), bytes));
                bytes
            }
        }
    }

    fn run(
        &self,
        shapes: InputShapes,
        inputs: Vec<Tensor>,
        column: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Vec<Tensor>> {
        self.attempt(shapes, &inputs, column)
    }

    fn plans(&self) -> usize {
        lock(&self.kept).len()
    }

    fn plan_limit(&self) -> usize {
        self.capacity
    }
}

/// No tensor of the graph may be larger than memory: allocating it would end the program.
fn check_memory(model: &TypedModel) -> TractResult<()> {
    for node in &model.nodes {
        for output in &node.outputs {
            let size = u64::try_from(output.fact.datum_type.size_of())?;
            let lengths =
                output.fact.shape.iter().map(|dim| dim.to_i64().ok().and_then(|dim| u64::try_from(dim).ok()));
            // A length that is not known before the model runs counts as one.
            let bytes = lengths.fold(size, |bytes, length| bytes.saturating_mul(length.unwrap_or(1)));
            ensure!(bytes <= TENSOR_BYTES, "node `{}` makes a tensor of {bytes} bytes", node.name);
        }
    }
    Ok(())
}

/// A panic elsewhere leaves these lists whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
