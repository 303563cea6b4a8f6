//! Removes unused columns from a plan, so that pictures are not loaded and tensors are not copied.

use litemap::LiteMap;

use super::expr::{Aggregate, Expr};
use super::node::{Node, NodeKind, Plan, SearchSide, WindowCall};
use crate::data::{Field, Schema};
#[cfg(not(target_family = "wasm"))]
use crate::diag::Error;
use crate::diag::{Invariant, Result, Span, ensure};

/// The plan without columns that do not reach its result.
///
/// # Errors
/// `internal` where an operator reads a column that its input does not have.
pub(super) fn prune(mut plan: Plan) -> Result<Plan> {
    for node in plan.roots_mut() {
        let all = all_columns(node);
        prune_node(node, &all)?;
    }
    Ok(plan)
}

/// Maps the old indices of an operator's columns to the new ones. [`prune_node`] ensures that it covers every column that
/// was requested.
struct ColumnMap(LiteMap<usize, usize>);

impl ColumnMap {
    #[expect(
        clippy::indexing_slicing,
        reason = "only columns that were requested are looked up, and `prune_node` checks these"
    )]
    fn new_index(&self, column: usize) -> usize {
        self.0[&column]
    }

    fn renumber(&self, expr: &mut Expr) {
        expr.renumber_columns(&|column| self.new_index(column));
    }
}

/// The columns that an operator has after pruning.
enum Remaining {
    /// Its own columns of these indices, in this order.
    Subset(Vec<usize>),
    /// Those that its inputs have.
    Inherited { schema: Schema, map: ColumnMap },
}

/// Prunes `node`, keeping at least the columns `wanted` (ascending).
fn prune_node(node: &mut Node, wanted: &[usize]) -> Result<ColumnMap> {
    if let NodeKind::Window { input, keep, .. } = &mut node.kind
        && wanted.iter().all(|column| *column < keep.len())
    {
        // Of its functions nothing is read: rows need neither partitions nor an order.
        let fields = pick(&input.schema.fields, keep)?;
        let input = std::mem::replace(&mut **input, Node::one_row());
        *node = selected(input, keep, fields);
    }
    let all = all_columns(node);
    ensure(
        wanted.iter().all(|column| *column < all.len()),
        "an operator reads a column that its input does not have",
    )?;
    let remaining = narrow(&mut node.kind, &all, wanted)?;
    let map = match remaining {
        Remaining::Subset(columns) => {
            node.schema = Schema { fields: pick(&node.schema.fields, &columns)? };
            ColumnMap(columns.into_iter().enumerate().map(|(new, old)| (old, new)).collect())
        }
        Remaining::Inherited { schema, map } => {
            node.schema = schema;
            map
        }
    };
    ensure(wanted.iter().all(|column| map.0.contains_key(column)), "pruning lost a column")?;
    Ok(map)
}

