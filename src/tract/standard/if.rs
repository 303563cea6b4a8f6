//! `If` of ai.onnx 1 and later: tract's own, whose nodes all get the same name, which a graph may have only once. Here
//! they get the name of their node.

use std::collections::HashMap;

use tract_onnx::model::ParsingContext;
use tract_onnx::ops::logic;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::infer::{InferenceFact, InferenceModel, InferenceNode, InferenceOp};
use tract_onnx::tract_hir::internal::{
    EvalContext, EvalOp, Op, OutletId, StaticName, TValue, TVec, TractResult, TypedModel, TypedOp, as_op,
    bail, not_a_typed_op, op_out_of_plan,
};

#[derive(Debug, Clone, PartialEq, Eq)]
struct Branch(logic::If);

/// Builds it as tract does.
pub(super) fn build(
    ctx: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let (built, outer) = logic::_if(ctx, node)?;
    match built.as_op().downcast_ref::<logic::If>() {
        Some(branch) => Ok((Box::new(Branch(branch.clone())), outer)),
        None => bail!("tract's `If` is of an unknown type"),
    }
}

impl Op for Branch {
    fn name(&self) -> StaticName {
        self.0.name()
    }

    not_a_typed_op!();
}

impl EvalOp for Branch {
    op_out_of_plan!();

    fn eval(&self, ctx: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.0.eval(ctx, inputs)
    }
}

impl InferenceOp for Branch {
    fn infer_facts(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<(TVec<InferenceFact>, TVec<InferenceFact>, TVec<InferenceFact>)> {
        self.0.infer_facts(inputs, outputs, observed)
    }

    fn nboutputs(&self) -> TractResult<usize> {
        self.0.nboutputs()
    }

    fn to_typed(
        &self,
        source: &InferenceModel,
        node: &InferenceNode,
        target: &mut TypedModel,
        mapping: &HashMap<OutletId, OutletId>,
    ) -> TractResult<TVec<OutletId>> {
        let outputs = self.0.to_typed(source, node, target, mapping)?;
        for output in &outputs {
            target.node_mut(output.node).name.clone_from(&node.name);
        }
        Ok(outputs)
    }

    as_op!();
}
