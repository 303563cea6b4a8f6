//! Bilinear resizing that takes every pixel into account, with the numbers of TensorFlow 2's
//! `tf.image.resize(…, antialias=True)`: where a picture is shrunk, the two pixels of [`super::resize`] become all those
//! under a triangle as wide as a target's. Pillow's `BILINEAR` is the same over floats.

use super::{Image, View};

/// `source` at `height` × `width`, both at least 1.
pub(super) fn antialiased(source: View<'_>, height: usize, width: usize) -> Image {
    let View { channels, data, .. } = source;
    let columns = spans(source.width, width);
    let mut lines = vec![0.0; source.height * width * channels];
    let rows_of_pixels = data.chunks_exact(source.width * channels);
    for (line, pixels) in lines.chunks_exact_mut(width * channels).zip(rows_of_pixels) {
        for (target, span) in line.chunks_exact_mut(channels).zip(&columns) {
            span.add(pixels, target);
        }
    }
    let mut data = vec![0.0; height * width * channels];
    let rows = spans(source.height, height);
    for (target, span) in data.chunks_exact_mut(width * channels).zip(&rows) {
        span.add(&lines, target);
    }
    Image { height, width, channels, data }
}

/// The source rows or columns under a target, and how much each adds to it.
struct Span {
    first: usize,
    weights: Vec<f32>,
}

impl Span {
    /// Adds what lies under the target, each piece as long as the target itself.
    fn add(&self, source: &[f32], target: &mut [f32]) {
        let pieces = source.chunks_exact(target.len()).skip(self.first);
        for (weight, piece) in self.weights.iter().zip(pieces) {
            target.iter_mut().zip(piece).for_each(|(sum, value)| *sum += weight * value);
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "TensorFlow computes positions in 32-bit floats; they are clamped to the picture"
)]
fn spans(from: usize, to: usize) -> Vec<Span> {
    let scale = from as f32 / to as f32;
    let reach = scale.max(1.0);
    (0..to)
        .map(|target| {
            let centre = (target as f32 + 0.5) * scale;
            let first = ((centre - reach - 0.5).ceil().max(0.0) as usize).min(from - 1);
            let last = ((centre + reach - 0.5).floor().max(0.0) as usize).clamp(first, from - 1);
            let weight = |source: usize| (1.0 - ((source as f32 + 0.5 - centre) / reach).abs()).max(0.0);
            let weights: Vec<f32> = (first..=last).map(weight).collect();
            let sum: f32 = weights.iter().sum();
            Span { first, weights: weights.into_iter().map(|weight| weight / sum).collect() }
        })
        .collect()
}
