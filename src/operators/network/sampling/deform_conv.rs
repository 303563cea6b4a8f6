//! `DeformConv` (19 and 22): a convolution whose window is bent by offsets that another layer has computed.

use anyhow::{Context as _, Result, bail, ensure};

use super::bilinear::corners;
use super::{Context, Operator, Shape, Tensor};
use crate::onnx::pb::NodeProto;
use crate::tensor::{room, volume};

#[derive(Debug)]
pub(super) struct DeformConv {
    strides: [usize; 2],
    dilations: [usize; 2],
    pads: [usize; 4],
    groups: usize,
    offset_groups: usize,
    /// Whether there is a bias before the mask.
    biased: bool,
}

impl Operator for DeformConv {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self {
            strides: spatial(node, "strides", 1)?,
            dilations: spatial(node, "dilations", 1)?,
            pads: spatial(node, "pads", 0)?,
            groups: node.optional("group")?.unwrap_or(1),
            offset_groups: node.optional("offset_group")?.unwrap_or(1),
            biased: node.input.get(3).is_some_and(|name| !name.is_empty()),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, picture), (_, weights), (_, offsets), ..] = inputs else {
            bail!("expected three inputs")
        };
        let ([rows, _, _, _], [channels, ..], [_, _, height, width]) =
            (picture.as_slice(), weights.as_slice(), offsets.as_slice())
        else {
            bail!("only pictures are deformed")
        };
        ensure!(element.is_float(), "pictures of {element:?} are not deformed");
        Ok(vec![(*element, [rows, channels, height, width].map(Clone::clone).to_vec())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [picture, weights, offsets, rest @ ..] = inputs.as_slice() else {
            bail!("expected three inputs")
        };
        let (bias, rest) = if self.biased {
            let (bias, rest) = rest.split_first().context("expected a bias")?;
            (Some(bias), rest)
        } else {
            (None, rest)
        };
        let sizes = self.sizes(picture.shape(), weights.shape(), offsets.shape())?;
        let Sizes { rows, kernels, down, across, .. } = sizes;
        let mask_shape = [rows, sizes.taps() * self.offset_groups, down, across];
        ensure!(
            bias.is_none_or(|bias| bias.len() == kernels)
                && rest.first().is_none_or(|mask| mask.shape() == mask_shape),
            "bias and mask do not fit the weights"
        );
        let shape = vec![rows, kernels, down, across];
        let mut output = Vec::with_capacity(room(&shape)?);
        let convolution = Convolution {
            operator: self,
            sizes,
            pixels: &picture.to_vec()?,
            weights: &weights.to_vec()?,
            offsets: &offsets.to_vec()?,
            mask: rest.first().map(Tensor::to_vec).transpose()?,
        };
        let bias = match bias {
            Some(bias) => bias.to_vec::<f32>()?,
            None => vec![0.0; kernels],
        };
        for row in 0..rows {
            for (kernel, bias) in bias.iter().enumerate() {
                output.extend((0..down * across).map(|point| convolution.at(row, kernel, point, *bias)));
            }
        }
        Ok(vec![Tensor::new(shape, output)?.cast(picture.element())?])
    }
}

/// A list attribute with `N` numbers for the two axes of a picture; `absent` is each of them where it is left out.
fn spatial<const N: usize>(node: &NodeProto, name: &str, absent: usize) -> Result<[usize; N]> {
    let values: Vec<usize> = node.list(name)?;
    if values.is_empty() {
        return Ok([absent; N]);
    }
    // Positions are counted in floats.
    ensure!(values.iter().all(|value| *value < 1 << 24), "{name} of {values:?} are too long");
    values.try_into().ok().with_context(|| format!("expected {N} {name}: only pictures are deformed"))
}

/// The dimensions of the inputs.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    rows: usize,
    /// Of the picture.
    channels: usize,
    height: usize,
    width: usize,
    /// Of the result: one kernel makes one channel.
    kernels: usize,
    down: usize,
    across: usize,
    /// Of a kernel.
    own: usize,
    lines: usize,
    columns: usize,
}

