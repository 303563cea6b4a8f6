//! `predictql.Aligned`: the second input of an operator of the versions 1 to 6, whose attribute `axis` says which axis of the
//! first input its own first one lies on.

use anyhow::{Result, bail, ensure};

use super::{Context, Operator, Shape};
use crate::onnx::pb::NodeProto;
use crate::tensor::Tensor;

#[derive(Debug)]
pub(super) struct Aligned {
    axis: i64,
}

impl Operator for Aligned {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { axis: node.required("axis")? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(_, first), (element, dims)] = inputs else { bail!("expected two inputs") };
        Ok(vec![(*element, self.widened(first.len(), dims)?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [first, second] = inputs.as_slice() else { bail!("expected two inputs") };
        let shape = self.widened(first.rank(), second.shape())?;
        Ok(vec![second.clone().with_shape(shape)?])
    }
}

impl Aligned {
    /// `shape` with axes of length 1 behind it, so that it lies where it should among `rank` axes.
    fn widened<D: Clone + From<usize>>(&self, rank: usize, shape: &[D]) -> Result<Vec<D>> {
        let axis = if self.axis < 0 { self.axis.saturating_add(i64::try_from(rank)?) } else { self.axis };
        let end = usize::try_from(axis)?.saturating_add(shape.len());
        ensure!(end <= rank, "{} axes from axis {axis} on do not fit {rank}", shape.len());
        Ok(shape.iter().cloned().chain(std::iter::repeat_n(D::from(1), rank - end)).collect())
    }
}
