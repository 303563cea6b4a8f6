//! JPEG, PNG and BMP to pixels.
//!
//! The result always has three channels: gray is repeated, alpha is dropped without blending. A value is the 8-bit
//! value divided by 255 in 32-bit floats. Of 16-bit values only the high byte is used, as in TensorFlow's `decode_png`.
//! The orientation that cameras write into EXIF is not applied.

use std::io::{Cursor, ErrorKind};

use ::image::{ImageDecoder, ImageError, ImageFormat, ImageReader};

use super::Image;
use super::layout::Layout;
use super::shrink::shrink;
use super::sniff::{Found, sniff};
use crate::diag::{Code, Error, Result, ensure};
use crate::limits::Limits;

/// Decodes a picture; one of more than [`Limits::image_values`] values is shrunk.
///
/// # Errors
/// `invalid-image` for bytes that are no JPEG, PNG or BMP, or a broken one; `limit-exceeded` for too many bytes
/// or pixels.
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Image> {
    if bytes.len() > limits.image_bytes {
        return Err(Error::new(
            Code::LimitExceeded,
            format!("expected a picture of at most {} bytes, found {}", limits.image_bytes, bytes.len()),
        ));
    }
    let (format, name) = match sniff(bytes) {
        Found::Picture(format, name) => (format, name),
        Found::Other(found) => {
            return Err(Error::new(
                Code::InvalidImage,
                format!("expected a JPEG, PNG or BMP, found {found}"),
            )
            .hint("convert the picture to JPEG, PNG or BMP"));
        }
    };
    if format == ImageFormat::Jpeg && !is_whole_jpeg(bytes) {
        return Err(truncated(name));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(allocation(limits));
    let decoder = reader.into_decoder().map_err(|error| refused(name, &error))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(Error::new(
            Code::InvalidImage,
            format!("expected at least one pixel, found a {name} of {width} × {height}"),
        ));
    }
    if pixels > limits.image_pixels {
        return Err(Error::new(
            Code::LimitExceeded,
            format!("expected a picture of at most {} pixels, found {width} × {height}", limits.image_pixels),
        ));
    }
    let layout = Layout::of(decoder.color_type()).ok_or_else(|| unsupported(name))?;
    let size = usize::try_from(decoder.total_bytes()).map_err(|_| unsupported(name))?;
    let mut raw = vec![0; size];
    decoder.read_image(&mut raw).map_err(|error| refused(name, &error))?;
    let (height, width) = (height as usize, width as usize);
    ensure(raw.len() == height * width * layout.pixel, "a decoder has written another number of pixels")?;
    if height * width * 3 > limits.image_values {
        return Ok(shrink(&layout, &raw, height, width, limits.image_values));
    }
    Ok(Image { height, width, channels: 3, data: layout.floats(&raw) })
}

/// The most that a decoder may allocate: pixels of eight bytes, and as much again for its own tables.
fn allocation(limits: &Limits) -> ::image::Limits {
    let mut allocation = ::image::Limits::default();
    allocation.max_alloc = Some(limits.image_pixels.saturating_mul(16));
    allocation
}

/// Whether a JPEG has its end marker. The decoder would fill what is missing with gray.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    fn end_marker(bytes: &[u8]) -> Option<()> {
        let mut rest = bytes.get(2..)?;
        loop {
            // Between markers lies entropy-coded data, where 0xFF is followed by 0 or by a restart marker.
            let position = rest.iter().position(|byte| *byte == 0xff)?;
            let from_marker = rest.get(position + 1..)?;
            let (marker, after) = from_marker.split_first()?;
            rest = match marker {
                // A marker may follow any number of 0xFF.
                0xff => from_marker,
                0xd9 => return Some(()),
                0x00 | 0x01 | 0xd0..=0xd8 => after,
                // A segment begins with its length.
                _ => after.get(usize::from(u16::from_be_bytes(*after.first_chunk()?))..)?,
            };
        }
    }
    end_marker(bytes).is_some()
}

fn truncated(name: &str) -> Error {
    Error::new(Code::InvalidImage, format!("expected a whole picture, found a truncated {name}"))
        .hint("the file was cut off: download or copy it again")
}

fn unsupported(name: &str) -> Error {
    Error::new(Code::InvalidImage, format!("found a {name} of a kind that is not read"))
        .hint("save the picture again as an ordinary 8-bit PNG or JPEG")
}

/// A decoder's error in our words.
fn refused(name: &str, error: &ImageError) -> Error {
    let error_of_ours = match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => truncated(name),
        ImageError::Unsupported(_) => unsupported(name),
        ImageError::Limits(_) => {
            Error::new(Code::LimitExceeded, format!("the {name} needs too much memory to be decoded"))
        }
        _ => Error::new(Code::InvalidImage, format!("expected a whole picture, found a damaged {name}"))
            .hint("download or export the picture again"),
    };
    error_of_ours.detail(error)
}
