//! `MaxUnpool` (9 to 22): each number where it was before it was found to be the greatest of its window, zeros elsewhere.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Dim, Operator, Shape};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

#[derive(Debug)]
pub(super) struct MaxUnpool {
    axes: Vec<Axis>,
}

/// How windows lay along an axis of the picture.
#[derive(Debug)]
struct Axis {
    kernel: usize,
    stride: usize,
    /// Padding at both ends.
    pads: usize,
}

impl Operator for MaxUnpool {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let kernel: Vec<usize> = node.required("kernel_shape")?;
        let axes = kernel.len();
        let (mut pads, mut strides): (Vec<usize>, Vec<usize>) = (node.list("pads")?, node.list("strides")?);
        // What is left out is no padding, and a step of 1.
        if pads.is_empty() {
            pads = vec![0; 2 * axes];
        }
        if strides.is_empty() {
            strides = vec![1; axes];
        }
        ensure!(
            strides.len() == axes && pads.len() == 2 * axes,
            "strides {strides:?} and pads {pads:?} do not fit a window of {kernel:?}"
        );
        let (before, behind) = pads.split_at(axes);
        let axes = kernel.into_iter().zip(strides).zip(before.iter().zip(behind));
        let axis = |((kernel, stride), (before, behind)): ((usize, usize), (&usize, &usize))| Axis {
            kernel,
            stride,
            pads: before.saturating_add(*behind),
        };
        Ok(Self { axes: axes.map(axis).collect() })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let [(element, pooled), (ElementType::I64, _), given @ ..] = inputs else {
            bail!("expected numbers and their places")
        };
        let dims = match (given, values.get(2)) {
            ([], _) => {
                let known = pooled.iter().map(Dim::known);
                let lengths = known.enumerate().map(|(axis, length)| match (length, axis.checked_sub(2)) {
                    (Some(length), Some(axis)) => Ok(Dim::from(self.length(axis, length)?)),
                    (None, Some(_)) => Ok(Dim::open()),
                    (_, None) => pooled.get(axis).cloned().context("an axis of the tensor"),
                });
                lengths.collect::<Result<_>>()?
            }
            (_, Some(Some(shape))) => {
                let lengths = shape.to_vec::<i64>()?;
                lengths
                    .into_iter()
                    .map(|length| Ok(usize::try_from(length)?.into()))
                    .collect::<Result<_>>()?
            }
            _ => vec![Dim::open(); pooled.len()],
        };
        Ok(vec![(*element, dims)])
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the result is as large as the picture, whose places are checked"
    )]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values, places, given @ ..] = inputs.as_slice() else {
            bail!("expected numbers and their places")
        };
        let lengths = values.shape().iter().enumerate().map(|(axis, length)| match axis.checked_sub(2) {
            Some(axis) => self.length(axis, *length),
            None => Ok(*length),
        });
        let picture = lengths.collect::<Result<Vec<usize>>>()?;
        ensure!(picture.len() == self.axes.len() + 2, "a window of {} axes was not here", self.axes.len());
        let shape = match given.first() {
            Some(shape) => {
                shape.to_vec::<i64>()?.into_iter().map(usize::try_from).collect::<Result<_, _>>()?
            }
            None => picture.clone(),
        };
        ensure!(
            shape.len() == picture.len() && shape.iter().zip(&picture).all(|(output, own)| output >= own),
            "a picture of shape {picture:?} does not fit into {shape:?}"
        );
        let empty = Tensor::zeros(values.element(), &shape)?;
        let all: usize = picture.iter().product();
        let places = places.elements::<i64>()?;
        ensure!(places.len() == values.len(), "every number has a place");
        let mut taken: Vec<usize> = (0..empty.len()).collect();
        for (nth, place) in places.iter().enumerate() {
            let place = usize::try_from(*place).ok().filter(|place| *place < all);
            let mut rest =
                place.with_context(|| format!("a place lies outside of a picture of {picture:?}"))?;
            // Places are counted in the picture that was pooled, whose far edges the result may go beyond.
            let (mut at, mut width) = (0, 1);
            for (length, own) in shape.iter().zip(&picture).rev() {
                at += rest % own * width;
                rest /= own;
                width *= length;
            }
            taken[at] = empty.len() + nth;
        }
        Ok(vec![empty.with_updates(values, &taken)?])
    }
}

impl MaxUnpool {
    /// The length along an axis behind the channels of the picture that pooling made `pooled` of.
    fn length(&self, axis: usize, pooled: usize) -> Result<usize> {
        let Axis { kernel, stride, pads } = self.axes.get(axis).context("a window has as many axes")?;
        let way = pooled.checked_sub(1).and_then(|last| last.checked_mul(*stride)?.checked_add(*kernel));
        way.and_then(|way| way.checked_sub(*pads)).context("pads are longer than the picture")
    }
}
