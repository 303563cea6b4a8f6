//! Attributes that may be left out.

use tract_onnx::pb::NodeProto;
use tract_onnx::pb_helpers::AttrTVecType;
use tract_onnx::tract_hir::internal::TractResult;

/// The list attribute `name`; where it is absent, an empty list.
pub(super) fn list_or_empty<'a, T: AttrTVecType<'a>>(node: &'a NodeProto, name: &str) -> TractResult<Vec<T>> {
    // Default: ONNX does not tell an absent list from an empty one.
    Ok(node.get_attr_opt_vec(name)?.unwrap_or_default())
}
