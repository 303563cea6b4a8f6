//! Operators on sequences (ONNX, versions 11 to 24) that grow or are read while the graph runs, in a loop above all. A sequence is a
//! tensor here: its elements, all of one shape, along the first axis. One that has never had an element is an empty list,
//! whatever shape they will have.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Dim, Operator, Shape, only, open, resolve_axis};
use crate::onnx::pb::NodeProto;
use crate::onnx::tensors::element_type;
use crate::tensor::{ElementType, Tensor};

#[derive(Debug)]
pub(super) enum Sequence {
    /// One without elements.
    Empty(ElementType),
    /// One of its inputs.
    Construct,
    Insert,
    Erase,
    At,
    Length,
    /// Its elements along an axis of theirs, or along a new one.
    Concat {
        axis: i64,
        is_new: bool,
    },
    /// The parts of a tensor, which may be without the axis that was split.
    Split {
        axis: i64,
        keeps_axis: bool,
    },
}

impl Operator for Sequence {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let axis = || Ok::<i64, anyhow::Error>(node.optional("axis")?.unwrap_or(0));
        Ok(match node.op_type.as_str() {
            "SequenceEmpty" => {
                let element = match node.optional::<i64>("dtype")? {
                    Some(element) => element_type(i32::try_from(element)?),
                    None => Some(ElementType::F32),
                };
                Self::Empty(element.context("there are no tensors of this type")?)
            }
            "SequenceConstruct" => Self::Construct,
            "SequenceInsert" => Self::Insert,
            "SequenceErase" => Self::Erase,
            "SequenceAt" => Self::At,
            "SequenceLength" => Self::Length,
            "ConcatFromSequence" => {
                let is_new = node.optional::<i64>("new_axis")?.unwrap_or(0) != 0;
                Self::Concat { axis: node.required("axis")?, is_new }
            }
            "SplitToSequence" => {
                let keeps_axis = node.input.len() > 1 || node.optional::<i64>("keepdims")?.unwrap_or(1) != 0;
                Self::Split { axis: axis()?, keeps_axis }
            }
            other => bail!("{other} is no operator on sequences"),
        })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let ints = |dims| Ok(vec![(ElementType::I64, dims)]);
        if let Self::Empty(element) = self {
            return Ok(vec![(*element, vec![0.into()])]);
        }
        let (element, dims) = inputs.first().context("expected a sequence")?;
        let one = |dims: Vec<Dim>| Ok(vec![(*element, dims)]);
        let with_length = |length: Dim, rest: &[Dim]| one([&[length], rest].concat());
        // Only the first length is looked at, which a sequence has.
        let changed = |by: isize| {
            let length = dims.first().and_then(Dim::known).and_then(|length| length.checked_add_signed(by));
            length.map_or_else(open, Dim::from)
        };
        match self {
            Self::Empty(_) => bail!("an empty sequence has no inputs"),
            Self::Construct => {
                ensure!(inputs.iter().all(|(other, _)| other == element), "a sequence has one type");
                ensure!(inputs.iter().all(|(_, other)| alike(dims, other)), UNLIKE);
                with_length(inputs.len().into(), dims)
            }
            Self::Insert => {
                let (added, inserted) = inputs.get(1).context("expected a tensor to insert")?;
                ensure!(added == element, "a sequence of {element:?} has no room for {added:?}");
                let is_new = dims.len() == 1 && changed(0).known() == Some(0);
                ensure!(is_new || dims.get(1..).is_some_and(|dims| alike(dims, inserted)), UNLIKE);
                with_length(changed(1), inserted)
            }
            Self::Erase => with_length(changed(-1), dims.get(1..).context("expected a sequence")?),
            Self::At => one(dims.get(1..).context("expected a sequence")?.to_vec()),
            Self::Length => ints(Vec::new()),
            Self::Concat { axis, is_new } => {
                let (length, dims) = dims.split_first().context("expected a sequence")?;
                let axis = resolve_axis(*axis, dims.len() + usize::from(*is_new))?;
                let mut dims = dims.to_vec();
                if *is_new {
                    dims.insert(axis, length.clone());
                } else {
                    let dim = dims.get_mut(axis).context("an axis of the elements")?;
                    *dim = Dim::product([length, &*dim]);
                }
                one(dims)
            }
            Self::Split { axis, keeps_axis } => {
                let axis = resolve_axis(*axis, dims.len())?;
                let mut dims = dims.clone();
                let length = dims.remove(axis);
                let size = match values.get(1) {
                    None => Some(1),
                    Some(sizes) => {
                        let size = sizes.as_ref().map(|sizes| part_length(sizes, length.known()));
                        size.transpose()?
                    }
                };
                let parts = match (length.known(), size) {
                    (Some(length), Some(size)) => length.checked_div(size).map_or_else(open, Dim::from),
                    (None, Some(1)) => length,
                    _ => open(),
                };
                if *keeps_axis {
                    dims.insert(axis, size.map_or_else(open, Dim::from));
                }
                dims.insert(0, parts);
                one(dims)
            }
        }
    }

    fn values_of_shapes(&self, inputs: &[Shape]) -> Option<Vec<Tensor>> {
        let (Self::Length, [(_, dims)]) = (self, inputs) else { return None };
        let length = i64::try_from(dims.first()?.known()?).ok()?;
        Some(vec![Tensor::scalar(length)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        if let Self::Empty(element) = self {
            return Ok(vec![Tensor::zeros(*element, &[0])?]);
        }
        let first = inputs.first().context("expected a sequence")?;
        let made = match self {
            Self::Empty(_) => bail!("an empty sequence has no inputs"),
            Self::Construct => Tensor::concat(&inputs.iter().map(alone).collect::<Result<Vec<_>>>()?, 0)?,
            Self::Insert => {
                let added = alone(inputs.get(1).context("expected a tensor to insert")?)?;
                if first.len() == 0 && first.rank() == 1 {
                    added
                } else {
                    let at = position(inputs.get(2), length(first)?, length(first)? + 1)?;
                    ensure!(added.shape().get(1..) == first.shape().get(1..), UNLIKE);
                    Tensor::concat(&[part(first, 0, at)?, added, part(first, at, length(first)?)?], 0)?
                }
            }
            Self::Erase => {
                let last = length(first)?.checked_sub(1).context("there is nothing to erase")?;
                let at = match inputs.get(1) {
                    None => last,
                    given => position(given, length(first)?, last + 1)?,
                };
                Tensor::concat(&[part(first, 0, at)?, part(first, at + 1, last + 1)?], 0)?
            }
            Self::At => {
                let at = position(inputs.get(1), length(first)?, length(first)?)?;
                part(first, at, at + 1)?.with_shape(first.shape().iter().skip(1).copied().collect())?
            }
            Self::Length => Tensor::scalar(i64::try_from(length(only(&inputs)?)?)?),
            Self::Concat { axis, is_new } => {
                let axis = resolve_axis(*axis, first.rank() - usize::from(!is_new))?;
                let moved = first.move_axis(0, axis)?;
                if *is_new {
                    moved
                } else {
                    let mut shape = moved.shape().to_vec();
                    let parts = shape.remove(axis);
                    shape.iter_mut().skip(axis).take(1).for_each(|length| *length *= parts);
                    moved.with_shape(shape)?
                }
            }
            Self::Split { axis, keeps_axis } => {
                let axis = resolve_axis(*axis, first.rank())?;
                let all = first.shape().get(axis).copied();
                // Default: without lengths each part has one.
                let size = inputs.get(1).map_or(Ok(1), |sizes| part_length(sizes, all))?;
                let mut shape = first.shape().to_vec();
                let all = shape.remove(axis);
                let parts = all.checked_div(size).filter(|parts| parts * size == all).context(UNLIKE)?;
                shape.splice(axis..axis, [parts, size]);
                let mut shape_of_part = shape.clone();
                shape_of_part.remove(axis);
                let split = first.clone().with_shape(shape)?.move_axis(axis, 0)?;
                if !keeps_axis {
                    shape_of_part.remove(axis);
                }
                shape_of_part.insert(0, parts);
                split.with_shape(shape_of_part)?
            }
        };
        Ok(vec![made])
    }
}

const UNLIKE: &str =
    "tensors of several shapes are put into a sequence while the graph runs; only those of one shape are";

/// Whether elements of one sequence may have these dimensions, as far as they are known.
fn alike(dims: &[Dim], others: &[Dim]) -> bool {
    let same = |(dim, other): (&Dim, &Dim)| dim.known().zip(other.known()).is_none_or(|(a, b)| a == b);
    dims.len() == others.len() && dims.iter().zip(others).all(same)
}

/// A sequence of one element.
fn alone(element: &Tensor) -> Result<Tensor> {
    let shape = std::iter::once(1).chain(element.shape().iter().copied()).collect();
    element.clone().with_shape(shape)
}

fn length(sequence: &Tensor) -> Result<usize> {
    sequence.shape().first().copied().context("a sequence has a length")
}

/// The elements from `start` to `end`.
fn part(sequence: &Tensor, start: usize, end: usize) -> Result<Tensor> {
    let mut shape = sequence.shape().to_vec();
    let size: usize = shape.iter().skip(1).product();
    shape.iter_mut().take(1).for_each(|length| *length = end - start);
    sequence.take_runs(&[start * size], (end - start) * size, shape)
}

/// The position `at`, which may count from the end of `length` elements, among the first `count`: the last of these where none is given.
fn position(at: Option<&Tensor>, length: usize, count: usize) -> Result<usize> {
    let Some(at) = at else { return Ok(count.saturating_sub(1)) };
    let at = at.cast(ElementType::I64)?.to_vec::<i64>()?;
    let &[at] = at.as_slice() else { bail!("expected one position") };
    let from_start = if at < 0 { at.saturating_add(i64::try_from(length)?) } else { at };
    let found = usize::try_from(from_start).ok().filter(|at| *at < count);
    found.with_context(|| format!("position {at} is outside of a sequence of {length}"))
}

/// The length of all parts that `sizes` lists, or each of which has that length, along an axis of length `all`.
fn part_length(sizes: &Tensor, all: Option<usize>) -> Result<usize> {
    let lengths = sizes.cast(ElementType::I64)?.to_vec::<i64>()?;
    let first = lengths.first().and_then(|length| usize::try_from(*length).ok()).filter(|length| *length > 0);
    let size = first.context("expected the lengths of parts")?;
    ensure!(lengths.iter().all(|length| usize::try_from(*length) == Ok(size)), UNLIKE);
    let is_all = sizes.rank() == 0 || all.is_none_or(|all| all == size * lengths.len());
    ensure!(is_all, "the parts have not the length of the axis");
    Ok(size)
}
