//! A plan as people read it: one line for each operator, those below indented.

use std::sync::Arc;

use super::expr::{Expr, ExprKind, Order, Pending};
use super::node::{JoinKind, Node, NodeKind, Plan, SearchSide, WindowCall};
use crate::data::{Batch, DataType, Field, Scalar, Schema, array_of};
use crate::diag::{Invariant, Result};
use crate::function::Metric;
use crate::model::Model;
use crate::syntax::SqlOperator;
use crate::syntax::ast::Parameter;
use crate::table::Table;

/// One operator of a plan.
struct Line {
    /// How many operators stand above it.
    depth: usize,
    operator: &'static str,
    detail: String,
}

/// The columns of an explanation.
pub(crate) fn explanation_schema() -> Schema {
    let columns = [
        ("operator", DataType::String),
        ("detail", DataType::String),
        ("rows", DataType::Int64),
        ("ms", DataType::Float64),
    ];
    Schema { fields: columns.into_iter().map(|(name, data_type)| Field::new(name, data_type)).collect() }
}

/// A plan whose rows describe `plan`: an operator a row, those below indented by two spaces, subplans first. `measured`
/// has the number of rows and the milliseconds of each operator, in the same order.
///
/// # Errors
/// `internal` where `measured` lacks an operator.
pub(crate) fn explanation(plan: &Plan, measured: Option<&[(usize, f64)]>) -> Result<Plan> {
    let mut lines = Vec::new();
    for (number, subplan) in (1..).zip(&plan.subplans) {
        let first = lines.len();
        push_lines(&subplan.root, 0, &mut lines);
        let line: &mut Line = lines.get_mut(first).invariant("a subplan has no operator")?;
        line.detail = format!("[subquery {number}: {}] {}", subplan.purpose(), line.detail);
    }
    push_lines(&plan.root, 0, &mut lines);
    let table = Arc::new(table(lines, measured)?);
    let schema = table.schema.clone();
    let kind = NodeKind::Scan { columns: (0..schema.fields.len()).collect(), table };
    Ok(Plan { subplans: Vec::new(), queries: Vec::new(), root: Node { kind, schema } })
}

/// The operators of `node` in words, which are the same wherever the same text is bound over the same catalog.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn explained(node: &Node) -> String {
    let mut lines = Vec::new();
    push_lines(node, 0, &mut lines);
    lines
        .iter()
        .map(|line| format!("{}{} {}\n", " ".repeat(line.depth), line.operator, line.detail))
        .collect()
}

/// The lines as rows of [`explanation_schema`].
fn table(lines: Vec<Line>, measured: Option<&[(usize, f64)]>) -> Result<Table> {
    let count = lines.len();
    let mut columns: [Vec<Scalar>; 4] = Default::default();
    for (index, line) in lines.into_iter().enumerate() {
        let (rows, ms) = match measured {
            None => (Scalar::Null, Scalar::Null),
            Some(measured) => {
                let (rows, ms) = measured.get(index).invariant("an operator was not measured")?;
                let rows = i64::try_from(*rows).ok().invariant("there are more rows than INT64 counts")?;
                (Scalar::Int64(rows), Scalar::Float64(*ms))
            }
        };
        let operator = Scalar::String(format!("{}{}", "  ".repeat(line.depth), line.operator));
        let values = [operator, Scalar::String(line.detail), rows, ms];
        columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
    }
    let schema = explanation_schema();
    let arrays = columns.iter().zip(&schema.fields).map(|(values, field)| array_of(values, &field.data_type));
    let batches = vec![Batch::new(count, arrays.collect::<Result<_>>()?)?];
    Ok(Table { schema, batches, notes: Vec::new() })
}

/// Adds a line for `node` and each operator below it.
fn push_lines(node: &Node, depth: usize, lines: &mut Vec<Line>) {
    let (operator, detail) = line(node);
    lines.push(Line { depth, operator, detail });
    for input in node.inputs() {
        push_lines(input, depth + 1, lines);
    }
}