/// Removes from an operator and its inputs what only unwanted columns need. `all` are the operator's columns.
fn narrow(kind: &mut NodeKind, all: &[usize], wanted: &[usize]) -> Result<Remaining> {
    Ok(match kind {
        NodeKind::OneRow => Remaining::Subset(wanted.to_vec()),
        NodeKind::Values { rows } => {
            for row in rows {
                *row = pick(row, wanted)?;
            }
            Remaining::Subset(wanted.to_vec())
        }
        NodeKind::Scan { columns, .. }
        | NodeKind::Objects { columns, .. }
        | NodeKind::Stream { columns, .. }
        | NodeKind::Outer { columns }
        | NodeKind::Shared { columns, .. } => {
            *columns = pick(columns, wanted)?;
            Remaining::Subset(wanted.to_vec())
        }
        NodeKind::Project { input, exprs } => {
            *exprs = pick(exprs, wanted)?;
            prune_read(input, &[], exprs.iter_mut().collect())?;
            Remaining::Subset(wanted.to_vec())
        }
        NodeKind::Filter { input, predicate } => prune_passthrough(input, wanted, vec![predicate])?,
        NodeKind::Sort { input, keys, .. } => {
            prune_passthrough(input, wanted, keys.iter_mut().map(|key| &mut key.expr).collect())?
        }
        NodeKind::Limit { input, .. } => prune_passthrough(input, wanted, Vec::new())?,
        #[cfg(not(target_family = "wasm"))]
        NodeKind::Marked { .. } => {
            return Err(Error::internal("a plan is pruned before it is cut"));
        }
        // Whole rows are compared.
        NodeKind::Distinct { input } => prune_passthrough(input, all, Vec::new())?,
        NodeKind::Union { inputs } => {
            for input in inputs {
                prune_exactly(input, wanted)?;
            }
            Remaining::Subset(wanted.to_vec())
        }
        NodeKind::Join { left, right, keys, condition, .. } => {
            join(left, right, keys, condition.as_mut(), wanted)?
        }
        NodeKind::Unnest { input, array, keep, .. } => unnest(input, array, keep, all, wanted)?,
        NodeKind::Aggregate { input, keys, aggregates } => aggregate(input, keys, aggregates, wanted)?,
        NodeKind::Window { input, partition_by, order_by, calls, keep } => {
            let keys = partition_by.iter_mut().chain(order_by.iter_mut().map(|key| &mut key.expr));
            window(input, keys.collect(), calls, keep, wanted)?
        }
        NodeKind::Predict { input, inputs, outputs, keep, .. } => {
            let (of_model, from_input) = split(wanted, outputs.len());
            *outputs = pick(outputs, &of_model)?;
            *keep = pick(keep, &from_input)?;
            prune_and_renumber(input, keep, inputs.iter_mut().flatten().collect())?;
            Remaining::Subset(wanted.to_vec())
        }
        NodeKind::Shares { input, inputs, row, keep, .. } => shares(input, inputs, row, keep, wanted)?,
        NodeKind::VectorSearch { base, query, .. } => {
            for SearchSide { input, vector, keep } in [&mut **base, &mut **query] {
                prune_and_renumber(input, keep, vec![vector])?;
            }
            Remaining::Subset(all.to_vec())
        }
    })
}

/// The two arrays are always kept.
fn shares(
    input: &mut Node,
    inputs: &mut [Option<Expr>],
    row: &mut Expr,
    keep: &mut Vec<usize>,
    wanted: &[usize],
) -> Result<Remaining> {
    let (_, from_input) = split(wanted, 2);
    *keep = pick(keep, &from_input)?;
    prune_and_renumber(input, keep, inputs.iter_mut().flatten().chain([row]).collect())?;
    Ok(Remaining::Subset([0, 1].into_iter().chain(from_input.iter().map(|column| column + 2)).collect()))
}

/// The element of the array and its position are always kept.
fn unnest(
    input: &mut Node,
    array: &mut Expr,
    keep: &mut Vec<usize>,
    all: &[usize],
    wanted: &[usize],
) -> Result<Remaining> {
    let (from_input, _) = split(wanted, keep.len());
    let added = keep.len()..all.len();
    *keep = pick(keep, &from_input)?;
    prune_and_renumber(input, keep, vec![array])?;
    Ok(Remaining::Subset(from_input.into_iter().chain(added).collect()))
}

/// `keys` are those of partitions and of the order in them.
fn window<'a>(
    input: &mut Node,
    keys: Vec<&'a mut Expr>,
    calls: &'a mut Vec<WindowCall>,
    keep: &mut Vec<usize>,
    wanted: &[usize],
) -> Result<Remaining> {
    let (from_input, of_calls) = split(wanted, keep.len());
    *calls = pick(calls, &of_calls)?;
    *keep = pick(keep, &from_input)?;
    let exprs = keys.into_iter().chain(calls.iter_mut().flat_map(WindowCall::exprs_mut));
    prune_and_renumber(input, keep, exprs.collect())?;
    Ok(Remaining::Subset(wanted.to_vec()))
}

/// An operator that has the columns of its input.
fn prune_passthrough(input: &mut Node, wanted: &[usize], exprs: Vec<&mut Expr>) -> Result<Remaining> {
    let map = prune_read(input, wanted, exprs)?;
    Ok(Remaining::Inherited { schema: input.schema.clone(), map })
}

