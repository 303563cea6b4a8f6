//! Operators of tract that lose NaN: its kernels for maxima, minima and some activations give a number where one of the
//! values is not. A network would then answer a missing value with a guess.
//!
//! Kernels without that fault would slow every network down; so a plan is made with and one without this pass, and rows that
//! hold NaN take the plan with it. NaN that a model itself computes, of infinities, is not seen.

use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};
use tract_onnx::tract_hir::internal::{
    Datum, DatumType, EvalContext, EvalOp, IntoTValue, IntoTensor, Op, StaticName, TValue, TVec, Tensor,
    TractResult, TypedFact, TypedModel, TypedOp, as_op, op_as_typed_op, op_out_of_plan,
};

/// Activations whose kernels clamp their input.
const CLAMPED: [&str; 8] = ["Sigmoid", "Tanh", "Exp", "Erf", "Silu", "Gelu", "GeluExact", "HardSwish"];

/// Makes the operators of `model` keep NaN; tells whether there are any that lose it.
pub(crate) fn keep_nan(model: &mut TypedModel) -> bool {
    let losing: Vec<usize> =
        model.nodes.iter().filter(|node| loses_nan(&*node.op)).map(|node| node.id).collect();
    for id in &losing {
        let node = model.node_mut(*id);
        let op = node.op.clone();
        node.op = Box::new(KeepNan { op });
    }
    !losing.is_empty()
}

fn loses_nan(op: &dyn TypedOp) -> bool {
    if let Some(binary) = op.downcast_ref::<TypedBinOp>() {
        return matches!(binary.0.name(), "Max" | "Min");
    }
    if let Some(reduce) = op.downcast_ref::<Reduce>() {
        return matches!(reduce.reducer, Reducer::Max | Reducer::Min);
    }
    op.downcast_ref::<ElementWiseOp>().is_some_and(|op| CLAMPED.contains(&op.0.name().as_str()))
}

/// An operator whose output is NaN where one of the values that it is made of is NaN.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeepNan {
    op: Box<dyn TypedOp>,
}

impl Op for KeepNan {
    fn name(&self) -> StaticName {
        "KeepNan".into()
    }

    op_as_typed_op!();
}

impl EvalOp for KeepNan {
    op_out_of_plan!();

    fn eval(&self, ctx: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let outputs = self.op.eval(ctx, inputs.clone())?;
        let mut kept = TVec::new();
        for output in outputs {
            let mut output = output.into_tensor();
            for input in &inputs {
                match (input.datum_type(), output.datum_type()) {
                    (DatumType::F32, DatumType::F32) => {
                        spread::<f32>(input, &mut output, f32::NAN, f32::is_nan)?
                    }
                    (DatumType::F64, DatumType::F64) => {
                        spread::<f64>(input, &mut output, f64::NAN, f64::is_nan)?
                    }
                    _ => {}
                }
            }
            kept.push(output.into_tvalue());
        }
        Ok(kept)
    }
}

/// Puts NaN into `output` wherever `input`, broadcast or reduced to its shape, has one.
#[expect(clippy::indexing_slicing, reason = "a position is below the product of the dimensions that made it")]
fn spread<T: Datum + Copy>(
    input: &Tensor,
    output: &mut Tensor,
    nan: T,
    is_nan: fn(T) -> bool,
) -> TractResult<()> {
    let input_view = input.try_as_plain_ram()?;
    let values = input_view.as_slice::<T>()?;
    if !values.iter().any(|value| is_nan(*value)) {
        return Ok(());
    }
    // Both have the same rank; where one has a dimension of 1, it stands for all positions of the other.
    let dims: Vec<(usize, usize)> =
        input.shape().iter().copied().zip(output.shape().iter().copied()).collect();
    let mut view = output.try_as_plain_ram_mut()?;
    let slots = view.as_slice_mut::<T>()?;
    for nth in 0..dims.iter().map(|(input, output)| input.max(output)).product() {
        let (mut rest, mut from, mut to, mut from_step, mut to_step) = (nth, 0, 0, 1, 1);
        for (input, output) in dims.iter().rev() {
            let coordinate = rest % input.max(output);
            rest /= input.max(output);
            from += if *input > 1 { coordinate * from_step } else { 0 };
            to += if *output > 1 { coordinate * to_step } else { 0 };
            from_step *= input;
            to_step *= output;
        }
        if is_nan(values[from]) {
            slots[to] = nan;
        }
    }
    Ok(())
}

impl TypedOp for KeepNan {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        self.op.output_facts(inputs)
    }

    as_op!();
}
