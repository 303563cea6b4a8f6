//! Columns that nobody reads are not carried along: pictures are not loaded, tensors are not copied.

use std::collections::BTreeMap;

use super::expr::Expr;
use super::node::{Node, NodeKind, Plan};
use crate::data::Schema;

/// The plan without columns that do not reach its result.
pub(super) fn prune(mut plan: Plan) -> Plan {
    for node in plan.subplans.iter_mut().map(|subplan| &mut subplan.root).chain([&mut plan.root]) {
        let all = (0..node.schema.fields.len()).collect::<Vec<_>>();
        keep(node, &all);
    }
    plan
}

/// Where the columns that were asked for stand now.
type Moved = BTreeMap<usize, usize>;

/// Leaves at least the columns `wanted` (ascending) and says where they stand now.
fn keep(node: &mut Node, wanted: &[usize]) -> Moved {
    match &mut node.kind {
        NodeKind::OneRow => {}
        NodeKind::Values { rows } => rows.iter_mut().for_each(|row| *row = pick(row, wanted)),
        NodeKind::Scan { columns, .. }
        | NodeKind::Objects { columns, .. }
        | NodeKind::Shared { columns, .. } => *columns = pick(columns, wanted),
        NodeKind::Project { input, exprs } => {
            *exprs = pick(exprs, wanted);
            below(input, &[], exprs.iter_mut().collect());
        }
        NodeKind::Filter { input, predicate } => {
            let moved = below(input, wanted, vec![predicate]);
            return through(node, moved);
        }
        NodeKind::Sort { input, keys, .. } => {
            let moved = below(input, wanted, keys.iter_mut().map(|key| &mut key.expr).collect());
            return through(node, moved);
        }
        NodeKind::Limit { input, .. } => {
            let moved = keep(input, wanted);
            return through(node, moved);
        }
        // Rows are compared as wholes.
        NodeKind::Distinct { input } => {
            let all: Vec<_> = (0..input.schema.fields.len()).collect();
            let moved = keep(input, &all);
            return through(node, moved);
        }
        NodeKind::Union { inputs } => {
            for input in inputs {
                let moved = keep(input, wanted);
                // Inputs must agree on their columns to the last one.
                if moved.iter().any(|(before, now)| wanted.get(*now) != Some(before))
                    || input.schema.fields.len() != wanted.len()
                {
                    *input = projected(input, wanted, &moved);
                }
            }
        }
        NodeKind::Join { left, right, keys, condition, .. } => {
            let split = left.schema.fields.len();
            let mut needed = wanted.to_vec();
            if let Some(condition) = condition {
                needed = union(&needed, &columns_of(vec![&mut *condition]));
            }
            let at = needed.partition_point(|column| *column < split);
            let (of_left, of_right) = needed.split_at_checked(at).unwrap_or((&needed, &[]));
            let of_right: Vec<_> = of_right.iter().map(|column| column - split).collect();
            let (left_keys, right_keys): (Vec<_>, Vec<_>) =
                keys.iter_mut().map(|(left, right)| (left, right)).unzip();
            let left_moved = below(left, of_left, left_keys);
            let right_moved = below(right, &of_right, right_keys);
            let now = left.schema.fields.len();
            let mut moved = left_moved;
            moved.extend(right_moved.into_iter().map(|(before, after)| (before + split, after + now)));
            if let Some(condition) = condition {
                renumber(condition, &moved);
            }
            let fields = [left.schema.fields.clone(), right.schema.fields.clone()].concat();
            node.schema = Schema { fields };
            return moved;
        }
        NodeKind::Unnest { input, array, keep: kept, .. } => {
            // The element and its place stay.
            let own = wanted.iter().filter(|at| **at < kept.len()).copied().collect::<Vec<_>>();
            let added: Vec<_> = (kept.len()..node.schema.fields.len()).collect();
            let stays = [own.clone(), added].concat();
            *kept = pick(kept, &own);
            let moved = below(input, &union(kept, &[]), vec![array]);
            kept.iter_mut().for_each(|at| follow(at, &moved));
            return left_with(node, &stays);
        }
        NodeKind::Aggregate { input, keys, aggregates } => {
            let grouped = keys.len();
            let stays: Vec<_> =
                (0..grouped).chain(wanted.iter().copied().filter(|at| *at >= grouped)).collect();
            let of_aggregates: Vec<_> = stays.iter().filter_map(|at| at.checked_sub(grouped)).collect();
            *aggregates = pick(aggregates, &of_aggregates);
            let exprs = keys.iter_mut().chain(aggregates.iter_mut().flat_map(|it| it.exprs()));
            below(input, &[], exprs.collect());
            return left_with(node, &stays);
        }
        NodeKind::Window { input, partition_by, order_by, calls, keep: kept } => {
            let split = kept.len();
            let of_calls: Vec<_> = wanted.iter().filter_map(|at| at.checked_sub(split)).collect();
            let own: Vec<_> = wanted.iter().filter(|at| **at < split).copied().collect();
            *calls = pick(calls, &of_calls);
            *kept = pick(kept, &own);
            let exprs = partition_by
                .iter_mut()
                .chain(order_by.iter_mut().map(|key| &mut key.expr))
                .chain(calls.iter_mut().flat_map(|call| call.exprs()));
            let moved = below(input, &union(kept, &[]), exprs.collect());
            kept.iter_mut().for_each(|at| follow(at, &moved));
        }
        NodeKind::Predict { input, inputs, outputs, keep: kept, .. } => {
            let results = outputs.len();
            let split = wanted.partition_point(|at| *at < results);
            let (from_model, from_input) = wanted.split_at_checked(split).unwrap_or((wanted, &[]));
            let from_input: Vec<_> = from_input.iter().map(|at| at - results).collect();
            *outputs = pick(outputs, from_model);
            *kept = pick(kept, &from_input);
            let moved = below(input, &union(kept, &[]), inputs.iter_mut().flatten().collect());
            kept.iter_mut().for_each(|at| follow(at, &moved));
        }
        NodeKind::VectorSearch { base, query, .. } => {
            for side in [&mut **base, &mut **query] {
                let moved = below(&mut side.input, &union(&side.keep, &[]), vec![&mut side.vector]);
                side.keep.iter_mut().for_each(|at| follow(at, &moved));
            }
            let all: Vec<_> = (0..node.schema.fields.len()).collect();
            return left_with(node, &all);
        }
    }
    left_with(node, wanted)
}

