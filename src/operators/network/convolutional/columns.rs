//! `Col2Im` (18): windows over a picture, one for each column of a matrix, are put back into it and added up.

use anyhow::{Context as _, Result, bail, ensure};

use super::geometry::{Geometry, places};
use super::{Context, Dim, Operator, Shape};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor, room, volume};

#[derive(Debug)]
pub(super) struct Columns {
    geometry: Geometry,
}

/// The lengths that a tensor holds.
fn lengths(tensor: &Tensor) -> Result<Vec<usize>> {
    tensor.to_vec::<i64>()?.into_iter().map(|length| Ok(usize::try_from(length)?)).collect()
}

impl Operator for Columns {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { geometry: Geometry::parse(node)? })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let [(ElementType::F32, dims), (_, picture), (_, _)] = inputs else {
            bail!("expected columns of 32-bit floats, and the lengths of a picture and of a window")
        };
        let [rows, columns, _] = dims.as_slice() else { bail!("expected columns of rank 3") };
        let lengths = |at: usize| values.get(at).and_then(Option::as_ref).map(lengths).transpose();
        let window = lengths(2)?.map(|window| volume(&window).context("a window is larger than memory"));
        let channels = match (columns.known(), window.transpose()?) {
            (Some(columns), Some(window)) => {
                Dim::from(columns.checked_div(window).context("a window has places")?)
            }
            _ => Dim::open(),
        };
        let picture = match lengths(1)? {
            Some(picture) => picture.into_iter().map(Dim::from).collect(),
            None => vec![Dim::open(); picture.first().and_then(Dim::known).context("the rank is not known")?],
        };
        Ok(vec![(ElementType::F32, [rows.clone(), channels].into_iter().chain(picture).collect())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [columns, picture, window] = inputs.as_slice() else { bail!("expected three inputs") };
        let (picture, window) = (lengths(picture)?, lengths(window)?);
        let &[rows, depth, count] = columns.shape() else { bail!("expected columns of rank 3") };
        let axes = self.geometry.axes(&picture, &window)?;
        let taps = volume(&window).context("a window is larger than memory")?;
        let positions: Vec<usize> = axes.iter().map(|axis| axis.output).collect();
        ensure!(
            volume(&positions) == Some(count) && depth % taps == 0,
            "{count} windows of {depth} numbers do not fit a picture of {picture:?}"
        );
        let channels = depth / taps;
        let shape: Vec<usize> = [rows, channels].into_iter().chain(picture).collect();
        let mut result = vec![0.0; room(&shape)?];
        let numbers = columns.elements::<f32>()?;
        if numbers.is_empty() {
            return Ok(vec![Tensor::new(shape, result)?]);
        }
        let size = result.len() / (rows * channels);
        let mut inside = Vec::new();
        for position in 0..count {
            places(&axes, position, &mut inside);
            let planes = numbers.chunks_exact(taps * count).zip(result.chunks_exact_mut(size.max(1)));
            for (numbers, plane) in planes {
                for (tap, place) in &inside {
                    let number = numbers.get(tap * count + position).context("a column has its numbers")?;
                    *plane.get_mut(*place).context("a place of the picture")? += number;
                }
            }
        }
        Ok(vec![Tensor::new(shape, result)?])
    }
}
