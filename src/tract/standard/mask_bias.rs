//! `MaskBias`, an operator of ours: what a mask of `Attention` adds to the scores. Templates use it because they cannot
//! know whether the mask is boolean or already a bias.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{DatumType, TValue, TVec, Tensor, TractResult, bail, tensor1, tvec};

use super::{Operator, Shape};

#[derive(Debug)]
pub(super) struct MaskBias;

impl Operator for MaskBias {
    fn parse(_: &ParsingContext<'_>, _: &NodeProto) -> TractResult<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(element, shape)] = inputs else { bail!("expected one input") };
        let element = if element.is_float() { *element } else { DatumType::F32 };
        Ok(tvec!((element, shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [mask] = inputs else { bail!("expected one input") };
        if mask.datum_type().is_float() {
            return Ok(tvec!((**mask).clone()));
        }
        let seen = mask.cast_to::<bool>()?;
        let view = seen.try_as_plain_ram()?;
        let bias = view.as_slice::<bool>()?.iter().map(|seen| if *seen { 0.0 } else { f32::NEG_INFINITY });
        Ok(tvec!(tensor1(&bias.collect::<Vec<f32>>()).into_shape(mask.shape())?))
    }
}
