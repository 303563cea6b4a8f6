//! `Resize` (10 to 25), and what `Upsample` (7 to 9) becomes. Where the standard is silent, onnxruntime's behaviour is the model.
//!
//! Every axis is resized by itself: the nearest places are copied in runs, all others blended.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use predictql_kernels::resample::Blend;

use super::way::{Transformation, Way};
use super::{
    ChannelsLast, Context, Dim, ElementType, Operator, Rewrites, Rewritten, Shape, Tensor, resolve_axis,
};
use crate::limits::RESIZE_SCALE;
use crate::onnx::pb::NodeProto;
use crate::tensor::{room, set};

/// The longest axis: places are counted in floats.
const LONGEST: usize = 1 << 24;

#[derive(Debug, Clone)]
pub(super) struct Resize {
    mode: Mode,
    transformation: Transformation,
    policy: Policy,
    /// Whether a picture that becomes smaller is blended from all its places.
    antialias: bool,
    /// Whether places beyond the edges have no weight.
    excludes: bool,
    /// What stands beyond the edges of a picture.
    extrapolation: f32,
    axes: Option<Vec<i64>>,
    /// Which inputs there are behind the picture: the part of it, the scales and the sizes.
    given: [bool; 3],
    /// What these are, where they never change.
    target: Option<Arc<Target>>,
    /// Whether the channels are the last axis.
    channels_last: bool,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    Nearest(Nearest),
    Linear,
    /// By curves of the third degree with this parameter.
    Cubic {
        a: f32,
    },
}

/// Which place is the nearest one.
#[derive(Debug, Clone, Copy)]
enum Nearest {
    Ceil,
    Floor,
    /// The next one, and of two the second.
    PreferCeil,
    PreferFloor,
    /// The first one, unless the result is smaller: that of version 10.
    Simple,
}

/// What sizes mean.
#[derive(Debug, Clone, Copy)]
enum Policy {
    Stretch,
    /// No axis becomes longer than that, and all scales are one.
    NotLarger,
    /// No axis becomes shorter.
    NotSmaller,
}

/// What a picture becomes: for each axis that is resized.
#[derive(Debug)]
struct Target {
    /// The starts of the part, then its ends; empty for all of the picture.
    part: Vec<f32>,
    scales: Vec<f32>,
    sizes: Vec<i64>,
}

impl Resize {
    /// By the inputs behind the picture; `None` where one of them is not known.
    fn target(&self, inputs: &[Option<Tensor>]) -> Result<Option<Arc<Target>>> {
        if let Some(target) = &self.target {
            return Ok(Some(target.clone()));
        }
        let mut inputs = inputs.iter();
        let [part, scales, sizes] = self.given.map(|is_given| if is_given { inputs.next() } else { None });
        if [part, scales, sizes].into_iter().flatten().any(Option::is_none) {
            return Ok(None);
        }
        let floats = |input: Option<&Option<Tensor>>| {
            // Default: what is left out is empty.
            input.and_then(Option::as_ref).map_or(Ok(Vec::new()), Tensor::to_vec::<f32>)
        };
        let (part, scales) = (floats(part)?, floats(scales)?);
        let sizes = sizes.and_then(Option::as_ref).map_or(Ok(Vec::new()), Tensor::to_vec::<i64>)?;
        ensure!(scales.is_empty() != sizes.is_empty(), "a picture is resized by either scales or sizes");
        // Those of a part count only where it is asked for.
        let part = if self.transformation == Transformation::Crop { part } else { Vec::new() };
        Ok(Some(Arc::new(Target { part, scales, sizes })))
    }

    /// The axes that a target has numbers for.
    fn axes(&self, rank: usize) -> Result<Vec<usize>> {
        let axes = match &self.axes {
            Some(axes) => axes.iter().map(|axis| resolve_axis(*axis, rank)).collect::<Result<Vec<_>>>()?,
            None => (0..rank).collect(),
        };
        let place = |axis: usize| match axis {
            // The channels go from the second place to the last.
            1 if self.channels_last => rank - 1,
            2.. if self.channels_last => axis - 1,
            axis => axis,
        };
        Ok(axes.into_iter().map(place).collect())
    }

