//! `GatherND` (ONNX, versions 11 to 13) and `ScatterND` (11 to 18): slices of a tensor, each found by a tuple of indices.

use anyhow::{Context as _, Result, bail, ensure};

use super::scatter::Reduction;
use super::select::position;
use super::{Context, Operator, Shape};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

/// The slices that tuples of indices select within one batch.
pub(crate) struct Slices {
    /// Length and step of each axis that a tuple indexes.
    axes: Vec<(usize, usize)>,
    /// Elements of a slice.
    pub(crate) length: usize,
    /// Elements of a batch.
    batch: usize,
}

impl Slices {
    /// Tuples of `tuple` indices select along the axes behind the first `batch_dims` of `shape`.
    pub(crate) fn new(shape: &[usize], batch_dims: usize, tuple: usize) -> Self {
        let size = |skipped: usize| shape.iter().skip(skipped).product::<usize>();
        let axes = shape.iter().enumerate().skip(batch_dims).take(tuple);
        Self {
            axes: axes.map(|(axis, length)| (*length, size(axis + 1))).collect(),
            length: size(batch_dims + tuple),
            batch: size(batch_dims),
        }
    }

    /// Where the slice of `tuple` starts.
    ///
    /// # Errors
    /// For an index that is out of range.
    pub(crate) fn start(&self, tuple: &[i64]) -> Result<usize> {
        let mut start = 0;
        for (index, (length, step)) in tuple.iter().zip(&self.axes) {
            start += position(*index, *length)? * step;
        }
        Ok(start)
    }
}

/// Slices of a tensor.
#[derive(Debug)]
pub(super) struct GatherNd {
    batch_dims: usize,
}

impl Operator for GatherNd {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { batch_dims: node.optional("batch_dims")?.unwrap_or(0) })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, data), (ElementType::I32 | ElementType::I64, indices)] = inputs else {
            bail!("expected a tensor and indices")
        };
        let (tuple, outer) = indices.split_last().context("indices need an axis")?;
        let tuple = tuple.known().context("the number of indices is not known")?;
        let indexed = self.batch_dims.saturating_add(tuple);
        ensure!(
            indexed <= data.len() && self.batch_dims <= outer.len(),
            "{indexed} indices do not fit rank {}",
            data.len()
        );
        Ok(vec![(*element, outer.iter().chain(data.iter().skip(indexed)).cloned().collect())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [data, indices] = inputs.as_slice() else { bail!("expected a tensor and indices") };
        let (tuple, outer) = indices.shape().split_last().context("indices need an axis")?;
        let batch_dims = self.batch_dims;
        ensure!(batch_dims + tuple <= data.rank(), "{tuple} indices do not fit shape {:?}", data.shape());
        let batches = outer.split_at_checked(batch_dims);
        let (batches, in_batch) = batches
            .filter(|(batches, _)| data.shape().starts_with(batches))
            .with_context(|| format!("the first {batch_dims} dimensions of indices and values differ"))?;
        let slices = Slices::new(data.shape(), batch_dims, *tuple);
        let (batches, in_batch): (usize, usize) = (batches.iter().product(), in_batch.iter().product());
        let indices = indices.to_vec::<i64>()?;
        let mut starts = Vec::with_capacity(batches * in_batch);
        for nth in 0..batches * in_batch {
            let indices = indices.get(nth * tuple..(nth + 1) * tuple).context("there are too few indices")?;
            starts.push(nth / in_batch * slices.batch + slices.start(indices)?);
        }
        let rest = data.shape().iter().skip(batch_dims + tuple);
        let shape = outer.iter().chain(rest).copied().collect();
        Ok(vec![data.take_runs(&starts, slices.length, shape)?])
    }
}

/// A tensor with updates in the places of slices.
#[derive(Debug)]
pub(super) struct ScatterNd {
    reduction: Reduction,
}

impl Operator for ScatterNd {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { reduction: Reduction::parse(node)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [data, (ElementType::I32 | ElementType::I64, _), (element, _)] = inputs else {
            bail!("expected data, positions and updates")
        };
        ensure!(data.0 == *element, "updates have the type of the data");
        Ok(vec![data.clone()])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [data, indices, updates] = inputs.as_slice() else { bail!("expected three inputs") };
        let (tuple, outer) = indices.shape().split_last().context("indices need an axis")?;
        ensure!(*tuple <= data.rank() && *tuple > 0, "{tuple} indices do not fit shape {:?}", data.shape());
        ensure!(
            updates.shape().iter().eq(outer.iter().chain(data.shape().iter().skip(*tuple))),
            "updates of shape {:?} do not fit indices of {:?} and values of {:?}",
            updates.shape(),
            indices.shape(),
            data.shape()
        );
        let slices = Slices::new(data.shape(), 0, *tuple);
        let mut targets = Vec::with_capacity(updates.len());
        for tuple in indices.to_vec::<i64>()?.chunks_exact(*tuple) {
            let start = slices.start(tuple)?;
            targets.extend(start..start + slices.length);
        }
        Ok(vec![self.reduction.apply(data, updates, &targets)?])
    }
}
