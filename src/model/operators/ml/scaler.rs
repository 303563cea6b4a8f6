//! `Scaler` of ai.onnx.ml 1: `(x - offset) * scale`, one value of each for all features or one for every feature.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{DatumType, TValue, TVec, Tensor, TractResult, bail, ensure, tvec};

use super::{Operator, Shape};

#[derive(Debug)]
pub(super) struct Scaler {
    offset: Vec<f32>,
    scale: Vec<f32>,
}

impl Operator for Scaler {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let offset: Vec<f32> = node.get_attr_vec("offset")?;
        let scale: Vec<f32> = node.get_attr_vec("scale")?;
        ensure!(offset.len() == scale.len(), "{} offsets do not fit {} scales", offset.len(), scale.len());
        ensure!(!offset.is_empty(), "there is no offset");
        Ok(Self { offset, scale })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(_, shape)] = inputs else { bail!("expected one input") };
        if let (Some(Ok(features)), true) = (shape.last().map(|dim| dim.to_i64()), self.offset.len() > 1) {
            ensure!(
                features == self.offset.len() as i64,
                "{features} features do not fit {} offsets",
                self.offset.len()
            );
        }
        Ok(tvec!((DatumType::F32, shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [input] = inputs else { bail!("expected one input") };
        let mut output = input.cast_to::<f32>()?.into_owned();
        let mut view = output.try_as_plain_ram_mut()?;
        let values = view.as_slice_mut::<f32>()?;
        if let ([offset], [scale]) = (self.offset.as_slice(), self.scale.as_slice()) {
            values.iter_mut().for_each(|x| *x = (*x - offset) * scale);
        } else {
            for row in values.chunks_mut(self.offset.len()) {
                for ((x, offset), scale) in row.iter_mut().zip(&self.offset).zip(&self.scale) {
                    *x = (*x - offset) * scale;
                }
            }
        }
        Ok(tvec!(output))
    }
}
