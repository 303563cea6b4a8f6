//! `ReverseSequence` of ai.onnx 10: the first elements of each sequence of a batch in reverse order. tract has none.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TValue, TVec, Tensor, TractResult, bail, ensure, tvec};

use super::{Operator, Shape, gather, input, lengths, resolve_axis, split_at_axis};

#[derive(Debug)]
pub(super) struct ReverseSequence {
    batch_axis: i64,
    time_axis: i64,
}

impl Operator for ReverseSequence {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let batch_axis = node.get_attr_opt("batch_axis")?.unwrap_or(1);
        Ok(Self { batch_axis, time_axis: node.get_attr_opt("time_axis")?.unwrap_or(0) })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [values, _] = inputs else { bail!("expected values and lengths") };
        Ok(tvec!(values.clone()))
    }

    #[expect(clippy::indexing_slicing, reason = "there is a length for each sequence of the batch")]
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let x = input(inputs, 0)?;
        let lengths = lengths(input(inputs, 1)?)?;
        let (_, batch, batch_step) = split_at_axis(x.shape(), resolve_axis(self.batch_axis, x.rank())?)?;
        let (_, time, time_step) = split_at_axis(x.shape(), resolve_axis(self.time_axis, x.rank())?)?;
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
        let indexes: Vec<usize> = (0..x.len()).map(source).collect();
        Ok(tvec!(gather(x, &indexes, x.shape())?))
    }
}
