//! Turns a picture as the camera has noted in EXIF.

use crate::Picture;

/// The picture as it was seen: nothing is left to do.
pub(crate) fn turn(picture: Picture) -> Picture {
    let Picture { height, width, values, orientation } = picture;
    if !(2..=8).contains(&orientation) {
        return Picture { height, width, values, orientation: 1 };
    }
    // Where the stored picture's first row and first column are seen.
    let is_transposed = orientation >= 5;
    let from_bottom = matches!(orientation, 3 | 4 | 7 | 8);
    let from_right = matches!(orientation, 2 | 3 | 6 | 7);
    let (to_height, to_width) = if is_transposed { (width, height) } else { (height, width) };
    let pixels = values.as_chunks::<3>().0;
    let mut turned = Vec::with_capacity(values.len());
    for y in 0..to_height {
        for x in 0..to_width {
            let y = if from_bottom { to_height - 1 - y } else { y };
            let x = if from_right { to_width - 1 - x } else { x };
            let (row, column) = if is_transposed { (x, y) } else { (y, x) };
            #[expect(clippy::indexing_slicing, reason = "within the picture, whose sides are only swapped")]
            turned.extend_from_slice(&pixels[row * width + column]);
        }
    }
    Picture { height: to_height, width: to_width, values: turned, orientation: 1 }
}
