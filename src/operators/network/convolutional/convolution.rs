//! `Conv` (1 to 22).

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use predictql_kernels::convolve::{self, Depthwise, Expanded, Window};
use predictql_kernels::elementwise::{Arithmetic, Elements as _};
use predictql_kernels::panels::{Finish, Panels};

use super::geometry::{self, Axis, Geometry};
use super::{
    Bounds, Channels, ChannelsLast, Context, Dim, Operator, Pointwise, Rewrites, Rewritten, Shape, broadcast,
    constant_weights, double, numbers,
};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

/// The sums of the places of a window, each with its weight.
#[derive(Debug, Clone)]
pub(super) struct Convolution {
    geometry: Geometry,
    groups: usize,
    channels: Channels,
    bounds: Bounds,
    /// Whether the last input is added.
    adds: bool,
    /// The weights and the bias, where they never change.
    weights: Option<Arc<Weights>>,
    /// What happens to the picture before.
    expansion: Option<Expansion>,
}

/// A convolution of single places, which makes other channels of them.
#[derive(Debug, Clone)]
pub(crate) struct Expansion {
    weights: Arc<Weights>,
    bounds: Bounds,
}

/// Weights as the loops take them.
#[derive(Debug, Clone)]
struct Weights {
    kernel: Vec<usize>,
    /// Channels of a picture.
    input: usize,
    /// Channels of a result.
    output: usize,
    /// For each place of the window along the axes in front of the last two.
    packed: Vec<Packed>,
    /// For each channel of a result; none where it is empty.
    bias: Vec<f32>,
}

#[derive(Debug, Clone)]
enum Packed {
    /// For each group.
    Dense(Vec<Panels>),
    /// Each channel by itself.
    Depthwise(Depthwise),
}

impl Weights {
    /// Of `[output, input / groups, kernel …]`.
    fn new(weights: &Tensor, bias: Option<&Tensor>, groups: usize) -> Result<Self> {
        let [output, own, kernel @ ..] = weights.shape() else { bail!("weights have channels") };
        ensure!(weights.len() > 0, "weights without places have no sums");
        let (output, own, kernel) = (*output, *own, kernel.to_vec());
        ensure!(groups > 0 && output % groups == 0, "{output} channels do not make {groups} groups");
        let bias =
            bias.map_or(Ok(Vec::new()), |bias| Ok::<_, anyhow::Error>(bias.elements::<f32>()?.to_vec()))?;
        ensure!(bias.is_empty() || bias.len() == output, "every channel has a bias");
        let input = own.checked_mul(groups).context("a picture has more channels than memory has places")?;
        let (outer, inner) = kernel.split_at(kernel.len().saturating_sub(2));
        let (planes, taps): (usize, usize) = (outer.iter().product(), inner.iter().product());
        let depth = own * taps;
        let weights =
            weights.clone().with_shape(vec![output, own, planes, taps])?.transpose(&[2, 0, 1, 3])?;
        let packed = weights.elements::<f32>()?.chunks(output * depth).map(|numbers| {
            if own == 1 && output == groups && groups > 1 {
                return Packed::Depthwise(Depthwise::new(numbers, output));
            }
            let columns = numbers.chunks(output / groups * depth);
            // The channels of a place follow one another.
            Packed::Dense(columns.map(|columns| Panels::new(columns, own, taps)).collect())
        });
        let packed = packed.collect();
        Ok(Self { kernel, input, output, packed, bias })
    }

    /// The same with what is multiplied and added behind it.
    fn scaled(&self, scale: &[f32], shift: &[f32]) -> Self {
        let mut scaled = self.clone();
        let bias = if self.bias.is_empty() { vec![0.0; self.output] } else { self.bias.clone() };
        scaled.bias =
            bias.iter().zip(scale).zip(shift).map(|((bias, scale), shift)| bias * scale + shift).collect();
        for packed in &mut scaled.packed {
            match packed {
                Packed::Depthwise(weights) => weights.scale(scale),
                Packed::Dense(groups) => {
                    let columns = (self.output / groups.len().max(1)).max(1);
                    for (panels, scale) in groups.iter_mut().zip(scale.chunks(columns)) {
                        panels.scale(scale);
                    }
                }
            }
        }
        scaled
    }

