//! Elements of tensors as plain vectors, and the attributes that come in more than one type.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::{Datum, TValue, Tensor, TractResult, bail, tensor1};

use super::Shape;

/// The one input.
pub(super) fn only<T>(inputs: &[T]) -> TractResult<&T> {
    match inputs {
        [input] => Ok(input),
        _ => bail!("expected one input"),
    }
}

/// The elements of `tensor` as `T`.
pub(super) fn elements<T: Datum>(tensor: &Tensor) -> TractResult<Vec<T>> {
    let tensor = tensor.cast_to::<T>()?;
    Ok(tensor.try_as_plain_ram()?.as_slice::<T>()?.to_vec())
}

/// The one input with every element changed by `change`, computed as `T`, which holds its elements without loss.
/// `change` gets the element's place in the last dimension, too.
pub(super) fn each<T: Datum + Copy>(
    inputs: &[TValue],
    change: impl Fn(usize, T) -> T,
) -> TractResult<Tensor> {
    let input = only(inputs)?;
    let width = input.shape().last().copied().unwrap_or(1).max(1);
    let mut output = input.cast_to::<T>()?.into_owned();
    for row in output.try_as_plain_ram_mut()?.as_slice_mut::<T>()?.chunks_mut(width) {
        row.iter_mut().enumerate().for_each(|(place, value)| *value = change(place, *value));
    }
    Ok(output.cast_to_dt(input.datum_type())?.into_owned())
}

/// A list attribute of `node`: `name` with one of the endings for its types, or a tensor.
pub(super) fn list(ctx: &ParsingContext<'_>, node: &NodeProto, name: &str) -> TractResult<Option<Tensor>> {
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

/// The shape of an output like the one input.
pub(super) fn same(inputs: &[Shape]) -> TractResult<Shape> {
    only(inputs).cloned()
}
