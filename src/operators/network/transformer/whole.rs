//! Products of matrices of whole numbers.

use anyhow::{Result, bail, ensure};

use super::Tensor;
use crate::tensor::room;

/// The products of the matrices of two batches of 64-bit integers.
///
/// # Errors
/// Where they do not fit each other.
pub(in crate::operators) fn whole(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let ([outer, rows, depth], [others, height, columns]) = (a.shape(), b.shape()) else {
        bail!("expected matrices")
    };
    ensure!([outer, depth] == [others, height], "{depth} columns do not fit {height} rows");
    let shape = vec![*outer, *rows, *columns];
    let mut products = vec![0_i64; room(&shape)?];
    let b_matrices = b.elements::<i64>()?.chunks((depth * columns).max(1));
    let a_matrices = a.elements::<i64>()?.chunks((rows * depth).max(1));
    let matrices = products.chunks_mut((rows * columns).max(1));
    for ((a, b), product) in a_matrices.zip(b_matrices).zip(matrices) {
        for (a, product) in a.chunks(*depth).zip(product.chunks_mut(*columns)) {
            for (factor, b) in a.iter().zip(b.chunks(*columns)) {
                product
                    .iter_mut()
                    .zip(b)
                    .for_each(|(sum, b)| *sum = sum.wrapping_add(factor.wrapping_mul(*b)));
            }
        }
    }
    Tensor::new(shape, products)
}
