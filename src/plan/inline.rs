//! Queries of WITH that are named once move to where they are named; those that nobody names are dropped.
//!
//! So a query that is named once streams, and loses the columns that nobody reads. One that is named more often is
//! run once and its rows are kept.

use super::expr::{Expr, ExprKind};
use super::node::{Gives, Node, NodeKind, Plan, Subplan};

/// The plan with only those subplans that have to run before it.
pub(super) fn inline(mut plan: Plan) -> Plan {
    let mut uses = vec![0_usize; plan.subplans.len()];
    let mut count = |at: &mut usize| {
        if let Some(uses) = uses.get_mut(*at) {
            *uses += 1;
        }
    };
    plan.subplans.iter_mut().for_each(|subplan| visit(&mut subplan.root, &mut count));
    visit(&mut plan.root, &mut count);

    let mut kept = Vec::with_capacity(plan.subplans.len());
    // Where each subplan stands among those that are kept, and the roots of those that move.
    let mut places = Vec::with_capacity(uses.len());
    let mut moving: Vec<Option<Node>> = Vec::with_capacity(uses.len());
    for (mut subplan, uses) in plan.subplans.into_iter().zip(uses) {
        place(&mut subplan.root, &mut moving, &places);
        let stays = subplan.gives != Gives::Rows || uses > 1;
        places.push(kept.len());
        if stays {
            moving.push(None);
            kept.push(subplan);
        } else {
            moving.push(Some(subplan.root));
        }
    }
    place(&mut plan.root, &mut moving, &places);
    Plan { subplans: kept, root: plan.root }
}

/// Puts moving subplans in place and renumbers the others.
fn place(node: &mut Node, moving: &mut [Option<Node>], places: &[usize]) {
    if let NodeKind::Shared { subplan, columns } = &mut node.kind {
        match moving.get_mut(*subplan).and_then(Option::take) {
            Some(root) => {
                let exprs = columns.iter().zip(&node.schema.fields);
                let exprs =
                    exprs.map(|(at, field)| Expr::column(*at, field.data_type.clone(), Default::default()));
                let exprs = exprs.collect();
                node.kind = NodeKind::Project { input: Box::new(root), exprs };
            }
            None => *subplan = places.get(*subplan).copied().unwrap_or(*subplan),
        }
        return;
    }
    for expr in node.exprs() {
        renumber(expr, places);
    }
    node.inputs_mut().into_iter().for_each(|input| place(input, moving, places));
}

fn renumber(expr: &mut Expr, places: &[usize]) {
    if let ExprKind::Subplan(at) = &mut expr.kind {
        *at = places.get(*at).copied().unwrap_or(*at);
    }
    expr.children().into_iter().for_each(|child| renumber(child, places));
}

/// Calls `count` with the number of every subplan that is used.
fn visit(node: &mut Node, count: &mut dyn FnMut(&mut usize)) {
    if let NodeKind::Shared { subplan, .. } = &mut node.kind {
        count(subplan);
    }
    node.inputs_mut().into_iter().for_each(|input| visit(input, count));
}

impl Subplan {
    /// What it is for, as EXPLAIN says it.
    pub(super) fn purpose(&self) -> &'static str {
        match self.gives {
            Gives::Rows => "rows used several times",
            Gives::Value => "one value",
            Gives::Exists => "whether there are rows",
            Gives::Array => "an array",
        }
    }
}
