//! `TensorScatter` (24): a cache of keys or values that gets new ones where each sequence has ended.

use anyhow::{Result, bail, ensure};

use super::layout::lengths;
use super::{Context, Operator, Shape, resolve_axis, split_at_axis};
use crate::onnx::pb::NodeProto;
use crate::tensor::Tensor;

#[derive(Debug)]
pub(super) struct TensorScatter {
    axis: i64,
    is_circular: bool,
}

impl Operator for TensorScatter {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let is_circular = match node.optional("mode")?.unwrap_or("linear") {
            "linear" => false,
            "circular" => true,
            other => bail!("there is no mode {other}"),
        };
        Ok(Self { axis: node.optional("axis")?.unwrap_or(-2), is_circular })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [cache, (element, _), ..] = inputs else { bail!("expected a cache and an update") };
        ensure!(cache.0 == *element, "an update has the type of the cache");
        Ok(vec![cache.clone()])
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "every sequence has a start, and no write goes behind the cache's end"
    )]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [cache, update, starts @ ..] = inputs.as_slice() else { bail!("expected a cache and an update") };
        let axis = resolve_axis(self.axis, cache.rank())?;
        let (blocks, length, inner) = split_at_axis(cache.shape(), axis)?;
        let (new_blocks, new_length, new_inner) = split_at_axis(update.shape(), axis)?;
        let [batch, ..] = *cache.shape() else { bail!("expected a batch of sequences") };
        ensure!(
            new_blocks == blocks && new_inner == inner && new_length <= length && axis > 0,
            "an update of shape {:?} does not fit {:?}",
            update.shape(),
            cache.shape()
        );
        let starts = match starts {
            [starts] => lengths(starts)?,
            _ => vec![0; batch],
        };
        ensure!(starts.len() == batch, "expected a start for each of {batch} sequences");
        // Positions behind the cache's own are those of the update.
        let mut taken: Vec<usize> = (0..cache.len()).collect();
        for block in 0..blocks {
            let start = starts[block * batch / blocks];
            for step in 0..new_length {
                let to = start.saturating_add(step);
                let to = if self.is_circular { to % length } else { to };
                ensure!(to < length, "position {to} is behind the end of the cache");
                for element in 0..inner {
                    taken[(block * length + to) * inner + element] =
                        cache.len() + (block * new_length + step) * inner + element;
                }
            }
        }
        Ok(vec![cache.with_updates(update, &taken)?])
    }
}
