//! Operators that pick and order rows and leave their columns as they are.

use crate::data::Field;
use crate::diag::{Code, Error, Result, Span};
use crate::plan::expr::{Expr, Order};
use crate::plan::node::{Node, NodeKind};

pub(super) fn filtered(node: Node, predicate: Expr) -> Node {
    let schema = node.schema.clone();
    Node { kind: NodeKind::Filter { input: Box::new(node), predicate }, schema }
}

/// Sorts `node`, if there are keys.
pub(super) fn sorted(node: Node, keys: Vec<Order>) -> Node {
    if keys.is_empty() {
        return node;
    }
    let schema = node.schema.clone();
    Node { kind: NodeKind::Sort { input: Box::new(node), keys, limit: None }, schema }
}

/// Rows that differ.
pub(super) fn distinct_rows(node: Node, span: Span) -> Result<Node> {
    if let Some(field) = node.schema.fields.iter().find(|field| !field.data_type.is_groupable()) {
        return Err(not_distinct(field).at(span));
    }
    let schema = node.schema.clone();
    Ok(Node { kind: NodeKind::Distinct { input: Box::new(node) }, schema })
}

#[cold]
pub(super) fn not_distinct(field: &Field) -> Error {
    Error::new(
        Code::TypeMismatch,
        format!(
            "column `{}` has type {}, whose values cannot be compared by DISTINCT",
            field.name, field.data_type
        ),
    )
}
