//! Expressions with types and functions settled; columns by position.

use std::sync::Arc;

use crate::data::{CastMode, DataType, Scalar};
use crate::diag::Span;
use crate::function::{Fitted, Function, Kernel, Start};

/// An expression over the columns of an operator's input.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) data_type: DataType,
    /// Where it stands in the text, for errors that values cause.
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
pub(crate) enum ExprKind {
    Column(usize),
    Literal(Scalar),
    Call {
        function: &'static Function,
        kernel: Kernel,
        args: Vec<Expr>,
        /// `SAFE.`: a row that fails is NULL.
        safe: bool,
    },
    /// From the type of the inner expression to that of this one.
    Cast {
        value: Box<Expr>,
        mode: CastMode,
    },
    /// Field number `at` of a struct or tensor.
    Field {
        value: Box<Expr>,
        at: usize,
    },
    /// The element at `index`, which counts from `base`; NULL where there is none, if `safe`.
    Element {
        array: Box<Expr>,
        index: Box<Expr>,
        base: i64,
        safe: bool,
    },
    Array(Vec<Expr>),
    Struct(Vec<Expr>),
    /// The value of the first condition that is TRUE, computed for its rows alone.
    Case {
        branches: Vec<(Expr, Expr)>,
        otherwise: Box<Expr>,
    },
    /// The first value that is not NULL, computed as far as needed.
    Coalesce(Vec<Expr>),
    /// What the plan's subplan of this number gave: one value for all rows.
    Subplan(usize),
    /// A preprocessing function with the statistics it once took.
    Fitted {
        fitted: Arc<dyn Fitted>,
        args: Vec<Expr>,
    },
}

/// One aggregate function over the rows of a group, with everything that stands in its parentheses.
#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) function: &'static Function,
    pub(crate) start: Start,
    pub(crate) args: Vec<Expr>,
    pub(crate) distinct: bool,
    /// Whether rows whose first argument is NULL are left out.
    pub(crate) ignore_nulls: bool,
    pub(crate) order_by: Vec<Order>,
    /// Rows of each group, in that order, that count.
    pub(crate) limit: Option<usize>,
    pub(crate) data_type: DataType,
    pub(crate) span: Span,
}

/// One key of an ORDER BY.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

impl Expr {
    /// Column number `at`.
    pub(crate) fn column(at: usize, data_type: DataType, span: Span) -> Self {
        Self { kind: ExprKind::Column(at), data_type, span }
    }

    /// The same value at another place of the text.
    pub(crate) fn at(self, span: Span) -> Self {
        Self { span, ..self }
    }

    /// The expressions that this one is made of.
    pub(crate) fn children(&mut self) -> Vec<&mut Self> {
        match &mut self.kind {
            ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Subplan(_) => Vec::new(),
            ExprKind::Call { args: parts, .. }
            | ExprKind::Fitted { args: parts, .. }
            | ExprKind::Array(parts)
            | ExprKind::Struct(parts)
            | ExprKind::Coalesce(parts) => parts.iter_mut().collect(),
            ExprKind::Cast { value, .. } | ExprKind::Field { value, .. } => vec![value],
            ExprKind::Element { array, index, .. } => vec![array, index],
            ExprKind::Case { branches, otherwise } => {
                let branches = branches.iter_mut().flat_map(|(condition, value)| [condition, value]);
                branches.chain([&mut **otherwise]).collect()
            }
        }
    }

    /// Calls `visit` with the number of every column that is read; the numbers may be changed.
    pub(crate) fn visit_columns(&mut self, visit: &mut dyn FnMut(&mut usize)) {
        if let ExprKind::Column(at) = &mut self.kind {
            visit(at);
        }
        self.children().into_iter().for_each(|child| child.visit_columns(visit));
    }
}

impl Aggregate {
    /// The expressions over the input's columns.
    pub(crate) fn exprs(&mut self) -> impl Iterator<Item = &mut Expr> {
        self.args.iter_mut().chain(self.order_by.iter_mut().map(|order| &mut order.expr))
    }
}
