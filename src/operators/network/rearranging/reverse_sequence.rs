//! `ReverseSequence` (10): the first elements of each sequence of a batch in reverse order.

use anyhow::{Result, bail, ensure};

use super::layout::lengths;
use super::{Context, Operator, Shape, resolve_axis, split_at_axis};
use crate::onnx::pb::NodeProto;
use crate::tensor::Tensor;

#[derive(Debug)]
pub(super) struct ReverseSequence {
    batch_axis: i64,
    time_axis: i64,
}

impl Operator for ReverseSequence {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self {
            batch_axis: node.optional("batch_axis")?.unwrap_or(1),
            time_axis: node.optional("time_axis")?.unwrap_or(0),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [values, _] = inputs else { bail!("expected values and lengths") };
        for axis in [self.batch_axis, self.time_axis] {
            resolve_axis(axis, values.1.len())?;
        }
        Ok(vec![values.clone()])
    }

    #[expect(clippy::indexing_slicing, reason = "there is a length for each sequence of the batch")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values, counts] = inputs.as_slice() else { bail!("expected values and lengths") };
        let lengths = lengths(counts)?;
        let axis = |axis: i64| split_at_axis(values.shape(), resolve_axis(axis, values.rank())?);
        let (_, batch, batch_step) = axis(self.batch_axis)?;
        let (_, time, time_step) = axis(self.time_axis)?;
        ensure!(lengths.len() == batch, "expected a length for each of {batch} sequences");
        ensure!(
            lengths.iter().all(|length| *length <= time),
            "a sequence is longer than the {time} elements that there are"
        );
        let source = |index: usize| {
            let length = lengths[index / batch_step % batch];
            let moment = index / time_step % time;
            if moment < length {
                index - moment * time_step + (length - 1 - moment) * time_step
            } else {
                index
            }
        };
        let taken: Vec<usize> = (0..values.len()).map(source).collect();
        Ok(vec![values.take(&taken, values.shape().to_vec())?])
    }
}
