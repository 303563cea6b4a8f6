//! The operators that run: tract's, and ours where tract has none, a wrong or a slow one.
//!
//! Each domain lists its operators in a folder of its own. One of ours is an [`Operator`]: it reads its attributes, says
//! which outputs it makes of which inputs, and makes them; [`Node`] is the rest of what tract asks for. The room knows
//! tensors, and nothing of columns, files or predictions.

mod keep_nan;
pub(crate) mod kernels;
mod microsoft;
mod ml;
mod standard;

pub(crate) use keep_nan::{holds_nan, keep_nan};

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

/// What is known beside tract's standard operators.
const DOMAINS: [(&str, &[Entry]); 4] = [
    (names::STANDARD, standard::OPERATORS),
    (names::ML, ml::OPERATORS),
    (names::MICROSOFT, microsoft::OPERATORS),
    (names::INTERNAL, standard::INTERNAL),
];

/// What tract builds an operator by: also names the values that its bodies take from outside.
type Builder = fn(&ParsingContext<'_>, &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// An operator's name within its domain, and who makes it.
type Entry = (&'static str, Maker);

#[derive(Clone, Copy)]
enum Maker {
    /// tract, which knows it by the name alone.
    Tract,
    /// A builder of ours, for what no [`Operator`] can be.
    Built(Builder),
    /// An operator of ours.
    Own(fn(&ParsingContext<'_>, &NodeProto) -> TractResult<Arc<dyn Operator>>),
}

const fn own<O: Operator>() -> Maker {
    Maker::Own(|ctx, node| Ok(Arc::new(O::parse(ctx, node)?)))
}

/// tract's ONNX reader with our operators, for graphs that were lowered.
pub(crate) fn onnx() -> Onnx {
    let mut onnx = tract_onnx::onnx();
    let tract = onnx.op_register.0.clone();
    let entries = || {
        DOMAINS
            .iter()
            .flat_map(|(domain, entries)| entries.iter().map(|(name, maker)| (*domain, *name, *maker)))
    };
    // What stands in another domain of a file's is standard only if it stands there too.
    let ours = entries().filter(|(domain, ..)| *domain != names::INTERNAL).map(|(_, name, _)| name);
    for name in ours.chain(templates::all().map(|(_, name, _)| name)) {
        onnx.op_register.0.remove(name);
    }
    let mut register = |domain: &str, name: &str, builder: Option<Builder>| {
        let tract = tract.get(name).copied();
        onnx.op_register.0.extend(builder.map(|builder| (full_name(domain, name), builder)));
        onnx.op_register.0.extend(tract.map(|builder| (full_name(names::TRACT, name), builder)));
    };
    for (domain, name, maker) in entries() {
        let builder = match maker {
            Maker::Tract => tract.get(name).copied(),
            Maker::Built(builder) => Some(builder),
            Maker::Own(_) => Some(build as _),
        };
        register(domain, name, builder);
    }
    for (domain, name, _) in templates::all() {
        register(domain, name, Some(left_over));
    }
    onnx
}

/// Stands for operators that have a template: they run, but none is left in a graph that was lowered.
fn left_over(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    bail!("the template of {} was not expanded", node.op_type)
}

fn entry(full_name: &str) -> Option<&'static Entry> {
    let (domain, name) = full_name.rsplit_once('.').unwrap_or((names::STANDARD, full_name));
    let (_, entries) = DOMAINS.iter().find(|(known, _)| *known == domain)?;
    entries.iter().find(|(known, _)| *known == name)
}

/// Element type and dimensions of one input or output.
type Shape = (DatumType, TVec<TDim>);

/// An operator of ours.
trait Operator: fmt::Debug + Send + Sync + 'static {
    /// Reads the attributes.
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self>
    where
        Self: Sized;

    /// The outputs that it makes of `inputs`; fails where it cannot take them.
    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>>;

    /// Places of the inputs whose values the outputs' shapes depend on.
    fn sizes(&self) -> &'static [usize] {
        &[]
    }

    /// The outputs that it makes where the inputs at [`sizes`](Self::sizes) hold `values`.
    fn sized_outputs(&self, inputs: &[Shape], _values: &[Vec<i64>]) -> TractResult<TVec<Shape>> {
        self.outputs(inputs)
    }

    /// Names of the values that it takes from the graph around it, behind its inputs.
    fn outer(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether equal inputs make equal outputs.
    fn is_pure(&self) -> bool {
        true
    }

    /// Makes them.
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>>;
}

/// Rows and features of the one input; a vector is one row.
fn rows(inputs: &[Shape]) -> TractResult<(TDim, TDim)> {
    match inputs {
        [(_, shape)] => match shape.as_slice() {
            [features] => Ok((TDim::from(1), features.clone())),
            [rows, features] => Ok((rows.clone(), features.clone())),
            other => bail!("expected a matrix, found rank {}", other.len()),
        },
        _ => bail!("expected one input"),
    }
}

/// Makes any operator of ours: its name says which.
fn build(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let Some((name, Maker::Own(parse))) = entry(&node.op_type) else {
        bail!("there is no operator {}", node.op_type)
    };
    let outputs = (0..).zip(&node.output).filter(|(_, name)| !name.is_empty()).map(|(at, _)| at).collect();
    let inputs = node.input.iter().filter(|name| !name.is_empty()).count();
    let operator = parse(ctx, node)?;
    let outer = operator.outer();
    Ok((expand(Node { name, operator, inputs: inputs + outer.len(), outputs }), outer))
}

/// An [`Operator`] as tract loads and runs it.
#[derive(Debug, Clone)]
struct Node {
    name: &'static str,
    operator: Arc<dyn Operator>,
    inputs: usize,
    /// Which of the operator's outputs the graph names.
    outputs: TVec<usize>,
}

impl Node {
    /// Places of the inputs that say sizes, as far as they are there.
    fn sizes(&self) -> impl Iterator<Item = usize> {
        self.operator.sizes().iter().copied().filter(|place| *place < self.inputs)
    }

    /// Those of `all` outputs that the graph names.
    fn named<T>(&self, all: TVec<T>) -> TVec<T> {
        (0..).zip(all).filter(|(at, _)| self.outputs.contains(at)).map(|(_, output)| output).collect()
    }
}

/// The whole numbers of a tensor.
fn whole(tensor: &Tensor) -> TractResult<Vec<i64>> {
    let tensor = tensor.cast_to::<i64>()?;
    Ok(tensor.try_as_plain_ram()?.as_slice::<i64>()?.to_vec())
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        ptr::addr_eq(Arc::as_ptr(&self.operator), Arc::as_ptr(&other.operator))
    }
}

impl Eq for Node {}

impl Expansion for Node {
    fn name(&self) -> StaticName {
        self.name.into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.outputs.len())
    }

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
                let sizes = self.sizes().filter_map(|place| inputs.get(place));
                solver.given_all(sizes.map(|input| &input.value), move |solver, sizes| {
                    let sizes = sizes.iter().map(|size| whole(size)).collect::<TractResult<Vec<_>>>()?;
                    let made = self.named(self.operator.sized_outputs(&known, &sizes)?);
                    for (output, (datum_type, shape)) in outputs.iter().zip(made) {
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

impl Op for Node {
    fn name(&self) -> StaticName {
        self.name.into()
    }

    fn mints_runtime_symbols(&self) -> bool {
        true
    }

    op_as_typed_op!();
}

impl EvalOp for Node {
    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        let pure = self.operator.is_pure();
        pure.then(|| EvalOp::eval(self, &EvalContext::out_of_plan(), inputs)).transpose()
    }

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        ensure!(inputs.len() == self.inputs, "{} takes {} inputs", self.name, self.inputs);
        let outputs = self.named(self.operator.eval(&inputs)?);
        Ok(outputs.into_iter().map(IntoTValue::into_tvalue).collect())
    }
}

impl TypedOp for Node {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let shapes: Vec<Shape> = inputs.iter().map(|fact| (fact.datum_type, fact.shape.to_tvec())).collect();
        let mut sizes = Vec::new();
        for place in self.sizes() {
            let size = inputs.get(place).and_then(|fact| fact.konst.as_ref());
            sizes.push(size.with_context(|| format!("{} needs input {place} to be a constant", self.name))?);
        }
        let sizes = sizes.into_iter().map(|size| whole(size)).collect::<TractResult<Vec<_>>>()?;
        let outputs = self.named(self.operator.sized_outputs(&shapes, &sizes)?);
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
        let register = onnx().op_register;
        for (domain, name) in [
            ("ai.onnx", "Relu"),
            ("ai.onnx", "Gelu"),
            ("com.microsoft", "Gelu"),
            ("com.microsoft", "FusedConv"),
            ("ai.onnx.ml", "Scaler"),
        ] {
            assert!(names::runs(&register, domain, name), "{domain} {name}");
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
            assert!(!names::runs(&register, domain, name), "{domain} {name}");
        }
    }

    /// Each name within its domain once, so that none hides another.
    #[test]
    fn no_operator_stands_twice() {
        let operators =
            DOMAINS.iter().flat_map(|(domain, entries)| entries.iter().map(|(name, _)| (*domain, *name)));
        let templates = templates::all().map(|(domain, name, _)| (domain, name));
        let mut known = HashSet::new();
        for operator in operators.chain(templates) {
            assert!(known.insert(operator), "{operator:?}");
        }
    }
}
