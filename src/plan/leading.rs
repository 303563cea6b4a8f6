//! How many of the first rows of each partition of a window a query wants: `QUALIFY ROW_NUMBER() OVER (…) <= 3` wants three.

use super::expr::{Expr, ExprKind, Order};
use super::node::WindowCall;
use crate::data::Scalar;
use crate::function::Ranking;
use crate::syntax::SqlOperator;

/// The rows whose number in `column` is `first` at most are wanted, and maybe others are not.
#[derive(Clone, Copy)]
pub(crate) struct Leading {
    column: usize,
    first: usize,
}

impl Leading {
    /// What a filter by `predicate` wants.
    pub(crate) fn of(predicate: &Expr) -> Option<Self> {
        let ExprKind::Call { function, args, safe: false, .. } = &predicate.kind else { return None };
        if function.operator == Some(SqlOperator::And) {
            return args.iter().find_map(Self::of);
        }
        let (left, right) = match args.as_slice() {
            [left, right] | [left, _, right] => (left, right),
            _ => return None,
        };
        let beyond = |number: &i64| number.checked_sub(1);
        let (column, most) = match (function.operator?, &left.kind, &right.kind) {
            (
                SqlOperator::Equal | SqlOperator::LessOrEqual | SqlOperator::Between,
                ExprKind::Column(column),
                ExprKind::Literal(Scalar::Int64(most)),
            )
            | (
                SqlOperator::Equal | SqlOperator::GreaterOrEqual,
                ExprKind::Literal(Scalar::Int64(most)),
                ExprKind::Column(column),
            ) => (column, *most),
            (SqlOperator::Less, ExprKind::Column(column), ExprKind::Literal(Scalar::Int64(end)))
            | (SqlOperator::Greater, ExprKind::Literal(Scalar::Int64(end)), ExprKind::Column(column)) => {
                (column, beyond(end)?)
            }
            _ => return None,
        };
        Some(Self { column: *column, first: usize::try_from(most).ok()? })
    }

    /// What is wanted of the input of a list of `exprs`.
    pub(crate) fn below(self, exprs: &[Expr]) -> Option<Self> {
        match exprs.get(self.column)?.kind {
            ExprKind::Column(column) => Some(Self { column, ..self }),
            _ => None,
        }
    }

    /// How many of the first rows of its partitions a window has to number, where all its functions number rows.
    pub(crate) fn of_window(self, order_by: &[Order], calls: &[WindowCall], keep: &[usize]) -> Option<usize> {
        let numbers =
            |call: &WindowCall| matches!(call, WindowCall::Ranking(Ranking::RowNumber | Ranking::Rank));
        let is_number = self.column >= keep.len();
        (is_number && !order_by.is_empty() && calls.iter().all(numbers)).then_some(self.first)
    }
}