impl Sizes {
    /// Places of a kernel.
    fn taps(&self) -> usize {
        self.lines * self.columns
    }
}

impl DeformConv {
    /// # Errors
    /// Shapes that do not fit together.
    fn sizes(&self, picture: &[usize], weights: &[usize], offsets: &[usize]) -> Result<Sizes> {
        let (
            &[rows, channels, height, width],
            &[kernels, own, lines, columns],
            &[offset_rows, shifts, down, across],
        ) = (picture, weights, offsets)
        else {
            bail!("only pictures are deformed")
        };
        let all_shifts = volume(&[2, lines, columns, self.offset_groups]);
        ensure!(
            self.groups > 0
                && self.offset_groups > 0
                && own.checked_mul(self.groups) == Some(channels)
                && kernels.is_multiple_of(self.groups)
                && channels.is_multiple_of(self.offset_groups)
                && offset_rows == rows
                && all_shifts == Some(shifts),
            "picture, weights and offsets do not fit together"
        );
        Ok(Sizes { rows, channels, height, width, kernels, down, across, own, lines, columns })
    }
}

/// What one number of the result is computed from: as many elements as `sizes` says.
struct Convolution<'a> {
    operator: &'a DeformConv,
    sizes: Sizes,
    pixels: &'a [f32],
    weights: &'a [f32],
    offsets: &'a [f32],
    mask: Option<Vec<f32>>,
}

impl Convolution<'_> {
    /// `bias` plus what the kernel makes of the picture around a point of the result.
    #[expect(
        clippy::indexing_slicing,
        reason = "tensors have the checked sizes, and `corners` stays in the plane"
    )]
    fn at(&self, row: usize, kernel: usize, point: usize, bias: f32) -> f32 {
        let Sizes { channels, height, width, kernels, down, across, own, .. } = self.sizes;
        let (taps, area) = (self.sizes.taps(), down * across);
        let group = kernel / (kernels / self.operator.groups);
        let mut sum = bias;
        for nth in 0..own {
            let channel = group * own + nth;
            let plane = &self.pixels[(row * channels + channel) * height * width..][..height * width];
            let offset_group =
                row * self.operator.offset_groups + channel / (channels / self.operator.offset_groups);
            let weights = &self.weights[(kernel * own + nth) * taps..][..taps];
            for (tap, weight) in weights.iter().enumerate() {
                let offset = (offset_group * taps + tap) * area;
                let (y, x) = self.tap_position(point, tap);
                let y = y + self.offsets[2 * offset + point];
                let x = x + self.offsets[2 * offset + area + point];
                // Around the picture lie zeros.
                let sampled = corners(y, x, height, width)
                    .into_iter()
                    .map(|(pixel, weight)| pixel.map_or(0.0, |pixel| plane[pixel] * weight));
                let seen = self.mask.as_ref().map_or(1.0, |mask| mask[offset + point]);
                sum += sampled.sum::<f32>() * weight * seen;
            }
        }
        sum
    }

    /// Where a place of the kernel lies over the picture, before it is shifted.
    #[expect(clippy::cast_precision_loss, reason = "pictures have fewer than 2^24 pixels along an axis")]
    fn tap_position(&self, point: usize, tap: usize) -> (f32, f32) {
        let DeformConv { strides, dilations, pads: [top, left, ..], .. } = self.operator;
        let Sizes { across, columns, .. } = self.sizes;
        let along = |at: usize, stride: usize, tap: usize, dilation: usize| {
            at.saturating_mul(stride).saturating_add(tap.saturating_mul(dilation)) as f32
        };
        let y = along(point / across, strides[0], tap / columns, dilations[0]);
        let x = along(point % across, strides[1], tap % columns, dilations[1]);
        (y - *top as f32, x - *left as f32)
    }
}
