//! `BitShift` (11), `BitwiseAnd`, `BitwiseOr`, `BitwiseXor` and `BitwiseNot` (18), in 64 bits: the low ones of the result are
//! those of narrower integers.

use anyhow::{Result, bail, ensure};

use super::broadcast::{self, each, zip};
use super::{Context, Operator, Shape};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bits {
    And,
    Or,
    Xor,
    Not,
    Left,
    Right,
}

impl Operator for Bits {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(match node.op_type.as_str() {
            "BitwiseAnd" => Self::And,
            "BitwiseOr" => Self::Or,
            "BitwiseXor" => Self::Xor,
            "BitwiseNot" => Self::Not,
            "BitShift" => match node.required("direction")? {
                "LEFT" => Self::Left,
                "RIGHT" => Self::Right,
                other => bail!("bits do not move {other}"),
            },
            other => bail!("there is no function of bits {other}"),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let count = if *self == Self::Not { 1 } else { 2 };
        let Some((element, _)) = inputs.first() else { bail!("expected an input") };
        ensure!(
            inputs.len() == count && inputs.iter().all(|(other, _)| other == element),
            "{self:?} takes {count} tensors of one type"
        );
        let moves = matches!(self, Self::Left | Self::Right);
        ensure!(
            element.is_integer() && (element.is_unsigned() || !moves),
            "{self:?} does not take {element:?}"
        );
        Ok(vec![(*element, broadcast::dims(inputs.iter().map(|(_, dims)| dims))?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let (Some(a), Some(b)) = (inputs.first(), inputs.last()) else { bail!("expected an input") };
        let element = a.element();
        // Integers without a sign have no bits in front of theirs, so that none move in.
        let (a, b) = (a.cast(ElementType::I64)?, b.cast(ElementType::I64)?);
        let moved = |number: &i64, by: &i64, shift: fn(u64, u32) -> Option<u64>| {
            let moved =
                u32::try_from(by.cast_unsigned()).ok().and_then(|by| shift(number.cast_unsigned(), by));
            // Nothing is left of what moves too far.
            moved.unwrap_or(0).cast_signed()
        };
        let result = match self {
            Self::And => zip(&a, &b, &each(|a: &i64, b: &i64| a & b)),
            Self::Or => zip(&a, &b, &each(|a: &i64, b: &i64| a | b)),
            Self::Xor => zip(&a, &b, &each(|a: &i64, b: &i64| a ^ b)),
            Self::Not => zip(&a, &b, &each(|a: &i64, _: &i64| !a)),
            Self::Left => zip(&a, &b, &each(move |a: &i64, b: &i64| moved(a, b, u64::checked_shl))),
            Self::Right => zip(&a, &b, &each(move |a: &i64, b: &i64| moved(a, b, u64::checked_shr))),
        };
        Ok(vec![result?.cast(element)?])
    }
}
