//! `ScatterElements` (ONNX, versions 11 to 18), `Scatter` (9) and `ScatterND` (11 to 18): a copy of a tensor with updates at
//! indices. tract stops the program for indices out of range.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    Datum, DatumType, TValue, TVec, Tensor, TractResult, bail, ensure, tvec,
};

use super::{Operator, Shape, elements};
use super::{gather, input, resolve_axis, split_at_axis};
use crate::operators::{self, Slices};

/// What becomes of a value that gets an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reduction {
    Replace,
    Add,
    Multiply,
    Least,
    Greatest,
}

impl Reduction {
    fn parse(node: &NodeProto) -> TractResult<Self> {
        Ok(match node.get_attr_opt("reduction")?.unwrap_or("none") {
            "none" => Self::Replace,
            "add" => Self::Add,
            "mul" => Self::Multiply,
            "min" => Self::Least,
            "max" => Self::Greatest,
            other => bail!("there is no reduction `{other}`"),
        })
    }

    /// `data` with the elements of `updates` at `positions`, the later of two winning.
    fn scatter(self, data: &Tensor, updates: &Tensor, positions: &[usize]) -> TractResult<Tensor> {
        ensure!(
            positions.len() == updates.len(),
            "there are {} updates for {} indices",
            updates.len(),
            positions.len()
        );
        ensure!(
            positions.iter().all(|position| *position < data.len()),
            "an update is outside of the tensor"
        );
        let element = data.datum_type();
        ensure!(
            element == updates.datum_type(),
            "updates are {:?}, the values {element:?}",
            updates.datum_type()
        );
        match (self, element) {
            (Self::Replace, _) => replace(data, updates, positions),
            (_, DatumType::F32) => self.reduce(data, updates, positions, |a: f32, b| a + b, |a, b| a * b),
            (_, DatumType::F64) => self.reduce(data, updates, positions, |a: f64, b| a + b, |a, b| a * b),
            (_, DatumType::U64) => {
                self.reduce(data, updates, positions, u64::wrapping_add, u64::wrapping_mul)
            }
            (_, integer) if integer.is_integer() => {
                // The low bits of a sum or product are those of the wider one.
                let (data, updates) = (data.cast_to::<i64>()?, updates.cast_to::<i64>()?);
                let reduced =
                    self.reduce(&data, &updates, positions, i64::wrapping_add, i64::wrapping_mul)?;
                Ok(reduced.cast_to_dt(integer)?.into_owned())
            }
            (_, other) => bail!("{other:?} cannot be reduced"),
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "all positions are within the tensor: `scatter` has checked them"
    )]
    fn reduce<T: Datum + Copy + PartialOrd>(
        self,
        data: &Tensor,
        updates: &Tensor,
        positions: &[usize],
        add: fn(T, T) -> T,
        multiply: fn(T, T) -> T,
    ) -> TractResult<Tensor> {
        let mut output = data.clone();
        let mut view = output.try_as_plain_ram_mut()?;
        let values = view.as_slice_mut::<T>()?;
        for (position, update) in positions.iter().zip(updates.try_as_plain_ram()?.as_slice::<T>()?) {
            let (old, new) = (values[*position], *update);
            values[*position] = match self {
                Self::Replace => new,
                Self::Add => add(old, new),
                Self::Multiply => multiply(old, new),
                // As in onnxruntime, the old value has to win: an update of NaN is kept.
                Self::Least if old < new => old,
                Self::Greatest if old > new => old,
                Self::Least | Self::Greatest => new,
            };
        }
        Ok(output)
    }
}

/// `data` with the elements of `updates` at `positions`, which are within it.
#[expect(
    clippy::indexing_slicing,
    reason = "all positions are within the tensor: `scatter` has checked them"
)]
fn replace(data: &Tensor, updates: &Tensor, positions: &[usize]) -> TractResult<Tensor> {
    let mut sources: Vec<usize> = (0..data.len()).collect();
    for (update, position) in positions.iter().enumerate() {
        sources[*position] = data.len() + update;
    }
    let flat = |tensor: &Tensor| tensor.clone().into_shape(&[tensor.len()]);
    let both = Tensor::stack_tensors(0, &[flat(data)?, flat(updates)?])?;
    gather(&both, &sources, data.shape())
}

/// Updates at indices along one axis; they lie where the indices lie in the other axes.
#[derive(Debug)]
pub(super) struct ScatterElements {
    axis: i64,
    reduction: Reduction,
}

impl Operator for ScatterElements {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self { axis: node.get_attr_opt("axis")?.unwrap_or(0), reduction: Reduction::parse(node)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [data, _, _] = inputs else { bail!("expected a tensor, indices and updates") };
        Ok(tvec!(data.clone()))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (data, indices, updates) = (input(inputs, 0)?, input(inputs, 1)?, input(inputs, 2)?);
        let axis = resolve_axis(self.axis, data.rank())?;
        let fits = |(dim, (length, other)): (usize, (&usize, &usize))| dim == axis || length <= other;
        ensure!(
            indices.shape() == updates.shape()
                && indices.rank() == data.rank()
                && indices.shape().iter().zip(data.shape()).enumerate().all(fits),
            "indices of shape {:?} do not fit updates of {:?} and values of {:?}",
            indices.shape(),
            updates.shape(),
            data.shape()
        );
        let (_, length, _) = split_at_axis(data.shape(), axis)?;
        let mut positions = Vec::with_capacity(indices.len());
        for (nth, index) in elements::<i64>(indices)?.into_iter().enumerate() {
            // The coordinates of the update, the one along the axis replaced by the index.
            let (mut rest, mut position, mut step) = (nth, 0, 1);
            for (dim, (count, size)) in indices.shape().iter().zip(data.shape()).enumerate().rev() {
                let coordinate = if dim == axis { operators::position(index, length)? } else { rest % count };
                rest /= count;
                position += coordinate * step;
                step *= size;
            }
            positions.push(position);
        }
        Ok(tvec!(self.reduction.scatter(data, updates, &positions)?))
    }
}

/// Updates of slices, each found by a tuple of indices.
#[derive(Debug)]
pub(super) struct ScatterNd {
    reduction: Reduction,
}

impl Operator for ScatterNd {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self { reduction: Reduction::parse(node)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [data, _, _] = inputs else { bail!("expected a tensor, indices and updates") };
        Ok(tvec!(data.clone()))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (data, indices, updates) = (input(inputs, 0)?, input(inputs, 1)?, input(inputs, 2)?);
        let Some((tuple, outer)) = indices.shape().split_last() else { bail!("indices need an axis") };
        ensure!(*tuple <= data.rank() && *tuple > 0, "{tuple} indices do not fit shape {:?}", data.shape());
        let slice = data.shape().iter().skip(*tuple);
        ensure!(
            updates.shape().iter().eq(outer.iter().chain(slice)),
            "updates of shape {:?} do not fit indices of {:?} and values of {:?}",
            updates.shape(),
            indices.shape(),
            data.shape()
        );
        let slices = Slices::new(data.shape(), 0, *tuple);
        let mut positions = Vec::with_capacity(updates.len());
        for tuple in elements::<i64>(indices)?.chunks_exact(*tuple) {
            let start = slices.start(tuple)?;
            positions.extend(start..start + slices.length);
        }
        Ok(tvec!(self.reduction.scatter(data, updates, &positions)?))
    }
}
