//! Reading and making tensors: inputs by their position, elements as plain vectors, the arithmetic of axes. Knows no
//! operator.

use std::borrow::Cow;

use tract_onnx::tract_hir::internal::{
    Datum, DatumType, TDim, TValue, Tensor, TractResult, bail, ensure, format_err, tensor1,
};

/// The only input; fails where there is none or more than one.
pub(super) fn only<T>(inputs: &[T]) -> TractResult<&T> {
    match inputs {
        [input] => Ok(input),
        _ => bail!("expected one input"),
    }
}

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

/// How many elements there are before, along and behind `axis`.
pub(super) fn split_at_axis(shape: &[usize], axis: usize) -> TractResult<(usize, usize, usize)> {
    match shape.split_at_checked(axis) {
        Some((outer, [length, inner @ ..])) => Ok((outer.iter().product(), *length, inner.iter().product())),
        _ => bail!("axis {axis} is outside of shape {shape:?}"),
    }
}

/// An axis counted from the start, which may be given from the end.
pub(super) fn resolve_axis(axis: i64, rank: usize) -> TractResult<usize> {
    let from_start = if axis < 0 { axis + i64::try_from(rank)? } else { axis };
    match usize::try_from(from_start) {
        Ok(axis) if axis < rank => Ok(axis),
        _ => bail!("axis {axis} is outside of rank {rank}"),
    }
}