/// The name of an operator, and its detail.
fn line(node: &Node) -> (&'static str, String) {
    let names: Vec<_> = node.schema.fields.iter().map(|field| field.name.as_str()).collect();
    match &node.kind {
        NodeKind::OneRow => ("One row", String::new()),
        NodeKind::Values { rows } => ("Values", format!("{} rows", rows.len())),
        NodeKind::Scan { table, .. } => ("Scan", format!("{} of {} rows", names.join(", "), table.rows())),
        NodeKind::Objects { objects, .. } => {
            ("Scan files", format!("{} of {} files", names.join(", "), objects.len()))
        }
        NodeKind::Stream { stream, .. } => {
            ("Scan stream", format!("{} of {}", names.join(", "), stream.source))
        }
        NodeKind::Shared { subplan, .. } => {
            ("Scan subquery", format!("{}: {}", subplan + 1, names.join(", ")))
        }
        NodeKind::Outer { .. } => ("Rows of the query around", names.join(", ")),
        NodeKind::Filter { input, predicate } => ("Filter", text(predicate, &[input])),
        NodeKind::Project { input, exprs } => ("Project", projection(exprs, &names, input)),
        NodeKind::Join { left, right, kind, keys, condition } => {
            let is_cross = keys.is_empty() && condition.is_none();
            (join_name(*kind, is_cross), join_condition(left, right, keys, condition.as_ref()))
        }
        NodeKind::Unnest { input, array, offset, .. } => {
            let with_offset = if *offset { " WITH OFFSET" } else { "" };
            ("Unnest", format!("{}{with_offset}", text(array, &[input])))
        }
        NodeKind::Aggregate { input, keys, aggregates } => {
            let values =
                aggregates.iter().map(|aggregate| call(aggregate.function.name, &aggregate.args, &[input]));
            let values = values.collect::<Vec<_>>().join(", ");
            let keys = texts(keys, &[input]);
            ("Aggregate", if keys.is_empty() { values } else { format!("{values} by {keys}") })
        }
        NodeKind::Window { input, partition_by, order_by, calls, .. } => {
            let calls: Vec<_> = calls.iter().map(|call| window_call(call, input)).collect();
            let (partition, order) = (texts(partition_by, &[input]), order(order_by, input));
            ("Window", format!("{} over ({partition}; {order})", calls.join(", ")))
        }
        NodeKind::Distinct { .. } => ("Distinct", names.join(", ")),
        NodeKind::Union { inputs } => ("Union", format!("{} parts", inputs.len())),
        NodeKind::Predict { input, model, inputs, .. } => ("Predict", model_inputs(model, inputs, input)),
        NodeKind::Shares { input, model, inputs, .. } => {
            ("Shapley values", model_inputs(model, inputs, input))
        }
        NodeKind::VectorSearch { base, query, top, metric, .. } => {
            ("Vector search", vector_search(base, query, *top, *metric))
        }
        NodeKind::Sort { input, keys, limit } => {
            let order = order(keys, input);
            ("Sort", limit.map_or(order.clone(), |limit| format!("{order}, first {limit}")))
        }
        #[cfg(not(target_family = "wasm"))]
        NodeKind::Marked { part, keys, .. } => {
            ("Marks", format!("number: {}, {} keys", part.is_some(), keys.len()))
        }
        NodeKind::Limit { count, offset: 0, .. } => ("Limit", count.to_string()),
        NodeKind::Limit { count, offset, .. } => ("Limit", format!("{count} after the first {offset}")),
    }
}

fn projection(exprs: &[Expr], names: &[&str], input: &Node) -> String {
    let items = exprs.iter().zip(names).map(|(expr, name)| {
        let value = text(expr, &[input]);
        if name.is_empty() || value == *name { value } else { format!("{value} AS {name}") }
    });
    items.collect::<Vec<_>>().join(", ")
}

fn join_name(kind: JoinKind, is_cross: bool) -> &'static str {
    match kind {
        JoinKind::Inner if is_cross => "Cross join",
        JoinKind::Inner => "Join",
        JoinKind::Left => "Left join",
        JoinKind::Right => "Right join",
        JoinKind::Full => "Full join",
    }
}

fn join_condition(left: &Node, right: &Node, keys: &[(Expr, Expr)], condition: Option<&Expr>) -> String {
    let keys = keys
        .iter()
        .map(|(of_left, of_right)| format!("{} = {}", text(of_left, &[left]), text(of_right, &[right])));
    let condition = condition.map(|condition| text(condition, &[left, right]));
    keys.chain(condition).collect::<Vec<_>>().join(" AND ")
}

fn window_call(window_call: &WindowCall, input: &Node) -> String {
    match window_call {
        WindowCall::Ranking(ranking) => format!("{ranking:?}"),
        WindowCall::Ntile { buckets } => call("NTILE", std::slice::from_ref(buckets), &[input]),
        WindowCall::Navigation { navigation, args, .. } => call(&format!("{navigation:?}"), args, &[input]),
        WindowCall::Aggregate { aggregate, .. } => call(aggregate.function.name, &aggregate.args, &[input]),
        WindowCall::Fit { args, .. } => call("statistics", args, &[input]),
    }
}

