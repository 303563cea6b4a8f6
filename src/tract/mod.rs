//! tract: the runner of every graph, the operators that it lacks or gets wrong, and ours as it sees them.
//!
//! An operator over tract's tensors is an [`Operator`]: it reads its attributes, says the types and dimensions of its
//! outputs, and computes them; [`TractOp`] is the rest of what tract asks for. The room knows tensors, and nothing of
//! columns, files or predictions.
//!
//! Every file names the versions of the standard that it covers, as <https://onnx.ai/onnx/operators/> counts them.

mod attributes;
mod checked;
#[cfg(target_family = "wasm")]
pub(crate) mod constructors;
pub(crate) mod convert;
mod guard;
mod index_guard;
mod keep_nan;
mod load;
mod microsoft;
mod own;
mod plans;
mod range_guard;
mod standard;
mod tensors;

use index_guard::guard_indices;
use keep_nan::keep_nan;
pub(crate) use plans::Plans;
use range_guard::guard_ranges;

use std::fmt;
use std::ptr;
use std::sync::Arc;

use tract_onnx::Onnx;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy, check_input_arity};
use tract_onnx::tract_hir::internal::{
    DatumType, DatumTypeExt, EvalContext, EvalOp, Expansion, IntoTValue, Op, OutletId, SpecialOps,
    StaticName, TDim, TValue, TVec, Tensor, TractErrorContext, TractResult, TypedFact, TypedModel, TypedOp,
    as_op, bail, check_output_arity, ensure, expand, op_as_typed_op,
};

use crate::onnx::names::{self, full_name};
use crate::onnx::templates;
use crate::operators;
use own::Own;
use tensors::elements;

/// The operators registered beside tract's standard ones, by domain.
const DOMAINS: [(&str, &[Registration]); 3] = [
    (names::STANDARD, standard::OPERATORS),
    (names::MICROSOFT, microsoft::OPERATORS),
    (names::INTERNAL, standard::INTERNAL),
];

