//! Guards in front of the operators that look values up by index: an index that their table does not have is an error.

use tract_onnx::tract_core::ops::array::{Gather, GatherElements};
use tract_onnx::tract_hir::internal::{InletId, OutletId, SpecialOps, Tensor, TractResult, TypedModel, bail};

use super::guard::{Check, Guard};

/// Indices within an axis of `length`, counted from either end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct IndexRange {
    length: i64,
}

/// Puts guards into `model`, whose shapes are known.
pub(crate) fn guard_indices(model: &mut TypedModel) -> TractResult<()> {
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
        for guarded in model.wire_node(name, Guard(IndexRange { length }), &[indices])? {
            model.add_edge(guarded, InletId::new(node, 1))?;
        }
    }
    Ok(())
}

impl Check for IndexRange {
    const NAME: &'static str = "IndexGuard";

    fn check(&self, indices: &Tensor) -> TractResult<()> {
        let valid = -self.length..self.length;
        let indices = indices.cast_to::<i64>()?;
        let indices = indices.try_as_plain_ram()?;
        match indices.as_slice::<i64>()?.iter().find(|index| !valid.contains(*index)) {
            Some(index) => bail!("index {index} is out of range for an axis of length {}", self.length),
            None => Ok(()),
        }
    }
}
