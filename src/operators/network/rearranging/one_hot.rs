//! `OneHot` (9 to 11): a new axis along which one element is marked; none for an index beyond the depth.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Operator, Shape, open, resolve_axis, split_at_axis};
use crate::onnx::pb::NodeProto;
use crate::tensor::{Tensor, room};

#[derive(Debug)]
pub(super) struct OneHot {
    axis: i64,
}

impl Operator for OneHot {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { axis: node.optional("axis")?.unwrap_or(-1) })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let [(_, indices), _, (element, _)] = inputs else {
            bail!("expected indices, a depth and two values")
        };
        let depth = match values.get(1).and_then(Option::as_ref) {
            Some(depth) => depth_of(depth)?.into(),
            None => open(),
        };
        let mut dims = indices.clone();
        dims.insert(resolve_axis(self.axis, indices.len() + 1)?, depth);
        Ok(vec![(*element, dims)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [indices, depth, values] = inputs.as_slice() else {
            bail!("expected indices, a depth and two values")
        };
        let depth = depth_of(depth)?;
        ensure!(values.len() == 2, "expected a value for off and one for on");
        let axis = resolve_axis(self.axis, indices.rank() + 1)?;
        let mut shape = indices.shape().to_vec();
        shape.insert(axis, depth);
        let count = room(&shape)?;
        let (_, _, inner) = split_at_axis(&shape, axis)?;
        let length = i64::try_from(depth)?;
        let marked = indices.to_vec::<i64>()?.into_iter().map(|index| {
            let index = if index < 0 { index.saturating_add(length) } else { index };
            usize::try_from(index).ok()
        });
        let marked: Vec<Option<usize>> = marked.collect();
        let mut taken = Vec::with_capacity(count);
        for rows in marked.chunks(inner.max(1)) {
            for position in 0..depth {
                taken.extend(rows.iter().map(|row| usize::from(*row == Some(position))));
            }
        }
        Ok(vec![values.take(&taken, shape)?])
    }
}

fn depth_of(depth: &Tensor) -> Result<usize> {
    let depths = depth.to_vec::<i64>()?;
    let depth = depths.first().copied().filter(|depth| *depth > 0 && depths.len() == 1);
    Ok(usize::try_from(depth.with_context(|| format!("expected a depth above 0, found {depths:?}"))?)?)
}