    /// The matrix, where the window is one place and sees all channels.
    fn product(&self) -> Option<&Panels> {
        match self.packed.as_slice() {
            [Packed::Dense(groups)] if self.kernel.iter().all(|length| *length == 1) => {
                match groups.as_slice() {
                    [panels] => Some(panels),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The weights of a window along at most two axes that sees each channel by itself.
    fn by_channel(&self) -> Option<&Depthwise> {
        match self.packed.as_slice() {
            [Packed::Depthwise(weights)] if self.kernel.len() <= 2 => Some(weights),
            _ => None,
        }
    }

    /// Convolves a picture. Along the axes `outer`, in front of the last two, the results of planes are added up.
    #[expect(
        clippy::indexing_slicing,
        reason = "a picture has the planes that its axes say, and each place its weights"
    )]
    fn convolve(
        &self,
        picture: &[f32],
        outer: &[Axis],
        window: &Window,
        finish: &Finish<'_>,
        result: &mut [f32],
    ) {
        let from = window.input.iter().product::<usize>() * self.input;
        let to = window.output.iter().product::<usize>() * self.output;
        let (mut places, zeros) = (Vec::new(), vec![0.0; if outer.is_empty() { 0 } else { from }]);
        for (position, plane) in result.chunks_exact_mut(to.max(1)).enumerate() {
            geometry::places(outer, position, &mut places);
            if places.is_empty() {
                self.convolve_plane(&zeros, 0, window, finish, plane);
            }
            for (nth, (tap, place)) in places.iter().enumerate() {
                let mut finish = *finish;
                if nth > 0 {
                    finish = Finish { bias: &[], onto: true, ..finish };
                }
                if nth + 1 < places.len() {
                    finish = Finish { low: f32::NEG_INFINITY, high: f32::INFINITY, ..finish };
                }
                self.convolve_plane(&picture[place * from..][..from], *tap, window, &finish, plane);
            }
        }
    }

    #[expect(clippy::indexing_slicing, reason = "every place of the window has its weights")]
    fn convolve_plane(
        &self,
        plane: &[f32],
        tap: usize,
        window: &Window,
        finish: &Finish<'_>,
        result: &mut [f32],
    ) {
        match &self.packed[tap] {
            Packed::Dense(groups) => convolve::dense(plane, self.input, window, groups, finish, result),
            Packed::Depthwise(weights) => weights.convolve(plane, window, finish, result),
        }
    }
}

impl Expansion {
    /// Convolves a picture by `weights` of single channels behind it.
    fn convolve(
        &self,
        picture: &[f32],
        weights: &Weights,
        window: &Window,
        finish: Finish<'_>,
        result: &mut [f32],
    ) -> Result<()> {
        let panels = self.weights.product().context("an expansion is a product")?;
        let weights = weights.by_channel().context("an expansion stands in front of single channels")?;
        let first =
            Finish { bias: &self.weights.bias, low: self.bounds.low, high: self.bounds.high, onto: false };
        Expanded { panels, first, weights, window, finish }.convolve(picture, result);
        Ok(())
    }
}

impl Convolution {
    /// The lengths of the window over weights of these lengths.
    fn kernel(&self, weights: &[usize]) -> Result<Vec<usize>> {
        let kernel = self.geometry.kernel(weights)?;
        ensure!(kernel == weights, "a window of {kernel:?} does not fit weights of {weights:?}");
        Ok(kernel)
    }

    /// The lengths of the window and the channels of a picture and of a result, by the shape of the weights.
    fn of_shape(&self, dims: &[Dim]) -> Result<(Vec<usize>, usize, usize)> {
        let known: Option<Vec<usize>> = dims.iter().map(Dim::known).collect();
        match known.as_deref() {
            Some([output, own, kernel @ ..]) => {
                ensure!(
                    self.groups > 0 && output % self.groups == 0,
                    "the groups do not fit {output} channels"
                );
                Ok((self.kernel(kernel)?, own.saturating_mul(self.groups), *output))
            }
            _ => bail!("the shape of the weights has to be known"),
        }
    }

    /// The inputs: the picture, and what the result is added to; and the weights.
    fn split(&self, inputs: Vec<Tensor>) -> Result<(Tensor, Option<Tensor>, Arc<Weights>)> {
        let mut inputs = inputs.into_iter();
        let picture = inputs.next().context("expected a picture")?;
        let weights = match &self.weights {
            Some(weights) => weights.clone(),
            None => {
                let weights = inputs.next().context("expected weights")?;
                let bias = inputs.next();
                Arc::new(Weights::new(&weights, bias.as_ref(), self.groups)?)
            }
        };
        let onto = if self.adds { Some(inputs.next().context("expected what is added")?) } else { None };
        Ok((picture, onto, weights))
    }

    /// Whether it does nothing else yet, on pictures whose channels are last.
    fn is_alone(&self) -> bool {
        self.channels == Channels::Last && !self.adds && self.expansion.is_none()
    }

    /// The channels of a picture; `weights` are for so many.
    fn input(&self, weights: usize) -> usize {
        self.expansion.as_ref().map_or(weights, |first| first.weights.input)
    }

    /// Convolves every picture of `pictures`, whose channels are last, onto `sums`.
    fn run(&self, pictures: &Tensor, weights: &Weights, onto: Option<Tensor>) -> Result<Tensor> {
        let (rows, channels, picture) = Channels::Last.parts(pictures.shape())?;
        let input = self.input(weights.input);
        ensure!(channels == input, "{channels} channels do not fit weights for {input}");
        let axes = self.geometry.axes(&picture, &self.kernel(&weights.kernel)?)?;
        let (outer, inner) = axes.split_at(axes.len().saturating_sub(2));
        let (window, _) = geometry::window(inner)?;
        let lengths: Vec<usize> = axes.iter().map(|axis| axis.output).collect();
        let positions: usize = lengths.iter().product();
        let shape = Channels::Last.shape(rows, weights.output, lengths);
        let is_in_place = onto.as_ref().is_some_and(|onto| onto.shape() == shape);
        let (mut result, other) = match onto {
            Some(onto) if is_in_place => (onto, None),
            other => (Tensor::zeros(ElementType::F32, &shape)?, other),
        };
        let bounds = if other.is_some() { Bounds::NONE } else { self.bounds };
        let finish = Finish { bias: &weights.bias, low: bounds.low, high: bounds.high, onto: is_in_place };
        let (from, to) = (picture.iter().product::<usize>() * channels, positions * weights.output);
        let parts = pictures.elements::<f32>()?.chunks_exact(from.max(1));
        for (picture, result) in parts.zip(result.elements_mut::<f32>()?.chunks_exact_mut(to.max(1))) {
            match &self.expansion {
                Some(first) => first.convolve(picture, weights, &window, finish, result)?,
                None => weights.convolve(picture, outer, &window, &finish, result),
            }
        }
        match other {
            Some(other) => self.added(result, other),
            None => Ok(result),
        }
    }

    fn doubles(&self, picture: &Tensor, parameters: &[Tensor]) -> Result<Tensor> {
        let kernel = parameters.first().and_then(|weights| weights.shape().get(2..));
        let picture = self.channels.moved(picture)?;
        let (_, _, lengths) = Channels::Last.parts(picture.shape())?;
        let axes = self.geometry.axes(&lengths, &self.kernel(kernel.context("expected weights")?)?)?;
        self.channels.restored(double::convolve(&picture, parameters, self.groups, &axes, false)?)
    }

    /// What a convolution and a tensor of another shape add up to.
    fn added(&self, result: Tensor, other: Tensor) -> Result<Tensor> {
        let mut sum = broadcast::combine(result, other, true, |a, b| f32::combine(Arithmetic::Add, a, b))?;
        self.bounds.keep(sum.elements_mut()?);
        Ok(sum)
    }
}

impl Operator for Convolution {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let groups = usize::try_from(node.optional::<i64>("group")?.unwrap_or(1))?;
        let geometry = Geometry::parse(node)?;
        ensure!(matches!(node.input.len(), 2 | 3), "a convolution has a picture and weights");
        Ok(Self {
            geometry,
            groups,
            channels: Channels::Second,
            bounds: Bounds::NONE,
            adds: false,
            weights: None,
            expansion: None,
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let Some((input, parameters)) = inputs.split_first() else { bail!("expected a picture") };
        let (rows, channels, picture) = self.channels.parts(numbers(input)?)?;
        let (kernel, own, output) = match (&self.weights, parameters) {
            (Some(weights), _) => (self.kernel(&weights.kernel)?, weights.input, weights.output),
            (None, [weights, ..]) => {
                ensure!(weights.0 == input.0, "pictures and weights are of one type");
                self.of_shape(&weights.1)?
            }
            (None, []) => bail!("expected weights"),
        };
        let own = self.input(own);
        ensure!(
            channels.known().is_none_or(|channels| channels == own),
            "{channels} channels do not fit weights for {own}"
        );
        ensure!(
            kernel.len() == picture.len() && !picture.is_empty(),
            "a window of {} axes does not fit {}",
            kernel.len(),
            picture.len()
        );
        let lengths = self.geometry.dims(&picture, &kernel)?;
        Ok(vec![(input.0, self.channels.shape(rows, Dim::from(output), lengths))])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        if let [picture, parameters @ ..] = inputs.as_slice()
            && picture.element() == ElementType::F64
        {
            return Ok(vec![self.doubles(picture, parameters)?]);
        }
        let (picture, onto, weights) = self.split(inputs)?;
        let picture = self.channels.moved(&picture)?;
        let onto = onto.map(|onto| match self.channels {
            Channels::Last => Ok(onto),
            Channels::Second => self.channels.moved(&onto),
        });
        let result = self.run(&picture, &weights, onto.transpose()?)?;
        Ok(vec![self.channels.restored(result)?])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Convolution {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let Some((weights, bias)) = constant_weights(constants).filter(|_| self.weights.is_none()) else {
            return Ok(None);
        };
        let weights = Some(Arc::new(Weights::new(&weights, bias.as_ref(), self.groups)?));
        Ok(Some((Arc::new(Self { weights, ..self.clone() }), vec![0])))
    }

    fn channels_last(&self, _: usize) -> ChannelsLast {
        // Weights that are computed are no picture to be moved.
        match self.weights {
            Some(_) => ChannelsLast::Wants(Arc::new(Self { channels: Channels::Last, ..self.clone() })),
            None => ChannelsLast::No,
        }
    }

    fn then(&self, next: &Pointwise) -> Option<Rewritten> {
        // Without weights, there may be numbers of 64 bits.
        if !self.bounds.is_none() || self.weights.is_none() {
            return None;
        }
        match next {
            Pointwise::Clamp { low, high } => {
                let bounds = Bounds { low: *low, high: *high };
                Some(Arc::new(Self { bounds, ..self.clone() }))
            }
            Pointwise::Channels { scale, shift } => {
                let weights =
                    self.weights.as_ref().filter(|weights| !self.adds && weights.output == scale.len())?;
                let weights = Some(Arc::new(weights.scaled(scale, shift)));
                Some(Arc::new(Self { weights, ..self.clone() }))
            }
            Pointwise::Shift(_) | Pointwise::Dequantize { .. } | Pointwise::Activation(_) => None,
        }
    }

    fn expansion(&self) -> Option<Expansion> {
        let weights = self.weights.as_ref().filter(|weights| weights.product().is_some())?;
        (self.is_alone() && self.geometry.is_plain())
            .then(|| Expansion { weights: weights.clone(), bounds: self.bounds })
    }

    fn expanded(&self, first: &Expansion) -> Option<Rewritten> {
        let weights = self.weights.as_ref().filter(|weights| weights.by_channel().is_some())?;
        (self.is_alone() && weights.input == first.weights.output)
            .then(|| Arc::new(Self { expansion: Some(first.clone()), ..self.clone() }) as Rewritten)
    }

    fn adding(&self) -> Option<Rewritten> {
        let can = self.weights.is_some() && !self.adds && self.bounds.is_none();
        can.then(|| Arc::new(Self { adds: true, ..self.clone() }) as Rewritten)
    }
}
