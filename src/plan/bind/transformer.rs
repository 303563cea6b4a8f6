//! The preprocessing functions in the list of a TRANSFORM: their statistics are taken, or those that were taken are used.

use std::sync::Arc;

use crate::data::{DataType, Scalar};
use crate::diag::{Invariant, Result, Span};
use crate::function::{Fit, Fitted};
use crate::plan::expr::{Expr, ExprKind};

/// Statistics to take over all rows.
#[derive(Debug, Clone)]
pub(crate) struct FitCall {
    pub(crate) fit: Fit,
    pub(crate) args: Vec<Expr>,
    pub(crate) data_type: DataType,
    pub(crate) span: Span,
}

/// What becomes of preprocessing functions in the list of a TRANSFORM.
#[derive(Debug)]
pub(super) enum Transformer {
    /// The statistics that they need are collected.
    Collect(Vec<FitCall>),
    /// They use the statistics that were kept.
    Apply(std::vec::IntoIter<Arc<dyn Fitted>>),
}

impl Transformer {
    pub(super) fn result(
        &mut self,
        fit: Fit,
        args: Vec<Expr>,
        data_type: DataType,
        span: Span,
    ) -> Result<Expr> {
        let kind = match self {
            Self::Collect(calls) => {
                calls.push(FitCall { fit, args, data_type: data_type.clone(), span });
                ExprKind::Literal(Scalar::Null)
            }
            Self::Apply(kept) => {
                let fitted = kept.next().invariant("statistics for every preprocessing function")?;
                ExprKind::Fitted { fitted, args }
            }
        };
        Ok(Expr { kind, data_type, span })
    }
}
