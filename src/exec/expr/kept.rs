//! Long arrays that a call makes of constants: `x IN UNNEST(GENERATE_ARRAY(1, 1000000))` asks for the same one in every batch.

use crate::data::{DataType, Operand, is_same};
use crate::diag::Result;
use crate::function::ArrayView;
use crate::plan::{Expr, ExprKind};

/// Fewer elements are made again in less time than they are found.
const LONG: usize = 1 << 10;

/// How many of the latest are kept.
const MOST: usize = 4;

/// What a call gave.
pub(in crate::exec) struct Kept {
    call: Expr,
    args: Vec<Operand>,
    value: Operand,
}

pub(super) fn is_array_of_constants(data_type: &DataType, args: &[Operand]) -> bool {
    matches!(data_type, DataType::Array(_)) && args.iter().all(Operand::is_constant)
}

/// What the call `expr` of `args` gave before.
///
/// # Errors
/// `internal` for arguments of another layout than their types.
pub(super) fn find(expr: &Expr, args: &[Operand], kept: &[Kept]) -> Result<Option<Operand>> {
    for Kept { call, args: known, value } in kept {
        if is_same_function(expr, call) && known.len() == args.len() {
            let mut pairs = known.iter().zip(args);
            if pairs.try_fold(true, |all, (a, b)| Ok(all && is_same(a.array(), b.array())?))? {
                return Ok(Some(value.clone()));
            }
        }
    }
    Ok(None)
}

/// Keeps what the call `expr` of `args` has given, where it is long.
pub(super) fn keep(expr: &Expr, args: Vec<Operand>, value: &Operand, kept: &mut Vec<Kept>) {
    if ArrayView::new(value).is_ok_and(|view| view.values().len() >= LONG) {
        kept.truncate(MOST - 1);
        kept.insert(0, Kept { call: expr.clone(), args, value: value.clone() });
    }
}

/// Whether two calls are of one function, over values of the same types.
fn is_same_function(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (
            ExprKind::Call { function, args, safe, .. },
            ExprKind::Call { function: other, args: others, safe: other_safe, .. },
        ) => {
            let types = |args: &[Expr]| args.iter().map(|arg| arg.data_type.clone()).collect::<Vec<_>>();
            function.name == other.name
                && safe == other_safe
                && a.data_type == b.data_type
                && types(args) == types(others)
        }
        _ => false,
    }
}
