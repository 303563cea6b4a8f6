//! Expressions with types and functions settled; columns by position.

use std::sync::Arc;

use super::parameter::Slot;
use crate::data::{CastMode, DataType, Scalar};
use crate::diag::{Error, Invariant, Result, Span};
use crate::function::{self, Body, Fitted, Function, Kernel, Start};
#[cfg(not(target_family = "wasm"))]
use crate::function::{Signature, Type};

/// An expression over the columns of an operator's input.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) data_type: DataType,
    /// Its place in the text, for errors that its values cause.
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
pub(crate) enum ExprKind {
    Column(usize),
    Literal(Scalar),
    /// A parameter whose value comes when the plan runs, or never if the statement is only checked.
    Parameter(Arc<Slot>),
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
    /// Field number `index` of a struct or tensor.
    Field {
        value: Box<Expr>,
        index: usize,
    },
    /// The element at `index`, which counts from `base`. Where there is none: NULL if `safe`, else an error.
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
    /// The result of the plan's subplan of this number: one value for all rows.
    Subplan(usize),
    /// For each row the result of the plan's query of this number: a function of `outer`, the values that it uses of
    /// the row.
    Correlated {
        query: usize,
        outer: Vec<Expr>,
    },
    /// A value of a query around the one that is being bound, whose number among those around it is `level`. Only while
    /// a query is bound: no plan has any.
    Outer {
        level: usize,
        value: Box<Expr>,
    },
    /// The result of an aggregate or window function that has no column yet. Only while a SELECT is bound: no plan has
    /// any.
    Pending(Pending),
    /// A preprocessing function with the statistics that were taken for it.
    Fitted {
        fitted: Arc<dyn Fitted>,
        args: Vec<Expr>,
    },
}

/// An aggregate or window function of the SELECT that is being bound, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    Aggregate(usize),
    Window(usize),
}

/// One aggregate function over the rows of a group, with everything inside its parentheses.
#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) function: &'static Function,
    pub(crate) start: Start,
    pub(crate) args: Vec<Expr>,
    pub(crate) distinct: bool,
    /// Whether rows whose first argument is NULL are left out.
    pub(crate) ignore_nulls: bool,
    /// Whether they count where the function leaves them out unless RESPECT NULLS is written.
    pub(crate) respect_nulls: bool,
    /// The rows of each group that count.
    pub(crate) having: Option<Extreme>,
    pub(crate) order_by: Vec<Order>,
    /// How many rows of each group count, from the start of that order.
    pub(crate) limit: Option<usize>,
    pub(crate) data_type: DataType,
    pub(crate) span: Span,
}

impl Aggregate {
    /// The first value of a group that is not NULL.
    ///
    /// # Errors
    /// `internal` where ANY_VALUE is no aggregate function.
    pub(super) fn first_of(arg: Expr) -> Result<Self> {
        let function = function::function("ANY_VALUE").invariant("ANY_VALUE is declared")?;
        let Some(Body::Aggregate(start)) = function.signatures.first().map(|signature| signature.body) else {
            return Err(Error::internal("ANY_VALUE is an aggregate function"));
        };
        let (data_type, span) = (arg.data_type.clone(), arg.span);
        Ok(Self::plain(function, start, vec![arg], data_type, span))
    }

    /// The aggregate that gives of all groups' values in `column` what this one gives of all their rows; `None` where there is
    /// none, or the last digits would be others.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn again(&self, column: usize) -> Option<Self> {
        let is_plain = !self.distinct
            && !self.respect_nulls
            && self.having.is_none()
            && self.order_by.is_empty()
            && self.limit.is_none();
        if !is_plain {
            return None;
        }
        let (function, start) = match (self.function.name, &self.data_type) {
            ("COUNT" | "COUNTIF", DataType::Int64) => {
                let function = function::function("SUM")?;
                let of_int64 = |signature: &&Signature| matches!(signature.args, [Type::Int64]);
                match function.signatures.iter().find(of_int64)?.body {
                    Body::Aggregate(start) => (function, start),
                    _ => return None,
                }
            }
            ("SUM", DataType::Int64 | DataType::Numeric | DataType::BigNumeric)
            | ("BIT_AND" | "BIT_OR" | "BIT_XOR" | "LOGICAL_AND" | "LOGICAL_OR", _)
            | ("MIN" | "MAX" | "ANY_VALUE", _) => (self.function, self.start),
            _ => return None,
        };
        let arg = Expr::column(column, self.data_type.clone(), self.span);
        let ignore_nulls = self.ignore_nulls;
        let plain = Self::plain(function, start, vec![arg], self.data_type.clone(), self.span);
        Some(Self { ignore_nulls, ..plain })
    }

    /// The aggregate over all rows of a group, without any clause of its own.
    pub(crate) fn plain(
        function: &'static Function,
        start: Start,
        args: Vec<Expr>,
        data_type: DataType,
        span: Span,
    ) -> Self {
        Self {
            function,
            start,
            args,
            distinct: false,
            ignore_nulls: false,
            respect_nulls: false,
            having: None,
            order_by: Vec::new(),
            limit: None,
            data_type,
            span,
        }
    }
}

