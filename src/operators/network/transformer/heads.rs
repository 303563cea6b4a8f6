//! `SideBySide`, an operator of ours: heads that have an axis in front of the steps get their places in the last one. Templates use it because
//! they cannot know how many dimensions a value has.

use anyhow::Result;

use super::{Context, Dim, Operator, Shape, Tensor, only};
use crate::onnx::pb::NodeProto;

/// `[batch, heads, steps, width]` as `[batch, steps, heads * width]`; what has no axis of heads stays.
#[derive(Debug)]
pub(super) struct SideBySide;

impl Operator for SideBySide {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (element, dims) = only(inputs)?;
        let dims = match dims.as_slice() {
            [batch, heads, steps, width] => vec![batch.clone(), steps.clone(), Dim::product([heads, width])],
            _ => dims.clone(),
        };
        Ok(vec![(*element, dims)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [batch, heads, steps, width] = *only(&inputs)?.shape() else { return Ok(inputs) };
        let turned = only(&inputs)?.transpose(&[0, 2, 1, 3])?;
        Ok(vec![turned.with_shape(vec![batch, steps, heads * width])?])
    }
}
