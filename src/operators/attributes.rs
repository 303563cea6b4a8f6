//! Attributes that may be left out, or that come in more than one type.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::pb_helpers::AttrTVecType;
use tract_onnx::tract_hir::internal::{Tensor, TractResult, tensor1};

/// The list attribute `name`; where it is absent, an empty list.
pub(super) fn list_or_empty<'a, T: AttrTVecType<'a>>(node: &'a NodeProto, name: &str) -> TractResult<Vec<T>> {
    // Default: ONNX does not tell an absent list from an empty one.
    Ok(node.get_attr_opt_vec(name)?.unwrap_or_default())
}

/// The list attribute `name_int64s`, `name_floats` or `name_strings`, or the tensor `name_tensor`.
pub(super) fn typed_list(
    ctx: &ParsingContext<'_>,
    node: &NodeProto,
    name: &str,
) -> TractResult<Option<Tensor>> {
    if let Some(values) = node.get_attr_opt_vec::<i64>(&format!("{name}_int64s"))? {
        return Ok(Some(tensor1(&values)));
    }
    if let Some(values) = node.get_attr_opt_vec::<f32>(&format!("{name}_floats"))? {
        return Ok(Some(tensor1(&values)));
    }
    if let Some(values) = node.get_attr_opt_vec::<String>(&format!("{name}_strings"))? {
        return Ok(Some(tensor1(&values)));
    }
    let tensor = node.get_attr_opt::<&TensorProto>(&format!("{name}_tensor"))?;
    tensor.map(|tensor| ctx.load_tensor(tensor)).transpose()
}
