//! `RoiAlign` of ai.onnx 10, 16 and 22: regions of an image, each divided into the same number of bins, which are
//! sampled between pixels. tract has none. Where the standard is silent, onnxruntime's behaviour is the model.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec};

use super::bilinear::corners;
use super::{Operator, Shape, elements, from_floats, input};
use crate::limits::REGION_SAMPLES;

#[derive(Debug)]
pub(super) struct RoiAlign {
    /// Pixels are addressed by their centres.
    half_pixel: bool,
    /// A bin gets the greatest of its samples, otherwise their average.
    takes_max: bool,
    height: usize,
    width: usize,
    /// Samples along each axis of a bin; 0 for about one for each pixel.
    samples: usize,
    scale: f32,
}

/// A region over the image, in pixels, and how its bins are sampled.
struct Region {
    top: f32,
    left: f32,
    bin_height: f32,
    bin_width: f32,
    /// Samples of a bin.
    rows: usize,
    columns: usize,
}

impl Operator for RoiAlign {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        // Version 16 moved regions by half a pixel, by default.
        let default = if ctx.onnx_operator_set_version < 16 { "output_half_pixel" } else { "half_pixel" };
        let half_pixel = match node.get_attr_opt("coordinate_transformation_mode")?.unwrap_or(default) {
            "half_pixel" => true,
            "output_half_pixel" => false,
            other => bail!("there is no coordinate transformation `{other}`"),
        };
        let takes_max = match node.get_attr_opt("mode")?.unwrap_or("avg") {
            "avg" => false,
            "max" => true,
            other => bail!("there is no mode `{other}`"),
        };
        Ok(Self {
            half_pixel,
            takes_max,
            height: node.get_attr_opt("output_height")?.unwrap_or(1),
            width: node.get_attr_opt("output_width")?.unwrap_or(1),
            samples: node.get_attr_opt("sampling_ratio")?.unwrap_or(0),
            scale: node.get_attr_opt("spatial_scale")?.unwrap_or(1.0),
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

    #[expect(clippy::indexing_slicing, reason = "regions are of images that exist")]
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (image, regions) = (input(inputs, 0)?, input(inputs, 1)?);
        let images = elements::<i64>(input(inputs, 2)?)?;
        let &[batch, channels, height, width] = image.shape() else { bail!("expected images") };
        ensure!(
            regions.shape() == [images.len(), 4],
            "expected four numbers for each of {} regions",
            images.len()
        );
        let pixels = elements::<f32>(image)?;
        let mut output = Vec::with_capacity(images.len() * channels * self.height * self.width);
        for (region, image) in elements::<f32>(regions)?.as_chunks().0.iter().zip(&images) {
            let region = self.region(*region)?;
            let index = usize::try_from(*image).ok().filter(|image| *image < batch);
            let Some(index) = index else { bail!("a region is of image {image} of {batch}") };
            for channel in 0..channels {
                let plane = &pixels[(index * channels + channel) * height * width..][..height * width];
                for bin in 0..self.height * self.width {
                    let (row, column) = (bin / self.width, bin % self.width);
                    output.push(self.bin(&region, plane, [height, width], row, column));
                }
            }
        }
        let shape = [images.len(), channels, self.height, self.width];
        Ok(tvec!(from_floats(&output, image.datum_type(), &shape)?))
    }
}

impl RoiAlign {
    /// Reads a region from its left, top, right and bottom edges.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an output has fewer than 2^24 bins along an axis; what does not fit into a number of samples is too \
                  much or none"
    )]
    fn region(&self, edges: [f32; 4]) -> TractResult<Region> {
        let shift = if self.half_pixel { 0.5 } else { 0.0 };
        let [left, top, right, bottom] = edges.map(|edge| edge * self.scale - shift);
        let (mut across, mut down) = (right - left, bottom - top);
        if !self.half_pixel {
            (across, down) = (across.max(1.0), down.max(1.0));
        }
        let (bin_height, bin_width) = (down / self.height as f32, across / self.width as f32);
        let samples = |bin: f32| if self.samples > 0 { self.samples } else { bin.ceil() as usize };
        let (rows, columns) = (samples(bin_height), samples(bin_width));
        ensure!(rows.saturating_mul(columns) <= REGION_SAMPLES, "a region is too large to be sampled");
        Ok(Region { top, left, bin_height, bin_width, rows, columns })
    }

    /// The average or the greatest of the samples of one bin. A bin without extent has none, and gives 0.
    #[expect(
        clippy::cast_precision_loss,
        reason = "images have fewer than 2^24 pixels along an axis, bins 2^20 samples"
    )]
    #[expect(clippy::indexing_slicing, reason = "`corners` stays in the plane")]
    fn bin(
        &self,
        region: &Region,
        plane: &[f32],
        [height, width]: [usize; 2],
        row: usize,
        column: usize,
    ) -> f32 {
        let (height_f, width_f) = (height as f32, width as f32);
        let count = region.rows * region.columns;
        let mut sum = 0.0;
        let mut greatest: Option<f32> = None;
        for sample in 0..count {
            let along = |bin: usize, step: usize, steps: usize, size: f32| {
                bin as f32 * size + (step as f32 + 0.5) * size / steps as f32
            };
            let y = region.top + along(row, sample / region.columns, region.rows, region.bin_height);
            let x = region.left + along(column, sample % region.columns, region.columns, region.bin_width);
            let outside = y < -1.0 || x < -1.0 || y > height_f || x > width_f;
            // Points just outside are moved to the edge.
            let y = y.max(0.0).min(height_f - 1.0);
            let x = x.max(0.0).min(width_f - 1.0);
            for (pixel, weight) in corners(y, x, height, width) {
                // Pixels behind the last row or column have no weight.
                let pixel = pixel.map_or(0.0, |pixel| plane[pixel]);
                let part = if outside { 0.0 } else { pixel * weight };
                sum += part;
                greatest = Some(greatest.map_or(part, |greatest| greatest.max(part)));
            }
        }
        if self.takes_max { greatest.unwrap_or(0.0) } else { sum / count.max(1) as f32 }
    }
}
