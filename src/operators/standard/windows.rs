//! Col2Im and MaxUnpool: what windows over an image held, put back into the image.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec};

use super::values::{floats, input, tensor};
use super::{Operator, Shape, whole};

/// The sum of all windows that cover a place.
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

    fn sizes(&self) -> &'static [usize] {
        &[1, 2]
    }

    fn sized_outputs(&self, inputs: &[Shape], sizes: &[Vec<i64>]) -> TractResult<TVec<Shape>> {
        let ([(element, shape), ..], [image, block]) = (inputs, sizes) else {
            bail!("expected three inputs")
        };
        let [batch, columns, _] = shape.as_slice() else { bail!("expected columns of rank 3") };
        let window: i64 = block.iter().product();
        ensure!(window > 0, "a window of {block:?} is empty");
        let mut output = tvec!(batch.clone(), columns.clone() / window);
        output.extend(image.iter().map(ToDim::to_dim));
        Ok(tvec!((*element, output)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let columns = input(inputs, 0)?;
        let lengths = |at| -> TractResult<Vec<usize>> {
            whole(input(inputs, at)?)?.into_iter().map(|length| Ok(usize::try_from(length)?)).collect()
        };
        let (image, block) = (lengths(1)?, lengths(2)?);
        let rank = image.len();
        let ones = vec![1; rank];
        let dilations = self.dilations.as_ref().unwrap_or(&ones);
        let strides = self.strides.as_ref().unwrap_or(&ones);
        let pads = self.pads.clone().unwrap_or_else(|| vec![0; 2 * rank]);
        ensure!(
            [block.len(), dilations.len(), strides.len()] == [rank; 3] && pads.len() == 2 * rank,
            "windows, dilations, strides and pads are not all of rank {rank}"
        );
        let (before, after) = pads.split_at(rank);
        // How often a window fits along each axis.
        let mut steps = Vec::with_capacity(rank);
        for ((((image, block), (dilation, stride)), before), after) in
            image.iter().zip(&block).zip(dilations.iter().zip(strides)).zip(before).zip(after)
        {
            let covered = dilation * block.saturating_sub(1) + 1;
            let room =
                (image + before + after).checked_sub(covered).and_then(|room| room.checked_div(*stride));
            let Some(room) = room else { bail!("a window of {covered} does not fit into {image}") };
            steps.push(room + 1);
        }
        let &[batch, channels, count] = columns.shape() else { bail!("expected columns of rank 3") };
        let (window, volume): (usize, usize) = (block.iter().product(), image.iter().product());
        ensure!(
            count == steps.iter().product::<usize>() && window > 0,
            "{count} windows do not fit the image"
        );
        let planes = batch * channels / window;
        let mut output = vec![0.0; planes * volume];
        for (at, value) in floats(columns)?.into_iter().enumerate() {
            let (row, step) = (at / count, at % count);
            let (plane, within) = (row / window, row % window);
            let (mut step, mut within) = (step, within);
            // From the last axis to the first: where the window stands and where in it the value lies.
            let mut place = Some(0);
            let mut width = 1;
            for axis in (0..rank).rev() {
                let of = |values: &[usize]| values.get(axis).copied().unwrap_or(1);
                let (stand, inner) = (step % of(&steps), within % of(&block));
                (step, within) = (step / of(&steps), within / of(&block));
                let along = (stand * of(strides) + inner * of(dilations)).checked_sub(of(before));
                let along = along.filter(|along| *along < of(&image));
                place = place.zip(along).map(|(place, along)| place + along * width);
                width *= of(&image);
            }
            if let Some(sum) = place.and_then(|place| output.get_mut(plane * volume + place)) {
                *sum += value;
            }
        }
        let mut shape = vec![batch, channels / window];
        shape.extend(image);
        Ok(tvec!(tensor(&output, columns.datum_type(), &shape)?))
    }
}

/// Each value at the place that it had before it was found to be the greatest of its window; zeros elsewhere.
#[derive(Debug)]
pub(super) struct MaxUnpool {
    kernel: Vec<i64>,
    pads: Option<Vec<i64>>,
    strides: Option<Vec<i64>>,
}

impl MaxUnpool {
    /// The lengths that pooling with these windows has had before.
    fn lengths<T>(&self, pooled: &[T], length: impl Fn(&T, [i64; 3]) -> T) -> Vec<T> {
        let rank = self.kernel.len();
        let at = |values: &Option<Vec<i64>>, axis: usize, default| {
            values.as_ref().and_then(|values| values.get(axis).copied()).unwrap_or(default)
        };
        let axes = pooled.iter().zip(&self.kernel).enumerate();
        axes.map(|(axis, (pooled, kernel))| {
            let pads = at(&self.pads, axis, 0) + at(&self.pads, rank + axis, 0);
            length(pooled, [at(&self.strides, axis, 1), *kernel, pads])
        })
        .collect()
    }
}

impl Operator for MaxUnpool {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self {
            kernel: node.get_attr_vec("kernel_shape")?,
            pads: node.get_attr_opt_vec("pads")?,
            strides: node.get_attr_opt_vec("strides")?,
        })
    }

    fn outputs(&self, _: &[Shape]) -> TractResult<TVec<Shape>> {
        bail!("the size of the image must be known")
    }

    fn sizes(&self) -> &'static [usize] {
        &[2]
    }

    fn sized_outputs(&self, inputs: &[Shape], sizes: &[Vec<i64>]) -> TractResult<TVec<Shape>> {
        let [(element, shape), ..] = inputs else { bail!("expected values and places") };
        if let [shape] = sizes {
            return Ok(tvec!((*element, shape.iter().map(ToDim::to_dim).collect())));
        }
        let [batch, channels, pooled @ ..] = shape.as_slice() else { bail!("expected an image") };
        let mut output = tvec!(batch.clone(), channels.clone());
        output.extend(
            self.lengths(pooled, |pooled, [stride, kernel, pads]| {
                (pooled.clone() - 1) * stride + kernel - pads
            }),
        );
        Ok(tvec!((*element, output)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (x, places) = (input(inputs, 0)?, whole(input(inputs, 1)?)?);
        let [batch, channels, pooled @ ..] = x.shape() else { bail!("expected an image") };
        let image = self.lengths(pooled, |pooled, [stride, kernel, pads]| {
            usize::try_from((*pooled as i64 - 1) * stride + kernel - pads).unwrap_or_default()
        });
        // Places count in the image that pooling had, whose corner the output may be larger than.
        let shape: Vec<usize> = match inputs.get(2) {
            Some(shape) => whole(shape)?.into_iter().map(usize::try_from).collect::<Result<_, _>>()?,
            None => [&[*batch, *channels], image.as_slice()].concat(),
        };
        let from = [&[*batch, *channels], image.as_slice()].concat();
        ensure!(shape.len() == from.len(), "expected an output of rank {}", from.len());
        let mut output = vec![0.0; shape.iter().product()];
        for (value, place) in floats(x)?.into_iter().zip(places) {
            let mut rest = usize::try_from(place)?;
            let (mut at, mut width) = (0, 1);
            for (length, from) in shape.iter().zip(&from).rev() {
                at += rest.checked_rem(*from).unwrap_or_default().min(length.saturating_sub(1)) * width;
                rest = rest.checked_div(*from).unwrap_or_default();
                width *= length;
            }
            if let Some(slot) = output.get_mut(at) {
                *slot = value;
            }
        }
        Ok(tvec!(tensor(&output, x.datum_type(), &shape)?))
    }
}
