//! `MaxPool`, `AveragePool` (1 to 22), `GlobalMaxPool` and `GlobalAveragePool` (1 to 22).

use anyhow::{Result, bail, ensure};
use predictql_kernels::convolve::{self, Pool};

use super::geometry::Geometry;
use super::{Channels, ChannelsLast, Context, Dim, Operator, Rewrites, Shape, floats, only};
use crate::onnx::pb::NodeProto;
use crate::tensor::Tensor;
use std::sync::Arc;

/// One number for the places of each window.
#[derive(Debug, Clone)]
pub(super) struct Pooling {
    geometry: Geometry,
    is_global: bool,
    kind: Kind,
    channels: Channels,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Max,
    /// Whether places of the padding count.
    Mean {
        counts_padding: bool,
    },
}

impl Pooling {
    /// The lengths of the window over a picture of these lengths.
    fn kernel(&self, input: &[usize]) -> Result<Vec<usize>> {
        if self.is_global { Ok(input.to_vec()) } else { self.geometry.kernel(input) }
    }
}

impl Operator for Pooling {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        ensure!(node.output.len() == 1, "{} gives no places here", node.op_type);
        let is_global = node.op_type.starts_with("Global");
        let kind = if node.op_type.ends_with("MaxPool") {
            Kind::Max
        } else {
            Kind::Mean { counts_padding: node.flag("count_include_pad", false)? }
        };
        let geometry = if is_global {
            Geometry::global()
        } else {
            node.required::<Vec<usize>>("kernel_shape")?;
            Geometry::parse(node)?
        };
        Ok(Self { geometry, is_global, kind, channels: Channels::Second })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let shape = only(inputs)?;
        let (rows, channels, picture) = self.channels.parts(floats(shape)?)?;
        ensure!(matches!(picture.len(), 1 | 2), "windows of {} axes do not move here", picture.len());
        let lengths = if self.is_global {
            vec![Dim::from(1); picture.len()]
        } else {
            // The window's own lengths do not depend on the picture's.
            let kernel = self.geometry.kernel(&vec![1; picture.len()])?;
            self.geometry.ensure_sees(&kernel)?;
            self.geometry.dims(&picture, &kernel)?
        };
        Ok(vec![(shape.0, self.channels.shape(rows, channels, lengths))])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = self.channels.moved(only(&inputs)?)?;
        let (rows, channels, picture) = Channels::Last.parts(input.shape())?;
        let (window, behind) = self.geometry.window(&picture, &self.kernel(&picture)?)?;
        let size = window.output.iter().product::<usize>() * channels;
        let pool = match self.kind {
            Kind::Max => Pool::Max,
            Kind::Mean { counts_padding: false } => Pool::Mean,
            Kind::Mean { counts_padding: true } => Pool::MeanOfAll(behind),
        };
        let mut result = vec![0.0; rows * size];
        let numbers = picture.iter().product::<usize>() * channels;
        ensure!(numbers > 0 || rows * channels == 0, "a picture without places has no pool");
        let pictures = input.elements::<f32>()?.chunks_exact(numbers.max(1));
        for (picture, result) in pictures.zip(result.chunks_exact_mut(size.max(1))) {
            convolve::pool(picture, channels, &window, pool, result);
        }
        let lengths = match picture.len() {
            1 => vec![window.output[1]],
            2 => window.output.to_vec(),
            other => bail!("windows of {other} axes do not move here"),
        };
        let result = Tensor::new(Channels::Last.shape(rows, channels, lengths), result)?;
        Ok(vec![self.channels.restored(result)?])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Pooling {
    fn channels_last(&self, _: usize) -> ChannelsLast {
        ChannelsLast::Wants(Arc::new(Self { channels: Channels::Last, ..self.clone() }))
    }
}
