//! `Loop` of ai.onnx 1 and later: a body that runs until its condition fails, with states that each round hands to the
//! next. tract has none.
//!
//! The body is planned for the shapes that its inputs have; a state that grows gets a plan for each length.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::model::{ParseResult, ParsingContext};
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::prelude::{InferenceModel, InferenceModelExt};
use tract_onnx::tract_core::model::TypedSimplePlan;
use tract_onnx::tract_hir::infer::{GenericFactoid, InferenceFact};
use tract_onnx::tract_hir::internal::{
    DatumType, DimLike, IntoArcTensor, IntoTValue, IntoTensor, Symbol, SymbolScope, TDim, TValue, TVec,
    Tensor, ToDim, TractErrorContext, TractResult, bail, ensure, tensor0, tvec,
};

use super::{Operator, Shape};
use crate::limits::{LOOP_PLANS, LOOP_ROUNDS};

/// Integers that a body reads from the graph around it become constants up to this many: shapes may depend on them.
const BAKED: usize = 64;

#[derive(Debug)]
pub(super) struct Loop {
    body: InferenceModel,
    outer: Vec<String>,
    states: usize,
    /// Whether the number of rounds and the first condition are given.
    given: [bool; 2],
    symbols: SymbolScope,
    rounds: TDim,
    /// Dimensions of outputs that are not known before the loop runs, by output and axis.
    open: Mutex<HashMap<(usize, usize), TDim>>,
    plans: Mutex<Vec<Arc<Plan>>>,
}

#[derive(Debug)]
struct Plan {
    facts: Vec<InferenceFact>,
    plan: Arc<TypedSimplePlan>,
}

impl Loop {
    /// The body with the types and shapes that follow from its inputs being `facts`.
    fn analysed(&self, facts: &[InferenceFact]) -> TractResult<InferenceModel> {
        let mut body = self.body.clone();
        for (index, fact) in facts.iter().enumerate() {
            body.set_input_fact(index, fact.clone())?;
        }
        body.analyse(false)?;
        Ok(body)
    }

    fn plan(&self, facts: Vec<InferenceFact>) -> TractResult<Arc<Plan>> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.iter().find(|plan| plan.facts == facts) {
            return Ok(plan.clone());
        }
        let plan = TypedSimplePlan::new(self.analysed(&facts)?.into_optimized()?)?;
        let plan = Arc::new(Plan { facts, plan });
        if plans.len() >= LOOP_PLANS {
            plans.remove(0);
        }
        plans.push(plan.clone());
        Ok(plan)
    }

    fn open(&self, output: usize, axis: usize) -> TDim {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || self.symbols.new_with_prefix("loop").to_dim();
        open.entry((output, axis)).or_insert_with(new).clone()
    }

    /// The facts of the body's inputs: round, condition, `states`, and `outer` with a few integers by value.
    fn facts(states: &[TValue], outer: &[TValue]) -> Vec<InferenceFact> {
        let known = |value: &TValue| InferenceFact::dt_shape(value.datum_type(), value.shape());
        let baked = |value: &TValue| {
            if value.datum_type().is_integer() && value.len() <= BAKED {
                InferenceFact { value: GenericFactoid::Only(value.clone().into_arc_tensor()), ..known(value) }
            } else {
                known(value)
            }
        };
        let mut facts = control();
        facts.extend(states.iter().map(known));
        facts.extend(outer.iter().map(baked));
        facts
    }

    /// The node's inputs: number of rounds and condition where given, states, and the outer values of the body.
    fn split<'a, T>(&self, inputs: &'a [T]) -> TractResult<[&'a [T]; 3]> {
        let given = usize::from(self.given[0]) + usize::from(self.given[1]);
        let states = inputs.get(given..given + self.states);
        let outer = inputs.get(given + self.states..);
        match (inputs.get(..given), states, outer) {
            (Some(given), Some(states), Some(outer)) => Ok([given, states, outer]),
            _ => bail!("expected {} states", self.states),
        }
    }
}

fn control() -> Vec<InferenceFact> {
    let scalar = |element| InferenceFact::dt_shape(element, &[] as &[usize]);
    vec![scalar(DatumType::I64), scalar(DatumType::Bool)]
}

