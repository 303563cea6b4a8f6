//! `MaskBias` and `KeyMask`, operators of ours: what a mask of `Attention` adds to the scores. Templates use them because
//! they cannot know whether the mask is boolean or already a bias, nor how many dimensions it has.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TDim, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tensor1, tvec,
};

use super::{Operator, Shape, elements};

#[derive(Debug)]
pub(super) struct MaskBias;

impl Operator for MaskBias {
    fn parse(_: &ParsingContext<'_>, _: &NodeProto) -> TractResult<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(element, shape)] = inputs else { bail!("expected one input") };
        let element = if element.is_float() { *element } else { DatumType::F32 };
        Ok(tvec!((element, shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [mask] = inputs else { bail!("expected one input") };
        if mask.datum_type().is_float() {
            return Ok(tvec!((**mask).clone()));
        }
        let seen = mask.cast_to::<bool>()?;
        let view = seen.try_as_plain_ram()?;
        let bias = view.as_slice::<bool>()?.iter().map(|seen| if *seen { 0.0 } else { f32::NEG_INFINITY });
        Ok(tvec!(tensor1(&bias.collect::<Vec<f32>>()).into_shape(mask.shape())?))
    }
}

/// `KeyMask`: what a mask of onnxruntime's attention, of whole numbers, adds to the scores `[batch, heads, queries, keys]`.
/// It is a number for each key, for each pair of query and key, or how many of the keys are seen. The second input are
/// the keys, `[batch, keys, width]`.
#[derive(Debug)]
pub(super) struct KeyMask {
    hidden: f32,
}

impl Operator for KeyMask {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self { hidden: node.get_attr("hidden")? })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(_, mask), (_, keys)] = inputs else { bail!("expected a mask and keys") };
        let one = || 1.to_dim();
        let shape: TVec<TDim> = match (mask.as_slice(), keys.as_slice()) {
            ([batch], [_, length, _]) => tvec!(batch.clone(), one(), one(), length.clone()),
            ([batch, length], _) => tvec!(batch.clone(), one(), one(), length.clone()),
            ([batch, queries, length], _) => tvec!(batch.clone(), one(), queries.clone(), length.clone()),
            _ => bail!("a mask of {} dimensions does not run", mask.len()),
        };
        Ok(tvec!((DatumType::F32, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [mask, keys] = inputs else { bail!("expected a mask and keys") };
        let numbers = elements::<i64>(mask)?;
        let bias = |is_seen: bool| if is_seen { 0.0 } else { self.hidden };
        let (values, shape): (Vec<f32>, TVec<usize>) = match (mask.shape(), keys.shape()) {
            ([batch], [batches, length, _]) => {
                // The other layout has the ends of all rows, then their starts.
                ensure!(batch == batches, "{batch} numbers of keys for a batch of {batches}");
                let of = |seen: &i64| (0..).take(*length).map(|at: i64| bias(at < *seen)).collect::<Vec<_>>();
                (numbers.iter().flat_map(of).collect(), tvec!(*batch, 1, 1, *length))
            }
            ([batch, rest @ ..], _) => {
                let pairs = if let [queries, length] = rest {
                    [*queries, *length]
                } else {
                    [1, rest.iter().product()]
                };
                let [queries, length] = pairs;
                (numbers.iter().map(|seen| bias(*seen != 0)).collect(), tvec!(*batch, 1, queries, length))
            }
            ([], _) => bail!("a mask without dimensions does not run"),
        };
        Ok(tvec!(tensor1(&values).into_shape(&shape)?))
    }
}
