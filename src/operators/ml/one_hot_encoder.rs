//! `OneHotEncoder` of ai.onnx.ml 1: each value becomes a row of zeros with a one at the place of its category.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec,
};

use super::lookup::Keys;
use super::values::{list, only};
use super::{Operator, Shape};

#[derive(Debug)]
pub(super) struct OneHotEncoder {
    categories: Keys,
    count: usize,
    /// Values of no category are zeros only; otherwise they are refused.
    zeros: bool,
}

impl Operator for OneHotEncoder {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let Some(categories) = list(ctx, node, "cats")? else { bail!("there are no categories") };
        let zeros = node.get_attr_opt::<i64>("zeros")? != Some(0);
        Ok(Self { categories: Keys::new(&categories)?, count: categories.len(), zeros })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let (values, shape) = only(inputs)?;
        let is_text = |text| text == DatumType::String;
        ensure!(
            is_text(*values) == self.categories.take(DatumType::String),
            "values of {values:?} have no category"
        );
        let mut shape = shape.clone();
        shape.push(self.count.to_dim());
        Ok(tvec!((DatumType::F32, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let mut shape: TVec<usize> = input.shape().into();
        shape.push(self.count);
        let mut output = Tensor::zero::<f32>(&shape)?;
        let places = self.categories.places(input)?;
        ensure!(self.zeros || places.iter().all(Option::is_some), "a value is of no category");
        let mut view = output.try_as_plain_ram_mut()?;
        for (row, place) in view.as_slice_mut::<f32>()?.chunks_mut(self.count.max(1)).zip(places) {
            if let Some(one) = place.and_then(|place| row.get_mut(place)) {
                *one = 1.0;
            }
        }
        Ok(tvec!(output))
    }
}
