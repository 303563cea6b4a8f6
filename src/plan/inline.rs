//! Queries of WITH that are named once move to where they are named; those that nobody names are dropped.
//!
//! So a query that is named once streams, and loses the columns that nobody reads. One that is named more often is
//! run once and its rows are kept.

use super::expr::{Expr, ExprKind};
use super::node::{Node, NodeKind, Plan, Subplan, SubplanKind};
use crate::diag::{Error, Invariant, Result, Span};

/// What becomes of a subplan.
enum Placement {
    /// It still runs before the plan, and has this number.
    Kept(usize),
    /// It moves to where it is used; `None` when it has moved.
    Moving(Option<Box<Node>>),
}

/// The plan with only those subplans that have to run before it.
///
/// # Errors
/// `internal` where something uses a subplan that does not run before it.
pub(super) fn inline(mut plan: Plan) -> Result<Plan> {
    let mut uses = vec![0_usize; plan.subplans.len()];
    for node in plan.subplans.iter().map(|subplan| &subplan.root).chain([&plan.root]) {
        count_uses(node, 1, &mut uses)?;
    }
    // They run many times.
    plan.queries.iter().try_for_each(|query| count_uses(&query.root, 2, &mut uses))?;
    let mut kept = Vec::with_capacity(plan.subplans.len());
    let mut placements = Vec::with_capacity(plan.subplans.len());
    for (mut subplan, uses) in plan.subplans.into_iter().zip(uses) {
        if matches!(subplan.kind, SubplanKind::Recursive { .. }) {
            // It reads itself.
            placements.push(Placement::Kept(kept.len()));
            place(&mut subplan.root, &mut placements)?;
            kept.push(subplan);
            continue;
        }
        place(&mut subplan.root, &mut placements)?;
        if subplan.kind == SubplanKind::Rows && uses <= 1 {
            placements.push(Placement::Moving(Some(Box::new(subplan.root))));
        } else {
            placements.push(Placement::Kept(kept.len()));
            kept.push(subplan);
        }
    }
    plan.queries.iter_mut().try_for_each(|query| place(&mut query.root, &mut placements))?;
    place(&mut plan.root, &mut placements)?;
    Ok(Plan { subplans: kept, queries: plan.queries, root: plan.root })
}

/// Puts moving subplans where they are used and renumbers the others.
fn place(node: &mut Node, placements: &mut [Placement]) -> Result<()> {
    if let NodeKind::Shared { subplan, columns } = &mut node.kind {
        match placements.get_mut(*subplan).invariant("a query of WITH is read before it runs")? {
            Placement::Kept(number) => *subplan = *number,
            Placement::Moving(root) => {
                let input = root.take().invariant("a query of WITH moves to two places")?;
                let exprs = columns.iter().zip(&node.schema.fields);
                let exprs = exprs
                    .map(|(column, field)| Expr::column(*column, field.data_type.clone(), Span::default()))
                    .collect();
                node.kind = NodeKind::Project { input, exprs };
            }
        }
        return Ok(());
    }
    for expr in node.exprs_mut() {
        renumber(expr, placements)?;
    }
    node.inputs_mut().into_iter().try_for_each(|input| place(input, placements))
}

fn renumber(expr: &mut Expr, placements: &[Placement]) -> Result<()> {
    if let ExprKind::Subplan(number) = &mut expr.kind {
        match placements.get(*number) {
            Some(Placement::Kept(kept)) => *number = *kept,
            _ => return Err(Error::internal("the value of a subquery is read before it runs")),
        }
    }
    expr.children_mut().into_iter().try_for_each(|child| renumber(child, placements))
}

/// Counts how often each subplan's rows are read where `node` runs `times` times.
fn count_uses(node: &Node, times: usize, uses: &mut [usize]) -> Result<()> {
    if let NodeKind::Shared { subplan, .. } = &node.kind {
        *uses.get_mut(*subplan).invariant("a query of WITH has no subplan")? += times;
    }
    node.inputs().into_iter().try_for_each(|input| count_uses(input, times, uses))
}

impl Subplan {
    /// What it is for, as EXPLAIN says it.
    pub(super) fn purpose(&self) -> &'static str {
        match self.kind {
            SubplanKind::Rows => "rows used several times",
            SubplanKind::Recursive { .. } => "rows that lead to more",
            SubplanKind::Value => "one value",
            SubplanKind::Exists => "whether there are rows",
            SubplanKind::Array => "an array",
        }
    }
}
