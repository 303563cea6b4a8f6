//! Guards in front of the operators that look values up by index: tract ends the program at an index that its table
//! does not have; a guard makes it an error.

use tract_onnx::tract_core::ops::array::{Gather, GatherElements};
use tract_onnx::tract_hir::internal::{
    EvalContext, EvalOp, InletId, Op, OutletId, SpecialOps, StaticName, TValue, TVec, TractResult, TypedFact,
    TypedModel, TypedOp, as_op, bail, op_as_typed_op, op_out_of_plan,
};

/// Lets indices through that are within an axis of `length`, counted from either end.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct IndexGuard {
    length: i64,
}

/// Puts guards into `model`, whose shapes are known.
pub(super) fn insert(model: &mut TypedModel) -> TractResult<()> {
    let mut unguarded: Vec<(usize, OutletId, i64)> = Vec::new();
    for node in &model.nodes {
        let gather = node.op_as::<Gather>().map(|operator| operator.axis);
        let axis = gather.or_else(|| node.op_as::<GatherElements>().map(|operator| operator.axis));
        let (Some(axis), [data, indices]) = (axis, node.inputs.as_slice()) else { continue };
        let length = model.outlet_fact(*data)?.shape.get(axis).and_then(|length| length.to_i64().ok());
        if let (None, Some(length)) = (&model.outlet_fact(*indices)?.konst, length) {
            unguarded.push((node.id, *indices, length));
        }
    }
    for (node, indices, length) in unguarded {
        let name = format!("{}.indices", model.node(node).name);
        for guarded in model.wire_node(name, IndexGuard { length }, &[indices])? {
            model.add_edge(guarded, InletId::new(node, 1))?;
        }
    }
    Ok(())
}

impl Op for IndexGuard {
    fn name(&self) -> StaticName {
        "IndexGuard".into()
    }

    op_as_typed_op!();
}

impl EvalOp for IndexGuard {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let valid = -self.length..self.length;
        for input in &inputs {
            let indices = input.cast_to::<i64>()?;
            let indices = indices.try_as_plain_ram()?;
            if let Some(index) = indices.as_slice::<i64>()?.iter().find(|index| !valid.contains(*index)) {
                bail!("index {index} is out of range for an axis of length {}", self.length);
            }
        }
        Ok(inputs)
    }
}

impl TypedOp for IndexGuard {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(inputs.iter().map(|fact| fact.without_value()).collect())
    }

    as_op!();
}
