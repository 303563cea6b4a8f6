//! `AffineGrid` of ai.onnx 20: where the pixels of an image come from under an affine transformation. tract has none.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec};

use super::{Operator, Shape, elements, from_floats, input, lengths};

#[derive(Debug)]
pub(super) struct AffineGrid {
    align_corners: bool,
}

impl Operator for AffineGrid {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self { align_corners: node.get_attr_opt::<i64>("align_corners")?.unwrap_or(0) != 0 })
    }

    fn outputs(&self, _: &[Shape]) -> TractResult<TVec<Shape>> {
        bail!("the size of the grid must be known")
    }

    fn shape_inputs(&self) -> &'static [usize] {
        &[1]
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Vec<i64>]) -> TractResult<TVec<Shape>> {
        let ([(element, _), ..], [size]) = (inputs, values) else { bail!("expected two inputs") };
        let [batch, _, axes @ ..] = size.as_slice() else { bail!("expected the size of a batch of images") };
        let mut shape: TVec<_> = std::iter::once(batch).chain(axes).map(ToDim::to_dim).collect();
        shape.push(axes.len().to_dim());
        Ok(tvec!((*element, shape)))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "the standard computes in floats; images have fewer than 2^24 pixels"
    )]
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let theta = input(inputs, 0)?;
        let size = lengths(input(inputs, 1)?)?;
        let [batch, _, axes @ ..] = size.as_slice() else { bail!("expected the size of a batch of images") };
        let rank = axes.len();
        ensure!(
            rank > 0 && theta.shape() == [*batch, rank, rank + 1],
            "matrices of shape {:?} do not fit a size of {size:?}",
            theta.shape()
        );
        let pixels: usize = axes.iter().product();
        let mut grid = Vec::with_capacity(batch * pixels * rank);
        for matrix in elements::<f32>(theta)?.chunks(rank * (rank + 1)) {
            for pixel in 0..pixels {
                // From -1 to 1 along each axis, the last axis first, and a 1 for the translation.
                let mut rest = pixel;
                let mut point = Vec::with_capacity(rank + 1);
                for length in axes.iter().rev() {
                    let step = (rest % length) as f32;
                    rest /= length;
                    point.push(if self.align_corners {
                        2.0 * step / (*length as f32 - 1.0) - 1.0
                    } else {
                        (2.0 * step + 1.0) / *length as f32 - 1.0
                    });
                }
                point.push(1.0);
                let rows = matrix.chunks(rank + 1);
                grid.extend(rows.map(|row| row.iter().zip(&point).map(|(a, b)| a * b).sum::<f32>()));
            }
        }
        let shape: Vec<usize> = std::iter::once(batch).chain(axes).chain([&rank]).copied().collect();
        Ok(tvec!(from_floats(&grid, theta.datum_type(), &shape)?))
    }
}
