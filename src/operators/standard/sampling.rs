//! RoiAlign, DeformConv and AffineGrid: images looked at between their pixels.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, format_err, tvec,
};

use super::values::{floats, input, tensor};
use super::{Operator, Shape, whole};
use crate::limits::REGION_SAMPLES;

/// The four pixels around a point, each with its weight; pixels outside of the plane are left out.
fn corners(y: f32, x: f32, height: usize, width: usize) -> [(Option<usize>, f32); 4] {
    let (top, left) = (y.floor(), x.floor());
    let (low, right) = (y - top, x - left);
    let place = |y: f32, x: f32| {
        let inside = y >= 0.0 && x >= 0.0 && y < height as f32 && x < width as f32;
        inside.then_some(y as usize * width + x as usize)
    };
    [
        (place(top, left), (1.0 - low) * (1.0 - right)),
        (place(top, left + 1.0), (1.0 - low) * right),
        (place(top + 1.0, left), low * (1.0 - right)),
        (place(top + 1.0, left + 1.0), low * right),
    ]
}

/// Regions of an image, each divided into the same number of bins.
#[derive(Debug)]
pub(super) struct RoiAlign {
    half_pixel: bool,
    greatest: bool,
    height: usize,
    width: usize,
    samples: usize,
    scale: u32,
}

impl Operator for RoiAlign {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        // Version 16 moved regions by half a pixel, by default.
        let usual = if ctx.onnx_operator_set_version < 16 { "output_half_pixel" } else { "half_pixel" };
        let transformation = node.get_attr_opt("coordinate_transformation_mode")?.unwrap_or(usual);
        Ok(Self {
            half_pixel: transformation == "half_pixel",
            greatest: node.get_attr_opt("mode")?.unwrap_or("avg") == "max",
            height: node.get_attr_opt("output_height")?.unwrap_or(1),
            width: node.get_attr_opt("output_width")?.unwrap_or(1),
            samples: node.get_attr_opt("sampling_ratio")?.unwrap_or(0),
            scale: node.get_attr_opt::<f32>("spatial_scale")?.unwrap_or(1.0).to_bits(),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(element, image), (_, regions), _] = inputs else { bail!("expected three inputs") };
        let ([_, channels, _, _], [count, _]) = (image.as_slice(), regions.as_slice()) else {
            bail!("expected images and a matrix of regions")
        };
        Ok(tvec!((
            *element,
            tvec!(count.clone(), channels.clone(), self.height.to_dim(), self.width.to_dim())
        )))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let image = input(inputs, 0)?;
        let (regions, images) = (floats(input(inputs, 1)?)?, whole(input(inputs, 2)?)?);
        let &[batch, channels, height, width] = image.shape() else { bail!("expected images") };
        let pixels = floats(image)?;
        let scale = f32::from_bits(self.scale);
        let mut output = Vec::with_capacity(images.len() * channels * self.height * self.width);
        for (region, at) in regions.chunks_exact(4).zip(&images) {
            let of = |place: usize| {
                region.get(place).copied().unwrap_or_default() * scale
                    - if self.half_pixel { 0.5 } else { 0.0 }
            };
            let (left, top) = (of(0), of(1));
            let (mut across, mut down) = (of(2) - left, of(3) - top);
            if !self.half_pixel {
                (across, down) = (across.max(1.0), down.max(1.0));
            }
            let (bin_down, bin_across) = (down / self.height as f32, across / self.width as f32);
            let samples = |bin: f32| if self.samples > 0 { self.samples } else { bin.ceil() as usize };
            let (rows, columns) = (samples(bin_down), samples(bin_across));
            ensure!(rows.saturating_mul(columns) <= REGION_SAMPLES, "a region is too large to be sampled");
            let at = usize::try_from(*at).ok().filter(|at| *at < batch);
            let Some(at) = at else { bail!("a region is of image {at:?} of {batch}") };
            for channel in 0..channels {
                let from = (at * channels + channel) * height * width;
                let plane = pixels.get(from..from + height * width).unwrap_or_default();
                for bin in 0..self.height * self.width {
                    let (bin_row, bin_column) = (bin / self.width, bin % self.width);
                    let mut sum = 0.0;
                    let mut greatest: Option<f32> = None;
                    for sample in 0..rows * columns {
                        let along = |bin: usize, step: usize, steps: usize, size: f32| {
                            bin as f32 * size + (step as f32 + 0.5) * size / steps as f32
                        };
                        let y = top + along(bin_row, sample / columns, rows, bin_down);
                        let x = left + along(bin_column, sample % columns, columns, bin_across);
                        let outside = y < -1.0 || x < -1.0 || y > height as f32 || x > width as f32;
                        // Points at the rim are taken to it.
                        let y = y.max(0.0).min(height as f32 - 1.0);
                        let x = x.max(0.0).min(width as f32 - 1.0);
                        for (place, weight) in corners(y, x, height, width) {
                            let pixel = place.and_then(|place| plane.get(place)).copied().unwrap_or_default();
                            let part = if outside { 0.0 } else { pixel * weight };
                            sum += part;
                            greatest = Some(greatest.map_or(part, |greatest| greatest.max(part)));
                        }
                    }
                    output.push(match self.greatest {
                        true => greatest.unwrap_or_default(),
                        false => sum / (rows * columns).max(1) as f32,
                    });
                }
            }
        }
        let shape = [images.len(), channels, self.height, self.width];
        Ok(tvec!(tensor(&output, image.datum_type(), &shape)?))
    }
}

