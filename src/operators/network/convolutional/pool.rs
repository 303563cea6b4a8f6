//! `MaxPool`, `AveragePool` (1 to 22), `LpPool` (2 to 22), `GlobalMaxPool`, `GlobalAveragePool` (1 to 22) and `GlobalLpPool` (2 to 22).

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use predictql_kernels::convolve::{self, Pool};

use super::geometry::{self, Axis, Geometry, places};
use super::{Channels, ChannelsLast, Context, Dim, Operator, Rewrites, Shape, only};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

/// One number for the places of each window.
#[derive(Debug, Clone)]
pub(super) struct Pooling {
    geometry: Geometry,
    is_global: bool,
    kind: Kind,
    /// Whether the places of the greatest numbers are the second output.
    tells_places: bool,
    /// Whether these places are counted along the first axis of a picture first.
    by_columns: bool,
    channels: Channels,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Max,
    /// Whether places of the padding count.
    Mean {
        counts_padding: bool,
    },
    /// The norm with this exponent.
    Norm(f64),
}

impl Pooling {
    /// The picture's lengths as far as the window tells them apart, and the window over them.
    fn axes(&self, picture: &[usize]) -> Result<Vec<Axis>> {
        if self.is_global {
            // All of a picture is one line.
            let all = [picture.iter().product()];
            return self.geometry.axes(&all, &all);
        }
        self.geometry.axes(picture, &self.geometry.kernel(picture)?)
    }

    /// Pools what the loops are made for: 32-bit floats along one or two axes.
    fn fast(&self, input: &Tensor, axes: &[Axis], pool: Pool) -> Result<Tensor> {
        let (rows, channels, picture) = Channels::Last.parts(input.shape())?;
        let (window, behind) = geometry::window(axes)?;
        let pool = if let Pool::MeanOfAll(_) = pool { Pool::MeanOfAll(behind) } else { pool };
        let size = window.output.iter().product::<usize>() * channels;
        let shape = Channels::Last.shape(rows, channels, self.lengths(axes, picture.len()));
        let mut result = Tensor::zeros(ElementType::F32, &shape)?;
        let numbers = picture.iter().product::<usize>() * channels;
        let pictures = input.elements::<f32>()?.chunks_exact(numbers.max(1));
        for (picture, result) in pictures.zip(result.elements_mut::<f32>()?.chunks_exact_mut(size.max(1))) {
            convolve::pool(picture, channels, &window, pool, result);
        }
        Ok(result)
    }

    /// The lengths of the result of a picture of `rank` axes.
    fn lengths(&self, axes: &[Axis], rank: usize) -> Vec<usize> {
        if self.is_global { vec![1; rank] } else { axes.iter().map(|axis| axis.output).collect() }
    }

    /// For every number of the result, picture by picture and its channels last, where in `input` the greatest number of its window is.
    #[expect(clippy::indexing_slicing, reason = "windows lie in their pictures")]
    fn greatest(input: &[f64], channels: usize, axes: &[Axis]) -> Result<Vec<usize>> {
        let mut greatest = Vec::new();
        Self::each_window(input, channels, axes, |start, window| {
            let (_, first) = window.first().context("a window beyond the picture has no greatest number")?;
            let from = greatest.len();
            greatest.extend((0..channels).map(|channel| start + first * channels + channel));
            for (_, place) in window {
                for (channel, greatest) in greatest[from..].iter_mut().enumerate() {
                    let at = start + place * channels + channel;
                    // NaN comes before all.
                    if input[at] > input[*greatest] || input[at].is_nan() && !input[*greatest].is_nan() {
                        *greatest = at;
                    }
                }
            }
            Ok(())
        })?;
        Ok(greatest)
    }

    /// Means and norms of the numbers of every window.
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_precision_loss,
        reason = "windows lie in their pictures, and have less than 2^52 places"
    )]
    fn sums(&self, input: &[f64], channels: usize, axes: &[Axis]) -> Result<Vec<f64>> {
        let positions: usize = axes.iter().map(|axis| axis.output).product();
        let mut sums: Vec<f64> = Vec::new();
        Self::each_window(input, channels, axes, |start, window| {
            let from = sums.len();
            sums.resize(from + channels, 0.0);
            let position = from / channels.max(1) % positions;
            let sums = &mut sums[from..];
            for (_, place) in window {
                let numbers = &input[start + place * channels..][..channels];
                for (sum, number) in sums.iter_mut().zip(numbers) {
                    *sum += match self.kind {
                        Kind::Norm(exponent) => number.abs().powf(exponent),
                        _ => *number,
                    };
                }
            }
            let count = match self.kind {
                Kind::Mean { counts_padding: true } => padded(axes, position),
                _ => window.len(),
            };
            sums.iter_mut().for_each(|sum| match self.kind {
                Kind::Norm(exponent) => *sum = sum.powf(exponent.recip()),
                _ => *sum /= count as f64,
            });
            Ok(())
        })?;
        Ok(sums)
    }

    /// Calls `pool` for each window of each picture with where the picture starts and the places of the window.
    fn each_window(
        input: &[f64],
        channels: usize,
        axes: &[Axis],
        mut pool: impl FnMut(usize, &[(usize, usize)]) -> Result<()>,
    ) -> Result<()> {
        let numbers = axes.iter().map(|axis| axis.input).product::<usize>() * channels;
        let positions = axes.iter().map(|axis| axis.output).product::<usize>();
        let mut window = Vec::new();
        for start in (0..input.len()).step_by(numbers.max(1)) {
            for position in 0..positions {
                places(axes, position, &mut window);
                pool(start, &window)?;
            }
        }
        Ok(())
    }

    /// Any pool of any numbers, channels last; where each of the greatest ones was comes second.
    fn slow(&self, input: &Tensor, axes: &[Axis]) -> Result<(Tensor, Vec<usize>)> {
        let (rows, channels, picture) = Channels::Last.parts(input.shape())?;
        let shape = Channels::Last.shape(rows, channels, self.lengths(axes, picture.len()));
        crate::tensor::room(&shape)?;
        // Exact for all that pools take.
        let numbers = input.to_vec::<f64>()?;
        if let Kind::Max = self.kind {
            let greatest = Self::greatest(&numbers, channels, axes)?;
            return Ok((input.take(&greatest, shape)?, greatest));
        }
        let sums = self.sums(&numbers, channels, axes)?;
        Ok((Tensor::new(shape, sums)?.cast(input.element())?, Vec::new()))
    }

    /// Where numbers are in the file's order of axes, of those at `indexes` with their channels last.
    fn in_files_order(&self, input: &Tensor, indexes: &[usize]) -> Result<Vec<i64>> {
        let (_, channels, picture) = Channels::Last.parts(input.shape())?;
        let places: usize = picture.iter().product();
        let place = |index: &usize| {
            let (place, channel) = (index / channels, index % channels);
            let (row, mut place) = (place / places, place % places);
            if self.by_columns {
                let (mut turned, mut step) = (0, places);
                for length in picture.iter().rev() {
                    step /= length;
                    turned += place % length * step;
                    place /= length;
                }
                place = turned;
            }
            Ok(i64::try_from((row * channels + channel) * places + place)?)
        };
        indexes.iter().map(place).collect()
    }
}

