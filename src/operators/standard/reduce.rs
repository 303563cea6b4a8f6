//! `ReduceSum`, `ReduceMean` and the like in the versions 1 to 24 of the standard; `ArgMax` and `ArgMin` (1 to 24);
//! `CumSum` (11 to 24).

use anyhow::{Context as _, Result, bail, ensure};
use predictql_kernels::softmax::Shares as _;

use super::unary::Float;
use super::{Context, Dim, Operator, Shape, open, resolve_axis, split_at_axis};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor, set};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Reducer {
    L1,
    L2,
    LogSum,
    Max,
    Mean,
    Min,
    Prod,
    Sum,
    SumSquare,
}

/// One number for all elements along some axes.
#[derive(Debug)]
pub(super) struct Reduce {
    reducer: Reducer,
    /// The axes as an attribute.
    axes: Option<Vec<i64>>,
    keeps: bool,
    /// Whether no axes are none, and not all.
    no_axes_are_none: bool,
}

impl Reduce {
    /// The reduced axes of a tensor of `rank` axes, in ascending order.
    fn axes(&self, rank: usize, given: Option<Vec<i64>>) -> Result<Vec<usize>> {
        // Default: without axes, all of them are meant.
        let given = given.or_else(|| self.axes.clone()).unwrap_or_default();
        if given.is_empty() {
            return Ok(if self.no_axes_are_none { Vec::new() } else { (0..rank).collect() });
        }
        let mut axes = given.into_iter().map(|axis| resolve_axis(axis, rank)).collect::<Result<Vec<_>>>()?;
        axes.sort_unstable();
        axes.dedup();
        Ok(axes)
    }

    fn shape<D: Clone + From<usize>>(&self, shape: &[D], axes: &[usize]) -> Vec<D> {
        let reduced = shape.iter().enumerate().filter_map(|(axis, dim)| match axes.contains(&axis) {
            true if self.keeps => Some(D::from(1)),
            true => None,
            false => Some(dim.clone()),
        });
        reduced.collect()
    }

    fn floats<T: Float>(&self, values: &Tensor, length: usize) -> Result<Vec<T>> {
        let rows = values.elements::<T>()?;
        let zero = T::from_f32(0.0);
        let rows = (0..rows.len().checked_div(length).unwrap_or(0))
            .map(|row| rows.get(row * length..(row + 1) * length));
        let rows = rows.map(|row| row.context("a row of values"));
        let number = Tensor::scalar(i64::try_from(length)?).to_vec::<T>()?;
        let number = number.first().copied().context("a number")?;
        rows.map(|row| {
            let row = row?;
            Ok(match self.reducer {
                Reducer::L1 => sum(row, T::abs),
                Reducer::L2 => sum(row, |x| x * x).sqrt(),
                Reducer::LogSum => sum(row, |x| x).ln(),
                // NaN wins.
                Reducer::Max => row.iter().fold(T::LEAST, |a, b| if a > *b || a.is_nan() { a } else { *b }),
                Reducer::Min => {
                    row.iter().fold(zero - T::LEAST, |a, b| if a < *b || a.is_nan() { a } else { *b })
                }
                Reducer::Mean => sum(row, |x| x) / number,
                Reducer::Prod => row.iter().fold(T::from_f32(1.0), |a, b| a * *b),
                Reducer::Sum => sum(row, |x| x),
                Reducer::SumSquare => sum(row, |x| x * x),
            })
        })
        .collect()
    }

    /// The order of the numbers is that of them with the bits `turned` the other way round.
    fn integers(&self, rows: &[i64], length: usize, turned: i64) -> Result<Vec<i64>> {
        rows.chunks(length.max(1))
            .map(|row| {
                let sum = |term: fn(i64) -> i64| row.iter().fold(0_i64, |a, b| a.wrapping_add(term(*b)));
                Ok(match self.reducer {
                    Reducer::L1 => sum(i64::wrapping_abs),
                    Reducer::Max => {
                        turned ^ row.iter().map(|x| x ^ turned).max().context("the greatest of no numbers")?
                    }
                    Reducer::Min => {
                        turned ^ row.iter().map(|x| x ^ turned).min().context("the least of no numbers")?
                    }
                    Reducer::Mean => {
                        sum(|x| x).checked_div(i64::try_from(length)?).context("the mean of no numbers")?
                    }
                    Reducer::Prod => row.iter().fold(1_i64, |a, b| a.wrapping_mul(*b)),
                    Reducer::Sum => sum(|x| x),
                    Reducer::SumSquare => sum(|x| x.wrapping_mul(x)),
                    Reducer::L2 | Reducer::LogSum => bail!("{:?} does not take integers", self.reducer),
                })
            })
            .collect()
    }
}

