//! Tensors of different shapes side by side: an axis of length 1, or one that is not there, stands for all positions of
//! the other's.

use anyhow::{Result, bail};

use super::Dim;
use crate::tensor::{Element, Tensor, offsets, room, strides};

/// The common shape of tensors with these dimensions.
///
/// # Errors
/// Where two lengths of an axis differ and neither is 1.
pub(in crate::operators) fn dims<'a>(shapes: impl IntoIterator<Item = &'a Vec<Dim>>) -> Result<Vec<Dim>> {
    let mut common: Vec<Dim> = Vec::new();
    for shape in shapes {
        while common.len() < shape.len() {
            common.insert(0, Dim::from(1));
        }
        for (dim, other) in common.iter_mut().rev().zip(shape.iter().rev()) {
            match (dim.known(), other.known()) {
                (Some(1), _) => *dim = other.clone(),
                (_, Some(1)) => {}
                // What is not known yet must fit when the graph runs.
                (None, Some(_)) => *dim = other.clone(),
                (Some(first), Some(second)) if first != second => {
                    bail!("lengths {first} and {second} of an axis do not fit")
                }
                _ => {}
            }
        }
    }
    Ok(common)
}

/// The common shape of tensors of these shapes.
///
/// # Errors
/// Those of [`dims`].
pub(in crate::operators) fn shape(shapes: &[&[usize]]) -> Result<Vec<usize>> {
    let mut common: Vec<usize> = Vec::new();
    for shape in shapes {
        while common.len() < shape.len() {
            common.insert(0, 1);
        }
        for (length, other) in common.iter_mut().rev().zip(shape.iter().rev()) {
            match (*length, *other) {
                (1, other) => *length = other,
                (length, other) if other != 1 && length != other => {
                    bail!("lengths {length} and {other} of an axis do not fit")
                }
                _ => {}
            }
        }
    }
    Ok(common)
}

/// `tensor` with its elements repeated to fill `shape`, which it fits.
///
/// # Errors
/// Where it does not fit.
pub(in crate::operators) fn expand(tensor: &Tensor, shape: &[usize]) -> Result<Tensor> {
    if tensor.shape() == shape {
        return Ok(tensor.clone());
    }
    room(shape)?;
    let Some(missing) = shape.len().checked_sub(tensor.rank()) else {
        bail!("shape {:?} does not fit into {shape:?}", tensor.shape())
    };
    let own = std::iter::repeat_n(&1, missing).chain(tensor.shape());
    let steps = strides(tensor.shape());
    let steps = std::iter::repeat_n(&0, missing).chain(&steps);
    let mut axes = Vec::with_capacity(shape.len());
    for ((length, own), stride) in shape.iter().zip(own).zip(steps) {
        match *own {
            1 => axes.push((*length, 0)),
            own if own == *length => axes.push((own, *stride)),
            own => bail!("length {own} of an axis does not fit {length}"),
        }
    }
    // The last axes that are whole in both move as one.
    let mut run = 1;
    while let Some((length, stride)) = axes.last().copied()
        && stride == run
    {
        run *= length;
        axes.pop();
    }
    tensor.take_runs(&offsets(&axes), run, shape.to_vec())
}

/// A loop over pairs of elements, which appends what it makes of each. What is generic over functions holds nothing but
/// this loop: everything around it is compiled once for a pair of types.
pub(in crate::operators) type PairLoop<T, O> = dyn Fn(&[T], &[T], &mut Vec<O>);

/// The loop that makes `convert` of each pair.
pub(in crate::operators) fn each<T, O>(convert: impl Fn(&T, &T) -> O) -> impl Fn(&[T], &[T], &mut Vec<O>) {
    move |a, b, converted| converted.extend(a.iter().zip(b).map(|(a, b)| convert(a, b)))
}

/// Elements of a shorter tensor are repeated to this many, so that a loop over pairs is worth its call.
const BLOCK: usize = 1024;

