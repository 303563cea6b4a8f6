//! Operators that look elements up by their positions, in the versions 1 to 24 of the standard; and tensors made of
//! nothing but numbers.

use anyhow::{Context as _, Result, bail, ensure};

use super::layout::lengths;
use super::scatter::Reduction;
use super::{Context, Dim, Operator, Shape, open, resolve_axis, split_at_axis};
use crate::onnx::pb::{NodeProto, TensorProto};
use crate::onnx::tensors::load;
use crate::tensor::{ElementType, Tensor, room, strides};

/// A position along an axis of `length`, counted from either end.
///
/// # Errors
/// Where there is none.
pub(crate) fn position(index: i64, length: usize) -> Result<usize> {
    let from_start = if index < 0 { index.saturating_add(i64::try_from(length)?) } else { index };
    let position = usize::try_from(from_start).ok().filter(|position| *position < length);
    position.with_context(|| format!("index {index} is out of range for an axis of length {length}"))
}

/// `Gather`: the slices at some positions of an axis.
#[derive(Debug)]
pub(super) struct Gather {
    axis: i64,
}

impl Operator for Gather {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { axis: node.optional("axis")?.unwrap_or(0) })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, dims), (ElementType::I32 | ElementType::I64, indices)] = inputs else {
            bail!("expected values and positions")
        };
        let axis = resolve_axis(self.axis, dims.len())?;
        Ok(vec![(*element, spliced(dims, axis, indices))])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values, indices] = inputs.as_slice() else { bail!("expected values and positions") };
        let axis = resolve_axis(self.axis, values.rank())?;
        let (outer, length, inner) = split_at_axis(values.shape(), axis)?;
        let positions = indices.to_vec::<i64>()?.into_iter().map(|index| position(index, length));
        let positions = positions.collect::<Result<Vec<_>>>()?;
        let starts =
            (0..outer).flat_map(|block| positions.iter().map(move |at| (block * length + at) * inner));
        let starts: Vec<usize> = starts.collect();
        Ok(vec![values.take_runs(&starts, inner, spliced(values.shape(), axis, indices.shape()))?])
    }
}

/// `shape` with `lengths` in the place of its axis `axis`.
fn spliced<D: Clone>(shape: &[D], axis: usize, lengths: &[D]) -> Vec<D> {
    let (before, behind) = (shape.iter().take(axis), shape.iter().skip(axis + 1));
    before.chain(lengths).chain(behind).cloned().collect()
}

/// `GatherElements`: a position along an axis for each element of the output.
#[derive(Debug)]
pub(super) struct GatherElements {
    axis: i64,
}

impl Operator for GatherElements {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { axis: node.optional("axis")?.unwrap_or(0) })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, dims), (ElementType::I32 | ElementType::I64, indices)] = inputs else {
            bail!("expected values and positions")
        };
        ensure!(dims.len() == indices.len(), "expected positions of rank {}", dims.len());
        resolve_axis(self.axis, dims.len())?;
        Ok(vec![(*element, indices.clone())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values, indices] = inputs.as_slice() else { bail!("expected values and positions") };
        let axis = resolve_axis(self.axis, values.rank())?;
        let fits = values.shape().iter().zip(indices.shape()).enumerate();
        let mut fits = fits.filter(|(place, _)| *place != axis);
        ensure!(fits.all(|(_, (own, asked))| asked <= own), "there are more positions than values");
        let (_, length, _) = split_at_axis(values.shape(), axis)?;
        let (own, asked) = (strides(values.shape()), strides(indices.shape()));
        let taken = indices.to_vec::<i64>()?.into_iter().enumerate().map(|(nth, index)| {
            let at = position(index, length)?;
            let mut rest = nth;
            let mut start = 0;
            for (place, (own, asked)) in own.iter().zip(&asked).enumerate() {
                let step = rest / asked;
                rest %= asked;
                start += own * if place == axis { at } else { step };
            }
            Ok(start)
        });
        Ok(vec![values.take(&taken.collect::<Result<Vec<_>>>()?, indices.shape().to_vec())?])
    }
}

