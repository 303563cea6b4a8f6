//! What a graph of pictures is rewritten by before it runs: which operators take in constants, run with channels last, or
//! do the next one's work as well. Whether and where it is done is the interpreter's affair.

use std::sync::Arc;

use anyhow::Result;
use predictql_kernels::activations::Activation;

use super::Operator;
use super::network::Expansion;
use crate::tensor::Tensor;

/// An operator after a rewrite.
pub(crate) type Rewritten = Arc<dyn Operator>;

/// What happens to every element by itself, where it is so little that the operator in front can do it too.
#[derive(Debug, Clone)]
pub(crate) enum Pointwise {
    /// It is kept between two numbers; NaN stays.
    Clamp { low: f32, high: f32 },
    /// It is multiplied by the first number of its channel, and the second one is added.
    Channels { scale: Vec<f32>, shift: Vec<f32> },
    /// A number is added for each place of the last axis.
    Shift(Vec<f32>),
    /// A whole number becomes a float: `zero` is taken away, and the rest multiplied by `scale`.
    Dequantize { scale: f32, zero: f32 },
    /// It becomes the activation of it.
    Activation(Activation),
}

/// How an operator runs on tensors whose second axis, that of the channels, has been moved behind all others.
#[derive(Debug)]
pub(crate) enum ChannelsLast {
    /// Not at all.
    No,
    /// As it is.
    Same,
    /// By this one.
    As(Rewritten),
    /// By this one, and so much faster that tensors are worth moving for it.
    Wants(Rewritten),
}

/// How an operator can be rewritten.
pub(crate) trait Rewrites {
    /// The operator that has taken in what it needs of the inputs that never change, and the positions of the inputs that it still reads.
    ///
    /// # Errors
    /// Where the constants do not fit.
    fn prepared(&self, _constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        Ok(None)
    }

    /// How it runs on tensors of `rank` axes whose channels come last.
    fn channels_last(&self, _rank: usize) -> ChannelsLast {
        ChannelsLast::No
    }

    /// What it does to every element, if no more than that.
    fn pointwise(&self, _constants: &[Option<Tensor>]) -> Option<Pointwise> {
        None
    }

    /// The operator that does `next` behind its own work.
    fn then(&self, _next: &Pointwise) -> Option<Rewritten> {
        None
    }

    /// Whether it adds two tensors.
    fn is_sum(&self) -> bool {
        false
    }

    /// The operator that adds its result to one more input, which stands behind its own.
    fn adding(&self) -> Option<Rewritten> {
        None
    }

    /// What it is, where it only makes other channels of each place of a picture.
    fn expansion(&self) -> Option<Expansion> {
        None
    }

    /// The operator that does that in front of its own work.
    fn expanded(&self, _first: &Expansion) -> Option<Rewritten> {
        None
    }

    /// The order that it puts `rank` axes into, if it does nothing else.
    fn order(&self, _rank: usize) -> Option<Vec<usize>> {
        None
    }
}

/// The order of axes that puts the channels of `rank` axes last.
pub(crate) fn to_last(rank: usize) -> Vec<usize> {
    (0..rank).filter(|axis| *axis != 1).chain([1]).collect()
}

/// The order of axes that puts channels that come last into the second place.
pub(crate) fn to_second(rank: usize) -> Vec<usize> {
    let last = rank.saturating_sub(1);
    [0, last].into_iter().chain(1..last).collect()
}
