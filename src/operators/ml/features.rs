//! Rows of so many features: the one input of linear models and support vector machines.

use tract_onnx::tract_hir::internal::{TDim, Tensor, ToDim, TractResult, ensure};

use super::{Shape, rows as rows_and_width};

/// The rows of the one input as it is declared, which has `features` features where that is known.
pub(super) fn declared(inputs: &[Shape], features: usize) -> TractResult<TDim> {
    let (rows, found) = rows_and_width(inputs)?;
    ensure!(
        found.to_i64().is_err() || found == features.to_dim(),
        "expected {features} features, found {found}"
    );
    Ok(rows)
}

/// The number of rows in `input`.
pub(super) fn rows(input: &Tensor, features: usize) -> TractResult<usize> {
    let rows = input.len() / features;
    ensure!(rows * features == input.len(), "expected {features} features, found shape {:?}", input.shape());
    Ok(rows)
}
