//! `Cast` (ONNX, versions 6 to 24) and `CastLike` (15 to 24) for every pair of booleans, integers, floats and strings.
//!
//! tract casts to INT64 by way of 32 bits and reads strings as float32 only. What it gets wrong is computed by
//! [`Tensor::cast`](crate::tensor::Tensor::cast).
//!
//! Integers become tract's symbolic dimensions where INT64 is asked for: shapes are computed with them.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::cast::cast as tract_cast;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy, check_input_arity};
use tract_onnx::tract_hir::internal::{
    DatumType, EvalContext, EvalOp, Expansion, IntoTValue, Op, OutletId, SpecialOps, StaticName, TDim,
    TValue, TVec, Tensor, TractResult, TypedFact, TypedModel, TypedOp, as_op, bail, check_output_arity,
    expand, op_as_typed_op, op_out_of_plan, tensor1, tvec,
};

use crate::tensor::ElementType;
use crate::tract::convert::{element_type, from_tract, to_tract};

/// Builds `Cast`.
pub(super) fn cast(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(Cast { to: Some(node.get_attr::<DatumType>("to")?) }), Vec::new()))
}

/// Builds `CastLike`.
pub(super) fn cast_like(
    _: &ParsingContext<'_>,
    _: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(Cast { to: None }), Vec::new()))
}

/// A cast to a type that is given, or to that of the second input.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cast {
    to: Option<DatumType>,
}

impl Cast {
    fn inputs(&self) -> usize {
        if self.to.is_some() { 1 } else { 2 }
    }
}

/// The type that tract computes in where a value of type `from` is cast to `to`.
fn computed(from: DatumType, to: DatumType) -> DatumType {
    let counts = from.is_integer() || from.is_tdim() || from == DatumType::Bool;
    if to == DatumType::I64 && counts { DatumType::TDim } else { to }
}

/// Whether tract's own cast is exact.
fn is_exact_in_tract(from: DatumType, to: DatumType) -> bool {
    let fits_32_bits = matches!(
        from,
        DatumType::Bool | DatumType::I8 | DatumType::I16 | DatumType::I32 | DatumType::U8 | DatumType::U16
    );
    from.is_tdim() && to != DatumType::String
        || from == to
        || (from == DatumType::Bool || from.is_number()) && to.is_float()
        || from.is_integer() && to.is_integer()
        || fits_32_bits && to.is_tdim()
}

impl Expansion for Cast {
    fn name(&self) -> StaticName {
        "Cast".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, self.inputs())?;
        check_output_arity(outputs, 1)?;
        let ([input, ..], [output]) = (inputs, outputs) else { bail!("a cast has one output") };
        solver.equals(&output.shape, &input.shape)?;
        match (self.to, inputs) {
            (Some(to), _) => solver.given(&input.datum_type, move |solver, from| {
                solver.equals(&output.datum_type, computed(from, to))
            }),
            (None, [_, like]) => solver.given(&input.datum_type, move |solver, from| {
                solver.given(&like.datum_type, move |solver, to| {
                    solver.equals(&output.datum_type, computed(from, to))
                })
            }),
            _ => bail!("CastLike takes two inputs"),
        }
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let (input, to) = match (inputs, self.to) {
            ([input], Some(to)) => (*input, to),
            ([input, like], None) => (*input, model.outlet_fact(*like)?.datum_type),
            _ => bail!("a cast has {} inputs", self.inputs()),
        };
        let from = model.outlet_fact(input)?.datum_type;
        let to = computed(from, to);
        if is_exact_in_tract(from, to) {
            model.wire_node(prefix, tract_cast(to), &[input])
        } else {
            model.wire_node(prefix, ExactCast { to }, &[input])
        }
    }
}

/// The casts that are computed here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ExactCast {
    to: DatumType,
}

impl Op for ExactCast {
    fn name(&self) -> StaticName {
        "ExactCast".into()
    }

    op_as_typed_op!();
}

impl EvalOp for ExactCast {
    op_out_of_plan!();

    fn eval(&self, ctx: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let [input] = inputs.as_slice() else { bail!("a cast has one input") };
        let output = if input.datum_type().is_tdim() {
            let numbers: Vec<i64> = input
                .try_as_plain_ram()?
                .as_slice::<TDim>()?
                .iter()
                .map(|dim| Ok(dim.eval(ctx.symbols).to_i64()?))
                .collect::<TractResult<_>>()?;
            convert(&tensor1(&numbers).into_shape(input.shape())?, self.to)?
        } else {
            convert(input, self.to)?
        };
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for ExactCast {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [input] = inputs else { bail!("a cast has one input") };
        Ok(tvec!(TypedFact::dt_shape(self.to, input.shape.clone())))
    }

    as_op!();
}

/// The elements of `tensor` as those of type `to`.
fn convert(tensor: &Tensor, to: DatumType) -> TractResult<Tensor> {
    if to.is_tdim() {
        let counts = to_tract(&from_tract(tensor)?.cast(ElementType::I64)?)?;
        return Ok(counts.cast_to::<TDim>()?.into_owned());
    }
    to_tract(&from_tract(tensor)?.cast(element_type(to)?)?)
}
