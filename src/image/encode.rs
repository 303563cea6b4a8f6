//! Pixels to the bytes of a file, by the crate `pictures`, as in [`super::decode`].

use pictures::{Failure, Format, Pixels, Refusal};

use super::{Decoder, View};
use crate::diag::{Code, Error, Invariant, Result};

/// What a network overshoots is clamped; values further away are of another scale than [0, 1].
const OVERSHOT: std::ops::RangeInclusive<f32> = -1.0..=2.0;

/// How a picture is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) format: Format,
    /// Of JPEG: from 1 to 100.
    pub(crate) quality: u8,
}

/// # Errors
/// `invalid-value` for values that are not from 0 to 1, nor near them.
pub(crate) fn check_units(picture: View<'_>) -> Result<()> {
    match picture.data.iter().find(|value| !OVERSHOT.contains(*value)) {
        Some(value) => Err(Error::new(
            Code::InvalidValue,
            format!("expected an image of values from 0 to 1, found {value}"),
        )
        .hint(
            "numbers from 0 to 255 are whole: ARRAY<INT64>; others become such by what undoes their scale",
        )),
        None => Ok(()),
    }
}

impl Decoder {
    /// The file of a picture of whole numbers from 0 to 255.
    ///
    /// # Errors
    /// `invalid-value` for numbers of channels and sizes that the format has not.
    pub(crate) fn encode(&self, picture: View<'_>, Written { format, quality }: Written) -> Result<Vec<u8>> {
        let View { height, width, channels, data } = picture;
        if channels != 1 && channels != 3 && (channels != 4 || format == Format::Jpeg) {
            let wanted = if format == Format::Jpeg { "1 or 3" } else { "1, 3 or 4" };
            let message = format!("expected an image of {wanted} channels, found {channels}");
            return Err(Error::new(Code::InvalidValue, message).hint(
                "channels that stand first are put last by ML.TENSOR_TO_IMAGE; scores of classes become colors by ML.MASK_IMAGE",
            ));
        }
        let most = if format == Format::Jpeg { usize::from(u16::MAX) } else { i32::MAX as usize };
        if height.max(width) > most {
            let message = format!("expected sides of at most {most} pixels, found {height} × {width}");
            return Err(Error::new(Code::InvalidValue, message).hint("resize the image first"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole numbers from 0 to 255"
        )]
        let values: Vec<u8> = data.iter().map(|value| *value as u8).collect();
        let side = |side: usize| u32::try_from(side).ok().invariant("a side of a picture");
        let (height, width, channels) = (side(height)?, side(width)?, side(channels)?);
        let pixels = Pixels { height, width, channels, values: &values };
        (self.encode)(pixels, format, quality).map_err(|Refusal { failure, detail }| match failure {
            Failure::Memory => {
                Error::new(Code::LimitExceeded, "the image needs too much memory to be encoded")
            }
            _ => Error::internal(format!("the image was not encoded: {failure:?}")).detail(detail),
        })
    }
}
