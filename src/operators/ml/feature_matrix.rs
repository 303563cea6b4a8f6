//! The one input of estimators: a matrix with a row for every prediction, or a vector that is one row.

use tract_onnx::tract_hir::internal::{TDim, Tensor, ToDim, TractResult, bail, ensure};

use super::{Shape, only};

/// Rows and features of the input as it is declared.
pub(super) fn declared(inputs: &[Shape]) -> TractResult<(TDim, TDim)> {
    let (_, shape) = only(inputs)?;
    match shape.as_slice() {
        [features] => Ok((1.to_dim(), features.clone())),
        [rows, features] => Ok((rows.clone(), features.clone())),
        other => bail!("expected a matrix, found rank {}", other.len()),
    }
}

/// The rows of the input as it is declared, which must have `features` features where their number is known.
pub(super) fn declared_rows(inputs: &[Shape], features: usize) -> TractResult<TDim> {
    let (rows, found) = declared(inputs)?;
    ensure!(
        found.to_i64().is_err() || found == features.to_dim(),
        "expected {features} features, found {found}"
    );
    Ok(rows)
}

/// Rows and features of `input`.
pub(super) fn dimensions(input: &Tensor) -> TractResult<(usize, usize)> {
    match *input.shape() {
        [features] => Ok((1, features)),
        [rows, features] => Ok((rows, features)),
        ref other => bail!("expected a matrix, found shape {other:?}"),
    }
}

/// The rows of `input`, which must have `features` features.
fn rows(input: &Tensor, features: usize) -> TractResult<usize> {
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
) -> TractResult<Tensor> {
    let input = input.cast_to::<f32>()?;
    let rows = rows(&input, features)?;
    let mut output = Tensor::zero::<f32>(&[rows, width])?;
    let mut view = output.try_as_plain_ram_mut()?;
    let input = input.try_as_plain_ram()?;
    let values = input.as_slice::<f32>()?.chunks(features);
    for (values, output) in values.zip(view.as_slice_mut::<f32>()?.chunks_mut(width)) {
        fill(values, output);
    }
    Ok(output)
}
