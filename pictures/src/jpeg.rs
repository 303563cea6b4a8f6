//! JPEG: what its markers say before anything is decoded, here or by a host, and the decoding of what is whole.

use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::decode::{Raw, check_size, room};
use crate::layout::Layout;
use crate::{Failure, Kind, Options, Refusal};

/// Passes over the pixels that a progressive picture of the most pixels may take; encoders make about ten.
const SCANS: u64 = 16;

/// Zeros in the place of what follows the pixels. They let a decoder read ahead, and run out where pixels are missing.
const AHEAD: usize = 16;

/// What the markers say.
struct Outline {
    frame: Frame,
    /// Passes over the pixels.
    scans: u32,
    /// Where the end marker is.
    end: usize,
}

/// The start of a frame.
struct Frame {
    /// The last byte of its marker: how pixels are coded.
    coding: u8,
    bits: u8,
    height: u16,
    width: u16,
}

/// # Errors
/// For what is not whole, not read, or too large.
pub(crate) fn decode(bytes: &[u8], options: &Options) -> Result<Raw, Refusal> {
    let outline = outline(bytes).ok_or(Failure::Truncated)?;
    outline.check(bytes, options)?;
    let is_sequential = outline.frame.coding != 0xc2 && outline.scans == 1;
    let whole = bytes.get(..outline.end).ok_or(Failure::Truncated)?;
    // The decoder would fill what is missing with gray, and takes the end marker for a sign that all is well.
    let source = if is_sequential { [whole, &[0; AHEAD]].concat() } else { bytes.to_vec() };
    match read(&source, true) {
        // Stray bytes before a marker are no harm, and cameras write such.
        Err(DecodeErrors::FormatStatic(reason)) if reason.contains("between headers") => read(&source, false),
        answer => answer,
    }
    .map_err(|error| refused(&error))
}

/// What is known of a picture that a host has decoded: height, width, and what the camera has noted.
///
/// # Errors
/// As of [`decode`], as far as that is known without the pixels.
pub(crate) fn inspect(bytes: &[u8], options: &Options) -> Result<[u32; 3], Refusal> {
    let outline = outline(bytes).ok_or(Failure::Truncated)?;
    outline.check(bytes, options)?;
    let mut decoder = JpegDecoder::new(ZCursor::new(bytes));
    decoder.decode_headers().map_err(|error| refused(&error))?;
    let Frame { height, width, .. } = outline.frame;
    Ok([height.into(), width.into(), orientation(&decoder).into()])
}

/// The EXIF orientation. What cannot be understood of EXIF says nothing.
fn orientation(decoder: &JpegDecoder<ZCursor<&[u8]>>) -> u8 {
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    orientation.map_or(1, Orientation::to_exif)
}

fn read(source: &[u8], strict: bool) -> Result<Raw, DecodeErrors> {
    let options = DecoderOptions::default()
        .set_strict_mode(strict)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(source), options);
    decoder.decode_headers()?;
    let (color, layout) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, Layout::GRAY),
        _ => (ColorSpace::RGB, Layout::RGB),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(color));
    let (width, height) = decoder.dimensions().ok_or(DecodeErrors::ZeroError)?;
    let orientation = orientation(&decoder);
    let mut bytes = room(width * height * layout.pixel).map_err(|_| DecodeErrors::FormatStatic(NO_ROOM))?;
    decoder.decode_into(&mut bytes)?;
    Ok(Raw { height, width, layout, bytes, orientation })
}

const NO_ROOM: &str = "no memory for the pixels";

fn refused(error: &DecodeErrors) -> Refusal {
    let failure = match error {
        DecodeErrors::FormatStatic(NO_ROOM) => Failure::Memory,
        DecodeErrors::FormatStatic("Premature end of buffer") | DecodeErrors::ExhaustedData => {
            Failure::Truncated
        }
        DecodeErrors::Unsupported(_) => Failure::Unsupported(Kind::Other),
        _ => Failure::Damaged,
    };
    Refusal { failure, detail: format!("{error:?}") }
}

impl Outline {
    fn check(&self, bytes: &[u8], options: &Options) -> Result<(), Failure> {
        let Frame { coding, bits, height, width } = self.frame;
        match coding {
            0xc3 => return Err(Failure::Unsupported(Kind::Lossless)),
            0xc5..=0xc7 => return Err(Failure::Unsupported(Kind::Hierarchical)),
            0xc9..=0xcf => return Err(Failure::Unsupported(Kind::Arithmetic)),
            _ if bits != 8 => return Err(Failure::Unsupported(Kind::TwelveBits)),
            _ => {}
        }
        check_size(width.into(), height.into(), options)?;
        let blocks = u64::from(width.div_ceil(8)) * u64::from(height.div_ceil(8));
        // A block takes two codes of at least a bit, in a progressive picture's first scan one.
        let least_bits = if coding == 0xc2 { blocks } else { 2 * blocks };
        if (bytes.len() as u64) < least_bits / 8 {
            return Err(Failure::Truncated);
        }
        let pixels = u64::from(width) * u64::from(height);
        if pixels * u64::from(self.scans) > u64::from(options.most_pixels) * SCANS {
            return Err(Failure::TooManyScans { scans: self.scans });
        }
        Ok(())
    }
}

/// What the markers of a whole JPEG say; `None` where it ends before its end marker.
fn outline(bytes: &[u8]) -> Option<Outline> {
    let mut frame = None;
    let mut scans = 0;
    let mut rest = bytes.get(2..)?;
    loop {
        // Between markers lies entropy-coded data, where 0xFF is followed by 0 or by a restart marker.
        let position = rest.iter().position(|byte| *byte == 0xff)?;
        let from_marker = rest.get(position + 1..)?;
        let (marker, after) = from_marker.split_first()?;
        rest = match marker {
            // A marker may follow any number of 0xFF.
            0xff => from_marker,
            0xd9 => return Some(Outline { frame: frame?, scans, end: bytes.len() - from_marker.len() - 1 }),
            0x00 | 0x01 | 0xd0..=0xd8 => after,
            // A segment begins with its length.
            marker => {
                match (marker, after) {
                    (0xc0..=0xcf, [_, _, bits, h1, h0, w1, w0, ..])
                        if !matches!(marker, 0xc4 | 0xc8 | 0xcc) =>
                    {
                        let (height, width) =
                            (u16::from_be_bytes([*h1, *h0]), u16::from_be_bytes([*w1, *w0]));
                        frame.get_or_insert(Frame { coding: *marker, bits: *bits, height, width });
                    }
                    (0xda, _) => scans += 1,
                    _ => {}
                }
                after.get(usize::from(u16::from_be_bytes(*after.first_chunk()?))..)?
            }
        };
    }
}
