//! `MatMul` (1 to 24) and `Gemm` (7 to 24), without the factors of the latter.

use anyhow::{Result, bail, ensure};

#[cfg(feature = "full")]
use super::super::network::transformer::{self, Packed};
use super::broadcast;
use super::unary::Float;
use super::{Context, Dim, Operator, Shape};
#[cfg(feature = "full")]
use super::{Rewrites, Rewritten};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

/// The product of matrices; of tensors of higher rank the products of the matrices in their last two axes.
#[derive(Debug)]
pub(super) struct MatMul {
    /// Whether the inputs are matrices that are transposed before.
    transposed: (bool, bool),
}

impl Operator for MatMul {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { transposed: (node.flag("transA", false)?, node.flag("transB", false)?) })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, a), (other, b)] = inputs else { bail!("expected two inputs") };
        ensure!(
            element == other && (element.is_float() || element.is_integer() && cfg!(feature = "full")),
            "matrices of {element:?} and {other:?} are not multiplied here"
        );
        let ([.., rows, depth], [.., height, columns]) = (a.as_slice(), b.as_slice()) else {
            return Ok(vec![(*element, vector_product(a, b)?)]);
        };
        let (rows, depth) = if self.transposed.0 { (depth, rows) } else { (rows, depth) };
        let (height, columns) = if self.transposed.1 { (columns, height) } else { (height, columns) };
        if let (Some(depth), Some(height)) = (depth.known(), height.known()) {
            ensure!(depth == height, "{depth} columns do not fit {height} rows");
        }
        let mut dims = broadcast::dims([&outer(a), &outer(b)])?;
        dims.extend([rows.clone(), columns.clone()]);
        Ok(vec![(*element, dims)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [a, b] = inputs.as_slice() else { bail!("expected two inputs") };
        let (a_vector, b_vector) = (a.rank() == 1, b.rank() == 1);
        let a = if a_vector { a.clone().with_shape(vec![1, a.len()])? } else { a.clone() };
        let b = if b_vector { b.clone().with_shape(vec![b.len(), 1])? } else { b.clone() };
        let a = if self.transposed.0 { a.transpose(&[1, 0])? } else { a };
        let b = if self.transposed.1 { b.transpose(&[1, 0])? } else { b };
        let mut product = match a.element() {
            #[cfg(feature = "full")]
            ElementType::F32 if b.rank() > 2 => transformer::batched(&a, &b)?,
            ElementType::F32 => batched::<f32>(&a, &b)?,
            ElementType::F64 => batched::<f64>(&a, &b)?,
            #[cfg(feature = "full")]
            integer if integer.is_integer() => integers(&a, &b)?,
            other => bail!("matrices of {other:?} are not multiplied here"),
        };
        let mut shape = product.shape().to_vec();
        if b_vector {
            shape.pop();
        }
        if a_vector {
            shape.remove(shape.len() - if b_vector { 1 } else { 2 });
        }
        product = product.with_shape(shape)?;
        Ok(vec![product])
    }

    #[cfg(feature = "full")]
    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

#[cfg(feature = "full")]
impl Rewrites for MatMul {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let [None, Some(matrix)] = constants else { return Ok(None) };
        if self.transposed.0 {
            return Ok(None);
        }
        let packed = Packed::new(matrix, self.transposed.1)?;
        Ok(packed.map(|packed| (std::sync::Arc::new(packed) as Rewritten, vec![0])))
    }
}

/// The axes in front of the last two.
fn outer<D: Clone>(shape: &[D]) -> Vec<D> {
    shape.iter().take(shape.len().saturating_sub(2)).cloned().collect()
}

/// The dimensions of a product where a vector is one of the factors.
fn vector_product(a: &[Dim], b: &[Dim]) -> Result<Vec<Dim>> {
    match (a, b) {
        ([_], [_]) => Ok(Vec::new()),
        ([_], [outer @ .., _, columns]) => Ok(outer.iter().chain([columns]).cloned().collect()),
        ([outer @ .., _], [_]) => Ok(outer.to_vec()),
        _ => bail!("a number is no matrix"),
    }
}

pub(in crate::operators) fn batched<T: Float>(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let ([.., rows, depth], [.., height, columns]) = (a.shape(), b.shape()) else {
        bail!("expected matrices")
    };
    let (rows, depth, columns) = (*rows, *depth, *columns);
    ensure!(depth == *height, "{depth} columns do not fit {height} rows");
    let batch = broadcast::shape(&[&outer(a.shape()), &outer(b.shape())])?;
    let with = |rest: [usize; 2]| -> Vec<usize> { batch.iter().copied().chain(rest).collect() };
    let mut product = vec![T::default(); batch.iter().product::<usize>() * rows * columns];
    // One matrix on the right takes all rows on the left at once.
    if b.rank() == 2 {
        T::multiply(a.elements()?, b.elements()?, depth, columns, &mut product);
    } else if rows * columns > 0 && depth > 0 {
        let a = broadcast::expand(a, &with([rows, depth]))?;
        let b = broadcast::expand(b, &with([depth, columns]))?;
        let factors = a.elements()?.chunks(rows * depth).zip(b.elements()?.chunks(depth * columns));
        for ((a, b), product) in factors.zip(product.chunks_mut(rows * columns)) {
            T::multiply(a, b, depth, columns, product);
        }
    }
    Tensor::new(with([rows, columns]), product)
}

/// What 64 bits make of fewer, cut to them, is what these make.
#[cfg(feature = "full")]
fn integers(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let batch = broadcast::shape(&[&outer(a.shape()), &outer(b.shape())])?;
    let count = batch.iter().product();
    let flat = |tensor: &Tensor| {
        let [.., rows, columns] = *tensor.shape() else { bail!("expected matrices") };
        let whole: Vec<usize> = batch.iter().copied().chain([rows, columns]).collect();
        let wide = broadcast::expand(&tensor.cast(ElementType::I64)?, &whole)?;
        wide.with_shape(vec![count, rows, columns])
    };
    let product = transformer::whole(&flat(a)?, &flat(b)?)?;
    let matrix = product.shape().iter().skip(1).copied();
    let shape = batch.iter().copied().chain(matrix).collect();
    product.with_shape(shape)?.cast(a.element())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_multiplied_as_by_the_definition() {
        for (rows, depth, columns) in [(1, 1, 1), (3, 5, 7), (4, 8, 8), (9, 2, 17), (5, 0, 3), (2, 3, 0)] {
            let number = |nth: usize| f64::from(u8::try_from(nth * 7 % 11).unwrap()) - 5.0;
            let a: Vec<f64> = (0..rows * depth).map(number).collect();
            let b: Vec<f64> = (0..depth * columns).map(|nth| number(nth + 3)).collect();
            let mut expected = vec![0.0; rows * columns];
            for row in 0..rows {
                for column in 0..columns {
                    for at in 0..depth {
                        expected[row * columns + column] += a[row * depth + at] * b[at * columns + column];
                    }
                }
            }
            let a = Tensor::new(vec![rows, depth], a).unwrap();
            let b = Tensor::new(vec![depth, columns], b).unwrap();
            let product = batched::<f64>(&a, &b).unwrap();
            assert_eq!(product.elements::<f64>().unwrap(), expected, "{rows} × {depth} × {columns}");
        }
    }
}
