//! Pictures on their way into a model: its order of the channels, its scale of the values.
//!
//! SQL's pictures have their channels last and values from 0 to 1. Models that were exported from PyTorch want the
//! channels first, and most models want values around 0. Only what an image function made is a picture: other tensors
//! keep their order, unless the option `image_layout` says that the input takes pictures.

use crate::data::DataType;
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::model::graph_port::GraphPort;
use crate::model::options::{Layout, ModelOptions};
use crate::model::shapes::{fits, volume};
use crate::onnx::Dim;
use crate::tensor::ElementType;

/// How the pictures of one input are arranged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    layout: Option<Layout>,
    /// Whether an option gives the layout; otherwise the model's shape shows it.
    layout_is_given: bool,
    mean: Vec<f32>,
    /// One over the standard deviation.
    scale: Vec<f32>,
}

/// How a value goes into the model.
#[derive(Debug)]
pub(super) struct Fit {
    /// The shape in which it does.
    pub(super) shape: Vec<usize>,
    /// Whether its channels move to the front for that.
    moves_channels: bool,
}

/// Why a value does not go into the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    Shape,
    /// It would both with its channels first and last, and the model's shape does not tell which is right.
    Ambiguous,
}

impl Fit {
    /// A value that stays as it is.
    pub(super) fn unchanged(shape: Vec<usize>) -> Self {
        Self { shape, moves_channels: false }
    }
}

impl Picture {
    /// How the pictures for `port` are to be changed; `None` for inputs that have no room for pictures.
    ///
    /// # Errors
    /// `invalid-option` for settings that do not fit the model.
    pub(super) fn of(port: &GraphPort, options: &ModelOptions) -> Result<Option<Self>> {
        let [first, _, last] = port.row_shape() else { return Ok(None) };
        if port.data_type != DataType::Tensor {
            return Ok(None);
        }
        let can_be_channels = |dim: &Dim| matches!(dim, Dim::Fixed(1 | 3 | 4));
        let shown = match (can_be_channels(first), can_be_channels(last)) {
            (true, false) => Some(Layout::ChannelsFirst),
            (false, true) => Some(Layout::ChannelsLast),
            _ => None,
        };
        let layout = options.layout.or(shown);
        let is_scaled = !options.mean.is_empty() || !options.std.is_empty();
        if is_scaled && matches!(port.element, ElementType::U8 | ElementType::I8) {
            return Err(invalid(port, "takes whole numbers, which have no `image_mean` and `image_std`"));
        }
        let channels = match layout {
            Some(Layout::ChannelsFirst) => first.fixed(),
            Some(Layout::ChannelsLast) => last.fixed(),
            Some(Layout::AsIs) | None => None,
        };
        for numbers in [options.mean.len(), options.std.len()].into_iter().filter(|numbers| *numbers > 1) {
            match channels {
                _ if matches!(layout, None | Some(Layout::AsIs)) => {
                    return Err(invalid(port, "may have its channels first or last")
                        .hint("say which: image_layout = 'NHWC' or image_layout = 'NCHW'"));
                }
                Some(channels) if channels != numbers => {
                    let what =
                        format!("has {channels} channels, `image_mean` or `image_std` has {numbers} numbers");
                    return Err(invalid(port, &what));
                }
                _ => {}
            }
        }
        let scale = options.std.iter().map(|std| 1.0 / std).collect();
        let layout_is_given = options.layout.is_some();
        Ok(Some(Self { layout, layout_is_given, mean: options.mean.clone(), scale }))
    }

    /// Whether an option gives the layout: then every value is a picture.
    pub(super) fn layout_is_given(&self) -> bool {
        self.layout_is_given
    }

    /// Whether options say anything of pictures.
    pub(super) fn is_given(&self) -> bool {
        self.layout_is_given || self.is_scaled()
    }

    fn is_scaled(&self) -> bool {
        !self.mean.is_empty() || !self.scale.is_empty()
    }

    /// The model's dimensions in the order of SQL's pictures.
    pub(super) fn shape_in_sql(&self, dims: &[Dim]) -> Vec<Dim> {
        match (self.layout, dims) {
            (Some(Layout::ChannelsFirst), [channels, height, width]) => {
                vec![height.clone(), width.clone(), channels.clone()]
            }
            _ => dims.to_vec(),
        }
    }