    /// The ways along `axes` of a picture with these lengths.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the standard computes in floats, and scales are bounded"
    )]
    fn ways(&self, target: &Target, axes: &[usize], lengths: &[usize]) -> Result<Vec<Way>> {
        let Target { part, scales, sizes } = target;
        let count = axes.len();
        let fits = scales.len().max(sizes.len()) == count && (part.is_empty() || part.len() == 2 * count);
        ensure!(fits, "scales, sizes and parts do not fit {count} axes");
        let lengths = axes.iter().map(|axis| lengths.get(*axis).copied().context("an axis of the picture"));
        let lengths = lengths.collect::<Result<Vec<usize>>>()?;
        let sizes = sizes.iter().map(|size| usize::try_from(*size)).collect::<Result<Vec<_>, _>>()?;
        let ratios = sizes.iter().zip(&lengths).map(|(size, length)| *size as f32 / *length as f32);
        let common = match self.policy {
            Policy::Stretch => None,
            Policy::NotLarger => ratios.reduce(f32::min),
            Policy::NotSmaller => ratios.reduce(f32::max),
        };
        let way = |(at, input): (usize, &usize)| {
            let length = *input as f32;
            let (scale, output) = match (scales.get(at), sizes.get(at), common) {
                (Some(scale), ..) => (*scale, (length * scale).floor()),
                (None, Some(_), Some(common)) => (common, (length * common).round()),
                (None, Some(size), None) => (*size as f32 / length, *size as f32),
                (None, None, _) => bail!("every axis has a scale or a size"),
            };
            ensure!(
                scale > 0.0
                    && scale <= RESIZE_SCALE
                    && (1..=LONGEST).contains(input)
                    && output <= LONGEST as f32,
                "an axis of {input} is not resized by {scale}"
            );
            // Default: all of the picture, where no part of it is given.
            let part =
                part.get(at).zip(part.get(at + count)).map_or((0.0, 1.0), |(start, end)| (*start, *end));
            Ok(Way { input: *input, output: output as usize, scale, part })
        };
        lengths.iter().enumerate().map(way).collect()
    }

    /// Resizes one axis.
    fn along(&self, tensor: &Tensor, axis: usize, way: &Way) -> Result<Tensor> {
        let mut shape = tensor.shape().to_vec();
        set(&mut shape, axis, way.output)?;
        room(&shape)?;
        let inner: usize = shape.iter().skip(axis + 1).product();
        if let Mode::Nearest(nearest) = self.mode {
            let outer: usize = shape.iter().take(axis).product();
            let along = (0..way.output).map(|at| nearest.place(way, way.coordinate(self.transformation, at)));
            let along: Vec<usize> = along.collect();
            let starts = (0..outer)
                .flat_map(|block| along.iter().map(move |place| (block * way.input + place) * inner));
            return tensor.take_runs(&starts.collect::<Vec<_>>(), inner, shape);
        }
        let mut blend = Blend::default();
        for at in 0..way.output {
            blend.push(self.parts(way, way.coordinate(self.transformation, at)));
        }
        let mut result = Tensor::zeros(ElementType::F32, &shape)?;
        if inner > 0 {
            blend.apply(tensor.elements()?, way.input, inner, result.elements_mut()?);
        }
        Ok(result)
    }

    /// The places around a coordinate, with their weights.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "there are fewer places than `LONGEST`"
    )]
    fn parts(&self, way: &Way, coordinate: f32) -> Vec<(usize, f32)> {
        let reach = if let Mode::Cubic { .. } = self.mode { 2.0 } else { 1.0 };
        // Of a smaller picture more places count, each less.
        let narrow = if self.antialias { way.scale.min(1.0) } else { 1.0 };
        let wide = reach / narrow;
        let first = (coordinate - wide).floor() + 1.0;
        let mut places = Vec::new();
        for nth in 0..=(2.0 * wide).ceil() as u32 {
            let at = first + nth as f32;
            if at < coordinate + wide && (!self.excludes || way.contains(at)) {
                places.push((way.clamped(at), self.weight((at - coordinate) * narrow)));
            }
        }
        let sum: f32 = places.iter().map(|(_, weight)| weight).sum();
        if (self.excludes || self.antialias) && sum != 0.0 {
            places.iter_mut().for_each(|(_, weight)| *weight /= sum);
        }
        places
    }

    /// The weight of a place that is so far away.
    fn weight(&self, distance: f32) -> f32 {
        let far = distance.abs();
        match self.mode {
            Mode::Cubic { a } if far <= 1.0 => ((a + 2.0) * far - (a + 3.0)) * far * far + 1.0,
            Mode::Cubic { a } if far < 2.0 => ((a * far - 5.0 * a) * far + 8.0 * a) * far - 4.0 * a,
            Mode::Cubic { .. } => 0.0,
            _ => (1.0 - far).max(0.0),
        }
    }

    /// Puts the number for what lies beyond the edges in its places.
    fn extrapolated(&self, result: Tensor, axis: usize, way: &Way) -> Result<Tensor> {
        let beyond: Vec<bool> =
            (0..way.output).map(|at| !way.contains(way.coordinate(self.transformation, at))).collect();
        if !beyond.contains(&true) {
            return Ok(result);
        }
        let number = Tensor::vector(vec![self.extrapolation]).cast(result.element())?;
        let inner: usize = result.shape().iter().skip(axis + 1).product();
        let along = beyond.iter().cycle().flat_map(|is_beyond| std::iter::repeat_n(*is_beyond, inner));
        let count = result.len();
        let taken: Vec<usize> =
            (0..count).zip(along).map(|(own, is_beyond)| if is_beyond { count } else { own }).collect();
        result.with_updates(&number, &taken)
    }
}

