//! The one input of estimators: a matrix with a row for every prediction, or a vector that is one row.

use anyhow::{Result, bail, ensure};

use crate::tensor::{ElementType, Tensor};

use super::{Dim, Shape, only};

/// Rows and features of the input as it is declared.
pub(super) fn declared(inputs: &[Shape]) -> Result<(Dim, Dim)> {
    let (_, shape) = only(inputs)?;
    match shape.as_slice() {
        [features] => Ok((1.into(), features.clone())),
        [rows, features] => Ok((rows.clone(), features.clone())),
        other => bail!("expected a matrix, found rank {}", other.len()),
    }
}

/// The rows of the input as it is declared, which must have `features` features where their number is known.
pub(super) fn declared_rows(inputs: &[Shape], features: usize) -> Result<Dim> {
    let (rows, found) = declared(inputs)?;
    ensure!(
        found.known().is_none_or(|found| found == features),
        "expected {features} features, found {found}"
    );
    Ok(rows)
}

/// Rows and features of `input`.
pub(super) fn dimensions(input: &Tensor) -> Result<(usize, usize)> {
    match *input.shape() {
        [features] => Ok((1, features)),
        [rows, features] => Ok((rows, features)),
        ref other => bail!("expected a matrix, found shape {other:?}"),
    }
}

/// The rows of `input`, which must have `features` features.
pub(super) fn rows(input: &Tensor, features: usize) -> Result<usize> {
    let (rows, found) = dimensions(input)?;
    ensure!(found == features, "expected {features} features, found shape {:?}", input.shape());
    Ok(rows)
}

/// A matrix with `width` numbers for every row of `input`, which must have `features` features: `fill` is given the
/// features of a row and writes its numbers, which are zero before.
pub(super) fn map_rows(
    input: &Tensor,
    features: usize,
    width: usize,
    mut fill: impl FnMut(&[f32], &mut [f32]),
) -> Result<Tensor> {
    let input = input.cast(ElementType::F32)?;
    let rows = rows(&input, features)?;
    let mut output = Tensor::zeros(ElementType::F32, &[rows, width])?;
    let values = input.elements::<f32>()?.chunks(features);
    for (values, output) in values.zip(output.elements_mut::<f32>()?.chunks_mut(width)) {
        fill(values, output);
    }
    Ok(output)
}
