//! `TopK` (ONNX, versions 1 to 24).
//!
//! NaN counts as the largest number, as NumPy and PyTorch have it; onnxruntime leaves its place open. Of equal values the
//! first comes first.

use anyhow::{Result, bail, ensure};
use predictql_kernels::sort;

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

/// The values along the axis, as what their order is asked of.
enum Ranked<'a> {
    Floats(&'a [f32]),
    /// Numbers in the order of the elements.
    Numbers(Vec<u64>),
}

impl TopK {
    /// The flat positions of the `k` first along an axis.
    fn select(
        &self,
        values: &Tensor,
        (_, length, inner): (usize, usize, usize),
        k: usize,
    ) -> Result<Vec<usize>> {
        let turn = if self.largest { u64::MAX } else { 0 };
        Ok(match Ranked::of(values)? {
            Ranked::Floats(values) => {
                select(values, length, inner, k, |row, first| sort::first_floats(row, k, turn, first))
            }
            Ranked::Numbers(values) => {
                select(&values, length, inner, k, |row, first| sort::first_ranks(row, k, turn, first))
            }
        })
    }
}

impl<'a> Ranked<'a> {
    fn of(values: &'a Tensor) -> Result<Self> {
        Ok(Self::Numbers(match values.element() {
            ElementType::F32 => return Ok(Self::Floats(values.elements()?)),
            ElementType::F64 => values.to_vec::<f64>()?.into_iter().map(rank).collect(),
            ElementType::U64 => values.to_vec()?,
            _ => values.to_vec::<i64>()?.into_iter().map(sort::ordered_int).collect(),
        }))
    }
}

/// The flat positions of those along an axis of `length` elements that `first` tells of its values.
fn select<T: Copy>(
    values: &[T],
    length: usize,
    inner: usize,
    k: usize,
    first: impl Fn(&[T], &mut Vec<(u64, usize)>),
) -> Vec<usize> {
    let block = (length * inner).max(1);
    let mut selected = vec![0; values.len() / block * k * inner];
    let (mut row, mut found) = (Vec::new(), Vec::new());
    let blocks = values.chunks_exact(block).zip(selected.chunks_exact_mut((k * inner).max(1)));
    for (start, (values, selected)) in (0..).step_by(block).zip(blocks) {
        for column in 0..inner {
            if inner == 1 {
                first(values, &mut found);
            } else {
                row.clear();
                row.extend(values.iter().skip(column).step_by(inner));
                first(&row, &mut found);
            }
            let slots = selected.iter_mut().skip(column).step_by(inner);
            for (slot, (_, position)) in slots.zip(&found) {
                *slot = start + position * inner + column;
            }
        }
    }
    selected
}

/// A number in the order of floats, with -0 equal to 0 and NaN behind all of them.
fn rank(float: f64) -> u64 {
    if float.is_nan() { u64::MAX } else { sort::ordered_float(float) }
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
        let selected = self.select(values, sizes, k)?;
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
