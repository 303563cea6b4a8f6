//! Calls that are computed as one: a picture that is decoded, resized and normalised is never there in floats in its own size, and
//! once in the model's.

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
        // Where it fails, one after the other says which of them it was.
        _ => call(expr, rows, ctx),
    }
}

/// The call that does what `expr` does and the calls that its first arguments are, one inside the other.
fn as_one(expr: &Expr) -> Option<Expr> {
    let ExprKind::Call { safe: is_safe, .. } = &expr.kind else { return None };
    let (mut chain, mut others, mut next) = (Vec::new(), Vec::new(), expr);
    loop {
        let ExprKind::Call { function, args, safe, .. } = &next.kind else { return None };
        if safe != is_safe {
            return None;
        }
        chain.push((function.name, args.len()));
        if let Some(kernel) = joined(&chain) {
            let args = others.into_iter().flatten().chain(args).cloned().collect();
            let kind = ExprKind::Call { function, kernel, args, safe: *safe };
            return Some(Expr { kind, data_type: expr.data_type.clone(), span: expr.span });
        }
        let (first, rest) = args.split_first()?;
        others.push(rest);
        next = first;
    }
}