fn join(
    left: &mut Node,
    right: &mut Node,
    keys: &mut [(Expr, Expr)],
    condition: Option<&mut Expr>,
    wanted: &[usize],
) -> Result<Remaining> {
    let width = left.schema.fields.len();
    let read = condition.iter().flat_map(|condition| columns_of(condition)).collect();
    let (of_left, of_right) = split(&merged(wanted.to_vec(), read), width);
    let (left_keys, right_keys) = keys.iter_mut().map(|(left, right)| (left, right)).unzip();
    let mut map = prune_read(left, &of_left, left_keys)?;
    let right_map = prune_read(right, &of_right, right_keys)?;
    let new_width = left.schema.fields.len();
    map.0.extend(right_map.0.into_iter().map(|(old, new)| (old + width, new + new_width)));
    if let Some(condition) = condition {
        map.renumber(condition);
    }
    let fields = [left.schema.fields.clone(), right.schema.fields.clone()].concat();
    Ok(Remaining::Inherited { schema: Schema { fields }, map })
}

/// All keys are kept: they define the groups.
fn aggregate(
    input: &mut Node,
    keys: &mut [Expr],
    aggregates: &mut Vec<Aggregate>,
    wanted: &[usize],
) -> Result<Remaining> {
    let (_, of_aggregates) = split(wanted, keys.len());
    *aggregates = pick(aggregates, &of_aggregates)?;
    let columns = (0..keys.len()).chain(of_aggregates.iter().map(|number| number + keys.len())).collect();
    let exprs = keys.iter_mut().chain(aggregates.iter_mut().flat_map(Aggregate::exprs_mut));
    prune_read(input, &[], exprs.collect())?;
    Ok(Remaining::Subset(columns))
}

/// Prunes `input` to the columns `wanted` and those that `exprs` read, which are renumbered.
fn prune_read(input: &mut Node, wanted: &[usize], mut exprs: Vec<&mut Expr>) -> Result<ColumnMap> {
    let read = exprs.iter().flat_map(|expr| columns_of(expr)).collect();
    let map = prune_node(input, &merged(wanted.to_vec(), read))?;
    exprs.iter_mut().for_each(|expr| map.renumber(expr));
    Ok(map)
}

/// Prunes `input` to the columns `kept` and those that `exprs` read. All of them are renumbered.
fn prune_and_renumber(input: &mut Node, kept: &mut [usize], exprs: Vec<&mut Expr>) -> Result<()> {
    let map = prune_read(input, kept, exprs)?;
    kept.iter_mut().for_each(|column| *column = map.new_index(*column));
    Ok(())
}

/// Leaves the columns `wanted` and no others: inputs of a UNION must agree on their columns.
fn prune_exactly(node: &mut Node, wanted: &[usize]) -> Result<()> {
    let map = prune_node(node, wanted)?;
    let columns: Vec<_> = wanted.iter().map(|column| map.new_index(*column)).collect();
    if columns.iter().copied().eq(0..node.schema.fields.len()) {
        return Ok(());
    }
    let fields = pick(&node.schema.fields, &columns)?;
    *node = selected(std::mem::replace(node, Node::one_row()), &columns, fields);
    Ok(())
}

/// The `columns` of a node, whose fields these are.
fn selected(node: Node, columns: &[usize], fields: Vec<Field>) -> Node {
    let exprs = columns.iter().zip(&fields);
    let exprs = exprs
        .map(|(column, field)| Expr::column(*column, field.data_type.clone(), Span::default()))
        .collect();
    Node { kind: NodeKind::Project { input: Box::new(node), exprs }, schema: Schema { fields } }
}

fn all_columns(node: &Node) -> Vec<usize> {
    (0..node.schema.fields.len()).collect()
}

/// The columns before `boundary`, and the others, renumbered from 0.
fn split(columns: &[usize], boundary: usize) -> (Vec<usize>, Vec<usize>) {
    let (front, back): (Vec<_>, Vec<_>) = columns.iter().partition(|column| **column < boundary);
    (front, back.into_iter().map(|column: usize| column - boundary).collect())
}

fn pick<T: Clone>(items: &[T], indices: &[usize]) -> Result<Vec<T>> {
    indices.iter().map(|index| items.get(*index).cloned().invariant("a column to keep is missing")).collect()
}

/// The columns of both, ascending and each once.
fn merged(mut columns: Vec<usize>, others: Vec<usize>) -> Vec<usize> {
    columns.extend(others);
    columns.sort_unstable();
    columns.dedup();
    columns
}

fn columns_of(expr: &Expr) -> Vec<usize> {
    let mut columns = Vec::new();
    expr.visit_columns(&mut |column| columns.push(column));
    columns
}
