//! Columns that nobody reads are not carried along: pictures are not loaded, tensors are not copied.

use std::collections::BTreeMap;

use super::expr::Expr;
use super::node::{Node, NodeKind};
use crate::data::Schema;

/// The plan without columns that do not reach its result.
pub(super) fn prune(mut root: Node) -> Node {
    let all = (0..root.schema.fields.len()).collect::<Vec<_>>();
    keep(&mut root, &all);
    root
}

/// Where the columns that were asked for stand now.
type Moved = BTreeMap<usize, usize>;

/// Leaves at least the columns `wanted` (ascending) and says where they stand now.
fn keep(node: &mut Node, wanted: &[usize]) -> Moved {
    let moved = match &mut node.kind {
        NodeKind::OneRow => Moved::new(),
        NodeKind::Scan { columns, .. } | NodeKind::Objects { columns, .. } => {
            *columns = pick(columns, wanted);
            places(wanted)
        }
        NodeKind::Project { input, exprs } => {
            *exprs = pick(exprs, wanted);
            let moved = keep(input, &columns_of(exprs.iter_mut()));
            exprs.iter_mut().for_each(|expr| renumber(expr, &moved));
            places(wanted)
        }
        NodeKind::Filter { input, predicate } => {
            let needed = union(wanted, &columns_of(std::iter::once(&mut *predicate)));
            let moved = keep(input, &needed);
            renumber(predicate, &moved);
            node.schema = input.schema.clone();
            return moved;
        }
        NodeKind::Sort { input, keys } => {
            let needed = union(wanted, &keys.iter().map(|key| key.column).collect::<Vec<_>>());
            let moved = keep(input, &needed);
            for key in keys {
                key.column = moved.get(&key.column).copied().unwrap_or(key.column);
            }
            node.schema = input.schema.clone();
            return moved;
        }
        NodeKind::Limit { input, .. } => {
            let moved = keep(input, wanted);
            node.schema = input.schema.clone();
            return moved;
        }
        NodeKind::Predict { input, inputs, outputs, keep: kept, .. } => {
            let results = outputs.len();
            let split = wanted.partition_point(|at| *at < results);
            let (from_model, from_input) = wanted.split_at_checked(split).unwrap_or((wanted, &[]));
            let from_input: Vec<_> = from_input.iter().map(|at| at - results).collect();
            *outputs = pick(outputs, from_model);
            *kept = pick(kept, &from_input);
            let values = columns_of(inputs.iter_mut().flatten());
            let moved = keep(input, &union(&values, kept));
            inputs.iter_mut().flatten().for_each(|value| renumber(value, &moved));
            kept.iter_mut().for_each(|at| *at = moved.get(at).copied().unwrap_or(*at));
            places(wanted)
        }
    };
    node.schema = Schema { fields: pick(&node.schema.fields, wanted) };
    moved
}

fn pick<T: Clone>(items: &[T], at: &[usize]) -> Vec<T> {
    at.iter().filter_map(|at| items.get(*at)).cloned().collect()
}

fn places(wanted: &[usize]) -> Moved {
    wanted.iter().enumerate().map(|(now, before)| (*before, now)).collect()
}

fn union(a: &[usize], b: &[usize]) -> Vec<usize> {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all.dedup();
    all
}

fn columns_of<'a>(exprs: impl Iterator<Item = &'a mut Expr>) -> Vec<usize> {
    let mut columns = Vec::new();
    exprs.for_each(|expr| expr.visit_columns(&mut |at| columns.push(*at)));
    union(&columns, &[])
}

fn renumber(expr: &mut Expr, moved: &Moved) {
    expr.visit_columns(&mut |at| *at = moved.get(at).copied().unwrap_or(*at));
}