/// A convolution whose kernel is bent by offsets that another layer has computed.
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
        let list = |name: &str| node.get_attr_opt_vec::<usize>(name);
        let pair = |name: &str| -> TractResult<[usize; 2]> {
            list(name)?
                .unwrap_or_else(|| vec![1, 1])
                .try_into()
                .map_err(|_| format_err!("only images are deformed"))
        };
        let pads = list("pads")?.unwrap_or_else(|| vec![0; 4]);
        Ok(Self {
            strides: pair("strides")?,
            dilations: pair("dilations")?,
            pads: pads.try_into().map_err(|_| format_err!("only images are deformed"))?,
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
        let (&[batch, channels, height, width], &[made, of_group, rows, columns], &[_, shifts, down, across]) =
            (image.shape(), kernel.shape(), offset.shape())
        else {
            bail!("only images are deformed")
        };
        let taps = rows * columns;
        ensure!(
            self.groups > 0
                && self.offset_groups > 0
                && channels == of_group * self.groups
                && made.is_multiple_of(self.groups)
                && channels.is_multiple_of(self.offset_groups)
                && shifts == 2 * taps * self.offset_groups,
            "image, kernel and offsets do not fit together"
        );
        let (pixels, weights, offsets) = (floats(image)?, floats(kernel)?, floats(offset)?);
        let bias = if self.biased { floats(input(inputs, 3)?)? } else { Vec::new() };
        let mask = inputs.get(3 + usize::from(self.biased)).map(|mask| floats(mask)).transpose()?;
        let area = down * across;
        let mut output = vec![0.0; batch * made * area];
        for (at, sum) in output.iter_mut().enumerate() {
            let (plane, place) = (at / area, at % area);
            let (item, channel) = (plane / made, plane % made);
            let group = channel / (made / self.groups);
            *sum = bias.get(channel).copied().unwrap_or_default();
            for of in 0..of_group {
                let source = group * of_group + of;
                let from = (item * channels + source) * height * width;
                let pixels = pixels.get(from..from + height * width).unwrap_or_default();
                let bend = item * self.offset_groups + source / (channels / self.offset_groups);
                for tap in 0..taps {
                    let shift = |axis: usize| {
                        let at = ((bend * taps + tap) * 2 + axis) * area + place;
                        offsets.get(at).copied().unwrap_or_default()
                    };
                    let along = |step: usize, tap: usize, axis: usize| {
                        let of = |values: &[usize]| values.get(axis).copied().unwrap_or_default();
                        (step * of(&self.strides) + tap * of(&self.dilations)) as f32 - of(&self.pads) as f32
                    };
                    let y = along(place / across, tap / columns, 0) + shift(0);
                    let x = along(place % across, tap % columns, 1) + shift(1);
                    let sampled = corners(y, x, height, width).into_iter().map(|(place, weight)| {
                        place.and_then(|place| pixels.get(place)).map_or(0.0, |pixel| pixel * weight)
                    });
                    let weight =
                        weights.get((channel * of_group + of) * taps + tap).copied().unwrap_or_default();
                    let seen = mask.as_ref().map_or(1.0, |mask| {
                        mask.get((bend * taps + tap) * area + place).copied().unwrap_or_default()
                    });
                    *sum += sampled.sum::<f32>() * weight * seen;
                }
            }
        }
        Ok(tvec!(tensor(&output, image.datum_type(), &[batch, made, down, across])?))
    }
}

/// Where the pixels of an image lie before an affine transformation.
#[derive(Debug)]
pub(super) struct AffineGrid {
    align_corners: bool,
}

impl Operator for AffineGrid {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self { align_corners: node.get_attr_opt::<i64>("align_corners")?.unwrap_or(0) != 0 })
    }

    fn outputs(&self, _: &[Shape]) -> TractResult<TVec<Shape>> {
        bail!("the size of the grid must be known")
    }

    fn sizes(&self) -> &'static [usize] {
        &[1]
    }

    fn sized_outputs(&self, inputs: &[Shape], sizes: &[Vec<i64>]) -> TractResult<TVec<Shape>> {
        let ([(element, _), ..], [size]) = (inputs, sizes) else { bail!("expected two inputs") };
        let [batch, _, lengths @ ..] = size.as_slice() else {
            bail!("expected the size of a batch of images")
        };
        let dims = std::iter::once(*batch).chain(lengths.iter().copied()).chain([lengths.len() as i64]);
        Ok(tvec!((*element, dims.map(|dim| dim.to_dim()).collect())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let theta = input(inputs, 0)?;
        let size =
            whole(input(inputs, 1)?)?.into_iter().map(usize::try_from).collect::<Result<Vec<_>, _>>()?;
        let [batch, _, lengths @ ..] = size.as_slice() else {
            bail!("expected the size of a batch of images")
        };
        let rank = lengths.len();
        ensure!(theta.shape() == [*batch, rank, rank + 1], "a matrix of {:?} does not fit", theta.shape());
        let places: usize = lengths.iter().product();
        let mut output = Vec::with_capacity(batch * places * rank);
        for matrix in floats(theta)?.chunks(rank * (rank + 1)) {
            for place in 0..places {
                // From -1 to 1 along each axis, the last axis first.
                let mut rest = place;
                let mut point = Vec::with_capacity(rank + 1);
                for length in lengths.iter().rev() {
                    let at = (rest % length) as f32;
                    rest /= length;
                    point.push(match self.align_corners {
                        true => 2.0 * at / (*length as f32 - 1.0) - 1.0,
                        false => (2.0 * at + 1.0) / *length as f32 - 1.0,
                    });
                }
                point.push(1.0);
                let rows = matrix.chunks(rank + 1);
                output.extend(rows.map(|row| row.iter().zip(&point).map(|(a, b)| a * b).sum::<f32>()));
            }
        }
        let shape: Vec<usize> =
            std::iter::once(*batch).chain(lengths.iter().copied()).chain([rank]).collect();
        Ok(tvec!(tensor(&output, theta.datum_type(), &shape)?))
    }
}