/// Prunes `input` to the columns `wanted` and those that `exprs` read, which are renumbered.
fn below(input: &mut Node, wanted: &[usize], mut exprs: Vec<&mut Expr>) -> Moved {
    let read = columns_of(exprs.iter_mut().map(|expr| &mut **expr).collect());
    let moved = keep(input, &union(wanted, &read));
    exprs.into_iter().for_each(|expr| renumber(expr, &moved));
    moved
}

/// `node` has the columns of its input.
fn through(node: &mut Node, moved: Moved) -> Moved {
    if let NodeKind::Filter { input, .. }
    | NodeKind::Sort { input, .. }
    | NodeKind::Limit { input, .. }
    | NodeKind::Distinct { input } = &node.kind
    {
        node.schema = input.schema.clone();
    }
    moved
}

/// `node` has kept the columns `stays` of those it had.
fn left_with(node: &mut Node, stays: &[usize]) -> Moved {
    node.schema = Schema { fields: pick(&node.schema.fields, stays) };
    stays.iter().enumerate().map(|(now, before)| (*before, now)).collect()
}

/// Exactly the columns `wanted` of `input`.
fn projected(input: &Node, wanted: &[usize], moved: &Moved) -> Node {
    let place = |at: &usize| moved.get(at).copied().unwrap_or(*at);
    let fields: Vec<_> = wanted.iter().filter_map(|at| input.schema.fields.get(place(at))).cloned().collect();
    let exprs = wanted
        .iter()
        .zip(&fields)
        .map(|(at, field)| Expr::column(place(at), field.data_type.clone(), Default::default()))
        .collect();
    Node { kind: NodeKind::Project { input: Box::new(input.clone()), exprs }, schema: Schema { fields } }
}

fn pick<T: Clone>(items: &[T], at: &[usize]) -> Vec<T> {
    at.iter().filter_map(|at| items.get(*at)).cloned().collect()
}

fn union(a: &[usize], b: &[usize]) -> Vec<usize> {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all.dedup();
    all
}

fn columns_of(exprs: Vec<&mut Expr>) -> Vec<usize> {
    let mut columns = Vec::new();
    exprs.into_iter().for_each(|expr| expr.visit_columns(&mut |at| columns.push(*at)));
    union(&columns, &[])
}

fn renumber(expr: &mut Expr, moved: &Moved) {
    expr.visit_columns(&mut |at| follow(at, moved));
}

fn follow(at: &mut usize, moved: &Moved) {
    *at = moved.get(at).copied().unwrap_or(*at);
}
