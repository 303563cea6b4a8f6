//! `MaxUnpool` of ai.onnx 9, 11 and 22: each value where it was before it was found to be the greatest of its window,
//! zeros elsewhere. tract has none.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec};

use super::{Operator, Shape, elements, from_floats, input, lengths};

#[derive(Debug)]
pub(super) struct MaxUnpool {
    axes: Vec<Axis>,
}

/// How windows lay along an axis of the image.
#[derive(Debug)]
struct Axis {
    kernel: i64,
    stride: i64,
    /// Padding at both ends.
    pads: i64,
}

impl Operator for MaxUnpool {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let kernel: Vec<i64> = node.get_attr_vec("kernel_shape")?;
        let rank = kernel.len();
        // What is left out is no padding, and a step of 1.
        let pads = node.get_attr_opt_vec("pads")?.unwrap_or_else(|| vec![0; 2 * rank]);
        let strides = node.get_attr_opt_vec("strides")?.unwrap_or_else(|| vec![1; rank]);
        ensure!(
            strides.len() == rank && pads.len() == 2 * rank,
            "kernel, strides and pads are not all of rank {rank}"
        );
        let (before, after) = pads.split_at(rank);
        let axes = kernel.into_iter().zip(strides).zip(before.iter().zip(after));
        let axis = |((kernel, stride), (before, after)): ((i64, i64), (&i64, &i64))| Axis {
            kernel,
            stride,
            pads: before.saturating_add(*after),
        };
        Ok(Self { axes: axes.map(axis).collect() })
    }

    fn outputs(&self, _: &[Shape]) -> TractResult<TVec<Shape>> {
        bail!("the size of the image must be known")
    }

    fn shape_inputs(&self) -> &'static [usize] {
        &[2]
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Vec<i64>]) -> TractResult<TVec<Shape>> {
        let [(element, shape), ..] = inputs else { bail!("expected values and indexes") };
        if let [shape] = values {
            return Ok(tvec!((*element, shape.iter().map(ToDim::to_dim).collect())));
        }
        let [batch, channels, pooled @ ..] = shape.as_slice() else { bail!("expected an image") };
        self.check_rank(pooled.len())?;
        let mut output = tvec!(batch.clone(), channels.clone());
        for (pooled, axis) in pooled.iter().zip(&self.axes) {
            output.push((pooled.clone() - 1) * axis.stride + axis.kernel - axis.pads);
        }
        Ok(tvec!((*element, output)))
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the output is as large as the image, whose pixels are checked"
    )]
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (x, indexes) = (input(inputs, 0)?, lengths(input(inputs, 1)?)?);
        let image = self.image(x.shape())?;
        let shape = match inputs.get(2) {
            Some(shape) => lengths(shape)?,
            None => image.clone(),
        };
        ensure!(
            shape.len() == image.len() && shape.iter().zip(&image).all(|(output, image)| output >= image),
            "an image of shape {image:?} does not fit into {shape:?}"
        );
        ensure!(indexes.len() == x.len(), "{} indexes do not fit {} values", indexes.len(), x.len());
        let pixels: usize = image.iter().product();
        ensure!(
            indexes.iter().all(|index| *index < pixels),
            "an index lies outside of an image of {image:?}"
        );
        let mut output = vec![0.0; shape.iter().product()];
        for (value, index) in elements::<f32>(x)?.into_iter().zip(indexes) {
            // Indexes count in the image that was pooled, whose far edges the output may go beyond.
            let (mut rest, mut pixel, mut width) = (index, 0, 1);
            for (length, image) in shape.iter().zip(&image).rev() {
                pixel += rest % image * width;
                rest /= image;
                width *= length;
            }
            output[pixel] = value;
        }
        Ok(tvec!(from_floats(&output, x.datum_type(), &shape)?))
    }
}

impl MaxUnpool {
    /// The shape that pooling with these windows made `pooled` of.
    fn image(&self, pooled: &[usize]) -> TractResult<Vec<usize>> {
        let [batch, channels, pooled @ ..] = pooled else { bail!("expected an image") };
        self.check_rank(pooled.len())?;
        let mut image = vec![*batch, *channels];
        for (pooled, axis) in pooled.iter().zip(&self.axes) {
            let length = (i64::try_from(*pooled)? - 1) * axis.stride + axis.kernel - axis.pads;
            image.push(usize::try_from(length)?);
        }
        Ok(image)
    }

    fn check_rank(&self, found: usize) -> TractResult<()> {
        ensure!(
            found == self.axes.len(),
            "expected {} axes behind the channels, found {found}",
            self.axes.len()
        );
        Ok(())
    }
}
