//! `OneHot` (ONNX, versions 9 to 11). tract stops the program for an index beyond the depth, whose row the standard leaves
//! without a mark.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec};

use super::{Operator, Shape, elements};
use super::{gather, input, resolve_axis, split_at_axis};

/// A new axis along which one element is marked.
#[derive(Debug)]
pub(super) struct OneHot {
    axis: i64,
}

impl Operator for OneHot {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self { axis: node.get_attr_opt("axis")?.unwrap_or(-1) })
    }

    fn outputs(&self, _: &[Shape]) -> TractResult<TVec<Shape>> {
        bail!("the depth has to be a constant")
    }

    fn shape_inputs(&self) -> &'static [usize] {
        &[1]
    }

    fn outputs_for_values(&self, inputs: &[Shape], sizes: &[Vec<i64>]) -> TractResult<TVec<Shape>> {
        let ([(_, indices), _, (element, _)], [depth]) = (inputs, sizes) else {
            bail!("expected indices, a depth and two values")
        };
        let mut shape = indices.clone();
        shape.insert(resolve_axis(self.axis, indices.len() + 1)?, depth_of(depth)?.to_dim());
        Ok(tvec!((*element, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (indices, values) = (input(inputs, 0)?, input(inputs, 2)?);
        let depth = depth_of(&elements::<i64>(input(inputs, 1)?)?)?;
        ensure!(values.len() == 2, "expected a value for off and one for on");
        let new_axis = resolve_axis(self.axis, indices.rank() + 1)?;
        let mut shape: TVec<usize> = indices.shape().into();
        shape.insert(new_axis, depth);
        let (outer, _, inner) = split_at_axis(&shape, new_axis)?;
        let marked: Vec<Option<usize>> = elements::<i64>(indices)?
            .into_iter()
            .map(|index| {
                let index = if index < 0 { index.checked_add_unsigned(depth as u64)? } else { index };
                usize::try_from(index).ok()
            })
            .collect();
        let mut sources = Vec::with_capacity(outer * depth * inner);
        for rows in marked.chunks(inner.max(1)) {
            for position in 0..depth {
                sources.extend(rows.iter().map(|row| usize::from(*row == Some(position))));
            }
        }
        Ok(tvec!(gather(values, &sources, &shape)?))
    }
}

fn depth_of(sizes: &[i64]) -> TractResult<usize> {
    match sizes {
        [depth] if *depth > 0 => Ok(usize::try_from(*depth)?),
        other => bail!("expected a depth above 0, found {other:?}"),
    }
}
