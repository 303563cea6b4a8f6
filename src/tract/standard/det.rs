//! `Det` of ai.onnx 11 and 22: the determinant of each matrix of a batch. tract has none.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TValue, TVec, Tensor, TractResult, bail, ensure, tensor1, tvec};

use super::{Operator, Shape, elements, input};

#[derive(Debug)]
pub(super) struct Det;

impl Operator for Det {
    fn parse(_: &ParsingContext<'_>, _: &NodeProto) -> TractResult<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(element, shape)] = inputs else { bail!("expected one input") };
        let [batch @ .., rows, columns] = shape.as_slice() else { bail!("expected matrices") };
        ensure!(rows == columns, "expected square matrices, found {rows} by {columns}");
        Ok(tvec!((*element, batch.into())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let x = input(inputs, 0)?;
        let [batch @ .., size, columns] = x.shape() else { bail!("expected matrices") };
        ensure!(size == columns, "expected square matrices, found {size} by {columns}");
        let values = elements::<f64>(x)?;
        let determinants: Vec<f64> = if *size == 0 {
            // The determinant of a matrix without elements is 1.
            vec![1.0; batch.iter().product()]
        } else {
            let matrices = values.chunks(size * size);
            matrices.map(|matrix| determinant(matrix.chunks(*size).map(<[f64]>::to_vec).collect())).collect()
        };
        Ok(tvec!(tensor1(&determinants).into_shape(batch)?.cast_to_dt(x.datum_type())?.into_owned()))
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
    use tract_onnx::tract_hir::internal::IntoTValue;

    use super::*;

    #[test]
    fn determinants_are_those_of_textbooks() {
        assert_eq!(determinant(vec![vec![1.0, 2.0], vec![3.0, 4.0]]), -2.0);
        assert_eq!(determinant(vec![vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0], vec![1.0, 0.0, 0.0]]), 1.0);
        assert_eq!(determinant(vec![vec![2.0, 4.0], vec![1.0, 2.0]]), 0.0);
        assert_eq!(determinant(Vec::new()), 1.0);
    }

    #[test]
    fn matrices_without_elements_have_the_determinant_one() {
        let empty = Tensor::zero::<f32>(&[2, 0, 0]).unwrap();
        let found = Det.eval(&[empty.into_tvalue()]).unwrap();
        assert_eq!(found[0], tensor1(&[1.0_f32, 1.0]));
    }
}
