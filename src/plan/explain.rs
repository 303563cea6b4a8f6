//! A plan as people read it: one line for each operator, those below indented.

use std::sync::Arc;

use super::expr::{Expr, ExprKind, Order};
use super::node::{JoinKind, Node, NodeKind, Plan, WindowCall};
use crate::data::{Batch, DataType, Field, Scalar, Schema, array_of};
use crate::diag::Result;
use crate::syntax::SqlOperator;
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

/// A plan whose rows tell of `plan`: an operator a row, those below indented by two spaces, subplans first. `measured`
/// has the rows that each has given and the milliseconds that it took, in the same order.
pub(crate) fn explanation(plan: &Plan, measured: Option<&[(usize, f64)]>) -> Result<Plan> {
    let mut lines = Vec::new();
    for (at, subplan) in plan.subplans.iter().enumerate() {
        let first = lines.len();
        node(&subplan.root, 0, &mut lines);
        if let Some(line) = lines.get_mut(first) {
            line.detail = format!("[subquery {}: {}] {}", at + 1, subplan.purpose(), line.detail);
        }
    }
    node(&plan.root, 0, &mut lines);
    let mut columns: [Vec<Scalar>; 4] = Default::default();
    for (at, line) in lines.into_iter().enumerate() {
        let (rows, ms) = match measured.and_then(|it| it.get(at)) {
            Some((rows, ms)) => {
                (Scalar::Int64(i64::try_from(*rows).unwrap_or(i64::MAX)), Scalar::Float64(*ms))
            }
            None => (Scalar::Null, Scalar::Null),
        };
        let operator = Scalar::String(format!("{}{}", "  ".repeat(line.depth), line.operator));
        let values = [operator, Scalar::String(line.detail), rows, ms];
        columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
    }
    let schema = explanation_schema();
    let rows = columns.first().map_or(0, Vec::len);
    let arrays = columns.iter().zip(&schema.fields).map(|(values, field)| array_of(values, &field.data_type));
    let batches = vec![Batch::new(rows, arrays.collect::<Result<_>>()?)?];
    let kind = NodeKind::Scan {
        columns: (0..schema.fields.len()).collect(),
        table: Arc::new(Table { schema: schema.clone(), batches }),
    };
    Ok(Plan { subplans: Vec::new(), root: Node { kind, schema } })
}

fn node(node: &Node, depth: usize, lines: &mut Vec<Line>) {
    let (operator, detail) = head(node);
    lines.push(Line { depth, operator, detail });
    for input in node.inputs() {
        self::node(input, depth + 1, lines);
    }
}

