//! QuantizeLinear and DequantizeLinear where scales are computed, or belong to blocks.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::tract_hir::internal::{
    DatumType, TValue, TVec, Tensor, TractResult, bail, ensure, tensor1, tvec,
};

use super::values::{around, axis, floats, input, tensor};
use super::{Operator, Shape, whole};

/// To whole numbers.
#[derive(Debug)]
pub(super) struct Quantize {
    layout: Layout,
    /// The type of the result, where no zero point has it.
    element: DatumType,
}

/// And back.
#[derive(Debug)]
pub(super) struct Dequantize {
    layout: Layout,
}

/// Which scale belongs to which element.
#[derive(Debug)]
struct Layout {
    axis: i64,
    block: usize,
}

impl Layout {
    fn parse(node: &NodeProto) -> TractResult<Self> {
        let axis = node.get_attr_opt("axis")?.unwrap_or(1);
        Ok(Self { axis, block: node.get_attr_opt("block_size")?.unwrap_or(0) })
    }

    /// The place of the scale for each element of a tensor of `shape`.
    fn places(&self, shape: &[usize], scale: &Tensor) -> TractResult<Vec<usize>> {
        let count: usize = shape.iter().product();
        if scale.len() == 1 {
            return Ok(vec![0; count]);
        }
        let axis = axis(self.axis, shape.len())?;
        let (_, length, inner) = around(shape, axis);
        let position =
            |at: usize| (at / (inner * length).max(1), at / inner.max(1) % length.max(1), at % inner.max(1));
        if self.block == 0 {
            ensure!(scale.len() == length, "{} scales do not fit {length} elements", scale.len());
            return Ok((0..count).map(|at| position(at).1).collect());
        }
        let blocks = length.div_ceil(self.block);
        let (_, found, _) = around(scale.shape(), axis);
        ensure!(scale.rank() == shape.len() && found == blocks, "{found} scales do not fit {blocks} blocks");
        let place = |at| {
            let (outer, along, rest) = position(at);
            (outer * blocks + along / self.block) * inner + rest
        };
        Ok((0..count).map(place).collect())
    }
}

fn zeros(inputs: &[TValue], scales: usize) -> TractResult<Vec<i64>> {
    match inputs.get(2) {
        Some(zeros) => plain(zeros),
        None => Ok(vec![0; scales]),
    }
}

/// Whole numbers as they are stored, whatever scale tract has noted for them.
fn plain(tensor: &Tensor) -> TractResult<Vec<i64>> {
    whole(&*tensor.cast_to_dt(tensor.datum_type().unquantized())?)
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
        let element = inputs.get(2).map_or(self.element, |(zero, _)| zero.unquantized());
        Ok(tvec!((element, shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (x, scale) = (input(inputs, 0)?, input(inputs, 1)?);
        let element = inputs.get(2).map_or(self.element, |zero| zero.datum_type().unquantized());
        let (least, greatest) = match element {
            DatumType::U8 => (0, 255),
            DatumType::I8 => (-128, 127),
            DatumType::U16 => (0, 65_535),
            DatumType::I16 => (-32_768, 32_767),
            other => bail!("values are not quantized to {other:?}"),
        };
        let (scales, zeros) = (floats(scale)?, zeros(inputs, scale.len())?);
        let places = self.layout.places(x.shape(), scale)?;
        let quantized = floats(x)?.into_iter().zip(places).map(|(x, place)| {
            let scale = scales.get(place).copied().unwrap_or(1.0);
            let zero = zeros.get(place).copied().unwrap_or_default();
            ((x / scale).round_ties_even() as i64).saturating_add(zero).clamp(least, greatest)
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

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (x, scale) = (input(inputs, 0)?, input(inputs, 1)?);
        let (scales, zeros) = (floats(scale)?, zeros(inputs, scale.len())?);
        let places = self.layout.places(x.shape(), scale)?;
        let real = plain(x)?.into_iter().zip(places).map(|(x, place)| {
            let scale = scales.get(place).copied().unwrap_or(1.0);
            x.saturating_sub(zeros.get(place).copied().unwrap_or_default()) as f32 * scale
        });
        Ok(tvec!(tensor(&real.collect::<Vec<f32>>(), scale.datum_type(), x.shape())?))
    }
}
