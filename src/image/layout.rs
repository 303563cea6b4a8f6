//! How decoders lay out pixels, and those as red, green and blue in `[0, 1]`.

use ::image::ColorType;

/// How a decoder lays out a pixel.
pub(super) struct Layout {
    /// Bytes of a pixel.
    pub(super) pixel: usize,
    /// The index of the byte of red, green and blue in it.
    rgb: [usize; 3],
}

impl Layout {
    pub(super) fn of(color: ColorType) -> Option<Self> {
        // Decoders give 16-bit values in the machine's own byte order.
        let high = usize::from(cfg!(target_endian = "little"));
        let (pixel, rgb) = match color {
            ColorType::L8 => (1, [0, 0, 0]),
            ColorType::La8 => (2, [0, 0, 0]),
            ColorType::Rgb8 => (3, [0, 1, 2]),
            ColorType::Rgba8 => (4, [0, 1, 2]),
            ColorType::L16 => (2, [high; 3]),
            ColorType::La16 => (4, [high; 3]),
            ColorType::Rgb16 => (6, [high, high + 2, high + 4]),
            ColorType::Rgba16 => (8, [high, high + 2, high + 4]),
            _ => return None,
        };
        Some(Self { pixel, rgb })
    }

    /// Red, green and blue of one pixel.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "callers pass `pixel` bytes")]
    pub(super) fn pixel(&self, bytes: &[u8]) -> [f32; 3] {
        self.rgb.map(|index| unit(bytes[index]))
    }

    pub(super) fn floats(&self, raw: &[u8]) -> Vec<f32> {
        // The layout of nearly all photos is that of the result.
        if self.pixel == 3 {
            return raw.iter().copied().map(unit).collect();
        }
        let mut data = Vec::with_capacity(raw.len() / self.pixel * 3);
        raw.chunks_exact(self.pixel).for_each(|pixel| data.extend_from_slice(&self.pixel(pixel)));
        data
    }
}

/// A byte as a value of `[0, 1]`. The division compiles to vector code, which a table of the values does not.
fn unit(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}
