//! Pictures: decoding and encoding, resizing, parts, conversion of colours, and what models say of them.
//!
//! A picture is row-major height × width × channels of 32-bit floats: in `[0, 1]` as it is decoded, other numbers after
//! some conversions. This room knows no SQL, no columns and no models.

mod antialias;
mod boxes;
mod color;
mod decode;
mod encode;
mod frame;
mod mask;
mod resize;
mod sniff;

pub(crate) use boxes::{BoxFormat, Candidates, Fitted, Found, Kept, suppress, to_picture};
pub(crate) use color::{ColorSpace, check_bytes, convert, from_bytes, normalize, scale, scales, to_bytes};
pub(crate) use decode::{Decoder, Wishes};
pub(crate) use encode::{Written, check_units};
pub(crate) use frame::{Area, centre, cover, crop, pad};
pub(crate) use mask::{Colors, Order, Planes};
pub(crate) use resize::{Target, check_room, resize};

use crate::diag::{Code, Error, Result};

/// A picture that owns its values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Image {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    /// Row-major, the channels of a pixel side by side.
    pub(crate) data: Vec<f32>,
}

impl Image {
    /// The picture whose values are `change` of these.
    pub(crate) fn map(mut self, change: impl Fn(f32) -> f32) -> Self {
        self.data.iter_mut().for_each(|value| *value = change(*value));
        self
    }

    pub(crate) fn view(&self) -> View<'_> {
        let Self { height, width, channels, .. } = *self;
        View { height, width, channels, data: &self.data }
    }
}

/// A borrowed picture of at least one pixel, with as many values as its sizes say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    height: usize,
    width: usize,
    channels: usize,
    data: &'a [f32],
}

impl<'a> View<'a> {
    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// A copy of it.
    pub(crate) fn owned(&self) -> Image {
        let Self { height, width, channels, data } = *self;
        Image { height, width, channels, data: data.to_vec() }
    }

    /// The picture of `shape` `[height, width, channels]`.
    ///
    /// # Errors
    /// `invalid-value` where `shape` is not that of a picture, or does not fit the number of values.
    pub(crate) fn new(shape: &[i64], data: &'a [f32]) -> Result<Self> {
        let sizes: Option<Vec<usize>> =
            shape.iter().map(|size| usize::try_from(*size).ok().filter(|size| *size > 0)).collect();
        match sizes.as_deref() {
            Some(&[height, width, channels])
                if height.checked_mul(width).and_then(|pixels| pixels.checked_mul(channels))
                    == Some(data.len()) =>
            {
                Ok(Self { height, width, channels, data })
            }
            _ => Err(Error::new(
                Code::InvalidValue,
                format!(
                    "expected an image of shape [height, width, channels], found shape {shape:?} with {} values",
                    data.len()
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests;
