//! Divisors of `Div` and `Mod`: our own operator in front of tract's, which stops the program where an integer is divided by
//! zero. onnxruntime's process ends there too; here it is an error of the rows.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy, check_input_arity};
use tract_onnx::tract_hir::internal::{
    Expansion, OutletId, SpecialOps, StaticName, TVec, Tensor, TractResult, TypedModel, bail,
    check_output_arity, ensure, expand, tvec,
};

use crate::tract::guard::{Check, Guard};

/// Builds the check.
pub(super) fn build(
    _: &ParsingContext<'_>,
    _: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(NonZero), Vec::new()))
}

/// Lets numbers through unless they are integers and one of them is zero.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NonZero;

impl Check for NonZero {
    const NAME: &'static str = "NonZero";

    fn check(&self, divisors: &Tensor) -> TractResult<()> {
        let divisors = divisors.cast_to::<i64>()?;
        let holds_zero = divisors.try_as_plain_ram()?.as_slice::<i64>()?.contains(&0);
        ensure!(!holds_zero, "an integer is divided by zero");
        Ok(())
    }
}

impl Expansion for NonZero {
    fn name(&self) -> StaticName {
        "NonZero".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        let ([input], [output]) = (inputs, outputs) else { bail!("a divisor is one input") };
        solver.equals(&output.datum_type, &input.datum_type)?;
        solver.equals(&output.shape, &input.shape)?;
        solver.equals(&output.value, &input.value)
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let [input] = inputs else { bail!("a divisor is one input") };
        let fact = model.outlet_fact(*input)?;
        // Dimensions are computed by tract, which says itself what it cannot divide.
        let is_checked = fact.datum_type.is_integer();
        match &fact.konst {
            Some(constant) if is_checked => {
                self.check(constant)?;
                Ok(tvec!(*input))
            }
            None if is_checked => model.wire_node(prefix, Guard(self.clone()), inputs),
            _ => Ok(tvec!(*input)),
        }
    }
}
