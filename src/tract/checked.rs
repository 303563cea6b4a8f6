//! tract's operators behind a look at what they are given: they take axes, windows and permutations for granted and stop
//! the program over others. What the standard rules out is an error, once the shapes of the inputs are known; and so is an
//! output that no memory holds, before tract computes it from constants.

use tract_onnx::Onnx;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::infer::{Factoid, InferenceFact, InferenceModel, InferenceNode, InferenceOp};
use tract_onnx::tract_hir::internal::{
    DimLike, EvalContext, EvalOp, HashMap, InferenceModelPatch, Op, OutletId, StaticName, TValue, TVec,
    TractErrorContext, TractResult, TypedModel, TypedOp, format_err, not_a_typed_op,
};

use super::Builder;
use super::own::ours;
use super::tensors::elements;
use crate::onnx::names;
use crate::onnx::pb;
use crate::onnx::rules::{self, Given};
use crate::tensor::room;

/// Where the register keeps an operator that is checked.
const UNCHECKED: &str = "tract.unchecked.";

/// A constant is its own output: it is in memory already.
const CONSTANT: &str = "Constant";

/// Puts the standard's operators behind their rules.
pub(super) fn register(onnx: &mut Onnx) {
    let register = &mut onnx.op_register.0;
    let checked: Vec<String> = register
        .keys()
        .filter(|key| matches!(names::split(key).0, names::STANDARD | names::TRACT))
        .filter(|key| names::split(key).1 != CONSTANT)
        .cloned()
        .collect();
    for key in checked {
        let Some(builder) = register.insert(key.clone(), build as Builder) else { continue };
        register.insert(format!("{UNCHECKED}{key}"), builder);
    }
}

fn build(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let key = format!("{UNCHECKED}{}", node.op_type);
    let builder = ctx.framework.op_register.0.get(&key);
    let (inner, outer) =
        builder.ok_or_else(|| format_err!("there is no operator {}", node.op_type))?(ctx, node)?;
    let node: pb::NodeProto = ours(node)?;
    rules::check(&node, &[])?;
    Ok((Box::new(Checked { inner, node }), outer))
}

/// An operator of tract's with the node that it was built of.
#[derive(Debug, Clone)]
struct Checked {
    inner: Box<dyn InferenceOp>,
    node: pb::NodeProto,
}

impl PartialEq for Checked {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for Checked {}

impl Op for Checked {
    fn name(&self) -> StaticName {
        self.inner.name()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        self.inner.info()
    }

    not_a_typed_op!();
}

impl EvalOp for Checked {
    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        self.inner.eval_out_of_plan(inputs)
    }

    fn eval(&self, ctx: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.inner.eval(ctx, inputs)
    }
}

/// What is known of an input, its numbers where there are at most so many.
fn given(fact: &InferenceFact, most: usize) -> Given {
    let rank = fact.shape.rank().concretize().and_then(|rank| usize::try_from(rank).ok());
    let length = |dim: usize| fact.shape.dim(dim).and_then(|dim| dim.concretize()?.to_i64().ok());
    let value = fact.value.concretize().filter(|value| value.len() <= most);
    Given {
        dims: rank.map(|rank| (0..rank).map(length).collect()),
        floats: value.as_ref().and_then(|value| elements(value).ok()),
        value: value.and_then(|value| elements(&value).ok()),
    }
}

/// More numbers than any list of axes has: the values of large constants are none.
const MOST_AXES: usize = 64;

type Facts = TVec<InferenceFact>;

impl Checked {
    /// Whether memory has room for an output, as far as its lengths are known.
    fn check_room(&self, output: &InferenceFact) -> TractResult<()> {
        let lengths: Vec<usize> =
            output.shape.dims().filter_map(|dim| dim.concretize()?.to_usize().ok()).collect();
        room(&lengths).with_context(|| format!("of {}", self.node.op_type)).map(drop)
    }
}

impl InferenceOp for Checked {
    fn infer_facts(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<(Facts, Facts, Facts)> {
        let is_lookup = names::split(&self.node.op_type).1.starts_with("Gather");
        let most = |place| if is_lookup && place == 1 { usize::MAX } else { MOST_AXES };
        let mut known = (0..).zip(&inputs).map(|(place, fact)| given(fact, most(place)));
        // tract leaves out what the node does not give.
        let places = self.node.input.iter();
        let known: Vec<Given> = places
            .map(|name| if name.is_empty() { Some(Given::default()) } else { known.next() })
            .collect::<Option<_>>()
            .ok_or_else(|| format_err!("{} lacks inputs", self.node.op_type))?;
        rules::check(&self.node, &known)?;
        let (inputs, outputs, observed) = self.inner.infer_facts(inputs, outputs, observed)?;
        outputs.iter().try_for_each(|output| self.check_room(output))?;
        Ok((inputs, outputs, observed))
    }

    fn observe_outlets(&self, model: &InferenceModel, node: &InferenceNode) -> TractResult<Vec<OutletId>> {
        self.inner.observe_outlets(model, node)
    }

    fn incorporate(
        &self,
        model: &InferenceModel,
        node: &InferenceNode,
    ) -> TractResult<Option<InferenceModelPatch>> {
        self.inner.incorporate(model, node)
    }

    fn nboutputs(&self) -> TractResult<usize> {
        self.inner.nboutputs()
    }

    fn as_op(&self) -> &dyn Op {
        self
    }

    fn as_op_mut(&mut self) -> &mut dyn Op {
        self
    }

    fn to_typed(
        &self,
        source: &InferenceModel,
        node: &InferenceNode,
        target: &mut TypedModel,
        mapping: &HashMap<OutletId, OutletId>,
    ) -> TractResult<TVec<OutletId>> {
        self.inner.to_typed(source, node, target, mapping)
    }
}
