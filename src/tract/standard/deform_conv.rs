//! `DeformConv` of ai.onnx 19 and 22: a convolution whose kernel is bent by offsets that another layer has computed.
//! tract has none.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TValue, TVec, Tensor, TractResult, bail, ensure, format_err, tvec};

use super::bilinear::corners;
use super::{Operator, Shape, elements, from_floats, input};

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
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self {
            strides: spatial(node, "strides", 1)?,
            dilations: spatial(node, "dilations", 1)?,
            pads: spatial(node, "pads", 0)?,
            groups: node.get_attr_opt("group")?.unwrap_or(1),
            offset_groups: node.get_attr_opt("offset_group")?.unwrap_or(1),
            biased: node.input.get(3).is_some_and(|name| !name.is_empty()),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(element, image), (_, kernel), (_, offsets), ..] = inputs else {
            bail!("expected three inputs")
        };
        let ([batch, _, _, _], [channels, ..], [_, _, height, width]) =
            (image.as_slice(), kernel.as_slice(), offsets.as_slice())
        else {
            bail!("only images are deformed")
        };
        Ok(tvec!((*element, tvec!(batch.clone(), channels.clone(), height.clone(), width.clone()))))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (image, kernel, offset) = (input(inputs, 0)?, input(inputs, 1)?, input(inputs, 2)?);
        let bias = if self.biased { Some(input(inputs, 3)?) } else { None };
        let mask = inputs.get(3 + usize::from(self.biased)).map(|mask| &**mask);
        let sizes = self.sizes(image.shape(), kernel.shape(), offset.shape())?;
        let Sizes { batch, kernels, down, across, .. } = sizes;
        let mask_shape = [batch, sizes.taps() * self.offset_groups, down, across];
        ensure!(
            bias.is_none_or(|bias| bias.len() == kernels)
                && mask.is_none_or(|mask| mask.shape() == mask_shape),
            "bias and mask do not fit the kernel"
        );
        let convolution = Convolution {
            operator: self,
            sizes,
            pixels: &elements(image)?,
            weights: &elements(kernel)?,
            offsets: &elements(offset)?,
            mask: mask.map(elements).transpose()?,
        };
        let bias = match bias {
            Some(bias) => elements(bias)?,
            None => vec![0.0; kernels],
        };
        let mut output = Vec::with_capacity(batch * kernels * down * across);
        for item in 0..batch {
            for (kernel, bias) in bias.iter().enumerate() {
                output.extend((0..down * across).map(|point| convolution.at(item, kernel, point, *bias)));
            }
        }
        Ok(tvec!(from_floats(&output, image.datum_type(), &[batch, kernels, down, across])?))
    }
}

/// A list attribute with `N` numbers for the two axes of an image; `absent` is each of them where it is left out.
fn spatial<const N: usize>(node: &NodeProto, name: &str, absent: usize) -> TractResult<[usize; N]> {
    match node.get_attr_opt_vec::<usize>(name)? {
        Some(values) => values.try_into().map_err(|_| format_err!("only images are deformed")),
        None => Ok([absent; N]),
    }
}

/// The dimensions of the inputs.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    batch: usize,
    /// Of the image.
    channels: usize,
    height: usize,
    width: usize,
    /// Of the output: one kernel makes one channel.
    kernels: usize,
    down: usize,
    across: usize,
    /// Of a kernel.
    channels_per_group: usize,
    rows: usize,
    columns: usize,
}

impl Sizes {
    /// Positions in a kernel.
    fn taps(&self) -> usize {
        self.rows * self.columns
    }
}

impl DeformConv {
    /// # Errors
    /// Shapes that do not fit together.
    fn sizes(&self, image: &[usize], kernel: &[usize], offset: &[usize]) -> TractResult<Sizes> {
        let (
            &[batch, channels, height, width],
            &[kernels, channels_per_group, rows, columns],
            &[offsets, shifts, down, across],
        ) = (image, kernel, offset)
        else {
            bail!("only images are deformed")
        };
        ensure!(
            self.groups > 0
                && self.offset_groups > 0
                && channels == channels_per_group * self.groups
                && kernels.is_multiple_of(self.groups)
                && channels.is_multiple_of(self.offset_groups)
                && offsets == batch
                && shifts == 2 * rows * columns * self.offset_groups,
            "image, kernel and offsets do not fit together"
        );
        Ok(Sizes { batch, channels, height, width, kernels, down, across, channels_per_group, rows, columns })
    }
}

/// What one output of the convolution is computed from: as many elements as `sizes` says.
struct Convolution<'a> {
    operator: &'a DeformConv,
    sizes: Sizes,
    pixels: &'a [f32],
    weights: &'a [f32],
    offsets: &'a [f32],
    mask: Option<Vec<f32>>,
}

impl Convolution<'_> {
    /// `bias` plus what the kernel makes of the image around a point of the output.
    #[expect(
        clippy::indexing_slicing,
        reason = "tensors have the checked sizes, and `corners` stays in the plane"
    )]
    fn at(&self, item: usize, kernel: usize, point: usize, bias: f32) -> f32 {
        let Sizes { channels, height, width, kernels, down, across, .. } = self.sizes;
        let (channels_per_group, taps, area) =
            (self.sizes.channels_per_group, self.sizes.taps(), down * across);
        let group = kernel / (kernels / self.operator.groups);
        let mut sum = bias;
        for channel_in_group in 0..channels_per_group {
            let channel = group * channels_per_group + channel_in_group;
            let plane = &self.pixels[(item * channels + channel) * height * width..][..height * width];
            let offset_group =
                item * self.operator.offset_groups + channel / (channels / self.operator.offset_groups);
            let weights = &self.weights[(kernel * channels_per_group + channel_in_group) * taps..][..taps];
            for (tap, weight) in weights.iter().enumerate() {
                let offset = (offset_group * taps + tap) * area;
                let (y, x) = self.tap_position(point, tap);
                let y = y + self.offsets[2 * offset + point];
                let x = x + self.offsets[2 * offset + area + point];
                // Around the image lie zeros.
                let sampled = corners(y, x, height, width)
                    .into_iter()
                    .map(|(pixel, weight)| pixel.map_or(0.0, |pixel| plane[pixel] * weight));
                let seen = self.mask.as_ref().map_or(1.0, |mask| mask[offset + point]);
                sum += sampled.sum::<f32>() * weight * seen;
            }
        }
        sum
    }

    /// Where a tap of the kernel lies over the image, before it is shifted.
    #[expect(clippy::cast_precision_loss, reason = "images have fewer than 2^24 pixels along an axis")]
    fn tap_position(&self, point: usize, tap: usize) -> (f32, f32) {
        let DeformConv { strides, dilations, pads: [top, left, ..], .. } = self.operator;
        let Sizes { across, columns, .. } = self.sizes;
        let y = point / across * strides[0] + tap / columns * dilations[0];
        let x = point % across * strides[1] + tap % columns * dilations[1];
        (y as f32 - *top as f32, x as f32 - *left as f32)
    }
}
