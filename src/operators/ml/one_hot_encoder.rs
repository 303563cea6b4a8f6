//! `OneHotEncoder` of ai.onnx.ml 1: each value becomes a row of zeros with a one in the column of its category. tract
//! has none.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec,
};

use super::key_index::KeyIndex;
use super::{Operator, Shape, only, typed_list};

#[derive(Debug)]
pub(super) struct OneHotEncoder {
    categories: KeyIndex,
    count: usize,
    /// A value of no category becomes zeros only; otherwise it is an error.
    allows_unknown: bool,
}

impl Operator for OneHotEncoder {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let Some(categories) = typed_list(ctx, node, "cats")? else { bail!("there are no categories") };
        let allows_unknown = node.get_attr_opt::<i64>("zeros")? != Some(0);
        Ok(Self { categories: KeyIndex::new(&categories)?, count: categories.len(), allows_unknown })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let (values, shape) = only(inputs)?;
        let is_text = |text| text == DatumType::String;
        ensure!(
            is_text(*values) == self.categories.takes(DatumType::String),
            "values of {values:?} have no category"
        );
        let mut shape = shape.clone();
        shape.push(self.count.to_dim());
        Ok(tvec!((DatumType::F32, shape)))
    }

    #[expect(clippy::indexing_slicing, reason = "rows have a column for every category")]
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let mut shape: TVec<usize> = input.shape().into();
        shape.push(self.count);
        let mut output = Tensor::zero::<f32>(&shape)?;
        let columns = self.categories.positions(input)?;
        ensure!(self.allows_unknown || columns.iter().all(Option::is_some), "a value is of no category");
        let mut view = output.try_as_plain_ram_mut()?;
        for (row, column) in view.as_slice_mut::<f32>()?.chunks_mut(self.count.max(1)).zip(columns) {
            if let Some(column) = column {
                row[column] = 1.0;
            }
        }
        Ok(tvec!(output))
    }
}