fn head(node: &Node) -> (&'static str, String) {
    let names: Vec<_> = node.schema.fields.iter().map(|field| field.name.as_str()).collect();
    match &node.kind {
        NodeKind::OneRow => ("One row", String::new()),
        NodeKind::Values { rows } => ("Values", format!("{} rows", rows.len())),
        NodeKind::Scan { table, .. } => ("Scan", format!("{} of {} rows", names.join(", "), table.rows())),
        NodeKind::Objects { objects, .. } => {
            ("Scan files", format!("{} of {} files", names.join(", "), objects.len()))
        }
        NodeKind::Shared { subplan, .. } => {
            ("Scan subquery", format!("{}: {}", subplan + 1, names.join(", ")))
        }
        NodeKind::Filter { input, predicate } => ("Filter", text(predicate, &[input])),
        NodeKind::Project { input, exprs } => {
            let items = exprs.iter().zip(&names).map(|(expr, name)| {
                let value = text(expr, &[input]);
                if name.is_empty() || value == *name { value } else { format!("{value} AS {name}") }
            });
            ("Project", items.collect::<Vec<_>>().join(", "))
        }
        NodeKind::Join { left, right, kind, keys, condition } => {
            let name = match kind {
                JoinKind::Inner if keys.is_empty() && condition.is_none() => "Cross join",
                JoinKind::Inner => "Join",
                JoinKind::Left => "Left join",
                JoinKind::Right => "Right join",
                JoinKind::Full => "Full join",
            };
            let pairs = keys.iter().map(|(a, b)| format!("{} = {}", text(a, &[left]), text(b, &[right])));
            let rest = condition.iter().map(|it| text(it, &[left, right]));
            (name, pairs.chain(rest).collect::<Vec<_>>().join(" AND "))
        }
        NodeKind::Unnest { input, array, offset, .. } => {
            let with = if *offset { " WITH OFFSET" } else { "" };
            ("Unnest", format!("{}{with}", text(array, &[input])))
        }
        NodeKind::Aggregate { input, keys, aggregates } => {
            let values = aggregates.iter().map(|it| call(it.function.name, &it.args, &[input]));
            let values = values.collect::<Vec<_>>().join(", ");
            let keys = texts(keys, &[input]);
            ("Aggregate", if keys.is_empty() { values } else { format!("{values} by {keys}") })
        }
        NodeKind::Window { input, partition_by, order_by, calls, .. } => {
            let calls = calls.iter().map(|it| match it {
                WindowCall::Ranking(ranking) => format!("{ranking:?}"),
                WindowCall::Aggregate(it) => call(it.function.name, &it.args, &[input]),
                WindowCall::Fit { args, .. } => call("statistics", args, &[input]),
            });
            let calls = calls.collect::<Vec<_>>().join(", ");
            let partition = texts(partition_by, &[input]);
            ("Window", format!("{calls} over ({partition}; {})", order(order_by, input)))
        }
        NodeKind::Distinct { .. } => ("Distinct", names.join(", ")),
        NodeKind::Union { inputs } => ("Union", format!("{} parts", inputs.len())),
        NodeKind::Predict { input, model, inputs, .. } => {
            let ports = model.signature().inputs.iter().zip(inputs);
            let bound = ports.map(|(port, value)| {
                let value = value.as_ref().map_or_else(|| "(left out)".into(), |value| text(value, &[input]));
                format!("{} = {value}", port.name)
            });
            ("Predict", bound.collect::<Vec<_>>().join(", "))
        }
        NodeKind::VectorSearch { base, query, top, metric, .. } => {
            let (base, query) = (text(&base.vector, &[&base.input]), text(&query.vector, &[&query.input]));
            let first = top.map_or_else(|| "all".into(), |top| format!("first {top}"));
            ("Vector search", format!("{metric:?}, {base} near {query}, {first}"))
        }
        NodeKind::Sort { input, keys, limit } => {
            let first = limit.map(|limit| format!(", first {limit}")).unwrap_or_default();
            ("Sort", format!("{}{first}", order(keys, input)))
        }
        NodeKind::Limit { count, offset, .. } => {
            let skip = if *offset > 0 { format!(" behind {offset}") } else { String::new() };
            ("Limit", format!("{count}{skip}"))
        }
    }
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

/// An expression over the columns of `inputs`, one behind the other.
pub(super) fn text(expr: &Expr, inputs: &[&Node]) -> String {
    let of = |expr: &Expr| text(expr, inputs);
    match &expr.kind {
        ExprKind::Column(at) => {
            let mut fields = inputs.iter().flat_map(|input| &input.schema.fields);
            let name = fields.nth(*at).map(|field| field.name.as_str()).unwrap_or_default();
            if name.is_empty() { format!("${at}") } else { name.into() }
        }
        ExprKind::Literal(Scalar::Bytes(bytes)) => format!("{} bytes", bytes.len()),
        ExprKind::Literal(value) => value.to_string(),
        ExprKind::Call { function, args, .. } => match (args.as_slice(), function.operator) {
            ([a, b], Some(operator)) => format!("({} {} {})", of(a), operator.as_str(), of(b)),
            (args, Some(operator @ (SqlOperator::And | SqlOperator::Or))) => {
                let separator = format!(" {} ", operator.as_str());
                format!("({})", args.iter().map(of).collect::<Vec<_>>().join(&separator))
            }
            (args, _) => call(function.name, args, inputs),
        },
        ExprKind::Cast { value, .. } => format!("CAST({} AS {})", of(value), expr.data_type),
        ExprKind::Field { value, at } => {
            let fields = value.data_type.fields();
            let name = fields.get(*at).map(|field| field.name.as_str()).unwrap_or_default();
            format!("{}.{name}", of(value))
        }
        ExprKind::Element { array, index, .. } => format!("{}[{}]", of(array), of(index)),
        ExprKind::Array(items) => format!("[{}]", texts(items, inputs)),
        ExprKind::Struct(items) => call("STRUCT", items, inputs),
        ExprKind::Case { branches, otherwise } => {
            let branches = branches.iter().map(|(a, b)| format!("WHEN {} THEN {}", of(a), of(b)));
            format!("CASE {} ELSE {} END", branches.collect::<Vec<_>>().join(" "), of(otherwise))
        }
        ExprKind::Coalesce(items) => call("COALESCE", items, inputs),
        ExprKind::Subplan(at) => format!("(subquery {})", at + 1),
        ExprKind::Fitted { args, .. } => call("fitted", args, inputs),
    }
}
