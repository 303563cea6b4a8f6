//! Bytes of a picture to pixels and back: what a codec is asked, what it answers, and with the feature `codecs` the codecs.
//!
//! In the browser the decoder is a WebAssembly module of its own, which is fetched when the first picture comes. It knows
//! neither SQL nor the engine; the engine knows of it what is said here.

mod answer;
#[cfg(feature = "codecs")]
mod decode;
#[cfg(feature = "codecs")]
mod encode;
#[cfg(feature = "codecs")]
mod jpeg;
#[cfg(feature = "codecs")]
mod layout;
#[cfg(all(feature = "module", target_family = "wasm"))]
mod module;
mod resize;
#[cfg(feature = "codecs")]
mod shrink;
#[cfg(feature = "codecs")]
#[cfg(test)]
mod tests;
#[cfg(feature = "codecs")]
mod turn;

pub use answer::{WORDS, from_words, to_words};
#[cfg(feature = "codecs")]
pub use decode::{decode, inspect};
#[cfg(feature = "codecs")]
pub use encode::encode;
pub use resize::{Tap, across, bilinear, inside};

/// A format, recognised by the first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG of every colour type and depth.
    Png,
    /// Windows bitmaps.
    Bmp,
    /// GIF: its first frame.
    Gif,
    /// WebP with and without loss: its first frame.
    WebP,
    /// AVIF: only a host decodes it, to [`Format::Pixels`].
    Avif,
    /// HEIC: the same.
    Heic,
    /// What a host has decoded: width, height and the EXIF orientation that it has not followed, four bytes each with the low
    /// one first, then red, green, blue and opacity of each pixel. No file is of this format.
    Pixels,
}

/// How a picture is decoded.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Pixels beyond which a picture is taken for a decompression bomb.
    pub most_pixels: u32,
    /// Values (height × width × 3) beyond which it is shrunk.
    pub most_values: u32,
    /// Whether it is turned as the camera has noted in EXIF.
    pub upright: bool,
    /// The red, green and blue behind what is transparent; without it, transparency is dropped.
    pub background: Option<[u8; 3]>,
    /// What it is resized to after all that: then it is never there in floats in its own size.
    pub target: Option<Target>,
}

/// A size that a picture is resized to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Rows, at least 1.
    pub height: u32,
    /// Columns, at least 1.
    pub width: u32,
    /// Whether it becomes the largest picture of its aspect ratio that fits inside, without padding.
    pub preserves_aspect_ratio: bool,
}

impl Target {
    /// The height and the width that a picture of such sides has then.
    #[must_use]
    pub fn sides(&self, from: [usize; 2]) -> [usize; 2] {
        let to = [self.height as usize, self.width as usize];
        if self.preserves_aspect_ratio { inside(from, to) } else { to }
    }
}

/// A decoded picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Red, green and blue in `[0, 1]`, row by row.
    pub values: Vec<f32>,
    /// What the camera has noted in EXIF and was not done: 2 to 8, or 1 where there is nothing to do.
    pub orientation: u8,
}

/// A picture to be encoded.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// 1 for gray, 3 for red, green and blue, 4 with opacity.
    pub channels: u32,
    /// The channels of each pixel, row by row.
    pub values: &'a [u8],
}

/// Why a picture is not decoded, or not encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It ends too early.
    Truncated,
    /// Its bytes contradict the format.
    Damaged,
    /// A kind of the format that is not read.
    Unsupported(Kind),
    /// It has no pixels.
    Empty {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// More pixels than [`Options::most_pixels`].
    TooManyPixels {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// So many passes over so many pixels that they would take minutes.
    TooManyScans {
        /// The passes.
        scans: u32,
    },
    /// There is not enough memory.
    Memory,
    /// The decoder itself has stopped.
    Stopped,
}

/// The kinds of pictures that are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// A JPEG with arithmetic coding.
    Arithmetic,
    /// A JPEG without loss.
    Lossless,
    /// A JPEG of several resolutions.
    Hierarchical,
    /// A JPEG of 12 bits.
    TwelveBits,
    /// A format that only some hosts decode, and this one does not.
    HostOnly,
    /// Any other.
    Other,
}

/// Why a picture is not decoded, with the decoder's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub failure: Failure,
    /// In the words of the decoder; may be empty.
    pub detail: String,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { failure, detail: String::new() }
    }
}
