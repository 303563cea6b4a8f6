//! Operators that move elements and change none, in the versions 1 to 24 of the standard.

#[cfg(feature = "full")]
use std::sync::Arc;

use anyhow::{Result, bail, ensure};

use super::broadcast;
#[cfg(feature = "full")]
use super::{ChannelsLast, Rewrites, rewrites};
use super::{Columns, Context, Dim, Operator, Shape, only, open, resolve_axis, split_at_axis};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor, is_permutation, offsets, room, set, strides};

/// Operators whose outputs hold the elements of their first input in the same order.
#[derive(Debug)]
pub(super) enum Reshape {
    Identity,
    /// To a shape that an input gives; whether 0 is a length, and not that of the input.
    To {
        allows_zero: bool,
    },
    Flatten {
        axis: i64,
    },
    /// Axes of length 1 are left out, or put in.
    Squeeze {
        axes: Option<Vec<i64>>,
    },
    Unsqueeze {
        axes: Option<Vec<i64>>,
    },
}

impl Operator for Reshape {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(match node.op_type.as_str() {
            "Reshape" => Self::To { allows_zero: node.flag("allowzero", false)? },
            "Flatten" => Self::Flatten { axis: node.optional("axis")?.unwrap_or(1) },
            "Squeeze" => Self::Squeeze { axes: node.optional("axes")? },
            "Unsqueeze" => Self::Unsqueeze { axes: node.optional("axes")? },
            "Dropout" => {
                // Its ratio means something to a model that learns.
                ensure!(node.input.len() < 3 && node.output.len() == 1, "Dropout only predicts here");
                Self::Identity
            }
            _ => Self::Identity,
        })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let Some((element, dims)) = inputs.first() else { bail!("expected an input") };
        if matches!(self, Self::Identity) {
            return Ok(vec![(*element, dims.clone())]);
        }
        let numbers = match (inputs.get(1), values.get(1)) {
            (Some((_, list)), Some(None)) => {
                // How long the list is tells the number of axes.
                let Some(count) = list.first().and_then(Dim::known) else { bail!("the rank is not known") };
                let rank = match self {
                    Self::Squeeze { .. } => dims.len().checked_sub(count),
                    Self::Unsqueeze { .. } => dims.len().checked_add(count),
                    _ => Some(count),
                };
                let Some(rank) = rank else { bail!("there are fewer axes") };
                return Ok(vec![(*element, vec![open(); rank])]);
            }
            (Some(_), Some(Some(numbers))) => Some(numbers.to_vec::<i64>()?),
            _ => None,
        };
        Ok(vec![(*element, self.dims(dims, numbers)?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut inputs = inputs.into_iter();
        let Some(values) = inputs.next() else { bail!("expected an input") };
        let numbers = inputs.next().filter(|_| !matches!(self, Self::Identity));
        let numbers = numbers.map(|numbers| numbers.to_vec::<i64>()).transpose()?;
        let dims: Vec<Dim> = values.shape().iter().copied().map(Dim::from).collect();
        let dims = self.dims(&dims, numbers)?;
        let shape: Option<Vec<usize>> = dims.iter().map(Dim::known).collect();
        let Some(shape) = shape else { bail!("a shape has a length for each axis") };
        Ok(vec![values.with_shape(shape)?])
    }

    #[cfg(feature = "full")]
    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

#[cfg(feature = "full")]
impl Rewrites for Reshape {
    fn channels_last(&self, _: usize) -> ChannelsLast {
        if matches!(self, Self::Identity) { ChannelsLast::Same } else { ChannelsLast::No }
    }
}

impl Reshape {
    fn dims(&self, dims: &[Dim], numbers: Option<Vec<i64>>) -> Result<Vec<Dim>> {
        match self {
            Self::Identity => Ok(dims.to_vec()),
            Self::To { allows_zero } => {
                let Some(lengths) = numbers else { bail!("expected a shape") };
                reshaped(dims, &lengths, *allows_zero)
            }
            Self::Flatten { axis } => {
                let rank = i64::try_from(dims.len())?;
                let axis = usize::try_from(if *axis < 0 { axis + rank } else { *axis })?;
                let Some((rows, columns)) = dims.split_at_checked(axis) else {
                    bail!("there is no axis {axis}")
                };
                Ok(vec![Dim::product(rows), Dim::product(columns)])
            }
            Self::Squeeze { axes } => match numbers.or_else(|| axes.clone()) {
                Some(axes) => {
                    let axes = axes.into_iter().map(|axis| resolve_axis(axis, dims.len()));
                    let axes = axes.collect::<Result<Vec<_>>>()?;
                    let is_one =
                        |axis: &usize| dims.get(*axis).and_then(Dim::known).is_none_or(|length| length == 1);
                    ensure!(axes.iter().all(is_one), "only axes of length 1 can be left out");
                    let kept = dims.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
                    Ok(kept.map(|(_, dim)| dim.clone()).collect())
                }
                None => {
                    ensure!(dims.iter().all(|dim| dim.known().is_some()), "the axes have to be known");
                    Ok(dims.iter().filter(|dim| dim.known() != Some(1)).cloned().collect())
                }
            },
            Self::Unsqueeze { axes } => {
                let Some(axes) = numbers.or_else(|| axes.clone()) else { bail!("expected axes") };
                let rank = dims.len() + axes.len();
                let mut axes =
                    axes.into_iter().map(|axis| resolve_axis(axis, rank)).collect::<Result<Vec<_>>>()?;
                axes.sort_unstable();
                ensure!(
                    axes.windows(2).all(|pair| matches!(pair, [a, b] if a < b)),
                    "an axis is given twice"
                );
                let mut wide = dims.to_vec();
                axes.into_iter().for_each(|axis| wide.insert(axis, Dim::from(1)));
                Ok(wide)
            }
        }
    }
}

/// The dimensions that `lengths` asks for: 0 is the input's own length, -1 what is left.
fn reshaped(dims: &[Dim], lengths: &[i64], allows_zero: bool) -> Result<Vec<Dim>> {
    let mut shape = Vec::with_capacity(lengths.len());
    for (axis, length) in lengths.iter().enumerate() {
        shape.push(match length {
            0 if !allows_zero => match dims.get(axis) {
                Some(dim) => dim.clone(),
                None => bail!("there is no axis {axis} whose length could be kept"),
            },
            // Replaced below.
            -1 => Dim::from(1),
            length => usize::try_from(*length)?.into(),
        });
    }
    let mut free = lengths.iter().enumerate().filter(|(_, length)| **length == -1).map(|(axis, _)| axis);
    let (all, others) = (Dim::product(dims), Dim::product(&shape));
    match (free.next(), free.next()) {
        (Some(_), Some(_)) => bail!("only one length can be left open"),
        (Some(axis), None) => {
            let rest = quotient(&all, &others)?;
            set(&mut shape, axis, rest)?;
        }
        (None, _) => ensure!(
            all.known().zip(others.known()).is_none_or(|(all, others)| all == others),
            "{all} elements do not fill shape {lengths:?}"
        ),
    }
    Ok(shape)
}

fn quotient(all: &Dim, others: &Dim) -> Result<Dim> {
    match (all.known(), others.known()) {
        (Some(all), Some(others)) => {
            ensure!(others > 0 && all.is_multiple_of(others), "{all} elements are no multiple of {others}");
            Ok((all / others).into())
        }
        _ => Ok(open()),
    }
}

/// `Shape`: the lengths of the axes as a vector; `Size`: their product.
#[derive(Debug)]
pub(super) enum Measure {
    Shape { start: i64, end: Option<i64> },
    Size,
}

impl Operator for Measure {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(match node.op_type.as_str() {
            "Size" => Self::Size,
            _ => Self::Shape { start: node.optional("start")?.unwrap_or(0), end: node.optional("end")? },
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (_, dims) = only(inputs)?;
        let dims = match self {
            Self::Size => Vec::new(),
            Self::Shape { .. } => vec![self.axes(dims.len())?.len().into()],
        };
        Ok(vec![(ElementType::I64, dims)])
    }

    fn values_of_shapes(&self, inputs: &[Shape]) -> Option<Vec<Tensor>> {
        let [(_, dims)] = inputs else { return None };
        let shape: Option<Vec<usize>> = dims.iter().map(Dim::known).collect();
        self.of(&shape?).ok()
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        self.of(only(&inputs)?.shape())
    }
}

impl Measure {
    fn of(&self, shape: &[usize]) -> Result<Vec<Tensor>> {
        let lengths = shape.iter().map(|length| i64::try_from(*length)).collect::<Result<Vec<_>, _>>()?;
        Ok(vec![match self {
            Self::Size => Tensor::scalar(lengths.iter().product::<i64>()),
            Self::Shape { .. } => match lengths.get(self.axes(lengths.len())?) {
                Some(lengths) => Tensor::vector(lengths.to_vec()),
                None => bail!("there are no such axes"),
            },
        }])
    }

    /// The axes whose lengths are asked for, of `rank`.
    fn axes(&self, rank: usize) -> Result<std::ops::Range<usize>> {
        let Self::Shape { start, end } = self else { return Ok(0..rank) };
        let rank_int = i64::try_from(rank)?;
        let position =
            |axis: i64| usize::try_from((if axis < 0 { axis + rank_int } else { axis }).clamp(0, rank_int));
        let (start, end) = (position(*start)?, position(end.unwrap_or(rank_int))?);
        Ok(start..end.max(start))
    }
}

/// `Transpose`: without an order, the axes are reversed.
#[derive(Debug)]
pub(crate) struct Transpose {
    order: Option<Vec<usize>>,
}

impl Transpose {
    /// Puts the axes into this order.
    #[cfg(feature = "full")]
    pub(crate) fn to(order: Vec<usize>) -> Self {
        Self { order: Some(order) }
    }

    fn order(&self, rank: usize) -> Vec<usize> {
        // Default: the standard reverses the axes.
        self.order.clone().unwrap_or_else(|| (0..rank).rev().collect())
    }
}

impl Operator for Transpose {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let order: Option<Vec<usize>> = node.optional("perm")?;
        ensure!(order.as_deref().is_none_or(is_permutation), "{order:?} is no order of axes");
        Ok(Self { order })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (element, dims) = only(inputs)?;
        let order = self.order(dims.len());
        let moved: Option<Vec<Dim>> = order.iter().map(|axis| dims.get(*axis).cloned()).collect();
        match moved {
            Some(moved) if moved.len() == dims.len() => Ok(vec![(*element, moved)]),
            _ => bail!("{order:?} is no order of {} axes", dims.len()),
        }
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let values = only(&inputs)?;
        Ok(vec![values.transpose(&self.order(values.rank()))?])
    }

    #[cfg(feature = "full")]
    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

#[cfg(feature = "full")]
impl Rewrites for Transpose {
    fn order(&self, rank: usize) -> Option<Vec<usize>> {
        let order = self.order(rank);
        (order.len() == rank).then_some(order)
    }
}

/// `Expand` repeats along axes of length 1, `Tile` along any.
#[derive(Debug)]
pub(super) enum Repeat {
    Expand,
    Tile,
}

impl Operator for Repeat {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(if node.op_type == "Tile" { Self::Tile } else { Self::Expand })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let ([(element, dims), (_, lengths)], [_, numbers]) = (inputs, values) else {
            bail!("expected values and lengths")
        };
        let Some(numbers) = numbers else {
            let Some(rank) = lengths.first().and_then(Dim::known) else { bail!("the rank is not known") };
            return Ok(vec![(*element, vec![open(); rank.max(dims.len())])]);
        };
        let numbers =
            numbers.to_vec::<i64>()?.into_iter().map(|number| Ok(Dim::from(usize::try_from(number)?)));
        let numbers = numbers.collect::<Result<Vec<_>>>()?;
        let dims = match self {
            Self::Expand => broadcast::dims([dims, &numbers])?,
            Self::Tile => {
                ensure!(numbers.len() == dims.len(), "expected a number for each axis");
                dims.iter().zip(&numbers).map(|(dim, number)| Dim::product([dim, number])).collect()
            }
        };
        Ok(vec![(*element, dims)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values, numbers] = inputs.as_slice() else { bail!("expected values and lengths") };
        let numbers = lengths(numbers)?;
        Ok(vec![match self {
            Self::Expand => {
                let shape = broadcast::shape(&[values.shape(), &numbers])?;
                broadcast::expand(values, &shape)?
            }
            Self::Tile => {
                ensure!(numbers.len() == values.rank(), "expected a number for each axis");
                let steps = strides(values.shape());
                let axes: Vec<_> = values
                    .shape()
                    .iter()
                    .zip(steps)
                    .zip(&numbers)
                    .flat_map(|((length, stride), number)| [(*number, 0), (*length, stride)])
                    .collect();
                let shape: Vec<usize> = (values.shape().iter().zip(&numbers))
                    .map(|(length, number)| length.saturating_mul(*number))
                    .collect();
                room(&shape)?;
                values.take(&offsets(&axes), shape)?
            }
        }])
    }
}

/// The elements of `tensor` as lengths: none may be negative.
pub(in crate::operators) fn lengths(tensor: &Tensor) -> Result<Vec<usize>> {
    Ok(tensor.to_vec::<i64>()?.into_iter().map(usize::try_from).collect::<Result<_, _>>()?)
}

/// `Concat`: one behind the other along an axis.
#[derive(Debug)]
pub(super) struct Concat {
    axis: i64,
}

impl Operator for Concat {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { axis: node.optional("axis")?.unwrap_or(1) })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let Some((element, first)) = inputs.first() else { bail!("expected an input") };
        let axis = resolve_axis(self.axis, first.len())?;
        let mut dims = first.clone();
        let mut along = Some(0);
        for (other, part) in inputs {
            ensure!(other == element, "elements of {element:?} and {other:?} do not go together");
            ensure!(
                part.len() == dims.len(),
                "tensors of rank {} and {} do not go together",
                dims.len(),
                part.len()
            );
            for (place, (dim, part)) in dims.iter_mut().zip(part).enumerate() {
                match (dim.known(), part.known()) {
                    _ if place == axis => {
                        along = along.zip(part.known()).map(|(a, b): (usize, usize)| a.saturating_add(b))
                    }
                    (None, Some(_)) => *dim = part.clone(),
                    (Some(a), Some(b)) => ensure!(a == b, "lengths {a} and {b} of an axis do not fit"),
                    _ => {}
                }
            }
        }
        set(&mut dims, axis, along.map_or_else(open, Dim::from))?;
        Ok(vec![(*element, dims)])
    }

    fn columns(&self) -> Columns {
        // Of a matrix the last axis is the second one.
        if matches!(self.axis, 1 | -1) { Columns::Joined } else { Columns::Mixed }
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let Some(first) = inputs.first() else { bail!("expected an input") };
        let axis = resolve_axis(self.axis, first.rank())?;
        Ok(vec![Tensor::concat(&inputs, axis)?])
    }

    #[cfg(feature = "full")]
    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

#[cfg(feature = "full")]
impl Rewrites for Concat {
    fn channels_last(&self, rank: usize) -> ChannelsLast {
        let moved = resolve_axis(self.axis, rank).ok().and_then(|axis| {
            let place = rewrites::to_last(rank).iter().position(|from| *from == axis)?;
            i64::try_from(place).ok()
        });
        moved.map_or(ChannelsLast::No, |axis| ChannelsLast::As(Arc::new(Self { axis })))
    }
}

/// `Slice`: from a start to an end along some axes, in steps.
#[derive(Debug)]
pub(super) struct Slice {
    /// As attributes, up to version 9.
    bounds: Option<(Vec<i64>, Vec<i64>)>,
    axes: Option<Vec<i64>>,
    has_axes: bool,
    has_steps: bool,
}

/// Where a slice starts along an axis, how many elements it has, and how far apart they are.
type Cut = (i64, usize, i64);

impl Slice {
    /// The cut along each of the axes of `lengths`.
    fn cuts(&self, lengths: &[Dim], inputs: &[Option<Vec<i64>>]) -> Result<Option<Vec<Option<Cut>>>> {
        let mut inputs = inputs.iter().cloned();
        let (starts, ends) = match &self.bounds {
            Some((starts, ends)) => (Some(starts.clone()), Some(ends.clone())),
            None => (inputs.next().flatten(), inputs.next().flatten()),
        };
        let axes = if self.has_axes {
            inputs.next().flatten()
        } else {
            self.axes.clone().or_else(|| Some((0..).take(starts.as_ref().map_or(0, Vec::len)).collect()))
        };
        let steps = if self.has_steps {
            inputs.next().flatten()
        } else {
            Some(vec![1; starts.as_ref().map_or(0, Vec::len)])
        };
        let (Some(starts), Some(ends), Some(axes), Some(steps)) = (starts, ends, axes, steps) else {
            return Ok(None);
        };
        let count = starts.len();
        ensure!(
            ends.len() == count && axes.len() == count && steps.len() == count,
            "the bounds of a slice do not fit"
        );
        let mut cuts: Vec<Option<Cut>> = lengths.iter().map(|length| Some((0, length.known()?, 1))).collect();
        for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
            ensure!(step != 0, "a slice has a step of 0");
            let axis = resolve_axis(axis, lengths.len())?;
            let cut = lengths
                .get(axis)
                .and_then(Dim::known)
                .map(|length| cut(length, start, end, step))
                .transpose()?;
            set(&mut cuts, axis, cut)?;
        }
        Ok(Some(cuts))
    }
}

fn cut(length: usize, start: i64, end: i64, step: i64) -> Result<Cut> {
    let length = i64::try_from(length)?;
    let from_start = |bound: i64| if bound < 0 { bound.saturating_add(length) } else { bound };
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let (start, end) = (from_start(start).clamp(high.min(0), high), from_start(end).clamp(low, high));
    let span = if step > 0 { end - start } else { start - end };
    let count = if length == 0 || span <= 0 { 0 } else { (span - 1) / step.saturating_abs() + 1 };
    Ok((start, usize::try_from(count)?, step))
}

impl Operator for Slice {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let has = |position: usize| node.input.get(position).is_some_and(|name| !name.is_empty());
        let bounds = node.optional("starts")?.zip(node.optional("ends")?);
        Ok(Self { bounds, axes: node.optional("axes")?, has_axes: has(3), has_steps: has(4) })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let Some((element, dims)) = inputs.first() else { bail!("expected an input") };
        let values = values.iter().skip(1).map(|value| value.as_ref().map(Tensor::to_vec).transpose());
        let values = values.collect::<Result<Vec<_>>>()?;
        let dims = match self.cuts(dims, &values)? {
            Some(cuts) => {
                cuts.into_iter().map(|cut| cut.map_or_else(open, |(_, count, _)| count.into())).collect()
            }
            None => vec![open(); dims.len()],
        };
        Ok(vec![(*element, dims)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let Some((values, bounds)) = inputs.split_first() else { bail!("expected an input") };
        let bounds = bounds.iter().map(|bound| bound.to_vec().map(Some)).collect::<Result<Vec<_>>>()?;
        let dims: Vec<Dim> = values.shape().iter().copied().map(Dim::from).collect();
        let cuts = self.cuts(&dims, &bounds)?.and_then(|cuts| cuts.into_iter().collect::<Option<Vec<Cut>>>());
        let Some(cuts) = cuts else { bail!("a slice has bounds") };
        let shape: Vec<usize> = cuts.iter().map(|(_, count, _)| *count).collect();
        // The last axes that are whole move as one.
        let whole = cuts
            .iter()
            .zip(values.shape())
            .rev()
            .take_while(|((start, count, step), length)| *start == 0 && *step == 1 && count == *length);
        let outer = cuts.len() - whole.count();
        let steps = strides(values.shape());
        let run = values.shape().iter().skip(outer).product();
        let mut starts = vec![0_i64];
        for ((start, count, step), stride) in cuts.iter().zip(steps).take(outer) {
            let stride = i64::try_from(stride)?;
            let along = (0..).take(*count).map(|nth: i64| (start + nth * step) * stride).collect::<Vec<_>>();
            starts = starts.iter().flat_map(|base| along.iter().map(move |offset| base + offset)).collect();
        }
        let starts = starts.into_iter().map(usize::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(vec![values.take_runs(&starts, run, shape)?])
    }
}

/// `Split`: parts along an axis.
#[derive(Debug)]
pub(super) struct Split {
    axis: i64,
    /// The lengths of the parts, up to version 12.
    lengths: Option<Vec<i64>>,
    parts: usize,
}

impl Split {
    fn lengths(&self, length: usize, given: Option<Vec<i64>>) -> Result<Vec<usize>> {
        if let Some(given) = given.or_else(|| self.lengths.clone()) {
            let lengths = given.into_iter().map(usize::try_from).collect::<Result<Vec<_>, _>>()?;
            let all = lengths.iter().try_fold(0_usize, |all, part| all.checked_add(*part));
            ensure!(
                all == Some(length) && lengths.len() == self.parts,
                "parts of {lengths:?} are not {} of {length}",
                self.parts
            );
            return Ok(lengths);
        }
        // Equal parts; the last one may be shorter.
        let part = length.div_ceil(self.parts.max(1));
        Ok((0..self.parts).map(|nth| part.min(length.saturating_sub(nth * part))).collect())
    }
}

impl Operator for Split {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self {
            axis: node.optional("axis")?.unwrap_or(0),
            lengths: node.optional("split")?,
            parts: node.output.len(),
        })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let Some((element, dims)) = inputs.first() else { bail!("expected an input") };
        let axis = resolve_axis(self.axis, dims.len())?;
        let given = values.get(1).map(Option::as_ref);
        let parts: Vec<Dim> = match (dims.get(axis).and_then(Dim::known), given) {
            (None, _) | (_, Some(None)) => vec![open(); self.parts],
            (Some(length), given) => {
                let given = given.flatten().map(Tensor::to_vec::<i64>).transpose()?;
                self.lengths(length, given)?.into_iter().map(Dim::from).collect()
            }
        };
        let shape = |part: Dim| {
            let mut dims = dims.clone();
            set(&mut dims, axis, part)?;
            Ok((*element, dims))
        };
        parts.into_iter().map(shape).collect()
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let Some(values) = inputs.first() else { bail!("expected an input") };
        let axis = resolve_axis(self.axis, values.rank())?;
        let (outer, length, inner) = split_at_axis(values.shape(), axis)?;
        let given = inputs.get(1).map(Tensor::to_vec).transpose()?;
        let mut first = 0;
        let mut parts = Vec::new();
        for part in self.lengths(length, given)? {
            let mut shape = values.shape().to_vec();
            set(&mut shape, axis, part)?;
            let starts: Vec<usize> = (0..outer).map(|block| (block * length + first) * inner).collect();
            parts.push(values.take_runs(&starts, part * inner, shape)?);
            first += part;
        }
        Ok(parts)
    }
}
