//! Det: the determinant of each matrix of a batch.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TValue, TVec, Tensor, TractResult, bail, ensure, tensor1, tvec};

use super::values::input;
use super::{Operator, Shape};

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
        let [batch @ .., size, _] = x.shape() else { bail!("expected matrices") };
        let real = x.cast_to::<f64>()?;
        let view = real.try_as_plain_ram()?;
        let count: usize = batch.iter().product();
        let mut determinants = vec![1.0; count];
        for (matrix, determinant) in view.as_slice::<f64>()?.chunks(size * size).zip(&mut determinants) {
            *determinant = self::determinant(matrix.chunks(*size).map(<[f64]>::to_vec).collect());
        }
        Ok(tvec!(tensor1(&determinants).into_shape(batch)?.cast_to_dt(x.datum_type())?.into_owned()))
    }
}

/// By elimination, the greatest pivot first.
fn determinant(mut rows: Vec<Vec<f64>>) -> f64 {
    let size = |row: &[f64]| row.first().copied().unwrap_or_default();
    let mut product = 1.0;
    while let Some(best) = (0..rows.len()).max_by(|a, b| {
        let size = |at: &usize| rows.get(*at).map_or(0.0, |row| size(row).abs());
        size(a).total_cmp(&size(b))
    }) {
        // The row comes to the front, past those before it.
        let pivot = rows.remove(best);
        product *= if best % 2 == 0 { size(&pivot) } else { -size(&pivot) };
        if product == 0.0 {
            return 0.0;
        }
        for row in &mut rows {
            let factor = size(row) / size(&pivot);
            *row = row.iter().zip(&pivot).skip(1).map(|(value, above)| value - factor * above).collect();
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::determinant;

    #[test]
    fn determinants_are_those_of_textbooks() {
        assert_eq!(determinant(vec![vec![1.0, 2.0], vec![3.0, 4.0]]), -2.0);
        assert_eq!(determinant(vec![vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0], vec![1.0, 0.0, 0.0]]), 1.0);
        assert_eq!(determinant(vec![vec![2.0, 4.0], vec![1.0, 2.0]]), 0.0);
        assert_eq!(determinant(Vec::new()), 1.0);
    }
}
