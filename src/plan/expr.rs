//! Expressions with types and functions settled; columns by position.

use crate::data::{CastMode, DataType, Scalar};
use crate::diag::Span;
use crate::function::{Function, Kernel};

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
}

impl Expr {
    /// Column number `at`.
    pub(crate) fn column(at: usize, data_type: DataType, span: Span) -> Self {
        Self { kind: ExprKind::Column(at), data_type, span }
    }

    /// Calls `visit` with the number of every column that is read; the numbers may be changed.
    pub(super) fn visit_columns(&mut self, visit: &mut dyn FnMut(&mut usize)) {
        match &mut self.kind {
            ExprKind::Column(at) => visit(at),
            ExprKind::Literal(_) => {}
            ExprKind::Call { args: parts, .. } | ExprKind::Array(parts) | ExprKind::Struct(parts) => {
                parts.iter_mut().for_each(|part| part.visit_columns(visit));
            }
            ExprKind::Cast { value, .. } | ExprKind::Field { value, .. } => value.visit_columns(visit),
            ExprKind::Element { array, index, .. } => {
                array.visit_columns(visit);
                index.visit_columns(visit);
            }
        }
    }
}
