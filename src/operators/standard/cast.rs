//! `Cast` (6 to 24) and `CastLike` (15 to 24): [`Tensor::cast`] says what becomes of each element.

use anyhow::{Context as _, Result, bail};

use super::{Columns, Context, Operator, Shape};
use crate::onnx::pb::NodeProto;
use crate::onnx::tensors::element_type;
use crate::tensor::{ElementType, Tensor};

/// A cast to a type that is given, or to that of the second input.
#[derive(Debug)]
pub(super) struct Cast {
    to: Option<ElementType>,
}

impl Operator for Cast {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        if node.op_type == "CastLike" {
            return Ok(Self { to: None });
        }
        let to = element_type(i32::try_from(node.required::<i64>("to")?)?);
        Ok(Self { to: Some(to.context("there are no tensors of this type")?) })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        match (self.to, inputs) {
            (Some(to), [(_, dims)]) => Ok(vec![(to, dims.clone())]),
            (None, [(_, dims), (to, _)]) => Ok(vec![(*to, dims.clone())]),
            _ => bail!("a cast has one input, or another one of the type"),
        }
    }

    fn columns(&self) -> Columns {
        Columns::Own
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        match (self.to, inputs.as_slice()) {
            (Some(to), [values]) => Ok(vec![values.cast(to)?]),
            (None, [values, like]) => Ok(vec![values.cast(like.element())?]),
            _ => bail!("a cast has one input, or another one of the type"),
        }
    }
}
