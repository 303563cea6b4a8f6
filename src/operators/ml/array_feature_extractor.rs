//! `ArrayFeatureExtractor` of ai.onnx.ml 1: the elements at some positions of the last axis.
//!
//! tract's leaves a vector a vector, where the standard makes one row of it.

use crate::onnx::pb::NodeProto;
use anyhow::{Result, bail, format_err};

use crate::tensor::Tensor;

use super::{Context, Dim, Operator, Shape};

#[derive(Debug)]
pub(super) struct ArrayFeatureExtractor;

impl Operator for ArrayFeatureExtractor {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, shape), (_, positions)] = inputs else { bail!("expected values and positions") };
        let mut shape = shape.clone();
        let Some(last) = shape.last_mut() else { bail!("a single number has no features") };
        *last = Dim::product(positions);
        if shape.len() == 1 {
            shape.insert(0, 1.into());
        }
        Ok(vec![(*element, shape)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [input, positions] = inputs.as_slice() else { bail!("expected values and positions") };
        let [outer @ .., width] = input.shape() else { bail!("a single number has no features") };
        let positions: Vec<usize> = positions
            .to_vec::<i64>()?
            .into_iter()
            .map(|position| {
                let index = usize::try_from(position).ok().filter(|index| index < width);
                index.ok_or_else(|| format_err!("there is no feature {position} among {width}"))
            })
            .collect::<Result<_>>()?;
        let rows: usize = outer.iter().product();
        let indexes: Vec<usize> =
            (0..rows).flat_map(|row| positions.iter().map(move |position| row * width + position)).collect();
        let mut shape = outer.to_vec();
        if shape.is_empty() {
            shape.push(1);
        }
        shape.push(positions.len());
        Ok(vec![input.take(&indexes, shape)?])
    }
}