/// The sum of a term for each element, four sums side by side.
fn sum<T: Float>(row: &[T], term: impl Fn(T) -> T) -> T {
    let zero = T::from_f32(0.0);
    let (quads, rest) = row.as_chunks::<4>();
    let (mut first, mut second, mut third, mut fourth) = (zero, zero, zero, zero);
    for [a, b, c, d] in quads {
        first = first + term(*a);
        second = second + term(*b);
        third = third + term(*c);
        fourth = fourth + term(*d);
    }
    rest.iter().fold((first + second) + (third + fourth), |sum, x| sum + term(*x))
}

impl Operator for Reduce {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let reducer = match node.op_type.as_str() {
            "ReduceL1" => Reducer::L1,
            "ReduceL2" => Reducer::L2,
            "ReduceLogSum" => Reducer::LogSum,
            "ReduceMax" => Reducer::Max,
            "ReduceMean" => Reducer::Mean,
            "ReduceMin" => Reducer::Min,
            "ReduceProd" => Reducer::Prod,
            "ReduceSum" => Reducer::Sum,
            "ReduceSumSquare" => Reducer::SumSquare,
            other => bail!("there is no reduction {other}"),
        };
        ensure!(ctx.opset > 0, "the version of the standard is known");
        Ok(Self {
            reducer,
            axes: node.optional("axes")?,
            keeps: node.flag("keepdims", true)?,
            no_axes_are_none: node.flag("noop_with_empty_axes", false)?,
        })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let Some((element, dims)) = inputs.first() else { bail!("expected an input") };
        match element {
            ElementType::F32 | ElementType::F64 => {}
            ElementType::Bool if matches!(self.reducer, Reducer::Max | Reducer::Min) => {}
            integer if integer.is_integer() && !matches!(self.reducer, Reducer::L2 | Reducer::LogSum) => {}
            other => bail!("{:?} does not take {other:?}", self.reducer),
        }
        let given = match (inputs.get(1), values.get(1)) {
            (None, _) => None,
            (Some(_), Some(Some(axes))) => Some(axes.to_vec::<i64>()?),
            // How many axes stay can be seen all the same.
            (Some(axes), _) => return Ok(vec![(*element, vec![open(); self.rank(dims.len(), axes)?])]),
        };
        Ok(vec![(*element, self.shape(dims, &self.axes(dims.len(), given)?))])
    }

    #[expect(clippy::indexing_slicing, reason = "the axes are those of the tensor")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let Some(values) = inputs.first() else { bail!("expected an input") };
        let given = inputs.get(1).map(Tensor::to_vec).transpose()?;
        let axes = self.axes(values.rank(), given)?;
        let shape = self.shape(values.shape(), &axes);
        let length: usize = axes.iter().map(|axis| values.shape()[*axis]).product();
        let order: Vec<usize> =
            (0..values.rank()).filter(|axis| !axes.contains(axis)).chain(axes.iter().copied()).collect();
        let rows = values.transpose(&order)?;
        if length == 0 {
            return self.of_nothing(values.element(), shape);
        }
        Ok(vec![match values.element() {
            ElementType::F32 => Tensor::new(shape, self.floats::<f32>(&rows, length)?)?,
            ElementType::F64 => Tensor::new(shape, self.floats::<f64>(&rows, length)?)?,
            element => {
                // Without a sign the first bit means the opposite in the order.
                let turned = if element == ElementType::U64 { i64::MIN } else { 0 };
                let reduced = self.integers(&rows.to_vec::<i64>()?, length, turned)?;
                Tensor::new(shape, reduced)?.cast(element)?
            }
        }])
    }
}

