//! Colour spaces, with the matrices and conventions of TensorFlow (`tf.image`); whole numbers as its
//! `convert_image_dtype` makes them.

use super::{Image, View};
use crate::diag::{Code, Error, Result};

/// What RGB can become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColorSpace {
    Hsv,
    /// One channel.
    Grayscale,
    Yiq,
    Yuv,
}

/// Rows are red, green and blue, columns the new channels.
type Matrix = [[f32; 3]; 3];

const YIQ: Matrix = [
    [0.299, 0.595_900_6, 0.2115],
    [0.587, -0.274_556_67, -0.522_736_2],
    [0.114, -0.321_343_93, 0.311_199_55],
];

const YUV: Matrix = [
    [0.299, -0.147_141_19, 0.614_975_4],
    [0.587, -0.288_869_17, -0.514_965_1],
    [0.114, 0.436_010_36, -0.100_010_26],
];

impl ColorSpace {
    /// The space that `name` means, case aside.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let known =
            [("HSV", Self::Hsv), ("GRAYSCALE", Self::Grayscale), ("YIQ", Self::Yiq), ("YUV", Self::Yuv)];
        known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, space)| space)
    }
}

/// An RGB picture in another colour space. Chroma may be negative.
///
/// # Errors
/// `invalid-value` for pictures without three channels, and for values outside of [0, 1].
pub(crate) fn convert(picture: View<'_>, space: ColorSpace) -> Result<Image> {
    let View { height, width, channels, data } = picture;
    if channels != 3 {
        return Err(Error::new(
            Code::InvalidValue,
            format!("expected an RGB image of 3 channels, found {channels}"),
        ));
    }
    if let Some(value) = data.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        return Err(Error::new(
            Code::InvalidValue,
            format!("expected RGB values from 0 to 1, found {value}"),
        )
        .hint("numbers from 0 to 255 are whole: ARRAY<INT64>"));
    }
    let pixels = data.as_chunks::<3>().0.iter();
    let (channels, data) = match space {
        ColorSpace::Grayscale => (1, pixels.map(gray).collect()),
        ColorSpace::Hsv => (3, pixels.flat_map(hsv).collect()),
        ColorSpace::Yiq => (3, pixels.flat_map(|pixel| product(pixel, &YIQ)).collect()),
        ColorSpace::Yuv => (3, pixels.flat_map(|pixel| product(pixel, &YUV)).collect()),
    };
    Ok(Image { height, width, channels, data })
}

/// Values in [0, 1] as whole numbers from 0 to 255; values outside are clamped. Values of a decoded picture become
/// the bytes that they were decoded from.
pub(crate) fn to_bytes(picture: View<'_>) -> Image {
    let View { height, width, channels, data } = picture;
    let data = data.iter().map(|value| (value.clamp(0.0, 1.0) * 255.5).floor()).collect();
    Image { height, width, channels, data }
}

/// Whole numbers from 0 to 255 as values in [0, 1].
///
/// # Errors
/// `invalid-value` for values outside.
pub(crate) fn from_bytes(picture: View<'_>) -> Result<Image> {
    check_bytes(picture)?;
    let View { height, width, channels, data } = picture;
    Ok(Image { height, width, channels, data: data.iter().map(|value| value / 255.0).collect() })
}

/// # Errors
/// `invalid-value` for values outside of 0 to 255.
pub(crate) fn check_bytes(picture: View<'_>) -> Result<()> {
    match picture.data.iter().find(|value| !(0.0..=255.0).contains(*value)) {
        Some(value) => Err(Error::new(
            Code::InvalidValue,
            format!("expected an image of integers from 0 to 255, found {value}"),
        )),
        None => Ok(()),
    }
}

/// Each channel less its mean, by its deviation: what most models were trained on.
///
/// # Errors
/// `invalid-value` where the numbers are not as many as the channels, or a deviation is not above 0.
pub(crate) fn normalize(picture: View<'_>, mean: &[f64], deviation: &[f64]) -> Result<Image> {
    let scales = scales(picture.channels, mean, deviation)?;
    let mut normalized = picture.owned();
    scale(&mut normalized.data, &scales);
    Ok(normalized)
}

/// Takes the first number of its channel from each value, and divides it by the second.
pub(crate) fn scale(values: &mut [f32], scales: &[(f32, f32)]) {
    values
        .iter_mut()
        .zip(scales.iter().cycle())
        .for_each(|(value, (mean, by))| *value = (*value - mean) / by);
}

/// The mean and the deviation of each of `channels`.
///
/// # Errors
/// As of [`normalize`].
pub(crate) fn scales(channels: usize, mean: &[f64], deviation: &[f64]) -> Result<Vec<(f32, f32)>> {
    for (what, numbers) in [("means", mean), ("standard deviations", deviation)] {
        if numbers.len() != channels {
            let found = numbers.len();
            let message = format!("expected as many {what} as channels, {channels}, found {found}");
            return Err(Error::new(Code::InvalidValue, message));
        }
    }
    if let Some(number) = deviation.iter().find(|number| !(**number > 0.0 && number.is_finite())) {
        let message = format!("expected standard deviations above 0, found {number}");
        return Err(Error::new(Code::InvalidValue, message));
    }
    #[expect(clippy::cast_possible_truncation, reason = "values of pictures are 32-bit floats")]
    let scales = mean.iter().zip(deviation).map(|(mean, by)| (*mean as f32, *by as f32));
    Ok(scales.collect())
}

fn gray([red, green, blue]: &[f32; 3]) -> f32 {
    0.2989 * red + 0.5870 * green + 0.1140 * blue
}

fn product([red, green, blue]: &[f32; 3], [of_red, of_green, of_blue]: &Matrix) -> [f32; 3] {
    let [mut a, mut b, mut c] = [0.0; 3];
    for (value, [to_a, to_b, to_c]) in [(red, of_red), (green, of_green), (blue, of_blue)] {
        a += value * to_a;
        b += value * to_b;
        c += value * to_c;
    }
    [a, b, c]
}

/// Hue, saturation and value, each in [0, 1].
fn hsv(&[red, green, blue]: &[f32; 3]) -> [f32; 3] {
    let most = red.max(green).max(blue);
    let range = most - red.min(green).min(blue);
    if range == 0.0 {
        return [0.0, 0.0, most];
    }
    let sixths = if most == red {
        (green - blue) / range
    } else if most == green {
        (blue - red) / range + 2.0
    } else {
        (red - green) / range + 4.0
    };
    let hue = sixths / 6.0;
    [if hue < 0.0 { hue + 1.0 } else { hue }, range / most, most]
}
