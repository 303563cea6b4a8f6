//! `EyeLike` (9 to 22): a matrix of the input's shape with ones on a diagonal and zeros elsewhere.

use anyhow::{Context as _, Result, bail};

use super::{Context, Operator, Shape, only};

use crate::onnx::pb::NodeProto;
use crate::onnx::tensors::element_type;
use crate::tensor::{ElementType, Tensor};

#[derive(Debug)]
pub(super) struct EyeLike {
    /// Without one, that of the input.
    element: Option<ElementType>,
    /// How far the diagonal lies above the main one.
    diagonal: i64,
}

impl Operator for EyeLike {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let element = match node.optional::<i64>("dtype")? {
            Some(number) => Some(element_type(i32::try_from(number)?).context("a matrix has a type")?),
            None => None,
        };
        Ok(Self { element, diagonal: node.optional("k")?.unwrap_or(0) })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (element, dims) = only(inputs)?;
        let [_, _] = dims.as_slice() else { bail!("expected a matrix") };
        Ok(vec![(self.element.unwrap_or(*element), dims.clone())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let like = only(&inputs)?;
        let [_, columns] = *like.shape() else { bail!("expected a matrix") };
        let mut eye = Tensor::zeros(ElementType::U8, like.shape())?;
        for (row, elements) in (0_i64..).zip(eye.elements_mut::<u8>()?.chunks_mut(columns.max(1))) {
            let column = usize::try_from(row.saturating_add(self.diagonal)).ok();
            if let Some(element) = column.and_then(|column| elements.get_mut(column)) {
                *element = 1;
            }
        }
        Ok(vec![eye.cast(self.element.unwrap_or(like.element()))?])
    }
}