fn model_inputs(model: &Model, inputs: &[Option<Expr>], rows: &Node) -> String {
    let ports = model.signature().inputs.iter().zip(inputs);
    let bound = ports.map(|(port, value)| {
        let value = value.as_ref().map_or_else(|| "(left out)".into(), |value| text(value, &[rows]));
        format!("{} = {value}", port.name)
    });
    bound.collect::<Vec<_>>().join(", ")
}

fn vector_search(base: &SearchSide, query: &SearchSide, top: Option<usize>, metric: Metric) -> String {
    let (base, query) = (text(&base.vector, &[&base.input]), text(&query.vector, &[&query.input]));
    let first = top.map_or_else(|| "all".into(), |top| format!("first {top}"));
    format!("{metric:?}, {base} near {query}, {first}")
}

fn order(keys: &[Order], input: &Node) -> String {
    let keys = keys.iter().map(|key| {
        let direction = if key.descending { " DESC" } else { "" };
        format!("{}{direction}", text(&key.expr, &[input]))
    });
    keys.collect::<Vec<_>>().join(", ")
}

fn texts(exprs: &[Expr], inputs: &[&Node]) -> String {
    exprs.iter().map(|expr| text(expr, inputs)).collect::<Vec<_>>().join(", ")
}

/// A call of `name`.
pub(super) fn call(name: &str, args: &[Expr], inputs: &[&Node]) -> String {
    if name == "COUNT" && args.is_empty() {
        return "COUNT(*)".into();
    }
    format!("{name}({})", texts(args, inputs))
}

/// An expression over the columns of `inputs`, those of the first one first.
pub(super) fn text(expr: &Expr, inputs: &[&Node]) -> String {
    let of = |expr: &Expr| text(expr, inputs);
    match &expr.kind {
        ExprKind::Column(number) => {
            let mut fields = inputs.iter().flat_map(|input| &input.schema.fields);
            let named = fields.nth(*number).filter(|field| !field.name.is_empty());
            named.map_or_else(|| format!("${number}"), |field| field.name.clone())
        }
        ExprKind::Literal(Scalar::Bytes(bytes)) => format!("{} bytes", bytes.len()),
        ExprKind::Literal(value) => value.to_string(),
        ExprKind::Parameter(slot) => match &slot.parameter {
            Parameter::Named(name) => format!("@{name}"),
            Parameter::Position(_) => "?".into(),
        },
        ExprKind::Call { function, args, .. } => match (args.as_slice(), function.operator) {
            ([a, b], Some(operator)) => format!("({} {} {})", of(a), operator.as_str(), of(b)),
            (args, Some(operator @ (SqlOperator::And | SqlOperator::Or))) => {
                let separator = format!(" {} ", operator.as_str());
                format!("({})", args.iter().map(of).collect::<Vec<_>>().join(&separator))
            }
            (args, _) => call(function.name, args, inputs),
        },
        ExprKind::Cast { value, .. } => format!("CAST({} AS {})", of(value), expr.data_type),
        ExprKind::Field { value, index } => {
            let field = value.data_type.fields().into_iter().nth(*index);
            format!("{}.{}", of(value), field.map_or_else(|| format!("${index}"), |field| field.name))
        }
        ExprKind::Element { array, index, .. } => format!("{}[{}]", of(array), of(index)),
        ExprKind::Array(items) => format!("[{}]", texts(items, inputs)),
        ExprKind::Struct(items) => call("STRUCT", items, inputs),
        ExprKind::Case { branches, otherwise } => {
            let branches = branches
                .iter()
                .map(|(condition, value)| format!("WHEN {} THEN {}", of(condition), of(value)));
            format!("CASE {} ELSE {} END", branches.collect::<Vec<_>>().join(" "), of(otherwise))
        }
        ExprKind::Coalesce(items) => call("COALESCE", items, inputs),
        ExprKind::Correlated { query, outer } => {
            call(&format!("(query for each row {})", query + 1), outer, inputs)
        }
        ExprKind::Outer { value, .. } => of(value),
        ExprKind::Subplan(number) => format!("(subquery {})", number + 1),
        ExprKind::Pending(Pending::Aggregate(number)) => format!("(aggregate {})", number + 1),
        ExprKind::Pending(Pending::Window(number)) => format!("(window function {})", number + 1),
        ExprKind::Fitted { args, .. } => call("fitted", args, inputs),
    }
}
