//! Guards: tract ends the program over values that an operator of its own cannot take; a guard in front of the operator
//! lets all others through unchanged and makes these an error.

use std::fmt;

use tract_onnx::tract_hir::internal::{
    EvalContext, EvalOp, Op, StaticName, TValue, TVec, Tensor, TractResult, TypedFact, TypedOp, as_op,
    op_as_typed_op, op_out_of_plan,
};

/// What a guard looks at.
pub(super) trait Check: fmt::Debug + Clone + Eq + Send + Sync + 'static {
    /// What graphs call the guard.
    const NAME: &'static str;

    /// # Errors
    /// For values that the guarded operator cannot take.
    fn check(&self, values: &Tensor) -> TractResult<()>;
}

/// An operator whose outputs are its inputs, once they were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guard<C>(pub(super) C);

impl<C: Check> Op for Guard<C> {
    fn name(&self) -> StaticName {
        C::NAME.into()
    }

    op_as_typed_op!();
}

impl<C: Check> EvalOp for Guard<C> {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        inputs.iter().try_for_each(|input| self.0.check(input))?;
        Ok(inputs)
    }
}

impl<C: Check> TypedOp for Guard<C> {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(inputs.iter().map(|fact| fact.without_value()).collect())
    }

    as_op!();
}