impl Reduce {
    /// How many axes a tensor of `rank` keeps where a list of axes is reduced that is not known yet.
    fn rank(&self, rank: usize, axes: &Shape) -> Result<usize> {
        if self.keeps {
            return Ok(rank);
        }
        match axes.1.first().and_then(Dim::known) {
            Some(0) if self.no_axes_are_none => Ok(rank),
            Some(0) => Ok(0),
            Some(count) => rank.checked_sub(count).context("more axes are reduced than there are"),
            None => bail!("how many axes are reduced has to be known"),
        }
    }

    /// What the sum, the product, or the greatest of no numbers is.
    fn of_nothing(&self, element: ElementType, shape: Vec<usize>) -> Result<Vec<Tensor>> {
        let value: f64 = match self.reducer {
            Reducer::L1 | Reducer::L2 | Reducer::Sum | Reducer::SumSquare => 0.0,
            Reducer::Prod => 1.0,
            Reducer::LogSum => f64::NEG_INFINITY,
            Reducer::Max | Reducer::Min => {
                if !element.is_float() {
                    return self.of_no_integers(element, shape);
                }
                if self.reducer == Reducer::Max { f64::NEG_INFINITY } else { f64::INFINITY }
            }
            Reducer::Mean => {
                let count: usize = shape.iter().product();
                ensure!(count == 0, "{:?} of no numbers", self.reducer);
                0.0
            }
        };
        let count = shape.iter().product();
        Ok(vec![Tensor::new(shape, vec![value; count])?.cast(element)?])
    }

    /// The bounds of the type, which a float need not hold.
    fn of_no_integers(&self, element: ElementType, shape: Vec<usize>) -> Result<Vec<Tensor>> {
        let has_sign = element.is_integer() && !element.is_unsigned();
        let least = if has_sign { i64::MIN >> (64 - 8 * element.size()) } else { 0 };
        let bound = if self.reducer == Reducer::Max { least } else { !least };
        let count = shape.iter().product();
        Ok(vec![Tensor::new(shape, vec![bound; count])?.cast(element)?])
    }
}

/// `ArgMax` and `ArgMin`: where along an axis the greatest or least element stands.
#[derive(Debug)]
pub(super) struct ArgExtreme {
    greatest: bool,
    axis: i64,
    keeps: bool,
    last: bool,
}

impl Operator for ArgExtreme {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self {
            greatest: node.op_type == "ArgMax",
            axis: node.optional("axis")?.unwrap_or(0),
            keeps: node.flag("keepdims", true)?,
            last: node.flag("select_last_index", false)?,
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, dims)] = inputs else { bail!("expected one input") };
        let is_number = element.is_float() || element.is_integer() && *element != ElementType::U64;
        ensure!(is_number, "there is no greatest of {element:?}");
        Ok(vec![(ElementType::I64, self.shape(dims)?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values] = inputs.as_slice() else { bail!("expected one input") };
        let axis = resolve_axis(self.axis, values.rank())?;
        let shape = self.shape(values.shape())?;
        let (_, length, _) = split_at_axis(values.shape(), axis)?;
        ensure!(length > 0 || values.len() == 0 && shape.contains(&0), "there is no greatest of nothing");
        let rows = values.move_axis(axis, values.rank() - 1)?;
        let positions = match values.element() {
            ElementType::F32 => self.positions(rows.elements::<f32>()?, length)?,
            ElementType::F64 => self.positions(rows.elements::<f64>()?, length)?,
            _ => self.positions(&rows.to_vec::<i64>()?, length)?,
        };
        Ok(vec![Tensor::new(shape, positions)?])
    }
}

impl ArgExtreme {
    fn shape<D: Clone + From<usize>>(&self, shape: &[D]) -> Result<Vec<D>> {
        let axis = resolve_axis(self.axis, shape.len())?;
        let mut reduced = shape.to_vec();
        if self.keeps {
            set(&mut reduced, axis, D::from(1))?;
        } else {
            reduced.remove(axis);
        }
        Ok(reduced)
    }

