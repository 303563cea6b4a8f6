//! `ConvTranspose` (1 to 22).

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use predictql_kernels::panels::{Finish, Panels};
use predictql_kernels::resample::{OUTSIDE, add_runs};

use super::geometry::{Axis, Spread, places};
use super::{
    Bounds, Channels, ChannelsLast, Context, Dim, Operator, Pointwise, Rewrites, Rewritten, Shape,
    constant_weights, double, numbers,
};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor, room};

/// Positions whose products are computed together.
const POSITIONS: usize = 96;

/// Every place of a picture times the weights, added to the places of the result below the window.
#[derive(Debug, Clone)]
pub(super) struct Transposed {
    spread: Spread,
    groups: usize,
    channels: Channels,
    bounds: Bounds,
    /// The weights and the bias, where they never change.
    weights: Option<Arc<Weights>>,
}

/// Weights as the loops take them.
#[derive(Debug, Clone)]
struct Weights {
    kernel: Vec<usize>,
    /// Channels of a picture.
    input: usize,
    /// Channels that a group gives the result.
    own: usize,
    /// For each group: a row for each of its channels, with the channels of the result for one place of the window after the other.
    groups: Vec<Panels>,
    /// For each channel of the result.
    bias: Vec<f32>,
}

impl Weights {
    /// Of `[input, output / groups, kernel …]`.
    fn new(weights: &Tensor, bias: Option<&Tensor>, groups: usize) -> Result<Self> {
        let [input, own, kernel @ ..] = weights.shape() else { bail!("weights have channels") };
        let (input, own, kernel) = (*input, *own, kernel.to_vec());
        ensure!(weights.len() > 0, "weights without places have no products");
        ensure!(groups > 0 && input % groups == 0, "{input} channels do not make {groups} groups");
        let taps = kernel.iter().product::<usize>();
        let bias = match bias {
            Some(bias) => bias.elements::<f32>()?.to_vec(),
            None => vec![0.0; own * groups],
        };
        ensure!(bias.len() == own * groups, "every channel has a bias");
        let turned = weights.clone().with_shape(vec![input, own, taps])?.transpose(&[0, 2, 1])?;
        let (depth, width) = (input / groups, taps * own);
        let groups = turned.elements::<f32>()?.chunks_exact(depth * width);
        let groups = groups.map(|rows| Panels::of_rows(rows, width, depth, width)).collect();
        Ok(Self { kernel, input, own, groups, bias })
    }

    /// Channels of the result.
    fn output(&self) -> usize {
        self.bias.len()
    }

    /// The same with what is multiplied and added behind it.
    fn scaled(&self, scale: &[f32], shift: &[f32]) -> Self {
        let mut scaled = self.clone();
        let numbers = self.bias.iter().zip(scale).zip(shift);
        scaled.bias = numbers.map(|((bias, scale), shift)| bias * scale + shift).collect();
        for (panels, scale) in scaled.groups.iter_mut().zip(scale.chunks(self.own)) {
            panels.scale(&scale.repeat(panels.columns() / self.own));
        }
        scaled
    }

    /// Adds what a picture gives to the places of `result`, of which `places` has one for each place of the window at each position.
    fn spread(&self, picture: &[f32], places: &[usize], result: &mut [f32]) {
        const PLAIN: Finish<'_> =
            Finish { bias: &[], low: f32::NEG_INFINITY, high: f32::INFINITY, onto: false };
        let depth = self.input / self.groups.len().max(1);
        let (mut rows, mut products) = (Vec::new(), Vec::new());
        for (group, panels) in self.groups.iter().enumerate() {
            let taps = panels.columns() / self.own;
            let blocks = picture.chunks(POSITIONS * self.input).zip(places.chunks(POSITIONS * taps));
            for (block, places) in blocks {
                rows.clear();
                for row in block.chunks_exact(self.input) {
                    rows.extend(row.iter().skip(group * depth).take(depth));
                }
                products.resize(rows.len() / depth * panels.columns(), 0.0);
                panels.product(&rows, &PLAIN, None, &mut products);
                add_runs(&products, self.own, places, (self.output(), group * self.own), result);
            }
        }
    }
}

impl Transposed {
    /// The lengths of the window and the channels of a picture and of the result, by the shape of the weights.
    fn of_shape(&self, dims: &[Dim]) -> Result<(Vec<usize>, usize, usize)> {
        let known: Option<Vec<usize>> = dims.iter().map(Dim::known).collect();
        match known.as_deref() {
            Some([input, own, kernel @ ..]) => Ok((kernel.to_vec(), *input, own.saturating_mul(self.groups))),
            _ => bail!("the shape of the weights has to be known"),
        }
    }

