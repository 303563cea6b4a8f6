//! Pictures on their way into a model: its order of the channels, its scale of the values.
//!
//! SQL's pictures have their channels last and values from 0 to 1. Models that were exported from PyTorch want the
//! channels first, and most models want values around 0.

use std::borrow::Cow;

use tract_onnx::prelude::{DatumType, TVec};

use super::convert::fits;
use super::options::{Layout, ModelOptions};
use super::signature::Slot;
use crate::data::DataType;
use crate::diag::{Code, Error, Result};
use crate::onnx::Dim;

/// How the pictures of one input are arranged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    layout: Option<Layout>,
    /// Whether the layout was said, and not only seen in the model's shape.
    said: bool,
    mean: Vec<f32>,
    /// One over the standard deviation.
    scale: Vec<f32>,
}

impl Picture {
    /// What is to be done to the pictures that go into `slot`; `None` for nothing, and for what is no picture.
    ///
    /// # Errors
    /// `invalid-option` for settings that do not fit the model.
    pub(super) fn of(slot: &Slot, options: &ModelOptions) -> Result<Option<Self>> {
        let [first, _, last] = slot.row_shape() else { return Ok(None) };
        if slot.data_type != DataType::Tensor {
            return Ok(None);
        }
        let channels = |dim: &Dim| matches!(dim, Dim::Fixed(1 | 3 | 4));
        let seen = match (channels(first), channels(last)) {
            (true, false) => Some(Layout::ChannelsFirst),
            (false, true) => Some(Layout::ChannelsLast),
            _ => None,
        };
        let layout = options.layout.or(seen);
        let scaled = !options.mean.is_empty() || !options.std.is_empty();
        if scaled && matches!(slot.element, DatumType::U8 | DatumType::I8) {
            return Err(invalid(slot, "takes whole numbers, which have no `image_mean` and `image_std`"));
        }
        let depth = match layout {
            Some(Layout::ChannelsFirst) => first.fixed(),
            Some(Layout::ChannelsLast) => last.fixed(),
            None => None,
        };
        for given in [options.mean.len(), options.std.len()].into_iter().filter(|given| *given > 1) {
            match depth {
                _ if layout.is_none() => {
                    return Err(invalid(slot, "may have its channels first or last")
                        .hint("say which: image_layout = 'NHWC' or image_layout = 'NCHW'"));
                }
                Some(depth) if depth != given => {
                    let what =
                        format!("has {depth} channels, `image_mean` or `image_std` has {given} numbers");
                    return Err(invalid(slot, &what));
                }
                _ => {}
            }
        }
        if layout != Some(Layout::ChannelsFirst) && !scaled {
            return Ok(None);
        }
        let scale = options.std.iter().map(|std| 1.0 / std).collect();
        Ok(Some(Self { layout, said: options.layout.is_some(), mean: options.mean.clone(), scale }))
    }

    /// The model's dimensions in the order of SQL's pictures.
    pub(super) fn as_given(&self, dims: &[Dim]) -> Vec<Dim> {
        match (self.layout, dims) {
            (Some(Layout::ChannelsFirst), [depth, height, width]) => {
                vec![height.clone(), width.clone(), depth.clone()]
            }
            _ => dims.to_vec(),
        }
    }

    /// The shape in which a picture of shape `given` goes into the model; `None` where it does not fit.
    pub(super) fn shape(&self, given: &[usize], dims: &[Dim]) -> Option<TVec<usize>> {
        let turned: TVec<usize> = match given {
            [height, width, depth] if self.layout == Some(Layout::ChannelsFirst) => {
                TVec::from_slice(&[*depth, *height, *width])
            }
            _ => given.into(),
        };
        // A value with its channels first already is taken by a model of which nobody said how it has them.
        match (fits(&turned, dims), !self.said && fits(given, dims)) {
            (true, _) => Some(turned),
            (false, true) => Some(given.into()),
            (false, false) => None,
        }
    }

    /// The values of a picture of shape `given` in the model's order and scale.
    pub(super) fn arranged<'a>(&self, given: &[i64], data: &'a [f32], dims: &[Dim]) -> Cow<'a, [f32]> {
        let given: Vec<usize> = given.iter().filter_map(|length| usize::try_from(*length).ok()).collect();
        let Some(shape) = self.shape(&given, dims) else { return data.into() };
        let turned = shape.as_slice() != given.as_slice();
        let first = self.layout == Some(Layout::ChannelsFirst);
        let depth = if first { shape.first() } else { shape.last() }.copied().unwrap_or_default();
        let pixels = data.len().checked_div(depth).unwrap_or_default();
        let scaled = !self.mean.is_empty() || !self.scale.is_empty();
        if !turned && !scaled {
            return data.into();
        }
        let mut arranged = data.to_vec();
        for channel in 0..depth {
            let mean = of_channel(&self.mean, channel).unwrap_or(0.0);
            let scale = of_channel(&self.scale, channel).unwrap_or(1.0);
            let place = |first| if first { (channel * pixels, 1) } else { (channel, depth) };
            let ((from, from_step), (to, to_step)) = (place(first && !turned), place(first));
            let from = data.get(from..).unwrap_or_default().iter().step_by(from_step).take(pixels);
            let to = arranged.get_mut(to..).unwrap_or_default().iter_mut().step_by(to_step);
            to.zip(from).for_each(|(to, from)| *to = (from - mean) * scale);
        }
        arranged.into()
    }
}

/// The number for `channel`, where one number may stand for all.
fn of_channel(numbers: &[f32], channel: usize) -> Option<f32> {
    numbers.get(channel).or_else(|| numbers.first()).copied()
}

fn invalid(slot: &Slot, what: &str) -> Error {
    Error::new(Code::InvalidOption, format!("model input `{}` {what}", slot.name))
}
