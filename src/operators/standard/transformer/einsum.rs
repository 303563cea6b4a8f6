//! `Einsum` (12) of one tensor or two, none of whose axes have the same name: axes that one of two has alone and nobody asks
//! for are summed up, then matrices are multiplied.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Dim, ElementType, Operator, Shape, Tensor, batched};
use crate::onnx::pb::NodeProto;

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
        ensure!(matches!(inputs.len(), 1 | 2), "{} tensors are not summed up here", inputs.len());
        let is_once =
            |names: &Names| names.iter().all(|name| names.iter().filter(|it| *it == name).count() == 1);
        ensure!(
            inputs.iter().chain(&output).all(is_once),
            "an axis that a tensor has twice does not run here"
        );
        Ok(Self { inputs, output })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        ensure!(inputs.iter().all(|(element, _)| *element == ElementType::F32), "expected 32-bit floats");
        let ranks: Vec<usize> = inputs.iter().map(|(_, dims)| dims.len()).collect();
        let (names, output) = self.names(&ranks)?;
        let dim = |name: &char| {
            let places = names
                .iter()
                .zip(inputs)
                .filter_map(|(names, (_, dims))| dims.get(names.iter().position(|it| it == name)?));
            common(places)?.context("an axis of the output belongs to no input")
        };
        Ok(vec![(ElementType::F32, output.iter().map(dim).collect::<Result<_>>()?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let ranks: Vec<usize> = inputs.iter().map(Tensor::rank).collect();
        let (names, output) = self.names(&ranks)?;
        match (inputs.as_slice(), names.as_slice()) {
            ([tensor], [names]) => Ok(vec![kept(tensor, names, &output)?]),
            ([a, b], [a_names, b_names]) => Ok(vec![product((a, a_names), (b, b_names), &output)?]),
            _ => bail!("expected one tensor or two"),
        }
    }
}

/// The length that axes of one name have.
fn common<'a>(dims: impl Iterator<Item = &'a Dim>) -> Result<Option<Dim>> {
    let mut common: Option<&Dim> = None;
    for dim in dims {
        let both = common.and_then(Dim::known).zip(dim.known());
        ensure!(both.is_none_or(|(one, other)| one == other), "axes of one name have the same length");
        common = common.filter(|common| common.known().is_some()).or(Some(dim));
    }
    Ok(common.cloned())
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
        return Tensor::zeros(ElementType::F32, &shape);
    }
    let sums = moved.elements::<f32>()?.chunks(length).map(|row| row.iter().sum());
    Tensor::new(shape, sums.collect::<Vec<f32>>())
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
    let product = batched(&a, &b)?;
    let names: Names = [&batch[..], &rows, &columns].concat();
    ordered(&product.with_shape([outer, of_rows, of_columns].concat())?, &names, output)
}
