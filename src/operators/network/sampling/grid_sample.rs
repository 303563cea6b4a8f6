//! `GridSample` (16 to 22): pictures read at the points of a grid. Where the standard is silent, onnxruntime's behaviour is the model.

use anyhow::{Result, bail, ensure};

use super::{Context, Operator, Shape, Tensor};
use crate::onnx::pb::NodeProto;
use crate::tensor::room;

#[derive(Debug)]
pub(super) struct GridSample {
    mode: Mode,
    padding: Padding,
    /// Whether -1 and 1 are the centres of the pixels at the edges, and not the edges.
    align_corners: bool,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    Nearest,
    Linear,
    Cubic,
}

/// What lies around a picture.
#[derive(Debug, Clone, Copy)]
enum Padding {
    Zeros,
    /// The pixels at its edges.
    Border,
    Reflection,
}

impl GridSample {
    /// The pixels along an axis of `length` around a point of the grid, with their weights: `None` for zeros around the picture.
    #[expect(clippy::cast_precision_loss, reason = "pictures have less than 2^24 pixels along an axis")]
    fn parts(&self, point: f32, length: usize) -> Vec<(Option<usize>, f32)> {
        let count = length as f32;
        let at = if self.align_corners {
            (point + 1.0) / 2.0 * (count - 1.0)
        } else {
            ((point + 1.0) * count - 1.0) / 2.0
        };
        let first = at.floor();
        let share = at - first;
        let weighted = match self.mode {
            Mode::Nearest => vec![(at.round_ties_even(), 1.0)],
            Mode::Linear => vec![(first, 1.0 - share), (first + 1.0, share)],
            Mode::Cubic => {
                let weights = cubic(share);
                [-1.0, 0.0, 1.0, 2.0]
                    .into_iter()
                    .zip(weights)
                    .map(|(step, weight)| (first + step, weight))
                    .collect()
            }
        };
        weighted.into_iter().map(|(at, weight)| (self.pixel(at, length), weight)).collect()
    }

    /// The pixel at a place that may lie beyond the edges.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "only whole numbers of the picture become pixels"
    )]
    fn pixel(&self, at: f32, length: usize) -> Option<usize> {
        let last = length as f32 - 1.0;
        let at = match self.padding {
            Padding::Zeros => at,
            Padding::Border => at.max(0.0).min(last),
            Padding::Reflection if self.align_corners => reflected(at, 0.0, last),
            Padding::Reflection => reflected(at, -0.5, last + 0.5),
        };
        (at >= 0.0 && at <= last).then_some(at as usize)
    }
}

/// The weights of the four pixels around a point.
fn cubic(share: f32) -> [f32; 4] {
    const A: f32 = -0.75;
    let near = |far: f32| ((A + 2.0) * far - (A + 3.0)) * far * far + 1.0;
    let far = |far: f32| ((A * far - 5.0 * A) * far + 8.0 * A) * far - 4.0 * A;
    [far(1.0 + share), near(share), near(1.0 - share), far(2.0 - share)]
}

/// Where a place lands that is thrown back at both ends.
fn reflected(at: f32, low: f32, high: f32) -> f32 {
    let range = high - low;
    if range <= 0.0 {
        return 0.0;
    }
    let way = (at - low).rem_euclid(2.0 * range);
    low + if way > range { 2.0 * range - way } else { way }
}

impl Operator for GridSample {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let mode = match node.optional("mode")?.unwrap_or("linear") {
            "nearest" => Mode::Nearest,
            "linear" | "bilinear" => Mode::Linear,
            "cubic" | "bicubic" => Mode::Cubic,
            other => bail!("there is no mode {other}"),
        };
        let padding = match node.optional("padding_mode")?.unwrap_or("zeros") {
            "zeros" => Padding::Zeros,
            "border" => Padding::Border,
            "reflection" => Padding::Reflection,
            other => bail!("there is no padding {other}"),
        };
        Ok(Self { mode, padding, align_corners: node.flag("align_corners", false)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, picture), (grid, points)] = inputs else { bail!("expected pictures and grids") };
        ensure!(element.is_float() && grid.is_float(), "{element:?} is not sampled");
        let ([rows, channels, axes @ ..], [grid_rows, lengths @ .., count]) =
            (picture.as_slice(), points.as_slice())
        else {
            bail!("expected pictures and grids")
        };
        ensure!(
            !axes.is_empty() && lengths.len() == axes.len() && count.known() == Some(axes.len()),
            "a grid of {} axes does not fit pictures of {}",
            lengths.len(),
            axes.len()
        );
        let rows = if rows.known().is_some() { rows } else { grid_rows };
        Ok(vec![(*element, [rows.clone(), channels.clone()].into_iter().chain(lengths.to_vec()).collect())])
    }

    #[expect(clippy::indexing_slicing, reason = "pixels lie in their planes")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [pictures, grids] = inputs.as_slice() else { bail!("expected pictures and grids") };
        let ([rows, channels, axes @ ..], [grid_rows, lengths @ .., _]) = (pictures.shape(), grids.shape())
        else {
            bail!("expected pictures and grids")
        };
        ensure!(rows == grid_rows, "every picture has a grid");
        let (plane, points) = (axes.iter().product::<usize>(), lengths.iter().product::<usize>());
        let shape: Vec<usize> = [*rows, *channels].into_iter().chain(lengths.iter().copied()).collect();
        let mut result = vec![0.0; room(&shape)?];
        ensure!(plane > 0 || result.is_empty(), "a picture without pixels is not sampled");
        let (pixels, grids) = (pictures.to_vec::<f32>()?, grids.to_vec::<f32>()?);
        let mut around: Vec<(usize, f32)> = Vec::new();
        for (nth, point) in grids.chunks_exact(axes.len().max(1)).enumerate() {
            around.clear();
            around.push((0, 1.0));
            // A grid has the last axis first.
            for (at, length) in point.iter().rev().zip(axes) {
                let parts = self.parts(*at, *length);
                let further = around.iter().flat_map(|(pixel, weight)| {
                    parts
                        .iter()
                        .filter_map(move |(along, share)| Some((pixel * length + (*along)?, weight * share)))
                });
                around = further.collect();
            }
            let (row, point) = (nth / points, nth % points);
            for channel in row * channels..(row + 1) * channels {
                let plane = &pixels[channel * plane..][..plane];
                result[channel * points + point] =
                    around.iter().map(|(pixel, weight)| plane[*pixel] * weight).sum();
            }
        }
        Ok(vec![Tensor::new(shape, result)?.cast(pictures.element())?])
    }
}
