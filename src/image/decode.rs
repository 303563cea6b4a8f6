//! Bytes to pixels, by the crate `pictures`: linked in a native program, a module of its own in the browser, which the
//! host brings when the first picture comes.

use std::fmt;

use pictures::{Failure, Format, Kind, Options, Picture, Pixels, Refusal, Target};

use super::sniff::{Found, sniff};
use crate::diag::{Code, Error, Result};
use crate::limits::Limits;

/// The formats that are read, for errors.
const FORMATS: &str = "JPEG, PNG, BMP, WebP or GIF";

/// How a query wants its pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Turned as the camera has noted in EXIF.
    pub(crate) upright: bool,
    /// The red, green and blue behind what is transparent; without it, transparency is dropped.
    pub(crate) background: Option<[u8; 3]>,
    /// The size that it is resized to after all that.
    pub(crate) target: Option<Target>,
}

/// What decodes pictures, and encodes them.
#[derive(Clone, Copy)]
pub(crate) struct Decoder {
    /// Whether it is there: where it is not, the host is asked for it before pictures are decoded.
    pub(crate) is_ready: fn() -> bool,
    pub(crate) decode: fn(&[u8], Format, &Options) -> std::result::Result<Picture, Refusal>,
    pub(crate) encode: fn(Pixels<'_>, Format, u8) -> std::result::Result<Vec<u8>, Refusal>,
}

/// The answer where the host has brought none.
const ABSENT: &str = "the host has brought no decoder for pictures";

impl Decoder {
    /// None: until the host brings one.
    pub(crate) const NONE: Self = Self {
        is_ready: || false,
        decode: |_, _, _| Err(Refusal { failure: Failure::Stopped, detail: ABSENT.into() }),
        encode: |_, _, _| Err(Refusal { failure: Failure::Stopped, detail: ABSENT.into() }),
    };

    /// The one that is linked.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) const LINKED: Self =
        Self { is_ready: || true, decode: pictures::decode, encode: pictures::encode };

    /// The one that is linked, if there is one.
    #[cfg(target_family = "wasm")]
    pub(crate) const LINKED: Self = Self::NONE;

    /// Decodes a picture; one of more than [`Limits::image_values`] values is shrunk.
    ///
    /// # Errors
    /// `invalid-image` for bytes that are no picture of a format that is read, or a broken one; `limit-exceeded` for too
    /// many bytes or pixels.
    pub(crate) fn decode(&self, bytes: &[u8], wishes: Wishes, limits: &Limits) -> Result<Picture> {
        if bytes.len() > limits.image_bytes {
            return Err(Error::new(
                Code::LimitExceeded,
                format!("expected a picture of at most {} bytes, found {}", limits.image_bytes, bytes.len()),
            ));
        }
        let (format, name) = match sniff(bytes) {
            Found::Picture(format, name) => (format, name),
            Found::Other(found) => {
                return Err(Error::new(Code::InvalidImage, format!("expected a {FORMATS}, found {found}"))
                    .hint(format!("convert the picture to {FORMATS}")));
            }
        };
        let Wishes { upright, background, target } = wishes;
        let options = Options {
            most_pixels: u32::try_from(limits.image_pixels).unwrap_or(u32::MAX),
            most_values: u32::try_from(limits.image_values).unwrap_or(u32::MAX),
            upright,
            background,
            target,
        };
        (self.decode)(bytes, format, &options).map_err(|refusal| refused(name, refusal, limits))
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("is_ready", &(self.is_ready)()).finish_non_exhaustive()
    }
}

/// A decoder's failure in our words.
fn refused(name: &str, Refusal { failure, detail }: Refusal, limits: &Limits) -> Error {
    let invalid = |message: String, hint: &str| Error::new(Code::InvalidImage, message).hint(hint);
    let exceeded = |message: String| Error::new(Code::LimitExceeded, message);
    let error = match failure {
        Failure::Truncated => invalid(
            format!("expected a whole picture, found a truncated {name}"),
            "the file was cut off: download or copy it again",
        ),
        Failure::Damaged => invalid(
            format!("expected a whole picture, found a damaged {name}"),
            "download or export the picture again",
        ),
        Failure::Unsupported(Kind::HostOnly) => invalid(
            format!("expected a {FORMATS}, found one {name}, which is decoded by some browsers only"),
            "convert the picture to JPEG, or register it as a file of an object table in a browser that shows such pictures",
        ),
        Failure::Unsupported(kind) => {
            let which = match kind {
                Kind::Arithmetic => ": its coding is arithmetic",
                Kind::Lossless => ": it is lossless",
                Kind::Hierarchical => ": it is hierarchical",
                Kind::TwelveBits => ": its values have 12 bits",
                Kind::HostOnly | Kind::Other => "",
            };
            invalid(
                format!("found a {name} of a kind that is not read{which}"),
                "save the picture again as an ordinary 8-bit PNG or JPEG",
            )
        }
        Failure::Empty { width, height } => Error::new(
            Code::InvalidImage,
            format!("expected at least one pixel, found a {name} of {width} × {height}"),
        ),
        Failure::TooManyPixels { width, height } => exceeded(format!(
            "expected a picture of at most {} pixels, found {width} × {height}",
            limits.image_pixels
        )),
        Failure::TooManyScans { scans } => {
            exceeded(format!("the {name} would take too long to be decoded: it has {scans} scans"))
        }
        Failure::Memory => exceeded(format!("the {name} needs too much memory to be decoded")),
        Failure::Stopped => invalid(
            format!("the decoder stopped while it read this {name}"),
            "save the picture again as an ordinary 8-bit PNG or JPEG",
        ),
    };
    if detail.is_empty() { error } else { error.detail(detail) }
}
