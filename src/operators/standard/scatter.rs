//! What `ScatterElements` (ONNX, versions 11 to 18), `Scatter` (9) and `ScatterND` (11 to 18) do with the values in the places
//! of updates. The engine for tables replaces them; the full one reduces both to one, too.

use anyhow::{Result, bail, ensure};

use crate::onnx::pb::NodeProto;
#[cfg(feature = "full")]
use crate::tensor::{Element, ElementType};
use crate::tensor::{Tensor, set};

/// What becomes of a value that gets an update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reduction {
    /// The later of two updates wins.
    Replace,
    #[cfg(feature = "full")]
    Add,
    #[cfg(feature = "full")]
    Multiply,
    #[cfg(feature = "full")]
    Least,
    #[cfg(feature = "full")]
    Greatest,
}

impl Reduction {
    pub(super) fn parse(node: &NodeProto) -> Result<Self> {
        Ok(match node.optional("reduction")?.unwrap_or("none") {
            "none" => Self::Replace,
            #[cfg(feature = "full")]
            "add" => Self::Add,
            #[cfg(feature = "full")]
            "mul" => Self::Multiply,
            #[cfg(feature = "full")]
            "min" => Self::Least,
            #[cfg(feature = "full")]
            "max" => Self::Greatest,
            other => bail!("there is no reduction {other} here"),
        })
    }

    /// `data` with the elements of `updates` at the places `targets` of its flat layout.
    pub(super) fn apply(self, data: &Tensor, updates: &Tensor, targets: &[usize]) -> Result<Tensor> {
        ensure!(targets.len() == updates.len(), "every update has a place");
        #[cfg(feature = "full")]
        if self != Self::Replace {
            return self.reduce(data, updates, targets);
        }
        let mut taken: Vec<usize> = (0..data.len()).collect();
        for (nth, target) in targets.iter().enumerate() {
            set(&mut taken, *target, data.len() + nth)?;
        }
        data.with_updates(updates, &taken)
    }
}

#[cfg(feature = "full")]
impl Reduction {
    fn reduce(self, data: &Tensor, updates: &Tensor, targets: &[usize]) -> Result<Tensor> {
        match data.element() {
            ElementType::F32 => self.fold::<f32>(data, updates, targets, |a, b| a + b, |a, b| a * b),
            ElementType::F64 => self.fold::<f64>(data, updates, targets, |a, b| a + b, |a, b| a * b),
            ElementType::U64 => {
                self.fold::<u64>(data, updates, targets, u64::wrapping_add, u64::wrapping_mul)
            }
            integer if integer.is_integer() => {
                // The low bits of a sum or product are those of the wider one.
                let (data, updates) = (data.cast(ElementType::I64)?, updates.cast(ElementType::I64)?);
                self.fold::<i64>(&data, &updates, targets, i64::wrapping_add, i64::wrapping_mul)?
                    .cast(integer)
            }
            other => bail!("{other:?} cannot be reduced"),
        }
    }

    fn fold<T: Element + Copy + PartialOrd>(
        self,
        data: &Tensor,
        updates: &Tensor,
        targets: &[usize],
        add: fn(T, T) -> T,
        multiply: fn(T, T) -> T,
    ) -> Result<Tensor> {
        let mut reduced = data.clone();
        let values = reduced.elements_mut::<T>()?;
        for (target, new) in targets.iter().zip(updates.elements::<T>()?) {
            let Some(value) = values.get_mut(*target) else { bail!("an update is outside of the tensor") };
            *value = match self {
                Self::Replace => *new,
                Self::Add => add(*value, *new),
                Self::Multiply => multiply(*value, *new),
                // As in onnxruntime, the old value has to win: an update of NaN is kept.
                Self::Least if *value < *new => *value,
                Self::Greatest if *value > *new => *value,
                Self::Least | Self::Greatest => *new,
            };
        }
        Ok(reduced)
    }
}
