//! Resizing of pictures that are there as floats; the rule is that of [`pictures::bilinear`].

use pictures::{Tap, across, inside};

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
    let [height, width] = if target.preserves_aspect_ratio {
        inside([source.height, source.width], [height, width])
    } else {
        [height, width]
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
#[expect(
    clippy::indexing_slicing,
    reason = "`View::new` has checked the number of values, and taps lie within the source"
)]
fn bilinear(source: View<'_>, height: usize, width: usize) -> Image {
    let View { channels, .. } = source;
    let length = source.width * channels;
    let data =
        pictures::bilinear([source.height, source.width], [height, width], channels, |row, columns, line| {
            let pixels = &source.data[row * length..(row + 1) * length];
            match channels {
                1 => lerp_pixels::<1>(pixels, columns, line),
                3 => lerp_pixels::<3>(pixels, columns, line),
                4 => lerp_pixels::<4>(pixels, columns, line),
                _ => {
                    for (target, tap) in line.chunks_exact_mut(channels).zip(columns) {
                        let pixel = |column: usize| &pixels[column * channels..(column + 1) * channels];
                        for ((value, low), high) in target.iter_mut().zip(pixel(tap.low)).zip(pixel(tap.high))
                        {
                            *value = tap.between(*low, *high);
                        }
                    }
                }
            }
        });
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

/// Resizes one row of pixels of `C` channels.
#[expect(clippy::indexing_slicing, reason = "taps lie within the row of pixels")]
fn lerp_pixels<const C: usize>(pixels: &[f32], columns: &[Tap], line: &mut [f32]) {
    let (pixels, _) = pixels.as_chunks::<C>();
    across(columns, line, |column| pixels[column]);
}
