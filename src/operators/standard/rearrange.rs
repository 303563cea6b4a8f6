//! ReverseSequence, TensorScatter and Unique: elements of any type, put in another order.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TDim, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tensor1, tvec,
};

use super::values::{around, axis, input, pick, texts};
use super::{Operator, Shape, whole};

/// The beginning of each sequence is turned round.
#[derive(Debug)]
pub(super) struct ReverseSequence {
    batch_axis: i64,
    time_axis: i64,
}

impl Operator for ReverseSequence {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let batch_axis = node.get_attr_opt("batch_axis")?.unwrap_or(1);
        Ok(Self { batch_axis, time_axis: node.get_attr_opt("time_axis")?.unwrap_or(0) })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [values, _] = inputs else { bail!("expected values and lengths") };
        Ok(tvec!(values.clone()))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let x = input(inputs, 0)?;
        let lengths = whole(input(inputs, 1)?)?;
        let (_, batch, batch_step) = around(x.shape(), axis(self.batch_axis, x.rank())?);
        let (_, time, step) = around(x.shape(), axis(self.time_axis, x.rank())?);
        let place = |at: usize| {
            let row = at.checked_div(batch_step)?.checked_rem(batch)?;
            let moment = at.checked_div(step)?.checked_rem(time)?;
            let length = usize::try_from(*lengths.get(row)?).ok()?.min(time);
            Some(if moment < length { at - moment * step + (length - 1 - moment) * step } else { at })
        };
        let places: Option<Vec<usize>> = (0..x.len()).map(place).collect();
        let Some(places) = places else { bail!("expected a length for each of {batch} sequences") };
        Ok(tvec!(pick(x, &places, x.shape())?))
    }
}

/// A cache of keys or values that gets new ones at the places where each sequence has ended.
#[derive(Debug)]
pub(super) struct TensorScatter {
    axis: i64,
    circular: bool,
}

impl Operator for TensorScatter {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let circular = match node.get_attr_opt("mode")?.unwrap_or("linear") {
            "linear" => false,
            "circular" => true,
            other => bail!("there is no mode `{other}`"),
        };
        Ok(Self { axis: node.get_attr_opt("axis")?.unwrap_or(-2), circular })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [cache, _, ..] = inputs else { bail!("expected a cache and an update") };
        Ok(tvec!(cache.clone()))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (cache, update) = (input(inputs, 0)?, input(inputs, 1)?);
        let axis = axis(self.axis, cache.rank())?;
        let (outer, length, inner) = around(cache.shape(), axis);
        let (updates, fresh, width) = around(update.shape(), axis);
        let rows = cache.shape().first().copied().unwrap_or(1);
        ensure!(
            updates == outer && width == inner && fresh <= length && axis > 0,
            "an update of shape {:?} does not fit {:?}",
            update.shape(),
            cache.shape()
        );
        let starts = match inputs.get(2) {
            Some(starts) => whole(starts)?,
            None => vec![0; rows],
        };
        // Places behind the cache's own are those of the update.
        let mut places: Vec<usize> = (0..cache.len()).collect();
        for block in 0..outer {
            let start = (block * rows).checked_div(outer).and_then(|row| starts.get(row));
            let Some(Ok(start)) = start.map(|start| usize::try_from(*start)) else {
                bail!("expected a place for each of {rows} sequences")
            };
            for at in 0..fresh {
                let to = if self.circular { (start + at) % length.max(1) } else { start + at };
                ensure!(to < length, "place {to} is behind the end of the cache");
                for rest in 0..inner {
                    if let Some(place) = places.get_mut((block * length + to) * inner + rest) {
                        *place = cache.len() + (block * fresh + at) * inner + rest;
                    }
                }
            }
        }
        let flat = |tensor: &Tensor| tensor.clone().into_shape(&[tensor.len()]);
        let both = Tensor::stack_tensors(0, &[flat(cache)?, flat(update)?])?;
        Ok(tvec!(pick(&both, &places, cache.shape())?))
    }
}

/// What there is, without repetitions.
#[derive(Debug)]
pub(super) struct Unique {
    axis: Option<i64>,
    sorted: bool,
    /// How many there are is known when they have been counted.
    count: TDim,
}