    fn positions<T: PartialOrd + Copy>(&self, values: &[T], length: usize) -> Result<Vec<i64>> {
        let is_nan = |value: &T| value.partial_cmp(value).is_none();
        let position = |row: &[T]| {
            let mut best: Option<(usize, T)> = None;
            for (position, value) in row.iter().enumerate() {
                // As in NumPy, NaN is the greatest and the least.
                let wins = best.is_none_or(|(_, best)| {
                    let beats = if self.greatest { *value > best } else { *value < best };
                    !is_nan(&best) && (beats || is_nan(value) || self.last && *value == best)
                });
                if wins {
                    best = Some((position, *value));
                }
            }
            Ok(i64::try_from(best.context("a row has elements")?.0)?)
        };
        values.chunks(length.max(1)).map(position).collect()
    }
}

/// `CumSum`: the sums of all elements up to each along an axis.
#[derive(Debug)]
pub(super) struct CumSum {
    exclusive: bool,
    reverse: bool,
}

impl Operator for CumSum {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { exclusive: node.flag("exclusive", false)?, reverse: node.flag("reverse", false)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [shape @ (element, _), _] = inputs else { bail!("expected values and an axis") };
        ensure!(element.is_float() || element.is_integer(), "there is no sum of {element:?}");
        Ok(vec![shape.clone()])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values, axis] = inputs.as_slice() else { bail!("expected values and an axis") };
        let axis = axis.to_vec::<i64>()?;
        let [axis] = axis.as_slice() else { bail!("expected one axis") };
        let axis = resolve_axis(*axis, values.rank())?;
        let (_, length, _) = split_at_axis(values.shape(), axis)?;
        let mut rows = values.move_axis(axis, values.rank() - 1)?;
        match values.element() {
            ElementType::F32 => self.add_up(rows.elements_mut::<f32>()?, length, |a, b| a + b),
            ElementType::F64 => self.add_up(rows.elements_mut::<f64>()?, length, |a, b| a + b),
            element => {
                let mut wide = rows.cast(ElementType::I64)?;
                self.add_up(wide.elements_mut::<i64>()?, length, i64::wrapping_add);
                rows = wide.cast(element)?;
            }
        }
        Ok(vec![rows.move_axis(values.rank() - 1, axis)?])
    }
}

impl CumSum {
    fn add_up<T: Copy + Default>(&self, values: &mut [T], length: usize, add: impl Fn(T, T) -> T) {
        for row in values.chunks_mut(length.max(1)) {
            let mut sum = T::default();
            let mut next = |value: &mut T| {
                let before = sum;
                sum = add(sum, *value);
                *value = if self.exclusive { before } else { sum };
            };
            if self.reverse {
                row.iter_mut().rev().for_each(&mut next);
            } else {
                row.iter_mut().for_each(&mut next);
            }
        }
    }
}

/// `Softmax` (1 to 24): shares of one, in proportion to the exponentials. Up to version 12 all axes from the given one on
/// are one.
#[derive(Debug)]
pub(super) struct Softmax {
    axis: i64,
    flattens: bool,
}

impl Operator for Softmax {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let flattens = ctx.opset < 13;
        Ok(Self { axis: node.optional("axis")?.unwrap_or(if flattens { 1 } else { -1 }), flattens })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [shape @ (element, dims)] = inputs else { bail!("expected one input") };
        ensure!(element.is_float(), "Softmax does not take {element:?}");
        resolve_axis(self.axis, dims.len())?;
        Ok(vec![shape.clone()])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values] = inputs.as_slice() else { bail!("expected one input") };
        let axis = resolve_axis(self.axis, values.rank())?;
        let (_, length, inner) = split_at_axis(values.shape(), axis)?;
        let last = values.rank() - 1;
        let (mut rows, length) = match self.flattens {
            true => (values.clone(), length * inner),
            false => (values.move_axis(axis, last)?, length),
        };
        match rows.element() {
            ElementType::F32 => f32::shares(rows.elements_mut()?, length),
            _ => f64::shares(rows.elements_mut()?, length),
        }
        Ok(vec![if self.flattens { rows } else { rows.move_axis(last, axis)? }])
    }
}
