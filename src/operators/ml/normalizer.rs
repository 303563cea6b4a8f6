//! `Normalizer` of ai.onnx.ml 1: each row divided by its largest value, the sum of its absolute values or its length.
//!
//! For MAX that is the largest value itself, as in onnxruntime, and not the largest absolute one.

use crate::onnx::pb::NodeProto;
use anyhow::{Result, bail};

use crate::tensor::{ElementType, Tensor};

use super::{Context, Operator, Shape, only, row_length};

#[derive(Debug)]
pub(super) enum Normalizer {
    Max,
    L1,
    L2,
}

impl Operator for Normalizer {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(match node.optional("norm")?.unwrap_or("MAX") {
            "MAX" => Self::Max,
            "L1" => Self::L1,
            "L2" => Self::L2,
            other => bail!("there is no norm `{other}`"),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        Ok(vec![(ElementType::F32, only(inputs)?.1.clone())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = only(&inputs)?;
        let mut output = input.cast(ElementType::F32)?;
        for row in output.elements_mut::<f32>()?.chunks_mut(row_length(input.shape())) {
            let values = row.iter().copied();
            let norm = match self {
                // Negative or not.
                Self::Max => values.fold(f32::MIN, f32::max),
                Self::L1 => values.map(f32::abs).sum(),
                Self::L2 => values.map(|value| value * value).sum::<f32>().sqrt(),
            };
            if norm != 0.0 {
                row.iter_mut().for_each(|value| *value /= norm);
            }
        }
        Ok(vec![output])
    }
}