impl Operator for Unique {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let sorted = node.get_attr_opt::<i64>("sorted")?.unwrap_or(1) != 0;
        let count = ctx.template.symbols.new_with_prefix("unique").to_dim();
        Ok(Self { axis: node.get_attr_opt("axis")?, sorted, count })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(element, shape)] = inputs else { bail!("expected one input") };
        let mut kept: TVec<TDim> = tvec!(self.count.clone());
        let mut all: TDim = shape.iter().product();
        if let Some(at) = self.axis {
            let at = axis(at, shape.len())?;
            all = shape.get(at).cloned().unwrap_or_else(|| 1.to_dim());
            kept = shape.clone();
            kept.iter_mut().skip(at).take(1).for_each(|dim| *dim = self.count.clone());
        }
        let count: TVec<TDim> = tvec!(self.count.clone());
        let ints = |shape| (DatumType::I64, shape);
        Ok(tvec!((*element, kept), ints(count.clone()), ints(tvec!(all)), ints(count)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let x = input(inputs, 0)?;
        let keys = keys(x)?;
        let (outer, length, inner) = match self.axis {
            Some(at) => around(x.shape(), axis(at, x.rank())?),
            None => (1, x.len(), 1),
        };
        let members = |at: usize| {
            (0..outer).flat_map(move |block| (0..inner).map(move |rest| (block * length + at) * inner + rest))
        };
        let key = |at: usize| {
            members(at).filter_map(|place| keys.get(place)).flatten().copied().collect::<Vec<u8>>()
        };
        let all: Vec<Vec<u8>> = (0..length).map(key).collect();
        let mut order: Vec<usize> = (0..length).collect();
        order.sort_by_key(|at| all.get(*at));
        // Each with the place of its first appearance and how often it appears.
        let mut groups: Vec<(usize, i64)> = Vec::new();
        let mut group_of = vec![0; length];
        for (before, at) in std::iter::once(None).chain(order.iter().map(Some)).zip(&order) {
            match groups.last_mut() {
                Some(group) if before.is_some_and(|before| all.get(*before) == all.get(*at)) => group.1 += 1,
                _ => groups.push((*at, 1)),
            }
            group_of.iter_mut().skip(*at).take(1).for_each(|group| *group = groups.len() - 1);
        }
        let mut ranks: Vec<usize> = (0..groups.len()).collect();
        if !self.sorted {
            ranks.sort_by_key(|rank| groups.get(*rank));
        }
        let mut place_of = vec![0_i64; groups.len()];
        for (place, rank) in (0..).zip(&ranks) {
            place_of.iter_mut().skip(*rank).take(1).for_each(|it| *it = place);
        }
        let ordered: Vec<(usize, i64)> = ranks.iter().filter_map(|rank| groups.get(*rank).copied()).collect();
        let mut shape: TVec<usize> = tvec!(ordered.len());
        if let Some(at) = self.axis {
            let at = axis(at, x.rank())?;
            shape = x.shape().into();
            shape.iter_mut().skip(at).take(1).for_each(|dim| *dim = ordered.len());
        }
        let mut places = Vec::with_capacity(shape.iter().product());
        for block in 0..outer {
            for (first, _) in &ordered {
                places.extend((0..inner).map(|rest| (block * length + first) * inner + rest));
            }
        }
        let ints = |values: Vec<i64>| tensor1(&values);
        Ok(tvec!(
            pick(x, &places, &shape)?,
            ints(ordered.iter().map(|(first, _)| *first as i64).collect()),
            ints(group_of.iter().map(|group| place_of.get(*group).copied().unwrap_or_default()).collect()),
            ints(ordered.iter().map(|(_, count)| *count).collect())
        ))
    }
}

/// Bytes that compare as the elements do.
fn keys(tensor: &Tensor) -> TractResult<Vec<Vec<u8>>> {
    const SIGN: u64 = 1 << 63;
    Ok(match tensor.datum_type() {
        DatumType::String => {
            texts(tensor)?.into_iter().map(|text| [text.as_bytes(), &[0]].concat()).collect()
        }
        element if element.is_float() => {
            let tensor = tensor.cast_to::<f64>()?;
            let view = tensor.try_as_plain_ram()?;
            let key = |value: &f64| {
                // Adding zero makes one zero of the two.
                let bits = (value + 0.0).to_bits();
                if bits & SIGN == 0 { bits | SIGN } else { !bits }
            };
            view.as_slice::<f64>()?.iter().map(|value| key(value).to_be_bytes().to_vec()).collect()
        }
        _ => whole(tensor)?.into_iter().map(|value| (value as u64 ^ SIGN).to_be_bytes().to_vec()).collect(),
    })
}
