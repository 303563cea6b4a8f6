//! The tree of a SQL text. Every node carries its place; names are as written.

use crate::data::Scalar;
use crate::diag::Span;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) kind: StatementKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StatementKind {
    Query(Box<Query>),
    CreateModel(CreateModel),
    CreateExternalTable(CreateExternalTable),
    Drop(Drop),
}

/// One part of a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ident {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// A table's, model's or function's name: parts with dots between them, at least one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    pub(crate) parts: Vec<Ident>,
    pub(crate) span: Span,
}

impl Path {
    /// The parts with dots between them.
    pub(crate) fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(".")
    }

    /// The last part.
    pub(crate) fn last(&self) -> Option<&Ident> {
        self.parts.last()
    }
}

/// What to do when the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnExisting {
    Fail,
    Replace,
    Keep,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateModel {
    pub(crate) name: Path,
    pub(crate) on_existing: OnExisting,
    pub(crate) options: Options,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateExternalTable {
    pub(crate) name: Path,
    pub(crate) on_existing: OnExisting,
    pub(crate) options: Options,
}

/// `OPTIONS(…)`; the span is that of the statement's name where the clause is missing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    pub(crate) items: Vec<NamedExpr>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Model,
    Table,
    ExternalTable,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drop {
    pub(crate) kind: ObjectKind,
    pub(crate) name: Path,
    pub(crate) if_exists: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) select: Select,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) limit: Option<Limit>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Select {
    pub(crate) items: Vec<SelectItem>,
    pub(crate) from: Option<TableExpr>,
    pub(crate) filter: Option<Expr>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SelectItem {
    Star(Star),
    Expr { expr: Expr, alias: Option<Ident> },
}

/// `*` or `t.*`, perhaps without some columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Star {
    pub(crate) of: Option<Ident>,
    pub(crate) except: Vec<Ident>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TableExpr {
    pub(crate) kind: TableExprKind,
    pub(crate) alias: Option<Ident>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TableExprKind {
    Name(Path),
    Subquery(Box<Query>),
    Function { name: Path, args: Vec<TableArg> },
}

/// An argument of a table function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TableArg {
    /// `MODEL name`.
    Model(Path),
    /// `TABLE name`, or a query in parentheses or without.
    Rows(TableExpr),
    Expr(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OrderItem {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
    pub(crate) nulls_first: Option<bool>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit {
    pub(crate) count: Expr,
    pub(crate) offset: Option<Expr>,
}

/// `name = value` of options, `value AS name` of structs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NamedExpr {
    pub(crate) name: Ident,
    pub(crate) value: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    Literal(Scalar),
    /// A column, or the first part of `t.column` or `column.field`.
    Name(Ident),
    /// `base.field`.
    Field(Box<Expr>, Ident),
    Parameter(Parameter),
    Call {
        name: Path,
        args: Vec<Expr>,
    },
    /// An operator by its sign: `+`, `AND`, `IS NULL`.
    Operator {
        sign: &'static str,
        args: Vec<Expr>,
    },
    /// `array[OFFSET(index)]` and its siblings.
    Element {
        array: Box<Expr>,
        index: Box<Expr>,
        access: Access,
    },
    Cast {
        value: Box<Expr>,
        to: TypeName,
        safe: bool,
    },
    Array(Vec<Expr>),
    Struct(Vec<(Expr, Option<Ident>)>),
    /// `INTERVAL value unit`.
    Interval(Box<Expr>, Ident),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Parameter {
    Named(String),
    /// Placeholders count from 0.
    Position(usize),
}

/// How an array's index is counted, and whether a missing element is NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    /// 0 for OFFSET, 1 for ORDINAL.
    pub(crate) base: i64,
    pub(crate) safe: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypeName {
    pub(crate) kind: TypeNameKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TypeNameKind {
    Simple(String),
    Array(Box<TypeName>),
    Struct(Vec<(Option<Ident>, TypeName)>),
}
