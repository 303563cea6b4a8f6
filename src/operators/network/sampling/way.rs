//! Where along an axis of a picture the places of another one come from.

use std::str::FromStr;

use anyhow::{Error, Result, bail};

/// How a coordinate in the result becomes one in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transformation {
    AlignCorners,
    Asymmetric,
    /// Of a part of the picture.
    Crop,
    HalfPixel,
    /// The middle of the picture stays where it is.
    HalfPixelSymmetric,
    /// Of one pixel it is the first.
    PytorchHalfPixel,
    /// For the nearest pixel, of version 11.
    TfHalfPixel,
}

impl FromStr for Transformation {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "align_corners" => Self::AlignCorners,
            "asymmetric" => Self::Asymmetric,
            "half_pixel" => Self::HalfPixel,
            "half_pixel_symmetric" => Self::HalfPixelSymmetric,
            "pytorch_half_pixel" => Self::PytorchHalfPixel,
            "tf_crop_and_resize" => Self::Crop,
            "tf_half_pixel_for_nn" => Self::TfHalfPixel,
            other => bail!("there is no coordinate transformation {other}"),
        })
    }
}

/// The way from the places of a result to those of a picture, along one axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// The length of the picture.
    pub(super) input: usize,
    /// The length of the result.
    pub(super) output: usize,
    /// How many times longer the result is.
    pub(super) scale: f32,
    /// Where the part of the picture begins and where it ends.
    pub(super) part: (f32, f32),
}

impl Way {
    /// Where in the picture the place `at` of the result is.
    #[expect(clippy::cast_precision_loss, reason = "the standard computes in floats")]
    pub(super) fn coordinate(&self, transformation: Transformation, at: usize) -> f32 {
        let (at, input, output) = (at as f32, self.input as f32, self.output as f32);
        // Of whole places, as onnxruntime and PyTorch count.
        let last = output - 1.0;
        let half_pixel = (at + 0.5) / self.scale - 0.5;
        match transformation {
            Transformation::AlignCorners if self.output == 1 => 0.0,
            Transformation::AlignCorners => at * (input - 1.0) / last,
            Transformation::Asymmetric => at / self.scale,
            Transformation::HalfPixel => half_pixel,
            Transformation::HalfPixelSymmetric => {
                let adjustment = output / (self.scale * input);
                // In this order, which decides between places that are equally near.
                input / 2.0 * (1.0 - adjustment) + (at + 0.5) / self.scale - 0.5
            }
            Transformation::PytorchHalfPixel if self.output == 1 => 0.0,
            Transformation::PytorchHalfPixel => half_pixel,
            Transformation::TfHalfPixel => (at + 0.5) / self.scale,
            Transformation::Crop => {
                let (start, end) = self.part;
                if self.output == 1 {
                    0.5 * (start + end) * (input - 1.0)
                } else {
                    start * (input - 1.0) + at * (end - start) * (input - 1.0) / last
                }
            }
        }
    }

    /// Whether a coordinate lies in the picture.
    #[expect(clippy::cast_precision_loss, reason = "the standard computes in floats")]
    pub(super) fn contains(&self, coordinate: f32) -> bool {
        coordinate >= 0.0 && coordinate <= self.input as f32 - 1.0
    }

    /// The place that is the next to `at`, which may lie beyond the edges.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places lie in the picture")]
    pub(super) fn clamped(&self, at: f32) -> usize {
        // NaN becomes the first one.
        (at.max(0.0) as usize).min(self.input.saturating_sub(1))
    }
}
