//! `ai.onnx`: convolutions, pools and normalisations of batches, for networks that see pictures, signals or volumes: tensors with
//! any number of axes besides rows and channels. The loops are made for 32-bit floats along one or two of them.
//!
//! They compute with the channels last, which is how their loops are fast: in a graph that is rewritten for them tensors are moved once, elsewhere
//! each of them moves what it gets and gives.

mod columns;
mod convolution;
mod double;
mod geometry;
mod lrn;
mod normalization;
mod pad;
mod pool;
mod transposed;
mod unpool;

pub(crate) use convolution::Expansion;

use anyhow::{Result, bail, ensure};

use super::{
    ChannelsLast, Context, Dim, Operator, Pointwise, Registration, Rewrites, Rewritten, Shape, broadcast,
    only, own, resolve_axis, rewrites,
};
use crate::tensor::{ElementType, Tensor};

pub(super) const OPERATORS: &[Registration] = &[
    ("AveragePool", own::<pool::Pooling>()),
    ("BatchNormalization", own::<normalization::Normalization>()),
    ("Col2Im", own::<columns::Columns>()),
    ("Conv", own::<convolution::Convolution>()),
    ("ConvTranspose", own::<transposed::Transposed>()),
    ("GlobalAveragePool", own::<pool::Pooling>()),
    ("GlobalLpPool", own::<pool::Pooling>()),
    ("GlobalMaxPool", own::<pool::Pooling>()),
    ("LRN", own::<lrn::Lrn>()),
    ("LpPool", own::<pool::Pooling>()),
    ("MaxPool", own::<pool::Pooling>()),
    ("MaxUnpool", own::<unpool::MaxUnpool>()),
    ("Pad", own::<pad::Pad>()),
];

/// The least and the greatest value of a result.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    low: f32,
    high: f32,
}

impl Bounds {
    const NONE: Self = Self { low: f32::NEG_INFINITY, high: f32::INFINITY };

    fn is_none(self) -> bool {
        self.low == f32::NEG_INFINITY && self.high == f32::INFINITY
    }

    /// Keeps `values` between both; NaN stays.
    fn keep(self, values: &mut [f32]) {
        let Self { low, high } = self;
        for value in values {
            if *value < low {
                *value = low;
            } else if high < *value {
                *value = high;
            }
        }
    }
}

/// Where the channels of a tensor are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channels {
    /// Behind the rows, as in the standard.
    Second,
    Last,
}

impl Channels {
    /// Rows, channels and the other axes.
    fn parts<T: Clone>(self, shape: &[T]) -> Result<(T, T, Vec<T>)> {
        match (self, shape) {
            (Self::Second, [rows, channels, rest @ ..]) | (Self::Last, [rows, rest @ .., channels]) => {
                Ok((rows.clone(), channels.clone(), rest.to_vec()))
            }
            _ => bail!("a tensor of {} axes has no channels", shape.len()),
        }
    }

    /// A shape of rows, channels and the other axes.
    fn shape<T>(self, rows: T, channels: T, rest: Vec<T>) -> Vec<T> {
        match self {
            Self::Second => [rows, channels].into_iter().chain(rest).collect(),
            Self::Last => std::iter::once(rows).chain(rest).chain([channels]).collect(),
        }
    }

    /// The tensor with its channels last.
    fn moved(self, tensor: &Tensor) -> Result<Tensor> {
        match self {
            Self::Second => tensor.transpose(&rewrites::to_last(tensor.rank())),
            Self::Last => Ok(tensor.clone()),
        }
    }

    /// The tensor, whose channels are last, with its channels here.
    fn restored(self, tensor: Tensor) -> Result<Tensor> {
        match self {
            Self::Second => tensor.transpose(&rewrites::to_second(tensor.rank())),
            Self::Last => Ok(tensor),
        }
    }
}

/// The dimensions of an input of floats.
fn numbers(shape: &Shape) -> Result<&[Dim]> {
    ensure!(shape.0.is_float(), "{:?} is not computed with here", shape.0);
    Ok(&shape.1)
}

/// The dimensions of the only input, which holds 32-bit floats.
fn floats(shape: &Shape) -> Result<&[Dim]> {
    ensure!(shape.0 == ElementType::F32, "{:?} is not computed with here", shape.0);
    Ok(&shape.1)
}

/// The weights and the bias behind a picture, where they are known before a run and of 32 bits.
fn constant_weights(constants: &[Option<Tensor>]) -> Option<(Tensor, Option<Tensor>)> {
    let mut parameters = constants.iter().skip(1).cloned().collect::<Option<Vec<_>>>()?.into_iter();
    let weights = parameters.next().filter(|weights| weights.element() == ElementType::F32)?;
    Some((weights, parameters.next()))
}
