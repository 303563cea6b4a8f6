//! `QuantizeLinear` and `DequantizeLinear` of ai.onnx 10 to 23 where scales are computed, or belong to blocks. tract's
//! take constant scales for the whole tensor or for an axis; those remain tract's.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::tract_hir::internal::{
    DatumType, TValue, TVec, Tensor, TractResult, bail, ensure, tensor1, tvec,
};

use super::{Operator, Shape, elements, from_floats, input, resolve_axis, split_at_axis};

/// From floats to integers of a few bits.
#[derive(Debug)]
pub(super) struct Quantize {
    layout: Layout,
    /// The type of the result, where no zero point has it.
    element: DatumType,
}

/// From integers of a few bits to floats.
#[derive(Debug)]
pub(super) struct Dequantize {
    layout: Layout,
}

/// Which scale belongs to which element.
#[derive(Debug)]
struct Layout {
    axis: i64,
    /// Elements along the axis that share a scale; 0 where scales do not belong to blocks.
    block: usize,
}

/// A scale and the integer that stands for zero.
#[derive(Clone, Copy)]
struct Step {
    scale: f32,
    zero: i64,
}

impl Layout {
    fn parse(node: &NodeProto) -> TractResult<Self> {
        let axis = node.get_attr_opt("axis")?.unwrap_or(1);
        Ok(Self { axis, block: node.get_attr_opt("block_size")?.unwrap_or(0) })
    }

    /// The step for each element of a tensor of `shape`.
    #[expect(
        clippy::indexing_slicing,
        reason = "`scale_indexes` gives indexes of scales, and zeros are as many"
    )]
    fn steps(&self, shape: &[usize], scale: &Tensor, zero: Option<&TValue>) -> TractResult<Vec<Step>> {
        let scales = elements::<f32>(scale)?;
        let zeros = match zero {
            Some(zero) => stored_integers(zero)?,
            None => vec![0; scales.len()],
        };
        ensure!(
            zeros.len() == scales.len(),
            "{} zero points do not fit {} scales",
            zeros.len(),
            scales.len()
        );
        let step = |index: usize| Step { scale: scales[index], zero: zeros[index] };
        Ok(self.scale_indexes(shape, scale)?.into_iter().map(step).collect())
    }

    /// The index of the scale for each element of a tensor of `shape`.
    fn scale_indexes(&self, shape: &[usize], scale: &Tensor) -> TractResult<Vec<usize>> {
        let count: usize = shape.iter().product();
        if scale.len() == 1 {
            return Ok(vec![0; count]);
        }
        let axis = resolve_axis(self.axis, shape.len())?;
        let (outer, length, inner) = split_at_axis(shape, axis)?;
        if self.block == 0 {
            ensure!(scale.len() == length, "{} scales do not fit {length} elements", scale.len());
            return Ok((0..count).map(|index| index / inner % length).collect());
        }
        let blocks = length.div_ceil(self.block);
        ensure!(
            scale.rank() == shape.len() && split_at_axis(scale.shape(), axis)? == (outer, blocks, inner),
            "scales of shape {:?} do not fit {blocks} blocks of shape {shape:?}",
            scale.shape()
        );
        let index = |index: usize| {
            let along = index / inner % length;
            (index / (inner * length) * blocks + along / self.block) * inner + index % inner
        };
        Ok((0..count).map(index).collect())
    }
}

/// The integers of a quantized tensor as they are stored, whatever scale tract has noted for them.
fn stored_integers(tensor: &Tensor) -> TractResult<Vec<i64>> {
    elements(&*tensor.cast_to_dt(tensor.datum_type().unquantized())?)
}

impl Operator for Quantize {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let element = match node.get_attr_opt::<i32>("output_dtype")?.unwrap_or(0) {
            0 => DatumType::U8,
            element => DataType::try_from(element)?.try_into()?,
        };
        Ok(Self { layout: Layout::parse(node)?, element })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let Some((_, shape)) = inputs.first() else { bail!("expected an input") };
        // Default: the attribute has the type where no zero point has it.
        let element = inputs.get(2).map_or(self.element, |(zero, _)| zero.unquantized());
        Ok(tvec!((element, shape.clone())))
    }

    #[expect(clippy::cast_possible_truncation, reason = "quantizing rounds, and saturates")]
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (x, scale) = (input(inputs, 0)?, input(inputs, 1)?);
        // Default: the attribute has the type where no zero point has it.
        let element = inputs.get(2).map_or(self.element, |zero| zero.datum_type().unquantized());
        let (least, greatest) = match element {
            DatumType::U8 => (0, 255),
            DatumType::I8 => (-128, 127),
            DatumType::U16 => (0, 65_535),
            DatumType::I16 => (-32_768, 32_767),
            other => bail!("values are not quantized to {other:?}"),
        };
        let steps = self.layout.steps(x.shape(), scale, inputs.get(2))?;
        let quantized = elements::<f32>(x)?.into_iter().zip(steps).map(|(x, step)| {
            ((x / step.scale).round_ties_even() as i64).saturating_add(step.zero).clamp(least, greatest)
        });
        let quantized = tensor1(&quantized.collect::<Vec<i64>>()).into_shape(x.shape())?;
        Ok(tvec!(quantized.cast_to_dt(element)?.into_owned()))
    }
}

impl Operator for Dequantize {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self { layout: Layout::parse(node)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(_, shape), (scale, _), ..] = inputs else { bail!("expected values and a scale") };
        Ok(tvec!((*scale, shape.clone())))
    }

    #[expect(clippy::cast_precision_loss, reason = "the standard computes in floats, also what has 32 bits")]
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (x, scale) = (input(inputs, 0)?, input(inputs, 1)?);
        let steps = self.layout.steps(x.shape(), scale, inputs.get(2))?;
        let real = stored_integers(x)?
            .into_iter()
            .zip(steps)
            .map(|(x, step)| x.saturating_sub(step.zero) as f32 * step.scale);
        Ok(tvec!(from_floats(&real.collect::<Vec<f32>>(), scale.datum_type(), x.shape())?))
    }
}
