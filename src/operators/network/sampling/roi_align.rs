//! `RoiAlign` (10 to 22): regions of a picture, each divided into the same number of bins, which are sampled between pixels. Where the
//! standard is silent, onnxruntime's behaviour is the model.

use anyhow::{Context as _, Result, bail, ensure};

use super::bilinear::corners;
use super::{Context, Dim, Operator, Shape, Tensor};
use crate::limits::REGION_SAMPLES;
use crate::onnx::pb::NodeProto;
use crate::tensor::room;

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

/// A region over the picture, in pixels, and how its bins are sampled.
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
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        // Version 16 moved regions by half a pixel, by default.
        let default = if ctx.opset < 16 { "output_half_pixel" } else { "half_pixel" };
        let half_pixel = match node.optional("coordinate_transformation_mode")?.unwrap_or(default) {
            "half_pixel" => true,
            "output_half_pixel" => false,
            other => bail!("there is no coordinate transformation {other}"),
        };
        let takes_max = match node.optional("mode")?.unwrap_or("avg") {
            "avg" => false,
            "max" => true,
            other => bail!("there is no mode {other}"),
        };
        let (height, width) =
            (node.optional("output_height")?.unwrap_or(1), node.optional("output_width")?.unwrap_or(1));
        ensure!(height > 0 && width > 0, "a region has at least one bin");
        Ok(Self {
            half_pixel,
            takes_max,
            height,
            width,
            samples: node.optional("sampling_ratio")?.unwrap_or(0),
            scale: node.optional("spatial_scale")?.unwrap_or(1.0),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, picture), (_, regions), _] = inputs else { bail!("expected three inputs") };
        let ([_, channels, _, _], [count, _]) = (picture.as_slice(), regions.as_slice()) else {
            bail!("expected pictures and a matrix of regions")
        };
        ensure!(element.is_float(), "pictures of {element:?} are not sampled");
        let bins = [self.height, self.width].map(Dim::from);
        Ok(vec![(*element, [count.clone(), channels.clone()].into_iter().chain(bins).collect())])
    }

    #[expect(clippy::indexing_slicing, reason = "regions are of pictures that exist")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [pictures, regions, owners] = inputs.as_slice() else { bail!("expected three inputs") };
        let owners = owners.to_vec::<i64>()?;
        let &[rows, channels, height, width] = pictures.shape() else { bail!("expected pictures") };
        ensure!(
            regions.shape() == [owners.len(), 4],
            "expected four numbers for each of {} regions",
            owners.len()
        );
        let shape = vec![owners.len(), channels, self.height, self.width];
        let mut output = Vec::with_capacity(room(&shape)?);
        let pixels = pictures.to_vec::<f32>()?;
        for (region, owner) in regions.to_vec::<f32>()?.as_chunks().0.iter().zip(&owners) {
            let region = self.region(*region)?;
            let index = usize::try_from(*owner).ok().filter(|owner| *owner < rows);
            let index = index.with_context(|| format!("a region is of picture {owner} of {rows}"))?;
            ensure!(height > 0 && width > 0, "a picture without pixels has no regions");
            for channel in 0..channels {
                let plane = &pixels[(index * channels + channel) * height * width..][..height * width];
                for bin in 0..self.height * self.width {
                    let (row, column) = (bin / self.width, bin % self.width);
                    output.push(self.bin(&region, plane, [height, width], row, column));
                }
            }
        }
        Ok(vec![Tensor::new(shape, output)?.cast(pictures.element())?])
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
    fn region(&self, edges: [f32; 4]) -> Result<Region> {
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
        reason = "pictures have fewer than 2^24 pixels along an axis, bins 2^20 samples"
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
