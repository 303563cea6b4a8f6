//! `GatherND` (ONNX, versions 11 to 13). tract reads the first row for an index that is out of range, and stops the
//! program for one that counts from the end.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DimLike, TValue, TVec, Tensor, TractResult, bail, ensure, format_err, tvec,
};

use super::{Operator, Shape, elements};
use super::{gather, input};

/// Slices of a tensor, each found by a tuple of indices.
#[derive(Debug)]
pub(super) struct GatherNd {
    batch_dims: usize,
}

impl Operator for GatherNd {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self { batch_dims: node.get_attr_opt::<usize>("batch_dims")?.unwrap_or(0) })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(element, data), (_, indices)] = inputs else { bail!("expected a tensor and indices") };
        let Some((tuple, outer)) = indices.split_last() else { bail!("indices need an axis") };
        let indexed = self.batch_dims + tuple.to_usize()?;
        ensure!(indexed <= data.len(), "{indexed} indices do not fit rank {}", data.len());
        Ok(tvec!((*element, outer.iter().chain(data.iter().skip(indexed)).cloned().collect())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (data, indices) = (input(inputs, 0)?, input(inputs, 1)?);
        let Some((tuple, outer)) = indices.shape().split_last() else { bail!("indices need an axis") };
        let (batch_dims, rank) = (self.batch_dims, data.rank());
        ensure!(batch_dims + tuple <= rank, "{tuple} indices do not fit shape {:?}", data.shape());
        ensure!(
            batch_dims <= outer.len() && outer.get(..batch_dims) == data.shape().get(..batch_dims),
            "the first {batch_dims} dimensions of indices and values differ"
        );
        let slices = Slices::new(data.shape(), batch_dims, *tuple);
        let (batches, in_batch) = outer.split_at(batch_dims);
        let in_batch: usize = in_batch.iter().product();
        let indices = elements::<i64>(indices)?;
        let mut positions = Vec::new();
        for batch in 0..batches.iter().product() {
            for nth in batch * in_batch..(batch + 1) * in_batch {
                let indices = indices.get(nth * tuple..(nth + 1) * tuple);
                let indices = indices.ok_or_else(|| format_err!("there are too few indices"))?;
                let start = batch * slices.batch + slices.start(indices)?;
                positions.extend(start..start + slices.length);
            }
        }
        let shape: TVec<usize> =
            outer.iter().chain(data.shape().iter().skip(batch_dims + tuple)).copied().collect();
        Ok(tvec!(gather(data, &positions, &shape)?))
    }
}

/// The slices that tuples of indices select within one batch.
pub(super) struct Slices {
    /// Length and step of each axis that a tuple indexes.
    axes: Vec<(usize, usize)>,
    /// Elements of a slice.
    pub(super) length: usize,
    /// Elements of a batch.
    pub(super) batch: usize,
}

impl Slices {
    /// Tuples of `tuple` indices select along the axes behind the first `batch_dims` of `shape`.
    pub(super) fn new(shape: &[usize], batch_dims: usize, tuple: usize) -> Self {
        let size = |skipped: usize| shape.iter().skip(skipped).product::<usize>();
        let axes = shape.iter().enumerate().skip(batch_dims).take(tuple);
        Self {
            axes: axes.map(|(axis, length)| (*length, size(axis + 1))).collect(),
            length: size(batch_dims + tuple),
            batch: size(batch_dims),
        }
    }

    /// Where the slice of `tuple` starts.
    pub(super) fn start(&self, tuple: &[i64]) -> TractResult<usize> {
        let mut start = 0;
        for (index, (length, step)) in tuple.iter().zip(&self.axes) {
            start += from_either_end(*index, *length)? * step;
        }
        Ok(start)
    }
}

/// An index into `length` elements, which may count from the end.
pub(super) fn from_either_end(index: i64, length: usize) -> TractResult<usize> {
    let from_start = usize::try_from(index).ok();
    let from_end = || length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?);
    let position = if index < 0 { from_end() } else { from_start };
    match position.filter(|position| *position < length) {
        Some(position) => Ok(position),
        None => bail!("index {index} is out of range for {length} elements"),
    }
}
