//! `TensorScatter` of ai.onnx 24: a cache of keys or values that gets new ones where each sequence has ended. tract has
//! none.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TValue, TVec, Tensor, TractResult, bail, ensure, tvec};

use super::{Operator, Shape, gather, input, lengths, resolve_axis, split_at_axis};

#[derive(Debug)]
pub(super) struct TensorScatter {
    axis: i64,
    circular: bool,
}

impl Operator for TensorScatter {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let circular = match node.get_attr_opt("mode")?.unwrap_or("linear") {
            "linear" => false,
            "circular" => true,
            other => bail!("there is no mode `{other}`"),
        };
        Ok(Self { axis: node.get_attr_opt("axis")?.unwrap_or(-2), circular })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [cache, _, ..] = inputs else { bail!("expected a cache and an update") };
        Ok(tvec!(cache.clone()))
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "every sequence has a start, and no write goes behind the cache's end"
    )]
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (cache, update) = (input(inputs, 0)?, input(inputs, 1)?);
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
        let starts = match inputs.get(2) {
            Some(starts) => lengths(starts)?,
            None => vec![0; batch],
        };
        ensure!(starts.len() == batch, "expected a start for each of {batch} sequences");
        // Indexes behind the cache's own are those of the update.
        let mut indexes: Vec<usize> = (0..cache.len()).collect();
        for block in 0..blocks {
            let start = starts[block * batch / blocks];
            for step in 0..new_length {
                let to = start.saturating_add(step);
                let to = if self.circular { to % length } else { to };
                ensure!(to < length, "position {to} is behind the end of the cache");
                for element in 0..inner {
                    indexes[(block * length + to) * inner + element] =
                        cache.len() + (block * new_length + step) * inner + element;
                }
            }
        }
        let flat = |tensor: &Tensor| tensor.clone().into_shape(&[tensor.len()]);
        let both = Tensor::stack_tensors(0, &[flat(cache)?, flat(update)?])?;
        Ok(tvec!(gather(&both, &indexes, cache.shape())?))
    }
}
