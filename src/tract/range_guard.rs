//! Ranges whose ends are computed while a model runs: tract makes as many numbers as they say, and ends the program where
//! memory has no room for them.

use tract_onnx::tract_core::ops::array::Range;
use tract_onnx::tract_hir::internal::{
    EvalContext, EvalOp, Op, StaticName, TValue, TVec, TractErrorContext, TractResult, TypedFact, TypedModel,
    TypedOp, as_op, op_as_typed_op, op_out_of_plan,
};

use super::tensors::elements;
use crate::onnx::rules;

/// Puts the ranges of `model` behind a look at their ends.
pub(crate) fn guard_ranges(model: &mut TypedModel) {
    for node in model.nodes.iter_mut().filter(|node| node.op_is::<Range>()) {
        node.op = Box::new(BoundedRange { op: node.op.clone() });
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct BoundedRange {
    op: Box<dyn TypedOp>,
}

impl Op for BoundedRange {
    fn name(&self) -> StaticName {
        "BoundedRange".into()
    }

    fn mints_runtime_symbols(&self) -> bool {
        self.op.mints_runtime_symbols()
    }

    op_as_typed_op!();
}

impl EvalOp for BoundedRange {
    op_out_of_plan!();

    fn eval(&self, ctx: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        // Symbolic ends are lengths of tensors that there are.
        if inputs.iter().all(|input| !input.datum_type().is_tdim()) {
            let number = |place: usize| -> TractResult<f64> {
                let input = inputs.get(place).context("a range has three inputs")?;
                elements::<f64>(input)?.first().copied().context("a range has numbers")
            };
            rules::range(number(0)?, number(1)?, number(2)?)?;
        }
        self.op.eval(ctx, inputs)
    }
}

impl TypedOp for BoundedRange {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        self.op.output_facts(inputs)
    }

    as_op!();
}