/// `Compress`: the slices, or elements, for which a condition is true.
#[derive(Debug)]
pub(super) struct Compress {
    axis: Option<i64>,
}

impl Operator for Compress {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { axis: node.optional("axis")? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, dims), (ElementType::Bool, _)] = inputs else {
            bail!("expected values and conditions")
        };
        Ok(vec![(
            *element,
            match self.axis {
                Some(axis) => spliced(dims, resolve_axis(axis, dims.len())?, &[open()]),
                None => vec![open()],
            },
        )])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values, conditions] = inputs.as_slice() else { bail!("expected values and conditions") };
        let axis = self.axis.map(|axis| resolve_axis(axis, values.rank())).transpose()?;
        let values =
            if axis.is_none() { values.clone().with_shape(vec![values.len()])? } else { values.clone() };
        // Without an axis the elements are those of a vector.
        let axis = axis.unwrap_or(0);
        let (outer, length, inner) = split_at_axis(values.shape(), axis)?;
        let conditions = conditions.elements::<bool>()?;
        ensure!(conditions.len() <= length, "there are more conditions than values");
        let met = conditions.iter().enumerate().filter(|(_, is_met)| **is_met).map(|(at, _)| at);
        let met: Vec<usize> = met.collect();
        let starts = (0..outer).flat_map(|block| met.iter().map(move |at| (block * length + at) * inner));
        let starts: Vec<usize> = starts.collect();
        Ok(vec![values.take_runs(&starts, inner, spliced(values.shape(), axis, &[met.len()]))?])
    }
}

/// `NonZero`: the positions of all elements that are not zero, an axis in each row.
#[derive(Debug)]
pub(super) struct NonZero;

impl Operator for NonZero {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, dims)] = inputs else { bail!("expected one input") };
        ensure!(*element != ElementType::String, "no text is zero");
        Ok(vec![(ElementType::I64, vec![dims.len().into(), open()])])
    }

    /// Exporters count with the positions of ones.
    #[cfg(feature = "full")]
    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let mut shapes = self.outputs(inputs)?;
        if let ([Some(values)], [(_, dims)]) = (values, shapes.as_mut_slice()) {
            let found = values.cast(ElementType::Bool)?;
            let found = found.elements::<bool>()?.iter().filter(|holds| **holds);
            *dims = vec![values.rank().into(), found.count().into()];
        }
        Ok(shapes)
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values] = inputs.as_slice() else { bail!("expected one input") };
        let found = values.cast(ElementType::Bool)?;
        let found: Vec<usize> = found
            .elements::<bool>()?
            .iter()
            .enumerate()
            .filter(|(_, holds)| **holds)
            .map(|(at, _)| at)
            .collect();
        let mut positions = Vec::with_capacity(values.rank() * found.len());
        for (length, stride) in values.shape().iter().zip(strides(values.shape())) {
            for at in &found {
                positions.push(i64::try_from(at / stride.max(1) % length.max(&1))?);
            }
        }
        Ok(vec![Tensor::new(vec![values.rank(), found.len()], positions)?])
    }
}

/// `ConstantOfShape`: one value everywhere.
#[derive(Debug)]
pub(super) struct ConstantOfShape {
    value: Tensor,
}

