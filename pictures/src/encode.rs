//! Pixels to the bytes of a file, so that what a model has drawn can be looked at and kept.
//!
//! A PNG is a few chunks around a stream of zlib, for which `fdeflate`, which reads PNGs here, has a writer; the encoder of the
//! crate `png` would bring a second one.

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::{Failure, Format, Kind, Pixels, Refusal};

/// The picture as a file of `format`: PNG, which keeps every value, or JPEG of a `quality` from 1 to 100, whose colours
/// have all of its pixels.
///
/// # Errors
/// For other formats, for transparency in a JPEG, and for sizes that the format has not.
pub fn encode(pixels: Pixels<'_>, format: Format, quality: u8) -> Result<Vec<u8>, Refusal> {
    let Pixels { height, width, channels, values } = pixels;
    let length = u64::from(height) * u64::from(width) * u64::from(channels);
    if length == 0 || length != values.len() as u64 {
        return Err(Failure::Empty { width, height }.into());
    }
    match (format, channels) {
        (Format::Png, 1) => Ok(png(pixels, 0)),
        (Format::Png, 3) => Ok(png(pixels, 2)),
        (Format::Png, 4) => Ok(png(pixels, 6)),
        (Format::Jpeg, 1) => jpeg(pixels, quality, ExtendedColorType::L8),
        (Format::Jpeg, 3) => jpeg(pixels, quality, ExtendedColorType::Rgb8),
        _ => Err(Failure::Unsupported(Kind::Other).into()),
    }
}

fn jpeg(pixels: Pixels<'_>, quality: u8, color: ExtendedColorType) -> Result<Vec<u8>, Refusal> {
    let Pixels { height, width, values, .. } = pixels;
    let mut bytes = Vec::new();
    match JpegEncoder::new_with_quality(&mut bytes, quality.clamp(1, 100))
        .write_image(values, width, height, color)
    {
        Ok(()) => Ok(bytes),
        Err(error) => Err(Refusal { failure: Failure::Damaged, detail: error.to_string() }),
    }
}

/// A PNG of 8 bits a channel, of the colour type of its header.
fn png(pixels: Pixels<'_>, color: u8) -> Vec<u8> {
    let Pixels { height, width, channels, values } = pixels;
    let channels = channels as usize;
    let row = width as usize * channels;
    let mut filtered = Vec::with_capacity(values.len() + height as usize);
    let mut above = vec![0; row];
    for line in values.chunks_exact(row) {
        filtered.push(PAETH);
        // What is outside of the picture counts as 0.
        let left = std::iter::repeat_n(&0, channels).chain(line);
        let corner = std::iter::repeat_n(&0, channels).chain(&above);
        let near = left.zip(&above).zip(corner);
        filtered.extend(
            line.iter()
                .zip(near)
                .map(|(value, ((left, above), corner))| value.wrapping_sub(nearest(*left, *above, *corner))),
        );
        above.copy_from_slice(line);
    }
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, color, 0, 0, 0]].concat();
    chunk(&mut bytes, *b"IHDR", &header);
    chunk(&mut bytes, *b"IDAT", &fdeflate::compress_to_vec(&filtered));
    chunk(&mut bytes, *b"IEND", &[]);
    bytes
}

/// The filter of a row: each value less what its neighbours let expect.
const PAETH: u8 = 4;

/// Paeth's predictor: of three neighbours the one that is nearest to what they make together, in this order.
fn nearest(left: u8, above: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, above, corner].map(i16::from);
    let distance = |value: i16| (a + b - c - value).abs();
    if distance(a) <= distance(b) && distance(a) <= distance(c) {
        left
    } else if distance(b) <= distance(c) {
        above
    } else {
        corner
    }
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let named = [&name[..], data].concat();
    file.extend(&named);
    file.extend(crc32fast::hash(&named).to_be_bytes());
}
