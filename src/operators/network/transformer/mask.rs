//! `MaskBias` and `KeyMask`, operators of ours: what a mask of `Attention` adds to the scores. Templates use them because
//! they cannot know whether the mask is boolean or already a bias, nor how many dimensions it has.

use anyhow::{Result, bail, ensure};

use super::{Context, Dim, ElementType, Operator, Shape, Tensor, only};
use crate::onnx::pb::NodeProto;

/// What a mask of booleans or floats adds to scores.
#[derive(Debug)]
pub(super) struct MaskBias;

impl Operator for MaskBias {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (element, dims) = only(inputs)?;
        let element = if element.is_float() { *element } else { ElementType::F32 };
        Ok(vec![(element, dims.clone())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mask = only(&inputs)?;
        if mask.element().is_float() {
            return Ok(inputs);
        }
        let seen = mask.cast(ElementType::Bool)?;
        let bias = seen.elements::<bool>()?.iter().map(|seen| if *seen { 0.0 } else { f32::NEG_INFINITY });
        Ok(vec![Tensor::new(mask.shape().to_vec(), bias.collect())?])
    }
}

/// What a mask of onnxruntime's attention, of whole numbers, adds to the scores `[batch, heads, queries, keys]`.
/// It is a number for each key, for each pair of query and key, or how many of the keys are seen. The second input are
/// the keys, `[batch, keys, width]`.
#[derive(Debug)]
pub(super) struct KeyMask {
    hidden: f32,
}

impl Operator for KeyMask {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { hidden: node.required("hidden")? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(_, mask), (_, keys)] = inputs else { bail!("expected a mask and keys") };
        let (batch, queries, length) = match (mask.as_slice(), keys.as_slice()) {
            ([batch], [_, length, _]) | ([batch, length], _) => (batch, Dim::from(1), length),
            ([batch, queries, length], _) => (batch, queries.clone(), length),
            _ => bail!("a mask of {} dimensions does not run", mask.len()),
        };
        Ok(vec![(ElementType::F32, vec![batch.clone(), Dim::from(1), queries, length.clone()])])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [mask, keys] = inputs.as_slice() else { bail!("expected a mask and keys") };
        let numbers = mask.to_vec::<i64>()?;
        let bias = |is_seen: bool| if is_seen { 0.0 } else { self.hidden };
        let (values, shape): (Vec<f32>, _) = match (mask.shape(), keys.shape()) {
            ([batch], [batches, length, _]) => {
                // The other layout has the ends of all rows, then their starts.
                ensure!(batch == batches, "{batch} numbers of keys for a batch of {batches}");
                let of = |seen: &i64| (0..).take(*length).map(|at: i64| bias(at < *seen)).collect::<Vec<_>>();
                (numbers.iter().flat_map(of).collect(), vec![*batch, 1, 1, *length])
            }
            ([batch, rest @ .., length], _) => {
                let queries = rest.iter().product();
                (numbers.iter().map(|seen| bias(*seen != 0)).collect(), vec![*batch, 1, queries, *length])
            }
            _ => bail!("a mask without dimensions does not run"),
        };
        Ok(vec![Tensor::new(shape, values)?])
    }
}
