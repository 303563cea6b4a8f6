//! `AffineGrid` (20): where the pixels of a picture come from under an affine transformation.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Dim, ElementType, Operator, Shape, Tensor};
use crate::onnx::pb::NodeProto;
use crate::tensor::room;

#[derive(Debug)]
pub(super) struct AffineGrid {
    align_corners: bool,
}

impl Operator for AffineGrid {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { align_corners: node.flag("align_corners", false)? })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let [(element, theta), (_, size)] = inputs else { bail!("expected matrices and a size") };
        ensure!(element.is_float(), "matrices of {element:?} do not transform");
        let [rows, _, _] = theta.as_slice() else { bail!("expected a matrix for each picture") };
        let count = size.first().and_then(Dim::known).and_then(|count| count.checked_sub(2));
        let dims = match (values.get(1), count) {
            (Some(Some(size)), _) => {
                let size = lengths(size)?;
                let axes = size.get(2..).context("expected the size of a batch of pictures")?;
                axes.iter().chain([&axes.len()]).map(|length| Dim::from(*length)).collect()
            }
            (_, Some(axes)) => [vec![Dim::open(); axes], vec![Dim::from(axes)]].concat(),
            _ => bail!("the rank of the grid is not known"),
        };
        Ok(vec![(*element, std::iter::once(rows.clone()).chain(dims).collect())])
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "the standard computes in floats; pictures have less than 2^24 pixels along an axis"
    )]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [theta, size] = inputs.as_slice() else { bail!("expected matrices and a size") };
        let size = lengths(size)?;
        let [rows, _, axes @ ..] = size.as_slice() else { bail!("expected the size of a batch of pictures") };
        let rank = axes.len();
        ensure!(
            rank > 0 && theta.shape() == [*rows, rank, rank + 1],
            "matrices of shape {:?} do not fit a size of {size:?}",
            theta.shape()
        );
        let shape: Vec<usize> = std::iter::once(rows).chain(axes).chain([&rank]).copied().collect();
        let mut grid = Vec::with_capacity(room(&shape)?);
        let pixels: usize = axes.iter().product();
        let matrices = theta.to_vec::<f64>()?;
        for matrix in matrices.chunks_exact(rank * (rank + 1)) {
            for pixel in 0..pixels {
                // From -1 to 1 along each axis, the last axis first, and a 1 for the translation.
                let mut rest = pixel;
                let mut point = Vec::with_capacity(rank + 1);
                for length in axes.iter().rev() {
                    let (step, count) = ((rest % length) as f64, *length as f64);
                    rest /= length;
                    point.push(match self.align_corners {
                        // onnxruntime takes the end of the way for all of it.
                        true if *length == 1 => 1.0,
                        true => 2.0 * step / (count - 1.0) - 1.0,
                        false => (2.0 * step + 1.0) / count - 1.0,
                    });
                }
                point.push(1.0);
                let lines = matrix.chunks_exact(rank + 1);
                grid.extend(lines.map(|line| line.iter().zip(&point).map(|(a, b)| a * b).sum::<f64>()));
            }
        }
        Ok(vec![Tensor::new(shape, grid)?.cast(theta.element())?])
    }
}

/// The lengths that a tensor holds.
fn lengths(tensor: &Tensor) -> Result<Vec<usize>> {
    ensure!(tensor.element() == ElementType::I64, "a size is of INT64");
    tensor.elements::<i64>()?.iter().map(|length| Ok(usize::try_from(*length)?)).collect()
}
