//! The plan: a tree of operators. No names, no defaults, nothing unset.

use std::sync::Arc;

use super::expr::Expr;
use crate::data::Schema;
use crate::model::Model;
use crate::table::{Object, Table};

/// An operator, and the columns it gives.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) schema: Schema,
}

#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    /// One row without columns: a SELECT without FROM.
    OneRow,
    /// These columns of a table.
    Scan {
        table: Arc<Table>,
        columns: Vec<usize>,
    },
    /// These columns of an object table; the one behind its properties is the bytes.
    Objects {
        objects: Arc<[Object]>,
        columns: Vec<usize>,
    },
    Filter {
        input: Box<Node>,
        predicate: Expr,
    },
    Project {
        input: Box<Node>,
        exprs: Vec<Expr>,
    },
    /// The model's outputs numbered by `outputs`, then the input's columns numbered by `keep`.
    Predict {
        input: Box<Node>,
        model: Arc<Model>,
        /// One for each input of the model, converted to its type; none for optional ones that are left out.
        inputs: Vec<Option<Expr>>,
        outputs: Vec<usize>,
        keep: Vec<usize>,
    },
    Sort {
        input: Box<Node>,
        keys: Vec<Order>,
    },
    Limit {
        input: Box<Node>,
        count: usize,
        offset: usize,
    },
}

/// One key of an ORDER BY: a column of the input.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) column: usize,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

impl Node {
    /// The number of rows it gives, where that is known before it runs.
    pub(crate) fn rows(&self) -> Option<usize> {
        match &self.kind {
            NodeKind::OneRow => Some(1),
            NodeKind::Scan { table, .. } => Some(table.rows()),
            NodeKind::Objects { objects, .. } => Some(objects.len()),
            NodeKind::Filter { .. } => None,
            NodeKind::Project { input, .. }
            | NodeKind::Predict { input, .. }
            | NodeKind::Sort { input, .. } => input.rows(),
            NodeKind::Limit { input, count, offset } => {
                input.rows().map(|rows| rows.saturating_sub(*offset).min(*count))
            }
        }
    }
}
