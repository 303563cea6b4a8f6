//! Shrinks a picture that is too large: every pixel of the result is the mean of the area that it covers.
//!
//! This happens while the values are still bytes, so that a huge picture is never held as floats.

use crate::Picture;
use crate::layout::Layout;

/// The picture in at most `values` values, its aspect ratio kept as far as whole pixels allow. `raw` holds `height` ×
/// `width` pixels of `layout`.
pub(crate) fn shrink(layout: &Layout, raw: &[u8], height: usize, width: usize, values: usize) -> Picture {
    let (to_height, to_width) = fitting(height, width, (values / 3).max(1));
    let rows = shares(height, to_height);
    let columns = shares(width, to_width);
    let mut data = vec![0.0; to_height * to_width * 3];
    let mut line = vec![[0.0f32; 3]; to_width];
    for (bytes, row) in raw.chunks_exact(width * layout.pixel).zip(&rows) {
        line.fill([0.0; 3]);
        for (pixel, column) in bytes.chunks_exact(layout.pixel).zip(&columns) {
            let value = layout.pixel(pixel);
            // The last target has no next one, and the source column no share of it.
            for (target, weight) in line.iter_mut().skip(column.target).zip([column.here, column.next]) {
                target.iter_mut().zip(value).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        for (target, weight) in data.chunks_exact_mut(to_width * 3).skip(row.target).zip([row.here, row.next])
        {
            target.iter_mut().zip(line.as_flattened()).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    // The shares of a target make one, but their sum in floats may be a little more.
    data.iter_mut().for_each(|value| *value = value.min(1.0));
    Picture { height: to_height, width: to_width, values: data, orientation: 1 }
}

/// The sizes of at most `pixels` pixels in the same ratio.
fn fitting(height: usize, width: usize, pixels: usize) -> (usize, usize) {
    #[expect(clippy::cast_precision_loss, reason = "pictures have far fewer than 2^53 pixels")]
    let scale = (pixels as f64 / (height * width) as f64).sqrt();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive size times a factor of at most one"
    )]
    let scaled = |size: usize| ((size as f64 * scale) as usize).max(1);
    let (to_height, to_width) = (scaled(height), scaled(width));
    // A side that cannot become shorter than one pixel leaves less for the other.
    (to_height.min(pixels / to_width).max(1), to_width.min(pixels / to_height).max(1))
}

/// How much one source row or column adds to target `target` and to the next one. It is narrower than a target, so
/// that there are no more.
struct Share {
    target: usize,
    here: f32,
    next: f32,
}

fn shares(from: usize, to: usize) -> Vec<Share> {
    (0..from)
        .map(|index| {
            // Exact positions in units of 1/from: a source covers `to` of them, a target `from`.
            let (start, end) = (index * to, (index + 1) * to);
            let target = start / from;
            let border = (target + 1) * from;
            let here = end.min(border) - start;
            #[expect(clippy::cast_precision_loss, reason = "shares of a pixel")]
            let weight = |units: usize| units as f32 / from as f32;
            Share { target, here: weight(here), next: weight(to - here) }
        })
        .collect()
}