/// The places of the window at a position that lie in the picture or in its padding.
fn padded(axes: &[Axis], mut position: usize) -> usize {
    let mut count = 1;
    for axis in axes.iter().rev() {
        count *= axis.padded(position % axis.output);
        position /= axis.output;
    }
    count
}

impl Operator for Pooling {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let is_global = node.op_type.starts_with("Global");
        let kind = if node.op_type.ends_with("MaxPool") {
            Kind::Max
        } else if node.op_type.ends_with("AveragePool") {
            Kind::Mean { counts_padding: node.flag("count_include_pad", false)? }
        } else {
            ensure!(ctx.opset >= 2, "the first version of {} has another exponent", node.op_type);
            let exponent = node.optional::<i64>("p")?.unwrap_or(2);
            let exponent = u16::try_from(exponent).ok().filter(|exponent| *exponent > 0);
            Kind::Norm(exponent.context("the exponent of a norm is above 0")?.into())
        };
        let geometry = if is_global {
            Geometry::global()
        } else {
            node.required::<Vec<usize>>("kernel_shape")?;
            Geometry::parse(node)?
        };
        let tells_places = node.output.len() > 1;
        ensure!(!tells_places || matches!(kind, Kind::Max), "{} gives one output", node.op_type);
        let by_columns = node.flag("storage_order", false)?;
        Ok(Self { geometry, is_global, kind, tells_places, by_columns, channels: Channels::Second })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let shape = only(inputs)?;
        let takes = match shape.0 {
            ElementType::F32 | ElementType::F64 => true,
            ElementType::I8 | ElementType::U8 => matches!(self.kind, Kind::Max),
            _ => false,
        };
        ensure!(takes, "{:?} is not pooled", shape.0);
        let (rows, channels, picture) = self.channels.parts(&shape.1)?;
        let lengths = if self.is_global {
            vec![Dim::from(1); picture.len()]
        } else {
            // The window's own lengths do not depend on the picture's.
            let kernel = self.geometry.kernel(&vec![1; picture.len()])?;
            self.geometry.ensure_sees(&kernel)?;
            self.geometry.dims(&picture, &kernel)?
        };
        let dims = self.channels.shape(rows, channels, lengths);
        let mut outputs = vec![(shape.0, dims.clone())];
        if self.tells_places {
            outputs.push((ElementType::I64, dims));
        }
        Ok(outputs)
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = self.channels.moved(only(&inputs)?)?;
        let (rows, channels, picture) = Channels::Last.parts(input.shape())?;
        let numbers = picture.iter().product::<usize>();
        ensure!(numbers > 0 || rows * channels == 0, "a picture without places has no pool");
        let axes = self.axes(&picture)?;
        let pool = match self.kind {
            Kind::Max => Some(Pool::Max),
            Kind::Mean { counts_padding: false } => Some(Pool::Mean),
            Kind::Mean { counts_padding: true } => Some(Pool::MeanOfAll([0, 0])),
            Kind::Norm(_) => None,
        };
        let element = input.element();
        let is_fast = axes.len() <= 2 && element != ElementType::F64 && !self.tells_places;
        if let Some(pool) = pool.filter(|_| is_fast) {
            // Floats hold all numbers of 8 bits.
            let result = self.fast(&input.cast(ElementType::F32)?, &axes, pool)?;
            return Ok(vec![self.channels.restored(result.cast(element)?)?]);
        }
        let (result, indexes) = self.slow(&input, &axes)?;
        let mut results = Vec::new();
        if self.tells_places {
            let places = Tensor::new(result.shape().to_vec(), self.in_files_order(&input, &indexes)?)?;
            results.push(self.channels.restored(places)?);
        }
        results.insert(0, self.channels.restored(result)?);
        Ok(results)
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Pooling {
    fn channels_last(&self, _: usize) -> ChannelsLast {
        if self.tells_places {
            return ChannelsLast::No;
        }
        ChannelsLast::Wants(Arc::new(Self { channels: Channels::Last, ..self.clone() }))
    }
}
