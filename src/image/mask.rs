//! What models say of each pixel, as a picture: scores of classes, numbers of classes, channels that stand first.

use super::{Image, check_room};
use crate::diag::{Code, Error, Result};
use crate::limits::RESIZED_VALUES;

/// Whether the channels of a tensor stand before its pixels or behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    First,
    Last,
}

impl Order {
    pub(crate) const NAMES: [(&str, Self); 2] = [("CHW", Self::First), ("HWC", Self::Last)];
}

/// A tensor of one picture.
#[derive(Clone, Copy)]
pub(crate) struct Planes<'a> {
    height: usize,
    width: usize,
    channels: usize,
    order: Order,
    data: &'a [f32],
}

impl<'a> Planes<'a> {
    /// The tensor of `shape`: height and width, with channels in `order`, behind any number of ones.
    ///
    /// # Errors
    /// `invalid-value` for tensors of other shapes.
    pub(crate) fn new(shape: &[i64], data: &'a [f32], order: Order) -> Result<Self> {
        let sizes: Option<Vec<usize>> = shape.iter().map(|size| usize::try_from(*size).ok()).collect();
        let sizes = sizes.unwrap_or_default();
        let ones = sizes.len().saturating_sub(3);
        let (front, sizes) = sizes.split_at_checked(ones).unwrap_or_default();
        let [height, width, channels] = match (sizes, order) {
            (&[height, width], _) => [height, width, 1],
            (&[channels, height, width], Order::First) => [height, width, channels],
            (&[height, width, channels], Order::Last) => [height, width, channels],
            _ => [0; 3],
        };
        if front.iter().all(|size| *size == 1)
            && !data.is_empty()
            && height.checked_mul(width).and_then(|pixels| pixels.checked_mul(channels)) == Some(data.len())
        {
            return Ok(Self { height, width, channels, order, data });
        }
        let wanted =
            if order == Order::First { "[channels, height, width]" } else { "[height, width, channels]" };
        let message = format!("expected a tensor {wanted} of one picture, found shape {shape:?}");
        Err(Error::new(Code::InvalidValue, message)
            .hint("the layout is 'CHW' or 'HWC'; ML.RESHAPE gives values other dimensions"))
    }

    fn pixels(&self) -> usize {
        self.height * self.width
    }

    #[expect(clippy::indexing_slicing, reason = "`new` has compared the number of values with the sizes")]
    fn value(&self, pixel: usize, channel: usize) -> f32 {
        match self.order {
            Order::First => self.data[channel * self.pixels() + pixel],
            Order::Last => self.data[pixel * self.channels + channel],
        }
    }

    /// The same values with the channels of a pixel side by side.
    pub(crate) fn picture(&self) -> Image {
        let Self { height, width, channels, .. } = *self;
        let values = |pixel| (0..channels).map(move |channel| self.value(pixel, channel));
        Image { height, width, channels, data: (0..self.pixels()).flat_map(values).collect() }
    }

    /// The number of the class with the best score, of equal ones the first; of a single channel whether its score is
    /// above `threshold`.
    fn class(&self, pixel: usize, threshold: f32) -> usize {
        if self.channels == 1 {
            return usize::from(self.value(pixel, 0) > threshold);
        }
        let best = |best: usize, class| {
            if self.value(pixel, class) > self.value(pixel, best) { class } else { best }
        };
        (1..self.channels).fold(0, best)
    }

    /// Each pixel in the color of its class, by the scores of classes.
    ///
    /// # Errors
    /// `invalid-value` for a class without a color; `limit-exceeded` for too many pixels.
    pub(crate) fn colored(&self, threshold: f32, colors: &Colors) -> Result<Image> {
        self.painted(colors, &|pixel| Ok(self.class(pixel, threshold)))
    }

    /// The same where the values are the numbers of classes.
    ///
    /// # Errors
    /// As of [`Planes::colored`], and `invalid-value` for a number that no class has.
    pub(crate) fn numbered(&self, colors: &Colors) -> Result<Image> {
        if self.channels != 1 {
            let message = format!("expected one class for each pixel, found {} of them", self.channels);
            return Err(Error::new(Code::InvalidValue, message).hint("scores of classes are FLOAT64"));
        }
        self.painted(colors, &|pixel| {
            let value = self.value(pixel, 0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "not negative, and below 256"
            )]
            match (0.0..256.0).contains(&value) {
                true => Ok(value as usize),
                false => Err(Error::new(
                    Code::InvalidValue,
                    format!("expected classes from 0 to 255, found {value}"),
                )),
            }
        })
    }

    fn painted(&self, colors: &Colors, class: &dyn Fn(usize) -> Result<usize>) -> Result<Image> {
        let Self { height, width, .. } = *self;
        check_room(height, width, 3, RESIZED_VALUES)?;
        let mut data = Vec::with_capacity(self.pixels() * 3);
        for pixel in 0..self.pixels() {
            data.extend(colors.of(class(pixel)?)?.map(|value| f32::from(value) / 255.0));
        }
        Ok(Image { height, width, channels: 3, data })
    }
}

/// The colors of classes.
pub(crate) struct Colors(Vec<[u8; 3]>);

impl Colors {
    pub(crate) fn new(colors: Vec<[u8; 3]>) -> Self {
        Self(colors)
    }

    /// Those of PASCAL VOC, which most pictures of segmentations have: the bits of a class's number, three at a time, are the highest bits
    /// of red, green and blue.
    pub(crate) fn voc() -> Self {
        let color = |class: u8| {
            let bit = |place: u32| u8::from(place < 8 && class >> place.min(7) & 1 == 1);
            [0, 1, 2]
                .map(|first| (0..3).fold(0, |value, group| value | bit(3 * group + first) << (7 - group)))
        };
        Self((0..=255).map(color).collect())
    }

    fn of(&self, class: usize) -> Result<[u8; 3]> {
        self.0.get(class).copied().ok_or_else(|| {
            let message =
                format!("there are colors of {} classes, and a pixel of class {class}", self.0.len());
            Error::new(Code::InvalidValue, message)
                .hint("give `colors` as many as there are classes, or leave them out")
        })
    }
}
