//! Operators of ours as tract loads and runs them: tensors are copied on their way in and out.

use std::sync::Arc;

use prost::Message;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DimLike, TDim, TValue, TVec, Tensor, ToDim, TractErrorContext, TractResult,
};

use super::convert::{datum_type, element_type, from_tract, to_tract};
use super::{Operator, Shape};
use crate::onnx::pb;
use crate::operators::{self, Context, Dim};
use crate::tensor;

/// An operator of ours, and tract's name of a length that only the values of its inputs decide.
#[derive(Debug)]
pub(super) struct Own {
    operator: Arc<dyn operators::Operator>,
    open: TDim,
}

/// A message of tract's as ours.
pub(super) fn ours<M: Message + Default>(message: &impl Message) -> TractResult<M> {
    Ok(M::decode(message.encode_to_vec().as_slice())?)
}

impl Operator for Own {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let parse =
            operators::find(&node.op_type).with_context(|| format!("there is no {}", node.op_type))?;
        let declared = ctx.parent_graphs.iter().flat_map(|graph| &graph.input);
        let inputs = declared.map(ours).collect::<TractResult<Vec<pb::ValueInfoProto>>>()?;
        let context = Context { opset: ctx.onnx_operator_set_version, inputs: &inputs };
        let open = ctx.template.symbols.new_with_prefix("length").to_dim();
        Ok(Self { operator: parse(&context, &ours(node)?)?, open })
    }

    fn shape_inputs(&self) -> &'static [usize] {
        self.operator.shape_inputs()
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        self.outputs_for_values(inputs, &[])
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Vec<i64>]) -> TractResult<TVec<Shape>> {
        let mut known = vec![None; inputs.len()];
        for (index, value) in self.operator.shape_inputs().iter().zip(values) {
            tensor::set(&mut known, *index, Some(tensor::Tensor::vector(value.clone())))?;
        }
        let mut unknowns = Unknowns::default();
        let inputs = inputs.iter().map(|(datum_type, dims)| {
            let dims = dims.iter().map(|dim| unknowns.ours(dim)).collect();
            Ok((element_type(*datum_type)?, dims))
        });
        let inputs = inputs.collect::<TractResult<Vec<_>>>()?;
        let outputs =
            self.operator.outputs_for_values(&inputs, &known)?.into_iter().map(|(element, dims)| {
                let dims = dims.iter().map(|dim| self.length(dim, &unknowns)).collect::<TractResult<_>>()?;
                Ok((datum_type(element), dims))
            });
        outputs.collect()
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let inputs = inputs.iter().map(|input| from_tract(input)).collect::<TractResult<Vec<_>>>()?;
        self.operator.eval(inputs)?.iter().map(to_tract).collect()
    }
}

impl Own {
    fn length(&self, dim: &Dim, unknowns: &Unknowns) -> TractResult<TDim> {
        if *dim == Dim::open() { Ok(self.open.clone()) } else { unknowns.tract(dim) }
    }
}

/// tract's lengths that are no numbers yet, at the number by which ours name them.
#[derive(Default)]
struct Unknowns(Vec<TDim>);

impl Unknowns {
    fn ours(&mut self, dim: &TDim) -> Dim {
        if let Ok(length) = dim.to_usize() {
            return length.into();
        }
        let known = self.0.iter().position(|known| known == dim);
        Dim::unknown(known.unwrap_or_else(|| {
            self.0.push(dim.clone());
            self.0.len() - 1
        }))
    }

    fn tract(&self, dim: &Dim) -> TractResult<TDim> {
        let mut unknowns =
            dim.unknowns.iter().map(|number| self.0.get(*number).context("there is no such length"));
        unknowns.try_fold(dim.factor.to_dim(), |product, unknown| Ok(product * unknown?))
    }
}