impl Operator for Loop {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let body = node.get_attr::<&GraphProto>("body")?;
        let (inputs, outputs) = (body.input.len(), body.output.len());
        let ParseResult { model, unresolved_inputs, .. } = ctx.parse_graph(body)?;
        ensure!(
            inputs >= 2 && outputs >= inputs - 1,
            "a loop's body takes and gives a condition and the states"
        );
        let given = [0, 1].map(|index| node.input.get(index).is_some_and(|name| !name.is_empty()));
        Ok(Self {
            body: model,
            outer: unresolved_inputs,
            states: inputs - 2,
            given,
            symbols: ctx.template.symbols.clone(),
            rounds: ctx.template.symbols.new_with_prefix("rounds").to_dim(),
            open: Mutex::default(),
            plans: Mutex::default(),
        })
    }

    fn outer_values(&self) -> Vec<String> {
        self.outer.clone()
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [_, states, outer] = self.split(inputs)?;
        let mut states = states.to_vec();
        // A state whose shape changes gets dimensions of which nothing is known; then the others are looked at again.
        loop {
            let mut facts = control();
            let known = states.iter().chain(outer);
            let symbols: HashSet<Symbol> =
                known.clone().flat_map(|(_, shape)| shape).flat_map(TDim::symbols).collect();
            facts.extend(known.map(|(element, shape)| InferenceFact::dt_shape(*element, shape)));
            let body = self.analysed(&facts)?.into_typed()?;
            let mut changed = false;
            let mut outputs = TVec::new();
            for output in 1..body.outputs.len() {
                let fact = body.output_fact(output)?;
                let element = without_dims(fact.datum_type);
                // A dimension that the body leaves open keeps its symbol: the outputs are asked for more than once.
                let named = |axis: usize, dim: TDim| {
                    if dim.symbols().is_subset(&symbols) { dim } else { self.open(output, axis) }
                };
                let dims: TVec<TDim> =
                    fact.shape.iter().enumerate().map(|(axis, dim)| named(axis, dim.clone())).collect();
                match states.get_mut(output - 1) {
                    Some((_, state)) => {
                        ensure!(state.len() == dims.len(), "a loop's state changes its rank");
                        let dims = state.iter_mut().zip(&dims).enumerate();
                        for (axis, (state, _)) in dims.filter(|(_, (state, dim))| *state != *dim) {
                            let open = self.open(output, axis);
                            changed |= *state != open;
                            *state = open;
                        }
                        outputs.push((element, state.clone()));
                    }
                    None => {
                        outputs.push((element, std::iter::once(self.rounds.clone()).chain(dims).collect()))
                    }
                }
            }
            if !changed {
                return Ok(outputs);
            }
        }
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [given, states, outer] = self.split(inputs)?;
        let mut given = given.iter();
        let rounds = if self.given[0] { given.next() } else { None };
        let rounds = rounds.map_or(Ok(i64::MAX), |rounds| rounds.cast_to_scalar::<i64>())?;
        let mut condition = given.next().map_or(Ok(true), |condition| condition.cast_to_scalar::<bool>())?;
        let mut states = states.to_vec();
        let scans = self.body.outputs.len() - 1 - self.states;
        let mut scanned: Vec<Vec<Tensor>> = vec![Vec::new(); scans];
        for round in 0..rounds {
            if !condition {
                break;
            }
            ensure!(round < LOOP_ROUNDS, "the loop does not end within {LOOP_ROUNDS} rounds");
            let plan = self.plan(Self::facts(&states, outer))?;
            let mut inputs = tvec!(tensor0(round).into_tvalue(), tensor0(condition).into_tvalue());
            inputs.extend(states.iter().chain(outer).cloned());
            let mut outputs = plan.plan.run(inputs)?.into_iter();
            condition = outputs.next().context("a loop's body gives a condition")?.cast_to_scalar()?;
            states = outputs.by_ref().take(self.states).map(dims_to_ints).collect::<TractResult<_>>()?;
            for (all, value) in scanned.iter_mut().zip(outputs) {
                let value = dims_to_ints(value)?.into_tensor();
                let shape: TVec<usize> = std::iter::once(1).chain(value.shape().iter().copied()).collect();
                all.push(value.into_shape(&shape)?);
            }
        }
        let mut outputs: TVec<Tensor> = states.into_iter().map(|state| state.into_tensor()).collect();
        for (scan, all) in scanned.iter().enumerate() {
            outputs.push(match all.as_slice() {
                [] => self.empty_scan(1 + self.states + scan, &outputs, outer)?,
                all => Tensor::stack_tensors(0, all)?,
            });
        }
        Ok(outputs)
    }
}

impl Loop {
    /// The value of an output that collects one of every round, when no round has run.
    fn empty_scan(&self, output: usize, states: &[Tensor], outer: &[TValue]) -> TractResult<Tensor> {
        let states: Vec<TValue> =
            states.iter().take(self.states).map(|state| state.clone().into_tvalue()).collect();
        let body = self.analysed(&Self::facts(&states, outer))?.into_typed()?;
        let fact = body.output_fact(output)?;
        // Default: without a round, an axis that only the body could give a length has none.
        let lengths = fact.shape.iter().map(|dim| dim.to_usize().unwrap_or_default());
        let shape: TVec<usize> = std::iter::once(0).chain(lengths).collect();
        Tensor::zero_dt(without_dims(fact.datum_type), &shape)
    }
}

/// tract's own type for dimensions is int64 to everybody else.
fn without_dims(element: DatumType) -> DatumType {
    if element.is_tdim() { DatumType::I64 } else { element }
}

fn dims_to_ints(value: TValue) -> TractResult<TValue> {
    if value.datum_type().is_tdim() {
        Ok(value.cast_to::<i64>()?.into_owned().into_tvalue())
    } else {
        Ok(value)
    }
}
