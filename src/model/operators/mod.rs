//! The operators that run: tract's, and ours where tract has none, a wrong or a slow one.
//!
//! Each domain lists its operators in a room of its own. One of ours is an [`Operator`]: it reads its attributes, says
//! which outputs it makes of which inputs, and makes them; [`Node`] is the rest of what tract asks for. Or it is
//! [written out](body) in other operators when a graph is loaded.

mod body;
mod microsoft;
mod ml;
mod standard;

use std::collections::HashSet;
use std::fmt;
use std::ptr;
use std::sync::Arc;

use tract_onnx::Onnx;
use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy, check_input_arity};
use tract_onnx::tract_hir::internal::{
    DatumType, DatumTypeExt, EvalContext, EvalOp, Expansion, IntoTValue, Op, OutletId, SpecialOps,
    StaticName, TDim, TValue, TVec, Tensor, TractErrorContext, TractResult, TypedFact, TypedModel, TypedOp,
    as_op, bail, check_output_arity, ensure, expand, op_as_typed_op,
};

use body::Call;

/// The domain of the standard operators, which files leave out.
pub(super) const STANDARD: &str = "ai.onnx";

/// The domain of helpers that no file may name.
const INTERNAL: &str = "predictql";

/// The domain of those that tract has by the same name, for bodies.
const TRACT: &str = "tract";

/// What is known beside tract's standard operators.
const DOMAINS: [(&str, &[Entry]); 4] = [
    (STANDARD, standard::OPERATORS),
    ("ai.onnx.ml", ml::OPERATORS),
    ("com.microsoft", microsoft::OPERATORS),
    (INTERNAL, standard::INTERNAL),
];

/// What tract builds an operator by: also names the values that its bodies take from outside.
type Builder = fn(&ParsingContext<'_>, &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// An operator's name within its domain, and who makes it.
type Entry = (&'static str, Maker);

#[derive(Clone, Copy)]
enum Maker {
    /// tract, which knows it by the name alone.
    Tract,
    /// Other operators, in which it is written out.
    Written(fn(&Call<'_>) -> TractResult<String>),
    /// A builder of ours, for what no [`Operator`] can be.
    Built(Builder),
    /// An operator of ours.
    Own(fn(&ParsingContext<'_>, &NodeProto) -> TractResult<Arc<dyn Operator>>),
}

const fn own<O: Operator>() -> Maker {
    Maker::Own(|ctx, node| Ok(Arc::new(O::parse(ctx, node)?)))
}

/// What an operator is registered as: its name, with its domain where that is not the standard one.
pub(super) fn full_name(domain: &str, name: &str) -> String {
    match domain {
        "" | STANDARD => name.to_owned(),
        domain => format!("{domain}.{name}"),
    }
}

/// tract's ONNX reader with our operators, for graphs that are [prepared](prepare).
pub(super) fn onnx() -> Onnx {
    let mut onnx = tract_onnx::onnx();
    let tract = onnx.op_register.0.clone();
    let entries = || {
        DOMAINS
            .iter()
            .flat_map(|(domain, entries)| entries.iter().map(|(name, maker)| (*domain, *name, *maker)))
    };
    // What stands in another domain of a file's is standard only if it stands there too.
    for (_, name, _) in entries().filter(|(domain, ..)| *domain != INTERNAL) {
        onnx.op_register.0.remove(name);
    }
    for (domain, name, maker) in entries() {
        let tract = tract.get(name).copied();
        let builder = match maker {
            Maker::Tract => tract,
            Maker::Built(builder) => Some(builder),
            // Those that are written out never come to be built, but they run.
            Maker::Written(_) | Maker::Own(_) => Some(build as _),
        };
        onnx.op_register.0.extend(builder.map(|builder| (full_name(domain, name), builder)));
        onnx.op_register.0.extend(tract.map(|builder| (full_name(TRACT, name), builder)));
    }
    onnx
}

/// Whether operator `name` of `domain` runs.
pub(super) fn runs(register: &OnnxOpRegister, domain: &str, name: &str) -> bool {
    domain != INTERNAL
        && domain != TRACT
        && !name.contains('.')
        && register.0.contains_key(&full_name(domain, name))
}

/// Writes nodes of `graph` out where that is how they run, and gives the others the names that operators are registered
/// as: tract looks them up by name alone.
pub(super) fn prepare(graph: &mut GraphProto, opset: i64) -> TractResult<()> {
    prepare_body(graph, opset, HashSet::new())
}

fn prepare_body(graph: &mut GraphProto, opset: i64, mut constants: HashSet<String>) -> TractResult<()> {
    constants.extend(graph.initializer.iter().map(|tensor| tensor.name.clone()));
    let mut open: Vec<NodeProto> = graph.node.drain(..).rev().collect();
    while let Some(mut node) = open.pop() {
        if node.op_type == "Constant" {
            constants.extend(node.output.iter().cloned());
        }
        let call = Call { node: &node, opset, constants: &constants };
        if let Some((_, Maker::Written(write))) = entry(&full_name(&node.domain, &node.op_type)) {
            let body = write(&call)?;
            open.extend(call.write_out(&body)?.into_iter().rev());
            continue;
        }
        node.op_type = full_name(&node.domain, &node.op_type);
        // tract takes the last inputs to be there.
        while node.input.last().is_some_and(String::is_empty) {
            node.input.pop();
        }
        for attribute in &mut node.attribute {
            let bodies = attribute.g.iter_mut().chain(&mut attribute.graphs);
            bodies.into_iter().try_for_each(|body| prepare_body(body, opset, constants.clone()))?;
        }
        graph.node.push(node);
    }
    Ok(())
}

fn entry(full_name: &str) -> Option<&'static Entry> {
    let (domain, name) = full_name.rsplit_once('.').unwrap_or((STANDARD, full_name));
    let (_, entries) = DOMAINS.iter().find(|(it, _)| *it == domain)?;
    entries.iter().find(|(it, _)| *it == name)
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
            assert!(runs(&register, domain, name), "{domain} {name}");
        }
        for (domain, name) in [
            ("com.example", "Relu"),
            ("ai.onnx.ml", "Relu"),
            ("ai.onnx", "Scaler"),
            ("ai.onnx", "ai.onnx.ml.Scaler"),
            ("ai.onnx", "FusedConv"),
            ("ai.onnx", "NoSuchOperator"),
            (INTERNAL, "MaskBias"),
            (TRACT, "Pad"),
        ] {
            assert!(!runs(&register, domain, name), "{domain} {name}");
        }
    }

    /// Each name within its domain once, so that none hides another.
    #[test]
    fn no_operator_stands_twice() {
        for (domain, entries) in DOMAINS {
            let names: HashSet<_> = entries.iter().map(|(name, _)| name).collect();
            assert_eq!(names.len(), entries.len(), "{domain}");
        }
    }
}
