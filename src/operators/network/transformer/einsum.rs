//! `Einsum` (12): of a tensor that has axes of the same name the diagonal is taken; axes that one of several has alone and
//! nobody asks for are summed up; then matrices are multiplied, two tensors at a time.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Dim, ElementType, Operator, Shape, Tensor, batched, matmul, whole};
use crate::onnx::pb::NodeProto;
use crate::tensor::{offsets, room, strides};

/// The names of axes.
type Names = Vec<char>;

#[derive(Debug)]
pub(super) struct Einsum {
    /// Of the tensors; `.` stands for the axes of an ellipsis.
    inputs: Vec<Names>,
    output: Option<Names>,
}

impl Operator for Einsum {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let equation: String = node.required::<String>("equation")?;
        let equation = equation.replace("...", ".").replace(' ', "");
        let (inputs, output) = match equation.split_once("->") {
            Some((inputs, output)) => (inputs, Some(output.chars().collect())),
            None => (equation.as_str(), None),
        };
        let inputs: Vec<Names> = inputs.split(',').map(|names| names.chars().collect()).collect();
        let is_once =
            |names: &Names| names.iter().all(|name| names.iter().filter(|it| *it == name).count() == 1);
        ensure!(output.as_ref().is_none_or(is_once), "the output has an axis twice");
        Ok(Self { inputs, output })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let Some((element, _)) = inputs.first() else { bail!("expected a tensor") };
        ensure!(
            (element.is_float() || element.is_integer()) && inputs.iter().all(|(other, _)| other == element),
            "expected numbers of one type"
        );
        let ranks: Vec<usize> = inputs.iter().map(|(_, dims)| dims.len()).collect();
        let (names, output) = self.names(&ranks)?;
        let dim = |name: &char| {
            let all = names.iter().zip(inputs).flat_map(|(names, (_, dims))| names.iter().zip(dims));
            common(all.filter(|(other, _)| *other == name).map(|(_, dim)| dim))
        };
        // What is summed up has to fit as well.
        names.iter().flatten().try_for_each(|name| dim(name).map(|_| ()))?;
        Ok(vec![(*element, output.iter().map(dim).collect::<Result<_>>()?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let ranks: Vec<usize> = inputs.iter().map(Tensor::rank).collect();
        let (names, output) = self.names(&ranks)?;
        let Some(element) = inputs.first().map(Tensor::element) else { bail!("expected a tensor") };
        let computed = if element.is_float() { element } else { ElementType::I64 };
        let factors =
            inputs.iter().zip(&names).map(|(tensor, names)| diagonal(&tensor.cast(computed)?, names));
        let factors = factors.collect::<Result<Vec<_>>>()?;
        let lengths = |name: &char| {
            let all = factors.iter().flat_map(|(tensor, names)| names.iter().zip(tensor.shape()));
            let all = all.filter(|(other, _)| *other == name);
            all.map(|(_, length)| *length).collect::<Vec<_>>()
        };
        let repeats = |name: &char| lengths(name).iter().any(|length| *length != 1);
        let mut factors =
            factors.iter().map(|factor| without_repeated(factor, &repeats)).collect::<Result<Vec<_>>>()?;
        factors.reverse();
        let Some((mut tensor, mut names)) = factors.pop() else { bail!("expected a tensor") };
        while let Some((other, other_names)) = factors.pop() {
            let is_read =
                |name: &&char| output.contains(name) || factors.iter().any(|(_, names)| names.contains(name));
            let others = other_names.iter().filter(|name| !names.contains(name));
            let read: Names = names.iter().chain(others).filter(is_read).copied().collect();
            tensor = product((&tensor, &names), (&other, &other_names), &read)?;
            names = read;
        }
        Ok(vec![kept(&tensor, &names, &output)?.cast(element)?])
    }
}

/// The length of the axes of one name; those of length 1 are repeated.
fn common<'a>(dims: impl Iterator<Item = &'a Dim>) -> Result<Dim> {
    let mut common = Dim::from(1);
    for dim in dims {
        match (common.known(), dim.known()) {
            (Some(1), _) | (None, Some(2..)) => common = dim.clone(),
            (Some(one), Some(other)) if other != 1 => {
                ensure!(one == other, "axes of one name have the same length");
            }
            _ => {}
        }
    }
    Ok(common)
}

/// The tensor with every name once: of axes of the same name the diagonal.
fn diagonal(tensor: &Tensor, names: &Names) -> Result<(Tensor, Names)> {
    let mut axes: Vec<(char, usize, usize)> = Vec::new();
    for ((name, length), step) in names.iter().zip(tensor.shape()).zip(strides(tensor.shape())) {
        match axes.iter_mut().find(|(known, ..)| known == name) {
            Some((_, known, steps)) => {
                ensure!(known == length, "axes of one name have the same length");
                *steps += step;
            }
            None => axes.push((*name, *length, step)),
        }
    }
    if axes.len() == names.len() {
        return Ok((tensor.clone(), names.clone()));
    }
    let steps: Vec<(usize, usize)> = axes.iter().map(|(_, length, step)| (*length, *step)).collect();
    let shape = steps.iter().map(|(length, _)| *length).collect();
    Ok((tensor.take(&offsets(&steps), shape)?, axes.iter().map(|(name, ..)| *name).collect()))
}

/// A factor without its axes of length 1 that are longer elsewhere: it is the same all along them.
fn without_repeated(
    (tensor, names): &(Tensor, Names),
    repeats: &dyn Fn(&char) -> bool,
) -> Result<(Tensor, Names)> {
    let axes = names.iter().zip(tensor.shape()).filter(|(name, length)| **length != 1 || !repeats(name));
    let (names, shape): (Names, Vec<usize>) = axes.map(|(name, length)| (*name, *length)).unzip();
    Ok((tensor.clone().with_shape(shape)?, names))
}

impl Einsum {
    /// The names of the axes of the inputs and of the output; those of an ellipsis are capital letters of another alphabet.
    fn names(&self, ranks: &[usize]) -> Result<(Vec<Names>, Names)> {
        ensure!(ranks.len() == self.inputs.len(), "expected {} tensors", self.inputs.len());
        let hidden = |names: &Names, rank: usize| match names.contains(&'.') {
            true => (rank + 1).checked_sub(names.len()).context("a tensor has fewer axes than names"),
            false => Ok(0),
        };
        let counts = self.inputs.iter().zip(ranks).map(|(names, rank)| hidden(names, *rank));
        let counts = counts.collect::<Result<Vec<_>>>()?;
        let most = counts.iter().copied().max().unwrap_or(0);
        // Default: without an ellipsis there are no such axes.
        let of_ellipsis = |count: usize| ('\u{391}'..).take(most).skip(most - count);
        let named = |names: &Names, count: usize| -> Names {
            let name = |name: &char| if *name == '.' { of_ellipsis(count).collect() } else { vec![*name] };
            names.iter().flat_map(name).collect()
        };
        let inputs: Vec<Names> =
            self.inputs.iter().zip(&counts).map(|(names, count)| named(names, *count)).collect();
        for (names, rank) in inputs.iter().zip(ranks) {
            ensure!(names.len() == *rank, "{} names do not fit {rank} axes", names.len());
        }
        let output = match &self.output {
            Some(output) => named(output, most),
            // Those that occur once, in the order of their letters, behind those of the ellipsis.
            None => {
                let all = || inputs.iter().flatten().copied();
                let mut once: Names = all()
                    .filter(|name| name.is_ascii() && all().filter(|other| other == name).count() == 1)
                    .collect();
                once.sort_unstable();
                of_ellipsis(most).chain(once).collect()
            }
        };
        let is_known = |name: &char| inputs.iter().any(|names| names.contains(name));
        ensure!(output.iter().all(is_known), "an axis of the output belongs to no input");
        Ok((inputs, output))
    }
}

/// `tensor` with the axes `kept` in this order, all others summed up.
fn kept(tensor: &Tensor, names: &[char], kept: &[char]) -> Result<Tensor> {
    let others = names.iter().filter(|name| !kept.contains(name));
    let order: Names = kept.iter().chain(others).copied().collect();
    let moved = ordered(tensor, names, &order)?;
    let shape: Vec<usize> = moved.shape().iter().take(kept.len()).copied().collect();
    let length = moved.shape().iter().skip(kept.len()).product::<usize>();
    if kept.len() == names.len() {
        return Ok(moved);
    }
    if length == 0 {
        return Tensor::zeros(tensor.element(), &shape);
    }
    match tensor.element() {
        ElementType::F32 => Tensor::new(shape, sums(moved.elements::<f32>()?, length, |a, b| a + b)),
        ElementType::F64 => Tensor::new(shape, sums(moved.elements::<f64>()?, length, |a, b| a + b)),
        _ => Tensor::new(shape, sums(moved.elements::<i64>()?, length, i64::wrapping_add)),
    }
}

fn sums<T: Copy + Default>(rows: &[T], length: usize, add: fn(T, T) -> T) -> Vec<T> {
    rows.chunks(length).map(|row| row.iter().copied().fold(T::default(), add)).collect()
}

fn ordered(tensor: &Tensor, names: &[char], order: &[char]) -> Result<Tensor> {
    let place = |name: &char| names.iter().position(|it| it == name).context("a tensor has such an axis");
    tensor.transpose(&order.iter().map(place).collect::<Result<Vec<_>>>()?)
}

/// The sums of the products of two tensors along the axes that both have and the output has not.
fn product(
    (a, a_names): (&Tensor, &Names),
    (b, b_names): (&Tensor, &Names),
    output: &[char],
) -> Result<Tensor> {
    let among = |names: &Names, wanted: &dyn Fn(&char) -> bool| -> Names {
        names.iter().filter(|name| wanted(name)).copied().collect()
    };
    let batch = among(a_names, &|name| b_names.contains(name) && output.contains(name));
    let inner = among(a_names, &|name| b_names.contains(name) && !output.contains(name));
    let rows = among(a_names, &|name| !b_names.contains(name) && output.contains(name));
    let columns = among(b_names, &|name| !a_names.contains(name) && output.contains(name));
    // What nobody else has is summed up before.
    let a_kept: Names = [&batch[..], &rows, &inner].concat();
    let b_kept: Names = [&batch[..], &inner, &columns].concat();
    let (a, b) = (kept(a, a_names, &a_kept)?, kept(b, b_names, &b_kept)?);
    let lengths = |tensor: &Tensor, from: usize, count: usize| -> Vec<usize> {
        tensor.shape().iter().skip(from).take(count).copied().collect()
    };
    let outer = lengths(&a, 0, batch.len());
    let (of_rows, depth) =
        (lengths(&a, batch.len(), rows.len()), lengths(&a, batch.len() + rows.len(), inner.len()));
    let of_columns = lengths(&b, batch.len() + inner.len(), columns.len());
    ensure!(
        lengths(&b, 0, batch.len()) == outer && lengths(&b, batch.len(), inner.len()) == depth,
        "axes of one name have the same length"
    );
    let count = |lengths: &[usize]| lengths.iter().product::<usize>();
    let a = a.with_shape(vec![count(&outer), count(&of_rows), count(&depth)])?;
    let b = b.with_shape(vec![count(&outer), count(&depth), count(&of_columns)])?;
    room(&[count(&outer), count(&of_rows), count(&of_columns)])?;
    let product = match a.element() {
        ElementType::F32 => batched(&a, &b)?,
        ElementType::F64 => matmul::batched::<f64>(&a, &b)?,
        _ => whole(&a, &b)?,
    };
    let names: Names = [&batch[..], &rows, &columns].concat();
    ordered(&product.with_shape([outer, of_rows, of_columns].concat())?, &names, output)
}
