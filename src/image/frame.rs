//! Parts of pictures, and pictures as parts of larger ones.

use super::{Image, View};
use crate::diag::{Code, Error, Result};

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    pub(crate) top: usize,
    pub(crate) left: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

/// The part of `height` × `width` in the middle of a picture. Where it cannot be in the middle, it is nearer to the top
/// and the left, as TensorFlow's `resize_with_crop_or_pad` has it.
pub(crate) fn centre(picture: View<'_>, height: usize, width: usize) -> Area {
    // A part that is larger than the picture is refused for its size.
    let margin = |side: usize, part: usize| side.saturating_sub(part) / 2;
    Area { top: margin(picture.height, height), left: margin(picture.width, width), height, width }
}

/// # Errors
/// `invalid-value` for an area without pixels, and for one that is not inside the picture.
pub(crate) fn crop(picture: View<'_>, area: Area) -> Result<Image> {
    check_inside(picture, area)?;
    let View { channels, data, .. } = picture;
    let Area { top, left, height, width } = area;
    let rows = data.chunks_exact(picture.width * channels).skip(top).take(height);
    let pixels = rows.flat_map(|row| row.iter().skip(left * channels).take(width * channels)).copied();
    Ok(Image { height, width, channels, data: pixels.collect() })
}

/// The picture with zeros in an area.
///
/// # Errors
/// As of [`crop`].
pub(crate) fn cover(picture: View<'_>, area: Area) -> Result<Image> {
    check_inside(picture, area)?;
    let View { height, width, channels, data } = picture;
    let mut data = data.to_vec();
    for row in data.chunks_exact_mut(width * channels).skip(area.top).take(area.height) {
        row.iter_mut().skip(area.left * channels).take(area.width * channels).for_each(|value| *value = 0.0);
    }
    Ok(Image { height, width, channels, data })
}

fn check_inside(picture: View<'_>, area: Area) -> Result<()> {
    let Area { top, left, height, width } = area;
    let is_inside = |start: usize, length: usize, side: usize| {
        length > 0 && start.checked_add(length).is_some_and(|end| end <= side)
    };
    if is_inside(top, height, picture.height) && is_inside(left, width, picture.width) {
        return Ok(());
    }
    let message = format!(
        "expected an area inside an image of {} × {}, found {height} × {width} from row {top} and column {left}",
        picture.height, picture.width
    );
    Err(Error::new(Code::InvalidValue, message).hint("resize the image first, or choose a smaller area"))
}

/// A picture in the middle of one of `height` × `width` whose other pixels are `border`; its sides are no longer than
/// these. Where it cannot be in the middle, it is nearer to the top and the left.
///
/// # Errors
/// `invalid-value` where the border has a color and the picture has none.
pub(crate) fn pad(picture: &Image, height: usize, width: usize, border: [f32; 3]) -> Result<Image> {
    let Image { channels, ref data, .. } = *picture;
    let border = match border {
        _ if channels == 3 => border.to_vec(),
        [gray, green, blue] if gray == green && gray == blue => vec![gray; channels],
        _ => {
            let message = format!("a background in color needs an image of 3 channels, found {channels}");
            return Err(Error::new(Code::InvalidValue, message).hint("choose a gray such as '#808080'"));
        }
    };
    let mut pixels = border.repeat(height * width);
    let (top, left) = ((height - picture.height) / 2, (width - picture.width) / 2);
    let rows = pixels.chunks_exact_mut(width * channels).skip(top);
    for (row, source) in rows.zip(data.chunks_exact(picture.width * channels)) {
        row.iter_mut().skip(left * channels).zip(source).for_each(|(target, value)| *target = *value);
    }
    Ok(Image { height, width, channels, data: pixels })
}