/// tract's function that builds an operator from its node. It also returns the names of the outer values that the
/// node's subgraphs read.
type Builder = fn(&ParsingContext<'_>, &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// An operator's name within its domain, and its implementation.
type Registration = (&'static str, Implementation);

#[derive(Clone, Copy)]
enum Implementation {
    /// tract's operator, which tract registers by its name without a domain.
    Tract,
    /// A builder of ours, for what cannot be an [`Operator`].
    Built(Builder),
    /// An operator of ours.
    Own(fn(&ParsingContext<'_>, &NodeProto) -> TractResult<Arc<dyn Operator>>),
}

const fn own<O: Operator>() -> Implementation {
    Implementation::Own(|ctx, node| Ok(Arc::new(O::parse(ctx, node)?)))
}

/// tract's ONNX reader with our operators, for graphs that were lowered.
pub(crate) fn onnx() -> Onnx {
    let mut onnx = tract_onnx::onnx();
    let tract = onnx.op_register.0.clone();
    // A name of another domain, or of a template, is a standard operator only where a registration below says so.
    let public = registrations().filter(|(domain, ..)| *domain != names::INTERNAL).map(|(_, name, _)| name);
    for name in public.chain(templates::all().map(|(_, name, _)| name)) {
        onnx.op_register.0.remove(name);
    }
    let mut register = |domain: &str, name: &str, builder: Option<Builder>| {
        let tract = tract.get(name).copied();
        onnx.op_register.0.extend(builder.map(|builder| (full_name(domain, name), builder)));
        onnx.op_register.0.extend(tract.map(|builder| (full_name(names::TRACT, name), builder)));
    };
    for (domain, name, implementation) in registrations() {
        let builder = match implementation {
            Implementation::Tract => tract.get(name).copied(),
            Implementation::Built(builder) => Some(builder),
            Implementation::Own(_) => Some(build as _),
        };
        register(domain, name, builder);
    }
    for (domain, name, _) in templates::all() {
        register(domain, name, Some(unexpanded));
    }
    checked::register(&mut onnx);
    onnx
}

/// Stands for operators that have a template: they are supported, but lowering must have replaced every one of them.
fn unexpanded(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    bail!("the template of {} was not expanded", node.op_type)
}

/// The domain, name and implementation of every operator that is registered beside tract's own.
fn registrations() -> impl Iterator<Item = (&'static str, &'static str, Implementation)> {
    let over_tract = DOMAINS.iter().flat_map(|(domain, operators)| {
        operators.iter().map(|(name, implementation)| (*domain, *name, *implementation))
    });
    over_tract.chain(operators::beside_tract().map(|(domain, name)| (domain, name, own::<Own>())))
}

/// Element type and dimensions of one input or output.
type Shape = (DatumType, TVec<TDim>);

/// An operator of ours.
trait Operator: fmt::Debug + Send + Sync + 'static {
    /// Reads the attributes.
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self>
    where
        Self: Sized;

    /// Types and dimensions of all outputs, for inputs of those types and dimensions. Fails for inputs that the
    /// operator cannot take.
    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>>;

    /// Indexes of the inputs whose values, and not only their shapes, decide the dimensions of the outputs.
    fn shape_inputs(&self) -> &'static [usize] {
        &[]
    }

    /// As [`outputs`](Self::outputs), where the inputs at [`shape_inputs`](Self::shape_inputs) hold `values`.
    fn outputs_for_values(&self, inputs: &[Shape], _values: &[Vec<i64>]) -> TractResult<TVec<Shape>> {
        self.outputs(inputs)
    }

    /// Names of the values of the surrounding graph that the operator's subgraphs read. They become further inputs,
    /// behind those of the node.
    fn outer_values(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether equal inputs always give equal outputs.
    fn is_pure(&self) -> bool {
        true
    }

    /// Computes the outputs.
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>>;
}

/// Builds any operator of ours: the node's full name says which.
fn build(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let wanted = names::split(&node.op_type);
    let found = registrations().find(|(domain, name, _)| (*domain, *name) == wanted);
    let Some((_, name, Implementation::Own(parse))) = found else {
        bail!("there is no operator {}", node.op_type)
    };
    let outputs = (0..).zip(&node.output).filter(|(_, name)| !name.is_empty()).map(|(index, _)| index);
    let inputs = node.input.iter().filter(|name| !name.is_empty()).count();
    let operator = parse(ctx, node)?;
    let outer = operator.outer_values();
    let inputs = inputs + outer.len();
    Ok((expand(TractOp { name, operator, inputs, outputs: outputs.collect() }), outer))
}

/// An [`Operator`] as tract loads and runs it.
#[derive(Debug, Clone)]
struct TractOp {
    name: &'static str,
    operator: Arc<dyn Operator>,
    inputs: usize,
    /// Indexes of the operator's outputs that the graph names.
    outputs: TVec<usize>,
}

impl TractOp {
    /// Indexes of the inputs whose values decide the dimensions; an optional one may be absent.
    fn shape_inputs(&self) -> impl Iterator<Item = usize> {
        self.operator.shape_inputs().iter().copied().filter(|index| *index < self.inputs)
    }

    /// Those of `all` outputs that the graph names; each of them must exist.
    fn named<T>(&self, all: TVec<T>) -> TractResult<TVec<T>> {
        let named: TVec<T> = (0..)
            .zip(all)
            .filter(|(index, _)| self.outputs.contains(index))
            .map(|(_, output)| output)
            .collect();
        ensure!(named.len() == self.outputs.len(), "{} has no {} outputs", self.name, self.outputs.len());
        Ok(named)
    }
}

impl PartialEq for TractOp {
    fn eq(&self, other: &Self) -> bool {
        ptr::addr_eq(Arc::as_ptr(&self.operator), Arc::as_ptr(&other.operator))
    }
}

impl Eq for TractOp {}

impl Expansion for TractOp {
    fn name(&self) -> StaticName {
        self.name.into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.outputs.len())
    }

    #[expect(clippy::indexing_slicing, reason = "there are as many inputs as `shape_inputs` counts with")]
    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, self.inputs)?;
        check_output_arity(outputs, self.outputs.len())?;
        let shapes = inputs.iter().map(|input| &input.shape);
        solver.given_all(shapes, move |solver, shapes| {
            let types = inputs.iter().map(|input| &input.datum_type);
            solver.given_all(types, move |solver, types| {
                let known: Vec<Shape> = types.into_iter().zip(shapes.clone()).collect();
                let values = self.shape_inputs().map(|index| &inputs[index].value);
                solver.given_all(values, move |solver, values| {
                    let values =
                        values.iter().map(|value| elements(value)).collect::<TractResult<Vec<_>>>()?;
                    let found = self.named(self.operator.outputs_for_values(&known, &values)?)?;
                    for (output, (datum_type, shape)) in outputs.iter().zip(found) {
                        solver.equals(&output.datum_type, datum_type)?;
                        solver.equals(&output.shape, shape)?;
                    }
                    Ok(())
                })
            })
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl Op for TractOp {
    fn name(&self) -> StaticName {
        self.name.into()
    }

    fn mints_runtime_symbols(&self) -> bool {
        true
    }

    op_as_typed_op!();
}

impl EvalOp for TractOp {
    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        let pure = self.operator.is_pure();
        pure.then(|| EvalOp::eval(self, &EvalContext::out_of_plan(), inputs)).transpose()
    }

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        ensure!(inputs.len() == self.inputs, "{} takes {} inputs", self.name, self.inputs);
        let outputs = self.named(self.operator.eval(&inputs)?)?;
        Ok(outputs.into_iter().map(IntoTValue::into_tvalue).collect())
    }
}

impl TypedOp for TractOp {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let shapes: Vec<Shape> = inputs.iter().map(|fact| (fact.datum_type, fact.shape.to_tvec())).collect();
        let mut values = Vec::new();
        for index in self.shape_inputs() {
            let constant = inputs.get(index).and_then(|fact| fact.konst.as_ref());
            let constant =
                constant.with_context(|| format!("{} needs input {index} to be a constant", self.name))?;
            values.push(elements(constant)?);
        }
        let outputs = self.named(self.operator.outputs_for_values(&shapes, &values)?)?;
        Ok(outputs.into_iter().map(|(datum_type, shape)| datum_type.fact(shape)).collect())
    }

    as_op!();
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn operators_are_known_by_domain_and_name() {
        let register = onnx().op_register.0;
        let known = |name: &str| register.contains_key(name);
        for (domain, name) in [
            ("ai.onnx", "Relu"),
            ("ai.onnx", "Gelu"),
            ("com.microsoft", "Gelu"),
            ("com.microsoft", "FusedConv"),
            ("ai.onnx.ml", "Scaler"),
        ] {
            assert!(names::runs(&known, domain, name), "{domain} {name}");
        }
        for (domain, name) in [
            ("com.example", "Relu"),
            ("ai.onnx.ml", "Relu"),
            ("ai.onnx", "Scaler"),
            ("ai.onnx", "ai.onnx.ml.Scaler"),
            ("ai.onnx", "FusedConv"),
            ("ai.onnx", "NoSuchOperator"),
            (names::INTERNAL, "MaskBias"),
            (names::TRACT, "Pad"),
        ] {
            assert!(!names::runs(&known, domain, name), "{domain} {name}");
        }
    }

    /// The engine for tables knows the operators that it leaves to the full one.
    #[test]
    fn the_operators_of_the_full_engine_alone_are_listed() {
        let register = onnx().op_register.0;
        let is_public = |name: &&str| !name.starts_with("tract.") && !name.starts_with("predictql.");
        let mut names: Vec<&str> = register.keys().map(String::as_str).filter(is_public).collect();
        names.retain(|name| !operators::is_in_both(name));
        names.sort_unstable();
        assert_eq!(names, operators::FULL_ONLY, "{}", names.join(","));
        // What runs in the engine for tables runs in the full one too.
        assert!(operators::names().all(|name| register.contains_key(&name)));
    }

    /// Every name occurs once within its domain, so that none hides another.
    #[test]
    fn no_operator_stands_twice() {
        let operators = registrations().map(|(domain, name, _)| (domain, name));
        let templates = templates::all().map(|(domain, name, _)| (domain, name));
        let mut known = HashSet::new();
        for operator in operators.chain(templates) {
            assert!(known.insert(operator), "{operator:?}");
        }
    }
}
