//! `Col2Im` of ai.onnx 18: puts windows over an image back into the image, where they are summed up. tract has none.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec};

use super::{Operator, Shape, elements, from_floats, input, lengths};

#[derive(Debug)]
pub(super) struct Col2Im {
    dilations: Option<Vec<usize>>,
    pads: Option<Vec<usize>>,
    strides: Option<Vec<usize>>,
}

impl Operator for Col2Im {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self {
            dilations: node.get_attr_opt_vec("dilations")?,
            pads: node.get_attr_opt_vec("pads")?,
            strides: node.get_attr_opt_vec("strides")?,
        })
    }

    fn outputs(&self, _: &[Shape]) -> TractResult<TVec<Shape>> {
        bail!("the size of the image must be known")
    }

    fn shape_inputs(&self) -> &'static [usize] {
        &[1, 2]
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Vec<i64>]) -> TractResult<TVec<Shape>> {
        let ([(element, shape), ..], [image, block]) = (inputs, values) else {
            bail!("expected three inputs")
        };
        let [batch, columns, _] = shape.as_slice() else { bail!("expected columns of rank 3") };
        let window: i64 = block.iter().product();
        ensure!(window > 0, "a window of {block:?} is empty");
        let mut output = tvec!(batch.clone(), columns.clone() / window);
        output.extend(image.iter().map(ToDim::to_dim));
        Ok(tvec!((*element, output)))
    }

    #[expect(clippy::indexing_slicing, reason = "planes hold every pixel that `Windows::pixel` gives")]
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let columns = input(inputs, 0)?;
        let (image, block) = (lengths(input(inputs, 1)?)?, lengths(input(inputs, 2)?)?);
        let windows = self.windows(&image, &block)?;
        let &[batch, rows, count] = columns.shape() else { bail!("expected columns of rank 3") };
        let window: usize = windows.axes.iter().map(|axis| axis.block).product();
        let steps: usize = windows.axes.iter().map(|axis| axis.steps).product();
        ensure!(
            count == steps && window > 0 && rows.is_multiple_of(window),
            "{count} windows of {rows} values do not fit the image"
        );
        let channels = rows / window;
        let volume: usize = image.iter().product();
        let mut output = vec![0.0; batch * channels * volume];
        for (index, value) in elements::<f32>(columns)?.into_iter().enumerate() {
            let (row, step) = (index / count, index % count);
            // What lies in the padding is dropped.
            if let Some(pixel) = windows.pixel(step, row % window) {
                output[row / window * volume + pixel] += value;
            }
        }
        let shape = [&[batch, channels], image.as_slice()].concat();
        Ok(tvec!(from_floats(&output, columns.datum_type(), &shape)?))
    }
}

impl Col2Im {
    #[expect(clippy::indexing_slicing, reason = "all lists are checked to have the rank of the image")]
    fn windows(&self, image: &[usize], block: &[usize]) -> TractResult<Windows> {
        let rank = image.len();
        // What is left out is 1 for each axis, or no padding.
        let ones = vec![1; rank];
        let dilations = self.dilations.as_ref().unwrap_or(&ones);
        let strides = self.strides.as_ref().unwrap_or(&ones);
        let no_pads = vec![0; 2 * rank];
        let pads = self.pads.as_ref().unwrap_or(&no_pads);
        ensure!(
            [block.len(), dilations.len(), strides.len()] == [rank; 3] && pads.len() == 2 * rank,
            "windows, dilations, strides and pads are not all of rank {rank}"
        );
        let mut axes = Vec::with_capacity(rank);
        for axis in 0..rank {
            let (image, block, dilation, before) = (image[axis], block[axis], dilations[axis], pads[axis]);
            let covered = dilation.saturating_mul(block.saturating_sub(1)).saturating_add(1);
            let padded = image.saturating_add(before).saturating_add(pads[rank + axis]);
            let last = padded.checked_sub(covered).and_then(|room| room.checked_div(strides[axis]));
            let Some(last) = last else { bail!("a window of {covered} does not fit into {image}") };
            axes.push(Axis { image, block, dilation, stride: strides[axis], before, steps: last + 1 });
        }
        Ok(Windows { axes })
    }
}

/// Windows that slide over an image.
struct Windows {
    axes: Vec<Axis>,
}

/// An axis of the image.
struct Axis {
    image: usize,
    block: usize,
    dilation: usize,
    stride: usize,
    /// Padding before the image.
    before: usize,
    /// How often the window fits.
    steps: usize,
}

impl Windows {
    /// The pixel at the position `within` the window that has taken `step` steps; `None` in the padding.
    fn pixel(&self, mut step: usize, mut within: usize) -> Option<usize> {
        let (mut pixel, mut width) = (0, 1);
        for axis in self.axes.iter().rev() {
            let along = step % axis.steps * axis.stride + within % axis.block * axis.dilation;
            pixel += along.checked_sub(axis.before).filter(|along| *along < axis.image)? * width;
            step /= axis.steps;
            within /= axis.block;
            width *= axis.image;
        }
        Some(pixel)
    }
}
