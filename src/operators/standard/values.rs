//! The values of tensors as plain slices, and tensors put together from the elements of others.

use tract_onnx::tract_hir::internal::{DatumType, TValue, Tensor, TractResult, bail, format_err, tensor1};

/// Input `at`, which must be there.
pub(super) fn input(inputs: &[TValue], at: usize) -> TractResult<&Tensor> {
    inputs.get(at).map(|input| &**input).ok_or_else(|| format_err!("input {at} is missing"))
}

pub(super) fn floats(tensor: &Tensor) -> TractResult<Vec<f32>> {
    let tensor = tensor.cast_to::<f32>()?;
    Ok(tensor.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
}

/// Texts; what is none, as text.
pub(super) fn texts(tensor: &Tensor) -> TractResult<Vec<String>> {
    let tensor = tensor.cast_to::<String>()?;
    Ok(tensor.try_as_plain_ram()?.as_slice::<String>()?.to_vec())
}

/// `values` as a tensor of `element` and `shape`.
pub(super) fn tensor(values: &[f32], element: DatumType, shape: &[usize]) -> TractResult<Tensor> {
    tensor1(values).into_shape(shape)?.cast_to_dt(element).map(std::borrow::Cow::into_owned)
}

/// The tensor of `shape` whose elements are those of `tensor` at `places`; of strings or of anything else.
pub(super) fn pick(tensor: &Tensor, places: &[usize], shape: &[usize]) -> TractResult<Tensor> {
    if tensor.datum_type() == DatumType::String {
        let view = tensor.try_as_plain_ram()?;
        let from = view.as_slice::<String>()?;
        let picked = places.iter().map(|place| from.get(*place).cloned().unwrap_or_default());
        return tensor1(&picked.collect::<Vec<_>>()).into_shape(shape);
    }
    let size = tensor.datum_type().size_of();
    let mut picked = Tensor::zero_dt(tensor.datum_type(), shape)?;
    let mut to = picked.try_as_plain_ram_mut()?;
    let from = tensor.try_as_plain_ram()?;
    for (to, place) in to.as_bytes_mut().chunks_exact_mut(size).zip(places) {
        match from.as_bytes().get(place * size..(place + 1) * size) {
            Some(from) => to.copy_from_slice(from),
            None => bail!("place {place} is outside of a tensor of shape {:?}", tensor.shape()),
        }
    }
    Ok(picked)
}

/// Elements before, along and after one axis.
pub(super) fn around(shape: &[usize], axis: usize) -> (usize, usize, usize) {
    let product = |dims: Option<&[usize]>| dims.unwrap_or_default().iter().product();
    let length = shape.get(axis).copied().unwrap_or(1);
    (product(shape.get(..axis)), length, product(shape.get(axis + 1..)))
}

/// An axis that may be counted from the end.
pub(super) fn axis(axis: i64, rank: usize) -> TractResult<usize> {
    let from_start = if axis < 0 { axis + rank as i64 } else { axis };
    match usize::try_from(from_start) {
        Ok(axis) if axis < rank => Ok(axis),
        _ => bail!("axis {axis} is outside of rank {rank}"),
    }
}
