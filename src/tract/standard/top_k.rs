//! `TopK` (ONNX, versions 10 to 24). tract stops the program where more than a few values hold a NaN.
//!
//! NaN counts as the largest number, as NumPy and PyTorch have it; onnxruntime leaves its place open. Of equal values the
//! first comes first.

use std::cmp::Ordering;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tensor1, tvec,
};

use super::{Operator, Shape, elements};
use super::{gather, input, resolve_axis, split_at_axis};

/// The largest or smallest values along an axis, and where they are.
#[derive(Debug)]
pub(super) struct TopK {
    axis: i64,
    largest: bool,
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
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let largest = node.get_attr_opt::<i64>("largest")?.unwrap_or(1) != 0;
        Ok(Self { axis: node.get_attr_opt("axis")?.unwrap_or(-1), largest })
    }

    fn outputs(&self, _: &[Shape]) -> TractResult<TVec<Shape>> {
        bail!("the number of values has to be a constant")
    }

    fn shape_inputs(&self) -> &'static [usize] {
        &[1]
    }

    fn outputs_for_values(&self, inputs: &[Shape], sizes: &[Vec<i64>]) -> TractResult<TVec<Shape>> {
        let ([(element, shape), _], [k]) = (inputs, sizes) else { bail!("expected values and their number") };
        let axis = resolve_axis(self.axis, shape.len())?;
        let mut shape = shape.clone();
        let k = count(k)?.to_dim();
        shape.iter_mut().skip(axis).take(1).for_each(|dim| *dim = k.clone());
        Ok(tvec!((*element, shape.clone()), (DatumType::I64, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (values, k) = (input(inputs, 0)?, count(&elements::<i64>(input(inputs, 1)?)?)?);
        let axis = resolve_axis(self.axis, values.rank())?;
        let sizes @ (_, length, inner) = split_at_axis(values.shape(), axis)?;
        ensure!(k <= length, "the {k} first of {length} values are asked for");
        let selected = if values.datum_type() == DatumType::F32 {
            let view = values.try_as_plain_ram()?;
            self.select(view.as_slice::<f32>()?, sizes, k, nan_last)
        } else if values.datum_type().is_float() {
            let values = values.cast_to::<f64>()?;
            self.select(values.try_as_plain_ram()?.as_slice::<f64>()?, sizes, k, nan_last)
        } else if values.datum_type() == DatumType::U64 {
            let view = values.try_as_plain_ram()?;
            self.select(view.as_slice::<u64>()?, sizes, k, u64::cmp)
        } else {
            self.select(&elements::<i64>(values)?, sizes, k, i64::cmp)
        };
        let mut shape: TVec<usize> = values.shape().into();
        shape.iter_mut().skip(axis).take(1).for_each(|dim| *dim = k);
        let along: Vec<i64> = selected
            .iter()
            .map(|position| i64::try_from(position / inner % length))
            .collect::<Result<_, _>>()?;
        Ok(tvec!(gather(values, &selected, &shape)?, tensor1(&along).into_shape(&shape)?))
    }
}

/// The order of numbers, NaN behind all of them.
fn nan_last<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    let is_nan = |value: &T| value.partial_cmp(value).is_none();
    a.partial_cmp(b).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}

fn count(sizes: &[i64]) -> TractResult<usize> {
    match sizes {
        [count] if *count >= 0 => Ok(usize::try_from(*count)?),
        other => bail!("expected a number of values, found {other:?}"),
    }
}
