//! `ArrayFeatureExtractor` of ai.onnx.ml 1: the elements at some positions of the last axis.
//!
//! tract's leaves a vector a vector, where the standard makes one row of it.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TDim, TValue, TVec, Tensor, TractResult, bail, format_err, tvec};

use super::{Operator, Shape, elements, gather};

#[derive(Debug)]
pub(super) struct ArrayFeatureExtractor;

impl Operator for ArrayFeatureExtractor {
    fn parse(_: &ParsingContext<'_>, _: &NodeProto) -> TractResult<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(element, shape), (_, positions)] = inputs else { bail!("expected values and positions") };
        let mut shape = shape.clone();
        let Some(last) = shape.last_mut() else { bail!("a single number has no features") };
        *last = positions.iter().product();
        if shape.len() == 1 {
            shape.insert(0, TDim::from(1));
        }
        Ok(tvec!((*element, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [input, positions] = inputs else { bail!("expected values and positions") };
        let [outer @ .., width] = input.shape() else { bail!("a single number has no features") };
        let positions: Vec<usize> = elements::<i64>(positions)?
            .into_iter()
            .map(|position| {
                let index = usize::try_from(position).ok().filter(|index| index < width);
                index.ok_or_else(|| format_err!("there is no feature {position} among {width}"))
            })
            .collect::<TractResult<_>>()?;
        let rows: usize = outer.iter().product();
        let indexes: Vec<usize> =
            (0..rows).flat_map(|row| positions.iter().map(move |position| row * width + position)).collect();
        let mut shape: TVec<usize> = outer.into();
        if shape.is_empty() {
            shape.push(1);
        }
        shape.push(positions.len());
        Ok(tvec!(gather(input, &indexes, &shape)?))
    }
}