impl Nearest {
    #[expect(clippy::float_cmp, reason = "halves are exact")]
    fn place(self, way: &Way, coordinate: f32) -> usize {
        way.clamped(match self {
            Self::Ceil => coordinate.ceil(),
            Self::Floor => coordinate.floor(),
            Self::PreferFloor if coordinate == coordinate.floor() + 0.5 => coordinate.floor(),
            Self::PreferCeil | Self::PreferFloor => coordinate.round(),
            Self::Simple if way.scale < 1.0 => coordinate.ceil(),
            Self::Simple => coordinate.trunc(),
        })
    }
}

impl Operator for Resize {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        // Templates of older operators ask for the oldest version.
        let is_old = ctx.opset < 11 || node.op_type != "Resize";
        let text =
            |name: &str, default| node.optional(name).map(|text: Option<&str>| text.unwrap_or(default));
        let a = node.optional("cubic_coeff_a")?.unwrap_or(-0.75);
        let nearest = match text("nearest_mode", "round_prefer_floor")? {
            _ if is_old => Nearest::Simple,
            "ceil" => Nearest::Ceil,
            "floor" => Nearest::Floor,
            "round_prefer_ceil" => Nearest::PreferCeil,
            "round_prefer_floor" => Nearest::PreferFloor,
            other => bail!("there is no way {other} to the nearest pixel"),
        };
        let mode = match text("mode", "nearest")? {
            "nearest" => Mode::Nearest(nearest),
            "linear" | "bilinear" => Mode::Linear,
            "cubic" => Mode::Cubic { a },
            other => bail!("there is no mode {other}"),
        };
        let transformation = if is_old {
            Transformation::Asymmetric
        } else {
            text("coordinate_transformation_mode", "half_pixel")?.parse()?
        };
        let policy = match text("keep_aspect_ratio_policy", "stretch")? {
            "stretch" => Policy::Stretch,
            "not_larger" => Policy::NotLarger,
            "not_smaller" => Policy::NotSmaller,
            other => bail!("there is no policy {other}"),
        };
        let has = |position: usize| node.input.get(position).is_some_and(|name| !name.is_empty());
        Ok(Self {
            mode,
            transformation,
            policy,
            antialias: node.flag("antialias", false)? && !matches!(mode, Mode::Nearest(_)),
            excludes: node.flag("exclude_outside", false)?,
            extrapolation: node.optional("extrapolation_value")?.unwrap_or(0.0),
            axes: node.optional("axes")?,
            given: if is_old { [false, has(1), false] } else { [has(1), has(2), has(3)] },
            target: None,
            channels_last: false,
        })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let Some((element, dims)) = inputs.first() else { bail!("expected a picture") };
        let blends = !matches!(self.mode, Mode::Nearest(_));
        ensure!(
            !blends || !matches!(element, ElementType::Bool | ElementType::String),
            "{element:?} is not blended"
        );
        let mut resized = dims.clone();
        let axes = self.axes(dims.len())?;
        let target = self.target(values.get(1..).context("expected a picture")?)?;
        for (nth, axis) in axes.iter().enumerate() {
            let own = dims.get(*axis).context("an axis of the picture")?;
            let scale = target.as_ref().and_then(|target| target.scales.get(nth).copied());
            if own.known().is_none() || target.is_none() {
                set(&mut resized, *axis, if scale == Some(1.0) { own.clone() } else { Dim::open() })?;
            }
        }
        let known: Option<Vec<usize>> =
            axes.iter().map(|axis| dims.get(*axis).and_then(Dim::known)).collect();
        if let (Some(target), Some(known)) = (&target, known) {
            let all: Vec<usize> = (0..known.len()).collect();
            for (axis, way) in axes.iter().zip(self.ways(target, &all, &known)?) {
                set(&mut resized, *axis, Dim::from(way.output))?;
            }
        }
        Ok(vec![(*element, resized)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let (picture, parameters) = inputs.split_first().context("expected a picture")?;
        let parameters: Vec<Option<Tensor>> = parameters.iter().cloned().map(Some).collect();
        let target = self.target(&parameters)?.context("a picture has a target")?;
        let axes = self.axes(picture.rank())?;
        let ways = self.ways(&target, &axes, picture.shape())?;
        let blends = !matches!(self.mode, Mode::Nearest(_));
        let mut result = if blends { picture.cast(ElementType::F32)? } else { picture.clone() };
        let mut order: Vec<(usize, &Way)> = axes.iter().copied().zip(&ways).collect();
        // The last axis has the shortest runs: it goes first, while they are few.
        order.sort_by_key(|(axis, _)| std::cmp::Reverse(*axis));
        for (axis, way) in &order {
            let is_same = way.input == way.output && way.scale == 1.0;
            if !is_same || self.transformation == Transformation::Crop {
                result = self.along(&result, *axis, way)?;
            }
        }
        if self.transformation == Transformation::Crop {
            for (axis, way) in &order {
                result = self.extrapolated(result, *axis, way)?;
            }
        }
        Ok(vec![result.cast(picture.element())?])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Resize {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let Some((None, parameters)) = constants.split_first() else { return Ok(None) };
        if self.target.is_some() {
            return Ok(None);
        }
        let target = self.target(parameters)?;
        Ok(target
            .map(|target| (Arc::new(Self { target: Some(target), ..self.clone() }) as Rewritten, vec![0])))
    }

    fn channels_last(&self, _: usize) -> ChannelsLast {
        match self.target {
            Some(_) => ChannelsLast::As(Arc::new(Self { channels_last: true, ..self.clone() })),
            None => ChannelsLast::No,
        }
    }
}