impl Operator for ConstantOfShape {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let value = match node.optional::<&TensorProto>("value")? {
            Some(value) => load(value.clone())?,
            None => Tensor::vector(vec![0.0_f32]),
        };
        ensure!(value.len() == 1, "expected one value, found {}", value.len());
        Ok(Self { value })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let ([(_, rank)], [shape]) = (inputs, values) else { bail!("expected a shape") };
        let dims = match (shape, rank.first().and_then(Dim::known)) {
            (Some(shape), _) => lengths(shape)?.into_iter().map(Dim::from).collect(),
            (None, Some(rank)) => vec![open(); rank],
            _ => bail!("the rank is not known"),
        };
        Ok(vec![(self.value.element(), dims)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [shape] = inputs.as_slice() else { bail!("expected a shape") };
        let shape = lengths(shape)?;
        let count = room(&shape)?;
        Ok(vec![self.value.take(&vec![0; count], shape)?])
    }
}

/// `Range`: numbers from a start up to a limit.
#[derive(Debug)]
pub(super) struct Range;

impl Operator for Range {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let [(element, _), _, _] = inputs else { bail!("expected three inputs") };
        let is_number =
            matches!(element, ElementType::F32 | ElementType::F64 | ElementType::I32 | ElementType::I64);
        ensure!(is_number, "there is no range of {element:?}");
        let length = match values {
            [Some(start), Some(limit), Some(step)] => Self::numbers([start, limit, step])?.2.into(),
            _ => open(),
        };
        Ok(vec![(*element, vec![length])])
    }

    #[expect(clippy::cast_precision_loss, reason = "ranges are shorter than floats count")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [start, limit, step] = inputs.as_slice() else { bail!("expected three inputs") };
        let (from, by, count) = Self::numbers([start, limit, step])?;
        Ok(vec![
            match start.element() {
                ElementType::I32 | ElementType::I64 => {
                    let (start, step) = (start.to_vec::<i64>()?, step.to_vec::<i64>()?);
                    let (start, step) = start.first().zip(step.first()).context("expected numbers")?;
                    let values = std::iter::successors(Some(*start), |value| Some(value.wrapping_add(*step)));
                    Tensor::vector(values.take(count).collect::<Vec<i64>>())
                }
                _ => Tensor::vector((0..count).map(|nth| from + nth as f64 * by).collect::<Vec<f64>>()),
            }
            .cast(start.element())?,
        ])
    }
}

impl Range {
    /// Where a range starts, its steps, and how many there are.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of steps is whole, and bounded before it is used"
    )]
    fn numbers(parameters: [&Tensor; 3]) -> Result<(f64, f64, usize)> {
        let number = |tensor: &Tensor| {
            let values = tensor.to_vec::<f64>()?;
            values.first().copied().context("expected a number")
        };
        let [from, to, by] = parameters.map(number);
        let (from, to, by) = (from?, to?, by?);
        ensure!(by != 0.0 && (to - from).is_finite(), "a range has a step, and an end");
        // What is beyond all numbers finds no room.
        Ok((from, by, room(&[((to - from) / by).ceil().max(0.0) as usize])?))
    }
}

/// `ScatterElements`, and `Scatter` before it: the data with updates at some positions along an axis.
#[derive(Debug)]
pub(in crate::operators) struct Scatter {
    axis: i64,
    reduction: Reduction,
}

impl Operator for Scatter {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { axis: node.optional("axis")?.unwrap_or(0), reduction: Reduction::parse(node)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [data, (ElementType::I32 | ElementType::I64, _), (element, _)] = inputs else {
            bail!("expected data, positions and updates")
        };
        ensure!(data.0 == *element, "updates have the type of the data");
        Ok(vec![data.clone()])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [data, indices, updates] = inputs.as_slice() else { bail!("expected three inputs") };
        ensure!(
            indices.shape() == updates.shape() && indices.rank() == data.rank(),
            "the updates do not fit"
        );
        let axis = resolve_axis(self.axis, data.rank())?;
        let (_, length, _) = split_at_axis(data.shape(), axis)?;
        let (own, asked) = (strides(data.shape()), strides(indices.shape()));
        let mut targets = Vec::with_capacity(indices.len());
        for (nth, index) in indices.to_vec::<i64>()?.into_iter().enumerate() {
            let at = position(index, length)?;
            let mut rest = nth;
            let mut target = 0;
            for (place, ((own, asked), length)) in own.iter().zip(&asked).zip(data.shape()).enumerate() {
                let step = rest / asked;
                rest %= asked;
                ensure!(place == axis || step < *length, "the updates do not fit");
                target += own * if place == axis { at } else { step };
            }
            targets.push(target);
        }
        Ok(vec![self.reduction.apply(data, updates, &targets)?])
    }
}
