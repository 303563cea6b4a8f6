//! Any format to red, green and blue.
//!
//! The result always has three channels: gray is repeated, transparency is dropped without blending unless a background
//! is given. A value is the 8-bit value divided by 255 in 32-bit floats. Of 16-bit values only the high byte is used, as
//! in TensorFlow's `decode_png`. Of animations the first frame counts.

use std::io::{Cursor, ErrorKind};

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{ImageDecoder, ImageError, ImageResult, Limits};

use crate::layout::Layout;
use crate::shrink::shrink;
use crate::turn::turn;
use crate::{Failure, Format, Kind, Options, Picture, Refusal, Target, across, bilinear, jpeg};

/// Pixels as a codec gives them.
pub(crate) struct Raw {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) layout: Layout,
    pub(crate) bytes: Vec<u8>,
    /// The EXIF orientation, 1 to 8.
    pub(crate) orientation: u8,
}

/// Decodes a picture; one of more than [`Options::most_values`] values is shrunk.
///
/// # Errors
/// For bytes that are no whole picture of `format`, and for too many pixels, before they are decoded.
pub fn decode(bytes: &[u8], format: Format, options: &Options) -> Result<Picture, Refusal> {
    let source = Cursor::new(bytes);
    let raw = match format {
        Format::Jpeg => jpeg::decode(bytes, options)?,
        Format::Png => {
            // The codec has its own words for sizes that no 32-bit machine holds.
            let [width, height] = header(bytes).ok_or(Failure::Truncated)?;
            check_size(width, height, options)?;
            read(PngDecoder::with_limits(source, allocation(options)), options)?
        }
        Format::Bmp => read(BmpDecoder::new(source), options)?,
        Format::Gif => read(GifDecoder::new(source), options)?,
        Format::WebP => read(WebPDecoder::new(source), options)?,
        Format::Pixels => pixels(bytes, options)?,
        Format::Avif | Format::Heic => return Err(Failure::Unsupported(Kind::HostOnly).into()),
    };
    Ok(finished(&raw, options))
}

/// What becomes of the pixels.
fn finished(raw: &Raw, options: &Options) -> Picture {
    let &Raw { height, width, ref bytes, orientation, layout } = raw;
    let layout = layout.over(options.background);
    let most = options.most_values as usize;
    let is_turned = options.upright && orientation != 1;
    if let Some(target) = options.target
        && height * width * 3 <= most
        && !is_turned
    {
        let [to_height, to_width] = target.sides([height, width]);
        let values = layout.resized(bytes, [height, width], [to_height, to_width]);
        return Picture { height: to_height, width: to_width, values, orientation };
    }
    let picture = if height * width * 3 > most {
        shrink(&layout, bytes, height, width, most)
    } else {
        Picture { height, width, values: layout.floats(bytes), orientation: 1 }
    };
    let picture = Picture { orientation, ..picture };
    let picture = if options.upright { turn(picture) } else { picture };
    match options.target {
        Some(target) => resized(&picture, target),
        None => picture,
    }
}

/// A picture that was changed already, at another size.
#[expect(clippy::indexing_slicing, reason = "taps lie within the picture")]
fn resized(picture: &Picture, target: Target) -> Picture {
    let &Picture { height, width, ref values, orientation } = picture;
    let [to_height, to_width] = target.sides([height, width]);
    let pixels = values.as_chunks::<3>().0;
    let values = bilinear([height, width], [to_height, to_width], 3, |row, columns, line| {
        across(columns, line, |column| pixels[row * width + column]);
    });
    Picture { height: to_height, width: to_width, values, orientation }
}

/// What is known of a picture that a host has decoded in the place of [`decode`], as the file itself tells: height, width
/// and EXIF orientation.
///
/// # Errors
/// Where [`decode`] would refuse the file before it looks at pixels.
pub fn inspect(bytes: &[u8], format: Format, options: &Options) -> Result<[u32; 3], Refusal> {
    match format {
        Format::Jpeg => jpeg::inspect(bytes, options),
        _ => Err(Failure::Unsupported(Kind::Other).into()),
    }
}

/// What a host has decoded.
fn pixels(bytes: &[u8], options: &Options) -> Result<Raw, Failure> {
    let (width, rest) = bytes.split_first_chunk().ok_or(Failure::Truncated)?;
    let (height, rest) = rest.split_first_chunk().ok_or(Failure::Truncated)?;
    let (orientation, rest) = rest.split_first_chunk().ok_or(Failure::Truncated)?;
    let (width, height) = (u32::from_le_bytes(*width), u32::from_le_bytes(*height));
    let orientation = u8::try_from(u32::from_le_bytes(*orientation)).map_err(|_| Failure::Damaged)?;
    check_size(width, height, options)?;
    let (height, width, layout) = (height as usize, width as usize, Layout::RGBA);
    if rest.len() != height * width * layout.pixel {
        return Err(Failure::Damaged);
    }
    let mut bytes = room(rest.len())?;
    bytes.copy_from_slice(rest);
    Ok(Raw { height, width, layout, bytes, orientation })
}

/// Width and height of a PNG: they come first.
fn header(bytes: &[u8]) -> Option<[u32; 2]> {
    let (width, rest) = bytes.get(16..)?.split_first_chunk()?;
    Some([u32::from_be_bytes(*width), u32::from_be_bytes(*rest.first_chunk()?)])
}

/// Whether a picture of this size may be decoded.
///
/// # Errors
/// For no pixels, and for more than [`Options::most_pixels`].
pub(crate) fn check_size(width: u32, height: u32, options: &Options) -> Result<(), Failure> {
    match u64::from(width) * u64::from(height) {
        0 => Err(Failure::Empty { width, height }),
        pixels if pixels > options.most_pixels.into() => Err(Failure::TooManyPixels { width, height }),
        _ => Ok(()),
    }
}

fn read(decoder: ImageResult<impl ImageDecoder>, options: &Options) -> Result<Raw, Refusal> {
    let mut decoder = decoder.map_err(|error| refused(&error))?;
    let (width, height) = decoder.dimensions();
    check_size(width, height, options)?;
    decoder.set_limits(allocation(options)).map_err(|error| refused(&error))?;
    let layout = Layout::of(decoder.color_type()).ok_or(Failure::Unsupported(Kind::Other))?;
    // What cannot be understood of EXIF says nothing.
    let orientation = decoder.orientation().map_or(1, image::metadata::Orientation::to_exif);
    let size = usize::try_from(decoder.total_bytes()).map_err(|_| Failure::Memory)?;
    let mut bytes = room(size)?;
    decoder.read_image(&mut bytes).map_err(|error| refused(&error))?;
    let (height, width) = (height as usize, width as usize);
    if bytes.len() != height * width * layout.pixel {
        return Err(Failure::Damaged.into());
    }
    Ok(Raw { height, width, layout, bytes, orientation })
}

/// So many zeros, where there is room for them.
pub(crate) fn room(size: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| Failure::Memory)?;
    bytes.resize(size, 0);
    Ok(bytes)
}

/// The most that a codec may allocate: pixels of eight bytes, and as much again for its own tables.
fn allocation(options: &Options) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(u64::from(options.most_pixels) * 16);
    limits
}

fn refused(error: &ImageError) -> Refusal {
    let failure = match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => Failure::Truncated,
        ImageError::Unsupported(_) => Failure::Unsupported(Kind::Other),
        ImageError::Limits(_) => Failure::Memory,
        _ => Failure::Damaged,
    };
    Refusal { failure, detail: error.to_string() }
}