    /// How a value of shape `given` goes into the model; `is_picture` is whether an image function made it.
    pub(super) fn fit(&self, given: &[usize], dims: &[Dim], is_picture: bool) -> Result<Fit, Misfit> {
        let as_it_is = fits(given, dims).then(|| Fit::unchanged(given.into())).ok_or(Misfit::Shape);
        if !is_picture && !self.layout_is_given {
            return as_it_is;
        }
        let moved = match given {
            [height, width, channels] => Some(vec![*channels, *height, *width]),
            _ => None,
        };
        let moved = moved.filter(|shape| fits(shape, dims));
        let moved = moved.map(|shape| Fit { shape, moves_channels: true }).ok_or(Misfit::Shape);
        match self.layout {
            Some(Layout::ChannelsFirst) => moved,
            Some(Layout::ChannelsLast | Layout::AsIs) => as_it_is,
            None if as_it_is.is_ok() && moved.is_ok() => Err(Misfit::Ambiguous),
            None => as_it_is,
        }
    }

    /// The channels of a picture of `shape`, as the model takes it, and the numbers of `image_mean` or `image_std`,
    /// where they differ. A single number is for all channels.
    pub(super) fn mismatched_channels(&self, shape: &[usize]) -> Option<(usize, usize)> {
        let channels = *self.channels(shape)?;
        let numbers = [self.mean.len(), self.scale.len()];
        numbers
            .into_iter()
            .find(|numbers| *numbers > 1 && *numbers != channels)
            .map(|numbers| (channels, numbers))
    }

    fn channels<'a>(&self, shape: &'a [usize]) -> Option<&'a usize> {
        if self.layout == Some(Layout::ChannelsFirst) { shape.first() } else { shape.last() }
    }

    /// The values of a picture in the model's order and scale.
    ///
    /// # Errors
    /// As of [`Picture::arrange`].
    pub(super) fn arranged(&self, fit: &Fit, data: &[f32]) -> Result<Vec<f32>> {
        let mut arranged = vec![0.0; data.len()];
        self.arrange(fit, data, &mut arranged)?;
        Ok(arranged)
    }

    /// Writes the values of a picture in the model's order and scale, in one pass.
    ///
    /// # Errors
    /// `internal` where there is not a value for each element of the shape, or no room for it.
    #[expect(clippy::indexing_slicing, reason = "there are `pixels` values for each of the channels")]
    pub(super) fn arrange(&self, fit: &Fit, data: &[f32], arranged: &mut [f32]) -> Result<()> {
        let Fit { shape, moves_channels } = fit;
        let is_whole = volume(shape.iter().copied()) == Some(data.len()) && arranged.len() == data.len();
        ensure(is_whole, "a value for each element of a picture")?;
        let channels_first = *moves_channels || self.layout == Some(Layout::ChannelsFirst);
        let channels = if channels_first { shape.first() } else { shape.last() };
        let channels = *channels.invariant("the channels of a picture")?;
        if channels == 0 || !moves_channels && !self.is_scaled() {
            arranged.copy_from_slice(data);
            return Ok(());
        }
        let pixels = data.len() / channels;
        for channel in 0..channels {
            // Without numbers the mean is 0 and the deviation 1.
            let mean = of_channel(&self.mean, channel).unwrap_or(0.0);
            let scale = of_channel(&self.scale, channel).unwrap_or(1.0);
            let plane = |is_first| if is_first { (channel * pixels, 1) } else { (channel, channels) };
            let (source, source_step) = plane(channels_first && !moves_channels);
            let (target, target_step) = plane(channels_first);
            let sources = data[source..].iter().step_by(source_step).take(pixels);
            let targets = arranged[target..].iter_mut().step_by(target_step);
            targets.zip(sources).for_each(|(target, source)| *target = (source - mean) * scale);
        }
        Ok(())
    }
}

/// The number for `channel`; a single number is for all channels.
fn of_channel(numbers: &[f32], channel: usize) -> Option<f32> {
    numbers.get(channel).or_else(|| numbers.first()).copied()
}

fn invalid(port: &GraphPort, what: &str) -> Error {
    Error::new(Code::InvalidOption, format!("model input `{}` {what}", port.name))
}
