//! Reading and making tract's tensors: inputs by their position, elements as plain vectors. Knows no operator.

use std::borrow::Cow;

use tract_onnx::tract_hir::internal::{
    Datum, DatumType, TDim, TValue, Tensor, TractResult, ensure, format_err, tensor1,
};

pub(super) use crate::operators::{resolve_axis, split_at_axis};

/// The input at `index`, which must be there.
pub(super) fn input(inputs: &[TValue], index: usize) -> TractResult<&Tensor> {
    inputs.get(index).map(|input| &**input).ok_or_else(|| format_err!("input {index} is missing"))
}

/// The elements of `tensor`, cast to `T`.
pub(super) fn elements<T: Datum>(tensor: &Tensor) -> TractResult<Vec<T>> {
    let tensor = tensor.cast_to::<T>()?;
    Ok(tensor.try_as_plain_ram()?.as_slice::<T>()?.to_vec())
}

/// The elements of `tensor` as lengths: none may be negative.
pub(super) fn lengths(tensor: &Tensor) -> TractResult<Vec<usize>> {
    Ok(elements::<i64>(tensor)?.into_iter().map(usize::try_from).collect::<Result<_, _>>()?)
}

/// A tensor of the type `element` and of `shape` with the given values.
pub(super) fn from_floats(values: &[f32], element: DatumType, shape: &[usize]) -> TractResult<Tensor> {
    tensor1(values).into_shape(shape)?.cast_to_dt(element).map(Cow::into_owned)
}

/// The elements of `tensor` at `indexes` of its flat layout, as a tensor of `shape`; of any element type.
#[expect(clippy::indexing_slicing, reason = "all indexes are below the number of elements")]
pub(super) fn gather(tensor: &Tensor, indexes: &[usize], shape: &[usize]) -> TractResult<Tensor> {
    ensure!(
        indexes.len() == shape.iter().product::<usize>(),
        "{} elements do not fill shape {shape:?}",
        indexes.len()
    );
    ensure!(
        indexes.iter().all(|index| *index < tensor.len()),
        "an index lies outside of a tensor of shape {:?}",
        tensor.shape()
    );
    match tensor.datum_type() {
        DatumType::String => return gather_clones::<String>(tensor, indexes, shape),
        DatumType::TDim => return gather_clones::<TDim>(tensor, indexes, shape),
        element => ensure!(element.unquantized().is_copy(), "elements of {element:?} cannot be moved"),
    }
    let size = tensor.datum_type().size_of();
    let view = tensor.try_as_plain_ram()?;
    let from = view.as_bytes();
    let mut gathered = Tensor::zero_dt(tensor.datum_type(), shape)?;
    let mut to = gathered.try_as_plain_ram_mut()?;
    for (to, index) in to.as_bytes_mut().chunks_exact_mut(size).zip(indexes) {
        to.copy_from_slice(&from[index * size..(index + 1) * size]);
    }
    Ok(gathered)
}

#[expect(clippy::indexing_slicing, reason = "`gather` has checked the indexes")]
fn gather_clones<T: Datum>(tensor: &Tensor, indexes: &[usize], shape: &[usize]) -> TractResult<Tensor> {
    let view = tensor.try_as_plain_ram()?;
    let from = view.as_slice::<T>()?;
    let gathered: Vec<T> = indexes.iter().map(|index| from[*index].clone()).collect();
    tensor1(&gathered).into_shape(shape)
}