/// A tensor of what `convert` makes of each pair of elements of two tensors of the type `T`.
///
/// # Errors
/// Where their shapes do not fit or their elements are of another type.
pub(in crate::operators) fn zip<T: Element, O: Element>(
    left: &Tensor,
    right: &Tensor,
    convert: &PairLoop<T, O>,
) -> Result<Tensor> {
    let shape = shape(&[left.shape(), right.shape()])?;
    let (left, right) = (repeating(left, &shape)?, repeating(right, &shape)?);
    let (a, b) = (left.elements::<T>()?, right.elements::<T>()?);
    let count = a.len().max(b.len());
    let (long_a, long_b) = (block(a, count), block(b, count));
    let (long_a, long_b) = (long_a.as_deref().unwrap_or(a), long_b.as_deref().unwrap_or(b));
    let mut elements = Vec::with_capacity(count);
    for done in (0..count).step_by(long_a.len().min(long_b.len()).max(1)) {
        // What is as long as the result goes on, what is shorter starts anew.
        let rest = |long: &[T]| if long.len() == count { done } else { 0 };
        let (Some(a), Some(b)) = (long_a.get(rest(long_a)..), long_b.get(rest(long_b)..)) else { break };
        convert(a, b, &mut elements);
    }
    Tensor::new(shape, elements)
}

/// What stands for `elements`, repeated until they fill a block or `count`; `None` where they are `count` themselves.
fn block<T: Clone>(elements: &[T], count: usize) -> Option<Vec<T>> {
    let times = (BLOCK / elements.len().max(1)).max(1);
    let block = || elements.iter().cycle().take((times * elements.len()).min(count)).cloned().collect();
    (elements.len() < count).then(block)
}

/// What `function` makes of the elements of two tensors of the type `T`: it changes those of the one that has the common
/// shape, in their place where nobody else has them, and is given those of the other one, to be repeated. `commutes`
/// says that it does not matter which of the two is changed.
///
/// # Errors
/// Those of [`zip`].
pub(in crate::operators) fn combine<T: Element>(
    left: Tensor,
    right: Tensor,
    commutes: bool,
    function: impl FnOnce(&mut [T], &[T]),
) -> Result<Tensor> {
    let shape = shape(&[left.shape(), right.shape()])?;
    let swaps = commutes && left.shape() != shape && right.shape() == shape;
    let (left, right) = if swaps { (right, left) } else { (left, right) };
    let mut left = if left.shape() == shape { left } else { expand(&left, &shape)? };
    function(left.elements_mut()?, repeating(&right, &shape)?.elements()?);
    Ok(left)
}

/// `tensor` where its elements, repeated, fill `shape`; otherwise expanded to it.
fn repeating(tensor: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let leading = tensor.shape().iter().take_while(|length| **length == 1).count();
    let own = tensor.shape().get(leading..);
    if own.is_some_and(|own| shape.ends_with(own)) && !shape.contains(&0) {
        return Ok(tensor.clone());
    }
    expand(tensor, shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_axis_is_repeated_where_it_is_one_long() {
        let rows = Tensor::new(vec![2, 1], vec![1.0_f32, 2.0]).unwrap();
        let columns = Tensor::vector(vec![10.0_f32, 20.0, 30.0]);
        let sums = zip::<f32, f32>(&rows, &columns, &each(|a, b| a + b)).unwrap();
        assert_eq!(
            (sums.shape(), sums.elements::<f32>().unwrap()),
            (&[2, 3][..], &[11.0, 21.0, 31.0, 12.0, 22.0, 32.0][..])
        );
        let sums = zip::<f32, f32>(&columns, &rows, &each(|a, b| a + b)).unwrap();
        assert_eq!(sums.elements::<f32>().unwrap(), [11.0, 21.0, 31.0, 12.0, 22.0, 32.0]);
        assert!(zip::<f32, f32>(&columns, &Tensor::vector(vec![1.0_f32, 2.0]), &each(|a, b| a + b)).is_err());
        let none = Tensor::new(vec![0, 3], Vec::<f32>::new()).unwrap();
        assert_eq!(zip::<f32, f32>(&none, &columns, &each(|a, b| a + b)).unwrap().shape(), [0, 3]);
    }

    #[test]
    fn expanding_repeats_in_row_major_order() {
        let tensor = Tensor::new(vec![2, 1, 2], vec![1_i64, 2, 3, 4]).unwrap();
        let expanded = expand(&tensor, &[2, 2, 2]).unwrap();
        assert_eq!(expanded.elements::<i64>().unwrap(), [1, 2, 1, 2, 3, 4, 3, 4]);
        let expanded = expand(&tensor, &[2, 2, 1, 2]).unwrap();
        assert_eq!(expanded.elements::<i64>().unwrap(), [1, 2, 3, 4, 1, 2, 3, 4]);
    }
}
