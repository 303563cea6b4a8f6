//! How codecs lay out pixels, and those as red, green and blue in `[0, 1]`.

use image::ColorType;

use crate::{across, bilinear};

/// How a codec lays out a pixel.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// Bytes of a pixel.
    pub(crate) pixel: usize,
    /// The index of the byte of red, green and blue in it.
    rgb: [usize; 3],
    /// The index of the byte that says how opaque it is.
    alpha: Option<usize>,
    background: Option<[u8; 3]>,
}

impl Layout {
    pub(crate) const GRAY: Self = Self::new(1, [0, 0, 0], None);
    pub(crate) const RGB: Self = Self::new(3, [0, 1, 2], None);
    pub(crate) const RGBA: Self = Self::new(4, [0, 1, 2], Some(3));

    const fn new(pixel: usize, rgb: [usize; 3], alpha: Option<usize>) -> Self {
        Self { pixel, rgb, alpha, background: None }
    }

    pub(crate) fn of(color: ColorType) -> Option<Self> {
        // Codecs give 16-bit values in the machine's own byte order.
        let high = usize::from(cfg!(target_endian = "little"));
        Some(match color {
            ColorType::L8 => Self::GRAY,
            ColorType::La8 => Self::new(2, [0, 0, 0], Some(1)),
            ColorType::Rgb8 => Self::RGB,
            ColorType::Rgba8 => Self::RGBA,
            ColorType::L16 => Self::new(2, [high; 3], None),
            ColorType::La16 => Self::new(4, [high; 3], Some(high + 2)),
            ColorType::Rgb16 => Self::new(6, [high, high + 2, high + 4], None),
            ColorType::Rgba16 => Self::new(8, [high, high + 2, high + 4], Some(high + 6)),
            _ => return None,
        })
    }

    /// The same before a background, if there is one.
    pub(crate) fn over(self, background: Option<[u8; 3]>) -> Self {
        Self { background: self.alpha.and(background), ..self }
    }

    /// Red, green and blue of one pixel.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "callers pass `pixel` bytes")]
    pub(crate) fn pixel(&self, bytes: &[u8]) -> [f32; 3] {
        let [mut red, mut green, mut blue] = self.rgb.map(|index| bytes[index]);
        if let (Some(alpha), Some(background)) = (self.alpha, self.background) {
            let alpha = bytes[alpha];
            [red, green, blue] = blended([red, green, blue], background, alpha);
        }
        [unit(red), unit(green), unit(blue)]
    }

    pub(crate) fn floats(&self, raw: &[u8]) -> Vec<f32> {
        // The layout of nearly all photos is that of the result.
        if self.pixel == 3 {
            return raw.iter().copied().map(unit).collect();
        }
        let mut data = Vec::with_capacity(raw.len() / self.pixel * 3);
        raw.chunks_exact(self.pixel).for_each(|pixel| data.extend_from_slice(&self.pixel(pixel)));
        data
    }

    /// The pixels of `raw`, which has the height and width `from`, at `to`: as [`bilinear`] makes them of [`Self::floats`].
    #[expect(clippy::indexing_slicing, reason = "`raw` has all pixels, and taps lie among them")]
    pub(crate) fn resized(&self, raw: &[u8], from: [usize; 2], to: [usize; 2]) -> Vec<f32> {
        let length = from[1] * self.pixel;
        bilinear(from, to, 3, |row, columns, line| {
            let row = &raw[row * length..(row + 1) * length];
            let pixel = |column: usize| self.pixel(&row[column * self.pixel..(column + 1) * self.pixel]);
            across(columns, line, pixel);
        })
    }
}

/// What is seen of a color before another one, to the nearest byte.
fn blended(color: [u8; 3], background: [u8; 3], alpha: u8) -> [u8; 3] {
    let mix = |above: u8, below: u8| {
        let sum = u32::from(above) * u32::from(alpha) + u32::from(below) * u32::from(255 - alpha);
        ((sum + 127) / 255) as u8
    };
    let ([red, green, blue], [r, g, b]) = (color, background);
    [mix(red, r), mix(green, g), mix(blue, b)]
}

/// A byte as a value of `[0, 1]`. The division compiles to vector code, which a table of the values does not.
fn unit(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}