/// `HAVING MAX` and `HAVING MIN`: the rows where a value is the largest or smallest of its group.
#[derive(Debug, Clone)]
pub(crate) struct Extreme {
    pub(crate) max: bool,
    pub(crate) expr: Expr,
}

/// One key of an ORDER BY.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

/// The expressions directly inside one, to read or to change as the reference to it allows.
macro_rules! children {
    ($kind:expr, $iter:ident $(, $mut:ident)?) => {
        match $kind {
            ExprKind::Column(_)
            | ExprKind::Literal(_)
            | ExprKind::Parameter(_)
            | ExprKind::Subplan(_)
            // Its value is over the columns of another query.
            | ExprKind::Outer { .. }
            | ExprKind::Pending(_) => Vec::new(),
            ExprKind::Call { args: items, .. }
            | ExprKind::Correlated { outer: items, .. }
            | ExprKind::Fitted { args: items, .. }
            | ExprKind::Array(items)
            | ExprKind::Struct(items)
            | ExprKind::Coalesce(items) => items.$iter().collect(),
            ExprKind::Cast { value, .. } | ExprKind::Field { value, .. } => vec![value],
            ExprKind::Element { array, index, .. } => vec![array, index],
            ExprKind::Case { branches, otherwise } => {
                let branches = branches.$iter().flat_map(|(condition, value)| [condition, value]);
                branches.chain([&$($mut)? **otherwise]).collect()
            }
        }
    };
}

impl Expr {
    /// The column of this number.
    pub(crate) fn column(number: usize, data_type: DataType, span: Span) -> Self {
        Self { kind: ExprKind::Column(number), data_type, span }
    }

    /// A value that is known.
    pub(crate) fn literal(value: Scalar, data_type: DataType, span: Span) -> Self {
        Self { kind: ExprKind::Literal(value), data_type, span }
    }

    /// The same value at another place of the text.
    pub(crate) fn at(self, span: Span) -> Self {
        Self { span, ..self }
    }

    /// An expression that takes any type, as one of this type.
    pub(crate) fn of_type(self, data_type: &DataType) -> Self {
        if let ExprKind::Parameter(slot) = &self.kind {
            slot.want(data_type);
        }
        Self { data_type: data_type.clone(), ..self }
    }

    /// The expressions directly inside this one.
    pub(crate) fn children(&self) -> Vec<&Self> {
        children!(&self.kind, iter)
    }

    /// The expressions directly inside this one, to change them.
    pub(crate) fn children_mut(&mut self) -> Vec<&mut Self> {
        children!(&mut self.kind, iter_mut, mut)
    }

    /// Whether it uses a value of a query around.
    pub(crate) fn is_correlated(&self) -> bool {
        self.any(&|inner| matches!(inner.kind, ExprKind::Outer { .. }))
    }

    /// Whether this expression, or one inside it, has the property.
    pub(crate) fn any(&self, property: &dyn Fn(&Self) -> bool) -> bool {
        property(self) || self.children().into_iter().any(|child| child.any(property))
    }

    /// Calls `visit` with the number of every column that is read.
    pub(crate) fn visit_columns(&self, visit: &mut dyn FnMut(usize)) {
        if let ExprKind::Column(number) = self.kind {
            visit(number);
        }
        self.children().into_iter().for_each(|child| child.visit_columns(visit));
    }

    /// Replaces the number of every column that is read.
    pub(crate) fn renumber_columns(&mut self, renumber: &dyn Fn(usize) -> usize) {
        if let ExprKind::Column(number) = &mut self.kind {
            *number = renumber(*number);
        }
        self.children_mut().into_iter().for_each(|child| child.renumber_columns(renumber));
    }
}

impl Aggregate {
    /// The expressions over the input's columns.
    pub(crate) fn exprs_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let having = self.having.iter_mut().map(|having| &mut having.expr);
        self.args.iter_mut().chain(self.order_by.iter_mut().map(|order| &mut order.expr)).chain(having)
    }
}
