//! `Trilu` (14): matrices with zeros above or below a diagonal.

use anyhow::{Context as _, Result, bail};

use super::{Context, Operator, Shape, Tensor};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, with_elements};

#[derive(Debug)]
pub(super) struct Trilu {
    /// Whether the part above the diagonal stays.
    upper: bool,
}

impl Operator for Trilu {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { upper: node.flag("upper", true)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        match inputs {
            [matrix] | [matrix, (ElementType::I64, _)] if matrix.1.len() > 1 => Ok(vec![matrix.clone()]),
            _ => bail!("expected matrices, and perhaps the number of a diagonal"),
        }
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut inputs = inputs.into_iter();
        let Some(matrices) = inputs.next() else { bail!("expected matrices") };
        let diagonal = match inputs.next() {
            Some(diagonal) => {
                diagonal.to_vec::<i64>()?.first().copied().context("a diagonal has a number")?
            }
            None => 0,
        };
        let [.., rows, columns] = *matrices.shape() else { bail!("expected matrices") };
        // Every other place gets the zero of the type, which is put behind the elements.
        let zero = matrices.len();
        let mut taken = Vec::with_capacity(zero);
        for at in 0..zero {
            let (row, column) = (i64::try_from(at / columns % rows)?, i64::try_from(at % columns)?);
            let distance = column.saturating_sub(row);
            let stays = if self.upper { distance >= diagonal } else { distance <= diagonal };
            taken.push(if stays { at } else { zero });
        }
        let padded = with_elements!(matrices.buffer(), elements => {
            Tensor::vector(elements.iter().cloned().chain([Default::default()]).collect())
        });
        Ok(vec![padded.take(&taken, matrices.shape().to_vec())?])
    }
}
