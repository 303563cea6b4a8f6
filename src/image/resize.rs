//! Bilinear resizing with the numbers of TensorFlow 2's `tf.image.resize`: pixel centres are at halves, and the edge is
//! repeated outside of the picture.

use super::antialias::antialiased;
use super::{Image, View};
use crate::diag::{Code, Error, Result};
use crate::limits::RESIZED_VALUES;

/// What a picture is resized to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Whether it becomes the largest picture of its aspect ratio that fits inside, without padding.
    pub(crate) preserves_aspect_ratio: bool,
    /// Whether every pixel is taken into account.
    pub(crate) antialias: bool,
}

/// The picture at the size of `target`.
///
/// # Errors
/// `invalid-value` for a size of zero; `limit-exceeded` for one of more than `most` values.
pub(crate) fn resize(source: View<'_>, target: Target, most: usize) -> Result<Image> {
    let Target { height, width, .. } = target;
    if height == 0 || width == 0 {
        return Err(Error::new(
            Code::InvalidValue,
            format!("expected a height and a width of at least 1, found {height} × {width}"),
        ));
    }
    let (height, width) = if target.preserves_aspect_ratio {
        inside(source.height, source.width, height, width)
    } else {
        (height, width)
    };
    let channels = source.channels;
    check_room(height, width, channels, most)?;
    if (height, width) == (source.height, source.width) {
        return Ok(Image { height, width, channels, data: source.data.to_vec() });
    }
    if target.antialias {
        // The picture is there in the new width and the old height in between.
        check_room(source.height, width, channels, most)?;
        return Ok(antialiased(source, height, width));
    }
    Ok(bilinear(source, height, width))
}

/// # Errors
/// `limit-exceeded` for a picture of more than `most` values.
pub(crate) fn check_room(height: usize, width: usize, channels: usize, most: usize) -> Result<()> {
    let values = height.checked_mul(width).and_then(|pixels| pixels.checked_mul(channels));
    if values.is_some_and(|values| values <= most) { Ok(()) } else { Err(too_large(height, width, channels)) }
}

/// `source` at `height` × `width`, both at least 1.
fn bilinear(source: View<'_>, height: usize, width: usize) -> Image {
    let channels = source.channels;
    let columns = taps(source.width, width);
    let mut data = vec![0.0; height * width * channels];
    let mut above = Line::new(width * channels);
    let mut below = Line::new(width * channels);
    for (target, row) in data.chunks_exact_mut(width * channels).zip(taps(source.height, height)) {
        if below.row == Some(row.low) {
            std::mem::swap(&mut above, &mut below);
        }
        above.fill(&source, row.low, &columns);
        below.fill(&source, row.high, &columns);
        for ((value, above), below) in target.iter_mut().zip(&above.values).zip(&below.values) {
            *value = above + (below - above) * row.lerp;
        }
    }
    Image { height, width, channels, data }
}

#[cold]
fn too_large(height: usize, width: usize, channels: usize) -> Error {
    Error::new(
        Code::LimitExceeded,
        format!(
            "expected images of at most {RESIZED_VALUES} values together, found one of {height} × {width} × {channels}"
        ),
    )
    .hint("choose a smaller size, or fewer rows at a time with `batchSize`")
}

/// The largest size of the source's aspect ratio inside `height` × `width`.
pub(super) fn inside(from_height: usize, from_width: usize, height: usize, width: usize) -> (usize, usize) {
    // In 32-bit floats, as TensorFlow computes it: where a side would end in the middle between two sizes, they decide.
    #[expect(clippy::cast_precision_loss, reason = "sizes of pictures are below 2^24")]
    let factor = (height as f32 / from_height as f32).min(width as f32 / from_width as f32);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and kept inside the box"
    )]
    let scaled =
        |size: usize, most: usize| ((size as f32 * factor).round_ties_even() as usize).clamp(1, most);
    (scaled(from_height, height), scaled(from_width, width))
}

/// The two source rows or columns that a target lies between, both within the source, and how far it is from the first.
struct Tap {
    low: usize,
    high: usize,
    lerp: f32,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "TensorFlow computes positions in 32-bit floats; they are clamped to the picture"
)]
fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f32 / to as f32;
    (0..to)
        .map(|target| {
            let position = (target as f32 + 0.5) * scale - 0.5;
            let floor = position.floor();
            let clamp = |position: f32| (position.max(0.0) as usize).min(from - 1);
            Tap { low: clamp(floor), high: clamp(position.ceil()), lerp: position - floor }
        })
        .collect()
}

/// One source row, resized in width.
struct Line {
    row: Option<usize>,
    values: Vec<f32>,
}

impl Line {
    fn new(values: usize) -> Self {
        Self { row: None, values: vec![0.0; values] }
    }

    /// Resizes row `row` of `source`, unless the line holds it already.
    #[expect(
        clippy::indexing_slicing,
        reason = "`View::new` has checked the number of values, and taps lie within the source"
    )]
    fn fill(&mut self, source: &View<'_>, row: usize, columns: &[Tap]) {
        if self.row == Some(row) {
            return;
        }
        self.row = Some(row);
        let length = source.width * source.channels;
        let pixels = &source.data[row * length..(row + 1) * length];
        match source.channels {
            1 => lerp_pixels::<1>(pixels, columns, &mut self.values),
            3 => lerp_pixels::<3>(pixels, columns, &mut self.values),
            4 => lerp_pixels::<4>(pixels, columns, &mut self.values),
            channels => {
                for (target, tap) in self.values.chunks_exact_mut(channels).zip(columns) {
                    let pixel = |column: usize| &pixels[column * channels..(column + 1) * channels];
                    for ((value, low), high) in target.iter_mut().zip(pixel(tap.low)).zip(pixel(tap.high)) {
                        *value = low + (high - low) * tap.lerp;
                    }
                }
            }
        }
    }
}

/// Resizes one row of pixels of `C` channels.
#[expect(clippy::indexing_slicing, reason = "taps lie within the row of pixels")]
fn lerp_pixels<const C: usize>(pixels: &[f32], columns: &[Tap], line: &mut [f32]) {
    let (pixels, _) = pixels.as_chunks::<C>();
    let (line, _) = line.as_chunks_mut::<C>();
    for (target, tap) in line.iter_mut().zip(columns) {
        for ((value, low), high) in target.iter_mut().zip(&pixels[tap.low]).zip(&pixels[tap.high]) {
            *value = low + (high - low) * tap.lerp;
        }
    }
}
