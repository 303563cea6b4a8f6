//! Reading tensors: inputs by their position, the arithmetic of axes. Knows no operator.

use anyhow::{Result, bail};

use crate::tensor::{Element, Tensor};

/// The only input; fails where there is none or more than one.
pub(super) fn only<T>(inputs: &[T]) -> Result<&T> {
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
