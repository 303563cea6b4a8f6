//! `TopK` (ONNX, versions 1 to 24). tract stops the program where more than a few values hold a NaN.
//!
//! NaN counts as the largest number, as NumPy and PyTorch have it; onnxruntime leaves its place open. Of equal values the
//! first comes first.

use std::cmp::Ordering;

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
    /// The positions of the `k` first of `values`, in order.
    fn best<T: Copy>(&self, values: &[T], k: usize, order: fn(&T, &T) -> Ordering) -> Vec<usize> {
        let mut ranked: Vec<(usize, T)> = values.iter().copied().enumerate().collect();
        let before = |(first, a): &(usize, T), (second, b): &(usize, T)| {
            let order = if self.largest { order(b, a) } else { order(a, b) };
            order.then(first.cmp(second))
        };
        if k < ranked.len() {
            ranked.select_nth_unstable_by(k, before);
            ranked.truncate(k);
        }
        ranked.sort_unstable_by(before);
        ranked.into_iter().map(|(position, _)| position).collect()
    }

    fn select<T: Copy>(
        &self,
        values: &[T],
        (outer, length, inner): (usize, usize, usize),
        k: usize,
        order: fn(&T, &T) -> Ordering,
    ) -> Vec<usize> {
        let mut selected = vec![0; outer * k * inner];
        for (block, (rows, selected)) in values
            .chunks_exact((length * inner).max(1))
            .zip(selected.chunks_exact_mut((k * inner).max(1)))
            .enumerate()
        {
            for column in 0..inner {
                let along: Vec<T> = rows.iter().skip(column).step_by(inner).copied().collect();
                let best = self.best(&along, k, order);
                let slots = selected.iter_mut().skip(column).step_by(inner);
                for (slot, position) in slots.zip(best) {
                    *slot = (block * length + position) * inner + column;
                }
            }
        }
        selected
    }
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

    #[cfg(feature = "full")]
    fn shape_inputs(&self) -> &'static [usize] {
        if self.count.is_some() { &[] } else { &[1] }
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let Some(values) = inputs.first() else { bail!("expected an input") };
        let k = self.count(inputs.get(1))?;
        let axis = resolve_axis(self.axis, values.rank())?;
        let sizes @ (_, length, inner) = split_at_axis(values.shape(), axis)?;
        ensure!(k <= length, "the {k} first of {length} values are asked for");
        let selected = match values.element() {
            ElementType::F32 => self.select(values.elements::<f32>()?, sizes, k, nan_last),
            ElementType::F64 => self.select(values.elements::<f64>()?, sizes, k, nan_last),
            ElementType::U64 => self.select(values.elements::<u64>()?, sizes, k, u64::cmp),
            _ => self.select(&values.to_vec::<i64>()?, sizes, k, i64::cmp),
        };
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

/// The order of numbers, NaN behind all of them.
fn nan_last<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    let is_nan = |value: &T| value.partial_cmp(value).is_none();
    a.partial_cmp(b).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}
