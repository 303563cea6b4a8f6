//! The shapes of a graph's input tensors: samples to load a graph with, and how many rows suit one run.

use super::graph_port::GraphPort;
use super::row_axis::BatchSize;
use crate::data::DataType;
use crate::interpreter::InputShapes;
use crate::limits::Limits;
use crate::onnx::Dim;

/// The lengths of a row of every input, in the graph's order.
pub(super) type RowShapes = Vec<Vec<usize>>;

/// Lengths that most networks accept.
pub(super) fn usual(inputs: &[GraphPort]) -> RowShapes {
    with_free_lengths(inputs, |port| if port.data_type == DataType::Tensor { 224 } else { 8 })
}

/// Others than [`usual`] wherever lengths are not fixed.
pub(super) fn unusual(inputs: &[GraphPort]) -> RowShapes {
    with_free_lengths(inputs, |port| if port.data_type == DataType::Tensor { 256 } else { 9 })
}

/// Rows with `free_length` in place of lengths that are not fixed.
pub(super) fn with_free_lengths(inputs: &[GraphPort], free_length: fn(&GraphPort) -> usize) -> RowShapes {
    let length = |port, dim: &Dim| dim.fixed().unwrap_or_else(|| free_length(port));
    inputs.iter().map(|port| port.row_shape().iter().map(|dim| length(port, dim)).collect()).collect()
}

/// The shapes of the input tensors for `rows` rows.
pub(super) fn of_tensors(
    inputs: &[GraphPort],
    batch_size: BatchSize,
    rows: usize,
    row_shapes: &[Vec<usize>],
) -> InputShapes {
    let rows = batch_size.tensor_rows(rows);
    inputs.iter().zip(row_shapes).map(|(port, row)| port.tensor_shape(rows, row)).collect()
}

/// The rows that suit one run. Pictures go one by one; small rows go together as far as what the widest operator reads
/// and writes for them, `row_bytes` each, stays within the limit. 0 bytes are an unknown number.
pub(super) fn rows_per_run(
    inputs: &[GraphPort],
    batch_size: BatchSize,
    row_bytes: usize,
    limits: &Limits,
) -> usize {
    if batch_size != BatchSize::Any {
        return batch_size.tensor_rows(1);
    }
    if inputs.iter().any(|port| port.data_type == DataType::Tensor) {
        return 1;
    }
    limits.tensor_bytes.checked_div(row_bytes).unwrap_or(limits.batch_rows).clamp(1, limits.batch_rows)
}

/// Whether a row of the model's dimensions can have this shape.
pub(super) fn fits(shape: &[usize], dims: &[Dim]) -> bool {
    shape.len() == dims.len()
        && dims.iter().zip(shape).all(|(dim, length)| dim.fixed().is_none_or(|fixed| fixed == *length))
}

/// The number of values in a tensor; `None` where it is beyond all numbers.
pub(super) fn volume(lengths: impl IntoIterator<Item = usize>) -> Option<usize> {
    lengths.into_iter().try_fold(1_usize, usize::checked_mul)
}