    fn run(&self, pictures: &Tensor, weights: &Weights) -> Result<Tensor> {
        let (rows, channels, picture) = Channels::Last.parts(pictures.shape())?;
        ensure!(channels == weights.input, "{channels} channels do not fit weights for {}", weights.input);
        let axes = self.spread.axes(&picture, &weights.kernel)?;
        let lengths: Vec<usize> = axes.iter().map(|axis| axis.input).collect();
        let shape = Channels::Last.shape(rows, weights.output(), lengths);
        room(&shape)?;
        let mut result = weights.bias.repeat(shape.iter().product::<usize>() / weights.output().max(1));
        let places = all_places(&axes, weights.kernel.iter().product())?;
        let from = picture.iter().product::<usize>() * channels;
        if from > 0 && rows > 0 {
            let to = result.len() / rows;
            let parts = pictures.elements::<f32>()?.chunks_exact(from);
            for (picture, result) in parts.zip(result.chunks_exact_mut(to.max(1))) {
                weights.spread(picture, &places, result);
            }
        }
        if !self.bounds.is_none() {
            self.bounds.keep(&mut result);
        }
        Tensor::new(shape, result)
    }
}

/// For each position of a window the place below each of its own.
#[expect(clippy::indexing_slicing, reason = "there is room for every place of the window")]
fn all_places(axes: &[Axis], taps: usize) -> Result<Vec<usize>> {
    let positions: usize = axes.iter().map(|axis| axis.output).product();
    let mut all = vec![OUTSIDE; room(&[positions, taps])?];
    let mut inside = Vec::new();
    for (position, all) in all.chunks_exact_mut(taps.max(1)).enumerate() {
        places(axes, position, &mut inside);
        inside.iter().for_each(|(tap, place)| all[*tap] = *place);
    }
    Ok(all)
}

impl Operator for Transposed {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let groups: usize = node.optional("group")?.unwrap_or(1);
        ensure!(matches!(node.input.len(), 2 | 3) && groups > 0, "a convolution has a picture and weights");
        let spread = Spread::parse(node)?;
        Ok(Self { spread, groups, channels: Channels::Second, bounds: Bounds::NONE, weights: None })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let Some((input, parameters)) = inputs.split_first() else { bail!("expected a picture") };
        let (rows, channels, picture) = self.channels.parts(numbers(input)?)?;
        let (kernel, own, output) = match (&self.weights, parameters) {
            (Some(weights), _) => (weights.kernel.clone(), weights.input, weights.output()),
            (None, [weights, ..]) => {
                ensure!(weights.0 == input.0, "pictures and weights are of one type");
                self.of_shape(&weights.1)?
            }
            (None, []) => bail!("expected weights"),
        };
        ensure!(
            channels.known().is_none_or(|channels| channels == own),
            "{channels} channels do not fit weights for {own}"
        );
        let lengths = self.spread.dims(&picture, &kernel)?;
        Ok(vec![(input.0, self.channels.shape(rows, Dim::from(output), lengths))])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let (picture, parameters) = inputs.split_first().context("expected a picture")?;
        if picture.element() == ElementType::F64 {
            let kernel = parameters.first().and_then(|weights| weights.shape().get(2..));
            let picture = self.channels.moved(picture)?;
            let (_, _, lengths) = Channels::Last.parts(picture.shape())?;
            let axes = self.spread.axes(&lengths, kernel.context("expected weights")?)?;
            let result = double::convolve(&picture, parameters, self.groups, &axes, true)?;
            return Ok(vec![self.channels.restored(result)?]);
        }
        let weights = match &self.weights {
            Some(weights) => weights.clone(),
            None => {
                let (weights, bias) = parameters.split_first().context("expected weights")?;
                Arc::new(Weights::new(weights, bias.first(), self.groups)?)
            }
        };
        let result = self.run(&self.channels.moved(picture)?, &weights)?;
        Ok(vec![self.channels.restored(result)?])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Transposed {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let Some((weights, bias)) = constant_weights(constants).filter(|_| self.weights.is_none()) else {
            return Ok(None);
        };
        let weights = Some(Arc::new(Weights::new(&weights, bias.as_ref(), self.groups)?));
        Ok(Some((Arc::new(Self { weights, ..self.clone() }), vec![0])))
    }

    fn channels_last(&self, _: usize) -> ChannelsLast {
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
                let weights = self.weights.as_ref().filter(|weights| weights.output() == scale.len())?;
                let weights = Some(Arc::new(weights.scaled(scale, shift)));
                Some(Arc::new(Self { weights, ..self.clone() }))
            }
            Pointwise::Shift(_) | Pointwise::Dequantize { .. } | Pointwise::Activation(_) => None,
        }
    }
}
