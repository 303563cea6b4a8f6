//! Reading tensors: inputs by their position, the arithmetic of axes. Knows no operator.

use anyhow::{Result, bail};

use super::Dim;
use crate::tensor::{Element, Tensor};

/// The only input; fails where there is none or more than one.
pub(crate) fn only<T>(inputs: &[T]) -> Result<&T> {
    match inputs {
        [input] => Ok(input),
        _ => bail!("expected one input"),
    }
}

/// The length of the last axis, by which rows are told apart, and at least 1 so that it can cut chunks.
pub(super) fn row_length(shape: &[usize]) -> usize {
    // A single number has no axis: it is a row of one element.
    shape.last().map_or(1, |length| (*length).max(1))
}

/// The only input with every element replaced by what `change` makes of it, computed as `T`. `T` must hold the
/// elements without loss. `change` gets the position in the last axis, too.
pub(super) fn map_elements<T: Element + Copy>(
    inputs: &[Tensor],
    change: impl Fn(usize, T) -> T,
) -> Result<Tensor> {
    let input = only(inputs)?;
    let mut output = input.cast(T::TYPE)?;
    for row in output.elements_mut::<T>()?.chunks_mut(row_length(input.shape())) {
        row.iter_mut().enumerate().for_each(|(feature, value)| *value = change(feature, *value));
    }
    output.cast(input.element())
}

/// A length that only the values of inputs decide.
pub(super) fn open() -> Dim {
    Dim::open()
}

/// How many elements there are before, along and behind `axis`.
pub(crate) fn split_at_axis(shape: &[usize], axis: usize) -> Result<(usize, usize, usize)> {
    match shape.split_at_checked(axis) {
        Some((outer, [length, inner @ ..])) => Ok((outer.iter().product(), *length, inner.iter().product())),
        _ => bail!("axis {axis} is outside of shape {shape:?}"),
    }
}

/// An axis counted from the start, which may be given from the end.
pub(crate) fn resolve_axis(axis: i64, rank: usize) -> Result<usize> {
    let from_start = if axis < 0 { axis.saturating_add(i64::try_from(rank)?) } else { axis };
    match usize::try_from(from_start) {
        Ok(axis) if axis < rank => Ok(axis),
        _ => bail!("axis {axis} is outside of rank {rank}"),
    }
}
