//! T-SQL compares, groups and sorts texts by its collation: plans do so by the keys of texts.
//!
//! The values that come out are the texts themselves. Of a group's texts it is the first.

use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::function::tsql::{COLLATED, COLLATION_KEY, KEYS_OF_ARRAY, ORIGINAL};
use crate::function::{Body, Function};
use crate::plan::bind::call::operator_call;
use crate::plan::expr::{Aggregate, Expr, ExprKind, Order};
use crate::plan::node::{Node, NodeKind, Plan, WindowCall};
use crate::syntax::SqlOperator;

/// The plan with its texts compared by their keys.
pub(super) fn collated(mut plan: Plan) -> Result<Plan> {
    plan.roots_mut().try_for_each(collate)?;
    Ok(plan)
}

fn collate(node: &mut Node) -> Result<()> {
    node.inputs_mut().into_iter().try_for_each(collate)?;
    node.exprs_mut().into_iter().try_for_each(collate_expr)?;
    match &mut node.kind {
        NodeKind::Join { keys, .. } => keys.iter_mut().try_for_each(|(left, right)| {
            key(left)?;
            key(right)
        }),
        NodeKind::Sort { keys, .. } => by_keys(keys),
        NodeKind::Distinct { input } if has_texts(&input.schema) => {
            let keys = columns_of(&input.schema);
            // An operator in its place while it is taken.
            let input = std::mem::replace(&mut **input, Node::one_row());
            node.kind = NodeKind::Aggregate { input: Box::new(input), keys, aggregates: Vec::new() };
            collate_groups(node)
        }
        NodeKind::Aggregate { .. } => collate_groups(node),
        NodeKind::Window { .. } => collate_windows(node),
        _ => Ok(()),
    }
}

fn has_texts(schema: &Schema) -> bool {
    schema.fields.iter().any(|field| field.data_type == DataType::String)
}

/// Every column of a schema as an expression.
pub(super) fn columns_of(schema: &Schema) -> Vec<Expr> {
    let columns = schema.fields.iter().enumerate();
    columns.map(|(index, field)| Expr::column(index, field.data_type.clone(), Span::default())).collect()
}

/// Puts a projection to `exprs` over `node`, whose own columns are `fields` from now on.
fn project(node: &mut Node, fields: Vec<Field>, exprs: Vec<Expr>) {
    let inner = Node { kind: std::mem::replace(&mut node.kind, NodeKind::OneRow), schema: Schema { fields } };
    node.kind = NodeKind::Project { input: Box::new(inner), exprs };
}

/// Groups by keys, with the first text of each group beside them.
fn collate_groups(node: &mut Node) -> Result<()> {
    let NodeKind::Aggregate { keys, aggregates, .. } = &mut node.kind else {
        return Err(Error::internal("only aggregations have groups"));
    };
    let width = keys.len() + aggregates.len();
    let mut columns = columns_of(&node.schema);
    let mut fields = node.schema.fields.clone();
    for (aggregate, column) in aggregates.iter_mut().zip(columns.iter_mut().skip(keys.len())) {
        collate_aggregate(aggregate, column)?;
    }
    for (group_key, column) in keys.iter_mut().zip(&mut columns) {
        if group_key.data_type != DataType::String {
            continue;
        }
        column.kind = ExprKind::Column(fields.len());
        fields.push(Field::new("", DataType::String));
        aggregates.push(Aggregate::first_of(group_key.clone())?);
        key(group_key)?;
    }
    let unchanged =
        fields.len() == width && columns.iter().all(|column| matches!(column.kind, ExprKind::Column(_)));
    if unchanged {
        return Ok(());
    }
    project(node, fields, columns);
    Ok(())
}

fn collate_windows(node: &mut Node) -> Result<()> {
    let NodeKind::Window { partition_by, order_by, calls, keep, .. } = &mut node.kind else {
        return Err(Error::internal("only windows have partitions"));
    };
    partition_by.iter_mut().try_for_each(key)?;
    by_keys(order_by)?;
    let mut columns = columns_of(&node.schema);
    for (call, column) in calls.iter_mut().zip(columns.iter_mut().skip(keep.len())) {
        if let WindowCall::Aggregate { aggregate, .. } = call {
            collate_aggregate(aggregate, column)?;
        }
    }
    if columns.iter().all(|column| matches!(column.kind, ExprKind::Column(_))) {
        return Ok(());
    }
    let fields = node.schema.fields.clone();
    project(node, fields, columns);
    Ok(())
}

