//! Constant folding: the values of calls whose arguments are constants, before a plan runs.

use std::sync::Arc;

use super::{BatchCall, Env, Function, Kernel, Volatility};
use crate::data::{DataType, Operand, Scalar, array_of, scalar_at};
use crate::diag::Result;
use crate::limits::Limits;

/// The value of a call with constant arguments of these types; `None` where it depends on more than its arguments, and
/// where it has none: then running the call says why.
///
/// # Errors
/// `internal` where a value does not have its type.
pub(crate) fn fold(
    function: &Function,
    kernel: Kernel,
    args: &[(Scalar, DataType)],
    returns: &DataType,
    limits: &Arc<Limits>,
) -> Result<Option<Scalar>> {
    if function.volatility != Volatility::Immutable {
        return Ok(None);
    }
    let types: Vec<_> = args.iter().map(|(_, data_type)| data_type.clone()).collect();
    let constant = |(value, data_type): &(Scalar, DataType)| {
        array_of(std::slice::from_ref(value), data_type).map(Operand::constant)
    };
    let args = args.iter().map(constant).collect::<Result<Vec<_>>>()?;
    // An immutable function reads neither the clock nor the random state.
    let env = Env::new(limits.clone(), 0, 0);
    match kernel(&BatchCall { args: &args, types: &types, returns, rows: 1, env: &env }) {
        Ok(column) => scalar_at(&column, returns, 0).map(Some),
        Err(_) => Ok(None),
    }
}
