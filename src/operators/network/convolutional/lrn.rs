//! `LRN` (1 to 13): numbers divided by what those of the channels around theirs come to.

use std::sync::Arc;

use anyhow::{Result, ensure};

use super::{Channels, ChannelsLast, Context, Operator, Rewrites, Shape, floats, only};
use crate::limits::WINDOW_LENGTH;
use crate::onnx::pb::NodeProto;
use crate::tensor::Tensor;

#[derive(Debug, Clone)]
pub(super) struct Lrn {
    /// How many channels before and behind its own a number meets.
    around: (usize, usize),
    /// What the sum of squares is multiplied by.
    factor: f32,
    bias: f32,
    exponent: f32,
    channels: Channels,
}

impl Operator for Lrn {
    #[expect(clippy::cast_precision_loss, reason = "channels are few")]
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let size: usize = node.required("size")?;
        let fits = i64::try_from(size).is_ok_and(|size| (1..=WINDOW_LENGTH).contains(&size));
        ensure!(fits, "a number meets its own channel, and at most {WINDOW_LENGTH}");
        let alpha = node.optional("alpha")?.unwrap_or(1e-4_f32);
        Ok(Self {
            around: ((size - 1) / 2, size / 2),
            factor: alpha / size as f32,
            bias: node.optional("bias")?.unwrap_or(1.0),
            exponent: node.optional("beta")?.unwrap_or(0.75),
            channels: Channels::Second,
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let shape = only(inputs)?;
        self.channels.parts(floats(shape)?)?;
        Ok(vec![shape.clone()])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut result = self.channels.moved(only(&inputs)?)?;
        let (_, channels, _) = Channels::Last.parts(result.shape())?;
        let (before, behind) = self.around;
        for numbers in result.elements_mut::<f32>()?.chunks_exact_mut(channels.max(1)) {
            let squares: Vec<f32> = numbers.iter().map(|number| number * number).collect();
            for (channel, number) in numbers.iter_mut().enumerate() {
                let (first, end) = (channel.saturating_sub(before), channel.saturating_add(behind));
                let around = squares.iter().take(end.saturating_add(1)).skip(first);
                let sum: f32 = around.sum();
                *number /= (self.bias + self.factor * sum).powf(self.exponent);
            }
        }
        Ok(vec![self.channels.restored(result)?])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Lrn {
    fn channels_last(&self, _: usize) -> ChannelsLast {
        ChannelsLast::As(Arc::new(Self { channels: Channels::Last, ..self.clone() }))
    }
}
