//! What the expressions of one SELECT compute beside rows: aggregates and window functions.
//!
//! While a SELECT's expressions are bound, the results of such functions have no column yet. They get numbers beyond
//! all columns, and the columns that they become once all of them are known.

use super::transform::Transformer;
use crate::diag::Span;
use crate::plan::expr::{Aggregate, Expr, ExprKind, Order};
use crate::plan::node::WindowCall;

/// Numbers of aggregates and of window functions begin here; columns are fewer.
const AGGREGATES: usize = 1 << 29;
const WINDOWS: usize = 1 << 30;

/// What was met so far in the expressions of a SELECT, and what may be met where an expression stands.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) windows: Vec<Windowed>,
    /// Why there can be no aggregate function here: the clause's name.
    pub(super) no_aggregates: Option<&'static str>,
    /// Why there can be no window function here.
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
    /// Expressions of `clause`, where neither kind of function can stand.
    pub(super) fn plain(clause: &'static str) -> Self {
        Self { no_aggregates: Some(clause), no_windows: Some(clause), ..Self::default() }
    }

    /// The result of an aggregate.
    pub(super) fn aggregate(&mut self, aggregate: Aggregate) -> Expr {
        let same = |it: &Aggregate| same_aggregate(it, &aggregate);
        let at = self.aggregates.iter().position(same).unwrap_or(self.aggregates.len());
        let expr = Expr::column(AGGREGATES + at, aggregate.data_type.clone(), aggregate.span);
        if at == self.aggregates.len() {
            self.aggregates.push(aggregate);
        }
        expr
    }

    /// The result of a window function.
    pub(super) fn window(&mut self, windowed: Windowed, result: Expr) -> Expr {
        self.windows.push(windowed);
        Expr { kind: ExprKind::Column(WINDOWS + self.windows.len() - 1), ..result }
    }
}

/// Whether an expression reads columns alone, no aggregates and no window functions.
pub(super) fn is_plain(expr: &Expr) -> bool {
    let mut plain = true;
    expr.clone().visit_columns(&mut |at| plain &= *at < AGGREGATES);
    plain
}

/// Rewrites `expr` over the columns of an aggregation by `keys`: the keys, then the aggregates.
///
/// # Errors
/// The number and place of a column that is no part of a key.
pub(super) fn over_groups(expr: &mut Expr, keys: &[Expr]) -> Result<(), (usize, Span)> {
    if let Some(at) = keys.iter().position(|key| same(key, expr)) {
        expr.kind = ExprKind::Column(at);
        return Ok(());
    }
    match &mut expr.kind {
        ExprKind::Column(at) if *at >= WINDOWS => Ok(()),
        ExprKind::Column(at) if *at >= AGGREGATES => {
            *at = *at - AGGREGATES + keys.len();
            Ok(())
        }
        ExprKind::Column(at) => Err((*at, expr.span)),
        _ => expr.children().into_iter().try_for_each(|child| over_groups(child, keys)),
    }
}

/// Rewrites `expr` so that the results of window functions are the columns `places`.
pub(super) fn over_windows(expr: &mut Expr, places: &[usize]) {
    expr.visit_columns(&mut |at| {
        if let Some(place) = at.checked_sub(WINDOWS).and_then(|window| places.get(window)) {
            *at = *place;
        }
    });
}

/// Whether two expressions are the same wherever they stand.
pub(super) fn same(a: &Expr, b: &Expr) -> bool {
    use ExprKind::{Array, Call, Case, Cast, Coalesce, Column, Element, Field, Literal, Struct, Subplan};
    let all = |a: &[Expr], b: &[Expr]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b));
    a.data_type == b.data_type
        && match (&a.kind, &b.kind) {
            (Column(a), Column(b)) | (Subplan(a), Subplan(b)) => a == b,
            (Literal(a), Literal(b)) => a == b,
            (Call { function: f, args: a, safe, .. }, Call { function: g, args: b, safe: other, .. }) => {
                f.name == g.name && !f.is_volatile() && safe == other && all(a, b)
            }
            (Cast { value: a, mode }, Cast { value: b, mode: other }) => mode == other && same(a, b),
            (Field { value: a, at }, Field { value: b, at: other }) => at == other && same(a, b),
            (
                Element { array: a, index: i, base, safe },
                Element { array: b, index: j, base: other, safe: other_safe },
            ) => base == other && safe == other_safe && same(a, b) && same(i, j),
            (Array(a), Array(b)) | (Struct(a), Struct(b)) | (Coalesce(a), Coalesce(b)) => all(a, b),
            (Case { branches: a, otherwise: x }, Case { branches: b, otherwise: y }) => {
                let pairs = a.iter().zip(b);
                a.len() == b.len()
                    && pairs.into_iter().all(|(a, b)| same(&a.0, &b.0) && same(&a.1, &b.1))
                    && same(x, y)
            }
            _ => false,
        }
}

fn same_aggregate(a: &Aggregate, b: &Aggregate) -> bool {
    a.function.name == b.function.name
        && a.distinct == b.distinct
        && a.ignore_nulls == b.ignore_nulls
        && a.limit == b.limit
        && a.args.len() == b.args.len()
        && a.args.iter().zip(&b.args).all(|(a, b)| same(a, b))
        && same_order(&a.order_by, &b.order_by)
}

pub(super) fn same_order(a: &[Order], b: &[Order]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            a.descending == b.descending && a.nulls_first == b.nulls_first && same(&a.expr, &b.expr)
        })
}
