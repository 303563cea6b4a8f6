//! `Det` (11 to 22): the determinant of each matrix of a batch.

use anyhow::{Result, bail, ensure};

use super::{Context, Dim, Operator, Shape, only};
use crate::onnx::pb::NodeProto;
use crate::tensor::{Tensor, room};

#[derive(Debug)]
pub(super) struct Det;

impl Operator for Det {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (element, dims) = only(inputs)?;
        let [batch @ .., rows, columns] = dims.as_slice() else { bail!("expected matrices") };
        ensure!(element.is_float(), "{element:?} has no determinant");
        let differ = |(rows, columns): (usize, usize)| rows != columns;
        ensure!(
            !rows.known().zip(columns.known()).is_some_and(differ),
            "expected square matrices, found {rows} by {columns}"
        );
        let batch: Vec<Dim> = batch.to_vec();
        Ok(vec![(*element, batch)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let matrices = only(&inputs)?;
        let [batch @ .., size, columns] = matrices.shape() else { bail!("expected matrices") };
        ensure!(size == columns, "expected square matrices, found {size} by {columns}");
        let determinants: Vec<f64> = if *size == 0 {
            // The determinant of a matrix without elements is 1.
            vec![1.0; room(batch)?]
        } else {
            let values = matrices.to_vec::<f64>()?;
            let matrices = values.chunks(size * size);
            matrices.map(|matrix| determinant(matrix.chunks(*size).map(<[f64]>::to_vec).collect())).collect()
        };
        Ok(vec![Tensor::new(batch.to_vec(), determinants)?.cast(matrices.element())?])
    }
}

/// By elimination, with the greatest pivot first. There are as many rows as columns.
#[expect(
    clippy::indexing_slicing,
    reason = "each turn removes a row and a column, so that rows are never empty"
)]
fn determinant(mut rows: Vec<Vec<f64>>) -> f64 {
    let mut product = 1.0;
    let find_pivot = |rows: &[Vec<f64>]| {
        (0..rows.len()).max_by(|left, right| rows[*left][0].abs().total_cmp(&rows[*right][0].abs()))
    };
    while let Some(best) = find_pivot(&rows) {
        // The row moves to the front, past those before it: every one of them changes the sign.
        let pivot = rows.remove(best);
        product *= if best.is_multiple_of(2) { pivot[0] } else { -pivot[0] };
        if product == 0.0 {
            return 0.0;
        }
        for row in &mut rows {
            let factor = row[0] / pivot[0];
            *row = row.iter().zip(&pivot).skip(1).map(|(value, above)| value - factor * above).collect();
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::ElementType;

    #[test]
    fn determinants_are_those_of_textbooks() {
        assert_eq!(determinant(vec![vec![1.0, 2.0], vec![3.0, 4.0]]), -2.0);
        assert_eq!(determinant(vec![vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0], vec![1.0, 0.0, 0.0]]), 1.0);
        assert_eq!(determinant(vec![vec![2.0, 4.0], vec![1.0, 2.0]]), 0.0);
        assert_eq!(determinant(Vec::new()), 1.0);
    }

    #[test]
    fn matrices_without_elements_have_the_determinant_one() {
        let empty = Tensor::zeros(ElementType::F32, &[2, 0, 0]).unwrap();
        let found = Det.eval(vec![empty]).unwrap();
        assert_eq!(found, [Tensor::vector(vec![1.0_f32, 1.0])]);
    }
}
