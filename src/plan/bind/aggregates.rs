//! The aggregates and window functions in the expressions of one SELECT.
//!
//! While a SELECT's expressions are bound, the results of such functions have no column yet and are [`Pending`]. When
//! all of them are known, the expressions are rewritten over the columns that they become.

use litemap::LiteMap;

use super::transformer::Transformer;
use crate::diag::{Invariant, Result, Span};
use crate::plan::expr::{Aggregate, Expr, ExprKind, Order, Pending};
use crate::plan::node::WindowCall;

/// One level of nested queries: the functions met so far in the expressions of its SELECT, and which ones are
/// allowed in the clause that is being bound.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) windows: Vec<Windowed>,
    /// The clause that is being bound, if aggregate functions are not allowed in it.
    pub(super) no_aggregates: Option<&'static str>,
    /// The clause that is being bound, if window functions are not allowed in it.
    pub(super) no_windows: Option<&'static str>,
    /// Takes the preprocessing functions, if these are the expressions of a TRANSFORM.
    pub(super) transformer: Option<Transformer>,
}

/// A window function and its window.
#[derive(Debug)]
pub(super) struct Windowed {
    pub(super) partition_by: Vec<Expr>,
    pub(super) order_by: Vec<Order>,
    pub(super) call: WindowCall,
}

impl Level {
    /// Expressions of `clause`, where neither kind of function is allowed.
    pub(super) fn plain(clause: &'static str) -> Self {
        Self { no_aggregates: Some(clause), no_windows: Some(clause), ..Self::default() }
    }

    /// The result of an aggregate; equal ones are computed once.
    pub(super) fn aggregate(&mut self, aggregate: Aggregate) -> Expr {
        let (data_type, span) = (aggregate.data_type.clone(), aggregate.span);
        let known = self.aggregates.iter().position(|known| same_aggregate(known, &aggregate));
        let number = known.unwrap_or(self.aggregates.len());
        if known.is_none() {
            self.aggregates.push(aggregate);
        }
        Expr { kind: ExprKind::Pending(Pending::Aggregate(number)), data_type, span }
    }

    /// The result of a window function.
    pub(super) fn window(&mut self, windowed: Windowed, span: Span) -> Expr {
        let data_type = windowed.call.data_type();
        let kind = ExprKind::Pending(Pending::Window(self.windows.len()));
        self.windows.push(windowed);
        Expr { kind, data_type, span }
    }
}

impl Windowed {
    pub(super) fn exprs_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let order_by = self.order_by.iter_mut().map(|key| &mut key.expr);
        self.partition_by.iter_mut().chain(order_by).chain(self.call.exprs_mut())
    }

    /// Whether both can be computed over the same sorted rows.
    pub(super) fn shares_window(&self, other: &Self) -> bool {
        same_exprs(&self.partition_by, &other.partition_by) && same_order(&self.order_by, &other.order_by)
    }
}

/// Whether an expression reads columns alone, no aggregates and no window functions.
pub(super) fn is_plain(expr: &Expr) -> bool {
    !expr.any(&|inner| matches!(inner.kind, ExprKind::Pending(_)))
}

/// Whether an expression reads the result of a window function.
pub(super) fn has_window(expr: &Expr) -> bool {
    expr.any(&|inner| matches!(inner.kind, ExprKind::Pending(Pending::Window(_))))
}

/// Rewrites `expr` over the columns of an aggregation by `keys`: the keys, then the aggregates.
///
/// # Errors
/// The number and span of a column that is not part of a key.
pub(super) fn over_groups(expr: &mut Expr, keys: &[Expr]) -> Result<(), (usize, Span)> {
    if let Some(key) = keys.iter().position(|key| same(key, expr)) {
        expr.kind = ExprKind::Column(key);
        return Ok(());
    }
    match expr.kind {
        ExprKind::Pending(Pending::Aggregate(number)) => {
            expr.kind = ExprKind::Column(keys.len() + number);
            Ok(())
        }
        ExprKind::Column(column) => Err((column, expr.span)),
        _ => expr.children_mut().into_iter().try_for_each(|child| over_groups(child, keys)),
    }
}

/// Rewrites `expr` so that the results of window functions are these columns.
///
/// # Errors
/// `internal` where a window function has no column.
pub(super) fn over_windows(expr: &mut Expr, columns: &LiteMap<usize, usize>) -> Result<()> {
    if let ExprKind::Pending(Pending::Window(number)) = expr.kind {
        let column = columns.get(&number).invariant("a window function has no column")?;
        expr.kind = ExprKind::Column(*column);
    }
    expr.children_mut().into_iter().try_for_each(|child| over_windows(child, columns))
}

/// Whether two expressions are the same, apart from their spans.
pub(super) fn same(a: &Expr, b: &Expr) -> bool {
    use ExprKind::{
        Array, Call, Case, Cast, Coalesce, Column, Correlated, Element, Field, Literal, Outer, Parameter,
        Pending, Struct, Subplan,
    };
    let same_children = || {
        let (a, b) = (a.children(), b.children());
        a.len() == b.len() && a.into_iter().zip(b).all(|(a, b)| same(a, b))
    };
    let same_kind = match (&a.kind, &b.kind) {
        (Column(a), Column(b)) | (Subplan(a), Subplan(b)) => a == b,
        (Pending(a), Pending(b)) => a == b,
        (Correlated { query, .. }, Correlated { query: other, .. }) => query == other,
        (Outer { level, value }, Outer { level: other_level, value: other }) => {
            level == other_level && same(value, other)
        }
        (Literal(a), Literal(b)) => a == b,
        // Values that are not known yet may be equal.
        (Parameter(a), Parameter(b)) => a.parameter == b.parameter || !a.is_typed && !b.is_typed,
        (Call { function, safe, .. }, Call { function: other_function, safe: other_safe, .. }) => {
            function.name == other_function.name && !function.is_volatile() && safe == other_safe
        }
        (Cast { mode, .. }, Cast { mode: other, .. }) => mode == other,
        (Field { index, .. }, Field { index: other, .. }) => index == other,
        (Element { base, safe, .. }, Element { base: other_base, safe: other_safe, .. }) => {
            base == other_base && safe == other_safe
        }
        (Array(_), Array(_))
        | (Struct(_), Struct(_))
        | (Coalesce(_), Coalesce(_))
        | (Case { .. }, Case { .. }) => true,
        _ => false,
    };
    a.data_type == b.data_type && same_kind && same_children()
}

fn same_exprs(a: &[Expr], b: &[Expr]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn same_aggregate(a: &Aggregate, b: &Aggregate) -> bool {
    a.function.name == b.function.name
        && a.distinct == b.distinct
        && a.ignore_nulls == b.ignore_nulls
        && a.respect_nulls == b.respect_nulls
        && match (&a.having, &b.having) {
            (None, None) => true,
            (Some(a), Some(b)) => a.max == b.max && same(&a.expr, &b.expr),
            _ => false,
        }
        && a.limit == b.limit
        && same_exprs(&a.args, &b.args)
        && same_order(&a.order_by, &b.order_by)
}

fn same_order(a: &[Order], b: &[Order]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            a.descending == b.descending && a.nulls_first == b.nulls_first && same(&a.expr, &b.expr)
        })
}
