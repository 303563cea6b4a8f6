//! Places that a table does not have: tract's operators that look values up by place end the program there. A guard in
//! front of each says so instead.

use tract_onnx::tract_core::ops::array::{Gather, GatherElements};
use tract_onnx::tract_hir::internal::{
    EvalContext, EvalOp, InletId, Op, OutletId, SpecialOps, StaticName, TValue, TVec, TractResult, TypedFact,
    TypedModel, TypedOp, as_op, ensure, op_as_typed_op, op_out_of_plan,
};

/// Lets places through that are within a dimension, from either end.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Within {
    length: i64,
}

/// Puts guards into `model`, whose shapes are known.
pub(super) fn guard(model: &mut TypedModel) -> TractResult<()> {
    let mut unsafe_places: Vec<(usize, OutletId, i64)> = Vec::new();
    for node in &model.nodes {
        let gather = node.op_as::<Gather>().map(|op| op.axis);
        let axis = gather.or_else(|| node.op_as::<GatherElements>().map(|op| op.axis));
        let (Some(axis), [data, places]) = (axis, node.inputs.as_slice()) else { continue };
        let length = model.outlet_fact(*data)?.shape.get(axis).and_then(|length| length.to_i64().ok());
        if let (None, Some(length)) = (&model.outlet_fact(*places)?.konst, length) {
            unsafe_places.push((node.id, *places, length));
        }
    }
    for (node, places, length) in unsafe_places {
        let name = format!("{}.places", model.node(node).name);
        for guarded in model.wire_node(name, Within { length }, &[places])? {
            model.add_edge(guarded, InletId::new(node, 1))?;
        }
    }
    Ok(())
}

impl Op for Within {
    fn name(&self) -> StaticName {
        "Within".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Within {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        for input in &inputs {
            let places = input.cast_to::<i64>()?;
            let mut places = places.try_as_plain_ram()?.as_slice::<i64>()?.iter();
            let outside = places.find(|place| !(-self.length..self.length).contains(*place));
            ensure!(outside.is_none(), "place {} is looked up among {}", outside.unwrap_or(&0), self.length);
        }
        Ok(inputs)
    }
}

impl TypedOp for Within {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(inputs.iter().map(|fact| fact.without_value()).collect())
    }

    as_op!();
}
