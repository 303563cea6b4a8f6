//! Attributes that come in more than one type.

use anyhow::Result;

use crate::onnx::pb::{NodeProto, TensorProto};
use crate::onnx::tensors::load;
use crate::tensor::Tensor;

/// The list attribute `name_int64s`, `name_floats` or `name_strings`, or the tensor `name_tensor`.
pub(super) fn typed_list(node: &NodeProto, name: &str) -> Result<Option<Tensor>> {
    if let Some(values) = node.optional::<Vec<i64>>(&format!("{name}_int64s"))? {
        return Ok(Some(Tensor::vector(values)));
    }
    if let Some(values) = node.optional::<Vec<f32>>(&format!("{name}_floats"))? {
        return Ok(Some(Tensor::vector(values)));
    }
    if let Some(values) = node.optional::<Vec<String>>(&format!("{name}_strings"))? {
        return Ok(Some(Tensor::vector(values)));
    }
    let tensor = node.optional::<&TensorProto>(&format!("{name}_tensor"))?;
    tensor.map(|tensor| load(tensor.clone())).transpose()
}
