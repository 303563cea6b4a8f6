//! The statistics of preprocessing functions, fitted once over all rows.

use std::sync::Arc;

use super::{Context, expr};
use crate::data::{Batch, Operand};
use crate::diag::Result;
use crate::function::{BatchCall, Fitted};
use crate::plan::FitCall;

/// Fits each of `calls` over `rows`.
pub(crate) fn fit(calls: &[FitCall], rows: &Batch, ctx: &mut Context) -> Result<Vec<Arc<dyn Fitted>>> {
    calls
        .iter()
        .map(|call| {
            let args: Vec<Operand> = expr::arguments(&call.args, rows, ctx)?;
            let types: Vec<_> = call.args.iter().map(|arg| arg.data_type.clone()).collect();
            let (args, types, returns, env) = (&args, &types, &call.data_type, &ctx.env);
            (call.fit)(&BatchCall { args, types, returns, rows: rows.rows(), env })
                .map_err(|error| error.or_at(call.span))
        })
        .collect()
}