/// Lets an aggregate over texts see their keys; `result` is the column that it gives.
fn collate_aggregate(aggregate: &mut Aggregate, result: &mut Expr) -> Result<()> {
    by_keys(&mut aggregate.order_by)?;
    let Some(arg) = aggregate.args.first_mut().filter(|arg| arg.data_type == DataType::String) else {
        return Ok(());
    };
    match aggregate.function.name {
        "MIN" | "MAX" => {
            wrap(arg, &COLLATED)?;
            wrap(result, &ORIGINAL)
        }
        "APPROX_COUNT_DISTINCT" => key(arg),
        "COUNT" if aggregate.distinct => key(arg),
        name if aggregate.distinct => Err(Error::new(
            Code::UnsupportedSyntax,
            format!("DISTINCT in {name} over texts is not supported in T-SQL"),
        )
        .at(aggregate.span)
        .hint("aggregate over (SELECT DISTINCT …)")),
        _ => Ok(()),
    }
}

fn by_keys(keys: &mut [Order]) -> Result<()> {
    keys.iter_mut().try_for_each(|order| key(&mut order.expr))
}

/// A text's key in place of it; other values as they are.
fn key(expr: &mut Expr) -> Result<()> {
    if expr.data_type == DataType::String { wrap(expr, &COLLATION_KEY) } else { Ok(()) }
}

/// The function of a value in place of it, which has the same type.
fn wrap(expr: &mut Expr, function: &'static Function) -> Result<()> {
    let Some(Body::Scalar(kernel)) = function.signatures.first().map(|signature| signature.body) else {
        return Err(Error::internal("a function of the collation is a scalar one"));
    };
    let null =
        Expr { kind: ExprKind::Literal(Scalar::Null), data_type: expr.data_type.clone(), span: expr.span };
    let inner = std::mem::replace(expr, null);
    expr.kind = ExprKind::Call { function, kernel, args: vec![inner], safe: false };
    Ok(())
}

/// Compares texts in an expression by their keys.
fn collate_expr(expr: &mut Expr) -> Result<()> {
    expr.children_mut().into_iter().try_for_each(collate_expr)?;
    let (span, data_type) = (expr.span, expr.data_type.clone());
    let ExprKind::Call { function, args, .. } = &mut expr.kind else { return Ok(()) };
    if args.first().is_none_or(|arg| arg.data_type != DataType::String) {
        return Ok(());
    }
    match (function.operator, function.name) {
        (
            Some(
                SqlOperator::Equal
                | SqlOperator::NotEqual
                | SqlOperator::Less
                | SqlOperator::LessOrEqual
                | SqlOperator::Greater
                | SqlOperator::GreaterOrEqual
                | SqlOperator::Between
                | SqlOperator::IsDistinctFrom
                | SqlOperator::In,
            ),
            _,
        ) => args.iter_mut().try_for_each(key),
        (Some(SqlOperator::InUnnest), _) => {
            for arg in args {
                wrap(arg, if arg.data_type == DataType::String { &COLLATION_KEY } else { &KEYS_OF_ARRAY })?;
            }
            Ok(())
        }
        (None, "GREATEST" | "LEAST") => {
            args.iter_mut().try_for_each(|arg| wrap(arg, &COLLATED))?;
            wrap(expr, &ORIGINAL)
        }
        (None, "NULLIF") => {
            let value = args.first().cloned().invariant("NULLIF has two arguments")?;
            let mut sides = std::mem::take(args);
            sides.iter_mut().try_for_each(key)?;
            let same = operator_call(SqlOperator::Equal, sides, DataType::Bool, span)?;
            let null = Expr { kind: ExprKind::Literal(Scalar::Null), data_type, span };
            expr.kind = ExprKind::Case { branches: vec![(same, null)], otherwise: Box::new(value) };
            Ok(())
        }
        _ => Ok(()),
    }
}
