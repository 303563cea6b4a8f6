//! Puts the values of parameters into a plan that was bound before there were any.

use super::expr::{Expr, ExprKind};
use super::node::{Node, Plan};
use super::parameter::Params;
use crate::diag::{Invariant, Result};

impl Plan {
    /// The plan with these values in the places of its parameters.
    ///
    /// # Errors
    /// `internal` for values of other parameters than those that it was bound with.
    pub(crate) fn with_values(&self, params: &Params) -> Result<Self> {
        let mut plan = self.clone();
        plan.roots_mut().try_for_each(|root| fill_node(root, params))?;
        Ok(plan)
    }
}

fn fill_node(node: &mut Node, params: &Params) -> Result<()> {
    node.exprs_mut().into_iter().try_for_each(|expr| fill(expr, params))?;
    node.inputs_mut().into_iter().try_for_each(|input| fill_node(input, params))
}

fn fill(expr: &mut Expr, params: &Params) -> Result<()> {
    if let ExprKind::Parameter(slot) = &expr.kind {
        let value = params.value(&slot.parameter).invariant("a parameter of the plan has no value")?;
        expr.kind = ExprKind::Literal(value.clone());
        return Ok(());
    }
    expr.children_mut().into_iter().try_for_each(|child| fill(child, params))
}
