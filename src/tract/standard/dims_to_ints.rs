//! `DimsToInts`, an operator of ours: turns tract's symbolic dimensions into int64. Templates put it before operators of
//! tract's that cannot compute with symbols.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{DatumType, TValue, TVec, Tensor, TractResult, bail, tvec};

use super::{Operator, Shape};

#[derive(Debug)]
pub(super) struct DimsToInts;

impl Operator for DimsToInts {
    fn parse(_: &ParsingContext<'_>, _: &NodeProto) -> TractResult<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(element, shape)] = inputs else { bail!("expected one input") };
        let element = if element.is_tdim() { DatumType::I64 } else { *element };
        Ok(tvec!((element, shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [input] = inputs else { bail!("expected one input") };
        if input.datum_type().is_tdim() {
            return Ok(tvec!(input.cast_to::<i64>()?.into_owned()));
        }
        Ok(tvec!((**input).clone()))
    }
}
