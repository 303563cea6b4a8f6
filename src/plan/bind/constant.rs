//! Values of constant expressions, where a declaration or an option asks for them.

use crate::data::{DataType, Operand, Scalar, array_of, cast, scalar_at};
use crate::diag::Result;
use crate::function::{BatchCall, Env, Volatility};
use crate::plan::expr::{Expr, ExprKind};

/// The value of `expr`; `None` where it depends on rows, on the time or on subqueries.
///
/// # Errors
/// What computing it says.
pub(super) fn constant(expr: &Expr) -> Result<Option<Scalar>> {
    let all = |parts: &[Expr]| parts.iter().map(constant).collect::<Result<Option<Vec<_>>>>();
    Ok(match &expr.kind {
        ExprKind::Literal(value) => Some(value.clone()),
        ExprKind::Array(items) => match (&expr.data_type, all(items)?) {
            (DataType::Array(element), Some(items)) => Some(Scalar::Array((**element).clone(), items)),
            _ => None,
        },
        ExprKind::Struct(items) => match (&expr.data_type, all(items)?) {
            (DataType::Struct(fields), Some(items)) => Some(Scalar::Struct(fields.clone(), items)),
            _ => None,
        },
        ExprKind::Cast { value, mode } => match constant(value)? {
            Some(inner) => {
                let array = array_of(&[inner], &value.data_type)?;
                let array = cast(&array, &value.data_type, &expr.data_type, *mode).map_err(|mut error| {
                    error.take_row();
                    error.or_at(expr.span)
                })?;
                Some(scalar_at(&array, &expr.data_type, 0)?)
            }
            None => None,
        },
        ExprKind::Call { function, kernel, args, .. } if function.volatility == Volatility::Immutable => {
            match all(args)? {
                Some(values) => {
                    let types: Vec<_> = args.iter().map(|arg| arg.data_type.clone()).collect();
                    let operands = values.iter().zip(&types).map(|(value, data_type)| {
                        array_of(std::slice::from_ref(value), data_type).map(Operand::constant)
                    });
                    let operands = operands.collect::<Result<Vec<_>>>()?;
                    let env = Env::new(Default::default(), 0, 0);
                    let call = BatchCall {
                        args: &operands,
                        types: &types,
                        returns: &expr.data_type,
                        rows: 1,
                        env: &env,
                    };
                    match kernel(&call) {
                        Ok(array) => Some(scalar_at(&array, &expr.data_type, 0)?),
                        Err(_) => None,
                    }
                }
                None => None,
            }
        }
        _ => None,
    })
}
