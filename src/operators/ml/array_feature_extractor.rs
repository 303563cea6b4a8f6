//! `ArrayFeatureExtractor` of ai.onnx.ml 1: the elements at some places of the last dimension.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    Datum, DatumType, TDim, TValue, TVec, Tensor, TractResult, bail, format_err, tensor1, tvec,
};

use super::values::elements;
use super::{Operator, Shape};

#[derive(Debug)]
pub(super) struct ArrayFeatureExtractor;

impl Operator for ArrayFeatureExtractor {
    fn parse(_: &ParsingContext<'_>, _: &NodeProto) -> TractResult<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(values, shape), (_, places)] = inputs else { bail!("expected values and places") };
        let mut shape = shape.clone();
        let Some(last) = shape.last_mut() else { bail!("a number has no features") };
        *last = places.iter().product();
        if shape.len() == 1 {
            shape.insert(0, TDim::from(1));
        }
        Ok(tvec!((*values, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [input, places] = inputs else { bail!("expected values and places") };
        let places = elements::<i64>(places)?;
        let output = match input.datum_type() {
            DatumType::String => pick::<String>(input, &places),
            values if values.is_float() => pick::<f64>(input, &places),
            _ => pick::<i64>(input, &places),
        }?;
        let mut shape: TVec<usize> = input.shape().into();
        shape.pop();
        if shape.is_empty() {
            shape.push(1);
        }
        shape.push(places.len());
        Ok(tvec!(output.cast_to_dt(input.datum_type())?.into_owned().into_shape(&shape)?))
    }
}

fn pick<T: Datum>(input: &Tensor, places: &[i64]) -> TractResult<Tensor> {
    let width = input.shape().last().copied().unwrap_or_default();
    let values = elements::<T>(input)?;
    let mut picked = Vec::with_capacity(values.len().checked_div(width).unwrap_or_default() * places.len());
    for row in values.chunks(width.max(1)) {
        for place in places {
            let value = usize::try_from(*place).ok().and_then(|place| row.get(place));
            let value = value.ok_or_else(|| format_err!("there is no feature {place} among {width}"))?;
            picked.push(value.clone());
        }
    }
    Ok(tensor1(&picked))
}
