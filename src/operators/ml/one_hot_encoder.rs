//! `OneHotEncoder` of ai.onnx.ml 1: each value becomes a row of zeros with a one in the column of its category.

use crate::onnx::pb::NodeProto;
use anyhow::{Result, bail, ensure};

use crate::tensor::{ElementType, Tensor};

use super::category::Known;
use super::key_index::KeyIndex;
use super::{Context, Operator, Shape, only, typed_list};

#[derive(Debug)]
pub(super) struct OneHotEncoder {
    categories: KeyIndex,
    count: usize,
    /// What a value of no category is refused with; otherwise it becomes zeros only.
    refuses: Option<Known>,
}

impl Operator for OneHotEncoder {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let Some(categories) = typed_list(node, "cats")? else { bail!("there are no categories") };
        let is_refused = node.optional::<i64>("zeros")? == Some(0);
        let refuses = is_refused.then(|| Known::new(node, &categories, categories.len())).transpose()?;
        Ok(Self { categories: KeyIndex::new(&categories)?, count: categories.len(), refuses })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (values, shape) = only(inputs)?;
        let is_text = |text| text == ElementType::String;
        ensure!(
            is_text(*values) == self.categories.takes(ElementType::String),
            "values of {values:?} have no category"
        );
        let mut shape = shape.clone();
        shape.push(self.count.into());
        Ok(vec![(ElementType::F32, shape)])
    }

    #[expect(clippy::indexing_slicing, reason = "rows have a column for every category")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = only(&inputs)?;
        let mut shape = input.shape().to_vec();
        shape.push(self.count);
        let mut output = Tensor::zeros(ElementType::F32, &shape)?;
        let columns = self.categories.positions(input)?;
        if let Some(known) = &self.refuses {
            known.check(input, &columns)?;
        }
        for (row, column) in output.elements_mut::<f32>()?.chunks_mut(self.count.max(1)).zip(columns) {
            if let Some(column) = column {
                row[column] = 1.0;
            }
        }
        Ok(vec![output])
    }
}
