//! Two calls that are computed as one: a picture that is decoded and resized is never there in floats in its own size.

use super::{Rows, call};
use crate::data::Operand;
use crate::diag::Result;
use crate::exec::Context;
use crate::function::joined;
use crate::plan::{Expr, ExprKind};

/// The values of a call.
pub(super) fn compute(expr: &Expr, rows: Rows<'_>, ctx: &mut Context) -> Result<Operand> {
    match as_one(expr).map(|one| call(&one, rows, ctx)) {
        Some(Ok(values)) => Ok(values),
        // Where it fails, one after the other says which of the two it was.
        _ => call(expr, rows, ctx),
    }
}

/// The call that does what `expr` and the call that is its first argument do.
fn as_one(expr: &Expr) -> Option<Expr> {
    let ExprKind::Call { function: outer, args, safe, .. } = &expr.kind else { return None };
    // One more would be options.
    let [first, rest @ ..] = args.as_slice() else { return None };
    let ExprKind::Call { function: inner, args: its, safe: is_inner_safe, .. } = &first.kind else {
        return None;
    };
    if rest.len() != 3 || safe != is_inner_safe {
        return None;
    }
    let kernel = joined(outer, inner)?;
    let args = rest.iter().chain(its).cloned().collect();
    let kind = ExprKind::Call { function: inner, kernel, args, safe: *safe };
    Some(Expr { kind, data_type: expr.data_type.clone(), span: expr.span })
}
