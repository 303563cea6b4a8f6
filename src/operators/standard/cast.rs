//! `Cast` (6 to 25) and `CastLike` (15 to 25): [`Tensor::cast`] says what becomes of each element, and [`Narrowed`] rounds it where
//! the type is one that a wider type holds.

use anyhow::{Context as _, Result, bail};

use super::{Columns, Context, Operator, Shape};
use crate::onnx::narrow::{Narrow, Rounding};
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

/// Values, held by a wider type, as those that are nearest of a narrow one.
#[derive(Debug)]
pub(super) struct Narrowed {
    to: Narrow,
    saturates: bool,
    rounding: Rounding,
}

impl Operator for Narrowed {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let to = Narrow::of(i32::try_from(node.required::<i64>("to")?)?);
        let rounding = Rounding::named(node.optional("round_mode")?.unwrap_or("up"));
        Ok(Self {
            to: to.context("expected a narrow type")?,
            saturates: node.flag("saturate", true)?,
            rounding: rounding.context("expected `up`, `down` or `nearest` as the `round_mode`")?,
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, dims)] = inputs else { bail!("expected one input") };
        if *element != self.to.wide() {
            bail!("values of {element:?} are not rounded to a narrower type");
        }
        Ok(vec![(*element, dims.clone())])
    }

    fn columns(&self) -> Columns {
        Columns::Own
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut values = inputs.into_iter().next().context("expected one input")?;
        match values.element() {
            ElementType::F32 => {
                for value in values.elements_mut::<f32>()? {
                    *value = self.to.nearest(*value, self.saturates, self.rounding);
                }
            }
            ElementType::I8 => {
                for value in values.elements_mut::<i8>()? {
                    *value = i8::try_from(self.to.whole(value.cast_unsigned()))?;
                }
            }
            _ => {
                for value in values.elements_mut::<u8>()? {
                    *value = u8::try_from(self.to.whole(*value))?;
                }
            }
        }
        Ok(vec![values])
    }
}
