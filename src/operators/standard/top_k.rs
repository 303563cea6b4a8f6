//! `TopK` (ONNX, versions 1 to 24).
//!
//! NaN counts as the largest number, as NumPy and PyTorch have it; onnxruntime leaves its place open. Of equal values the
//! first comes first.

use anyhow::{Result, bail, ensure};

use super::{Context, Operator, Shape, open, resolve_axis, split_at_axis};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor, set};

/// The largest or smallest values along an axis, and where they are.
#[derive(Debug)]
pub(super) struct TopK {
    axis: i64,
    largest: bool,
    /// As an attribute, up to version 9.
    count: Option<i64>,
}

impl TopK {
    /// The positions of the `k` first among `ranks`, in order; of equal ones the first comes first.
    fn best(mut ranks: Vec<(u64, usize)>, k: usize) -> impl Iterator<Item = usize> {
        if k < ranks.len() {
            ranks.select_nth_unstable(k);
            ranks.truncate(k);
        }
        ranks.sort_unstable();
        ranks.into_iter().map(|(_, position)| position)
    }

    /// The flat positions of the `k` first along an axis, given the ranks of all elements.
    fn select(ranks: &[u64], (outer, length, inner): (usize, usize, usize), k: usize) -> Vec<usize> {
        let mut selected = vec![0; outer * k * inner];
        for (block, (rows, selected)) in ranks
            .chunks_exact((length * inner).max(1))
            .zip(selected.chunks_exact_mut((k * inner).max(1)))
            .enumerate()
        {
            for column in 0..inner {
                let along = rows.iter().skip(column).step_by(inner).copied();
                let best = Self::best(along.zip(0..).collect(), k);
                let slots = selected.iter_mut().skip(column).step_by(inner);
                for (slot, position) in slots.zip(best) {
                    *slot = (block * length + position) * inner + column;
                }
            }
        }
        selected
    }

    /// Numbers in the order of the elements, the one that is asked for first the least.
    fn ranks(&self, values: &Tensor) -> Result<Vec<u64>> {
        let mut ranks: Vec<u64> = match values.element() {
            ElementType::F32 | ElementType::F64 => values.to_vec::<f64>()?.into_iter().map(rank).collect(),
            ElementType::U64 => values.elements::<u64>()?.to_vec(),
            _ => values.to_vec::<i64>()?.into_iter().map(|int| int.cast_unsigned() ^ SIGN).collect(),
        };
        if self.largest {
            ranks.iter_mut().for_each(|rank| *rank = !*rank);
        }
        Ok(ranks)
    }
}

const SIGN: u64 = 1 << 63;

/// A number in the order of floats, with -0 equal to 0 and NaN behind all of them.
fn rank(float: f64) -> u64 {
    if float.is_nan() {
        return u64::MAX;
    }
    let bits = (float + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

impl Operator for TopK {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self {
            axis: node.optional("axis")?.unwrap_or(-1),
            largest: node.flag("largest", true)?,
            count: node.optional("k")?,
        })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let Some((element, dims)) = inputs.first() else { bail!("expected an input") };
        ensure!(!matches!(element, ElementType::Bool | ElementType::String), "{element:?} has no order");
        let axis = resolve_axis(self.axis, dims.len())?;
        let count = match values.get(1) {
            Some(None) => open(),
            given => self.count(given.and_then(Option::as_ref))?.into(),
        };
        let mut dims = dims.clone();
        set(&mut dims, axis, count)?;
        Ok(vec![(*element, dims.clone()), (ElementType::I64, dims)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let Some(values) = inputs.first() else { bail!("expected an input") };
        let k = self.count(inputs.get(1))?;
        let axis = resolve_axis(self.axis, values.rank())?;
        let sizes @ (_, length, inner) = split_at_axis(values.shape(), axis)?;
        ensure!(k <= length, "the {k} first of {length} values are asked for");
        let selected = Self::select(&self.ranks(values)?, sizes, k);
        let mut shape = values.shape().to_vec();
        set(&mut shape, axis, k)?;
        let along = selected.iter().map(|position| i64::try_from(position / inner % length));
        let along = along.collect::<Result<Vec<_>, _>>()?;
        Ok(vec![values.take(&selected, shape.clone())?, Tensor::new(shape, along)?])
    }
}

impl TopK {
    /// How many values are asked for, where an input or the attribute says it.
    fn count(&self, given: Option<&Tensor>) -> Result<usize> {
        let sizes = match (given, self.count) {
            (Some(given), _) => given.to_vec::<i64>()?,
            (None, count) => count.into_iter().collect(),
        };
        match sizes.as_slice() {
            [count] if *count >= 0 => Ok(usize::try_from(*count)?),
            other => bail!("expected a number of values, found {other:?}"),
        }
    }
}
