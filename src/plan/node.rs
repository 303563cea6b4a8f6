//! The plan: a tree of operators. No names, no defaults, nothing unset.

use std::sync::Arc;

use super::expr::{Aggregate, Expr, ExprKind, Order};
use crate::control::Stage;
use crate::data::{DataType, Schema};
use crate::diag::{Invariant, Result, Span};
use crate::function::{Fit, Metric, Navigation, Ranking};
use crate::model::Model;
use crate::table::{Object, Part, Stream, Table, objects};
use crate::tensor::Attributed;

/// An operator tree, and the subplans that have to run before it.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// In the order in which they run: a subplan may use those before it.
    pub(crate) subplans: Vec<Subplan>,
    /// In the order of their numbers.
    pub(crate) queries: Vec<Correlated>,
    pub(crate) root: Node,
}

/// A query in an expression that uses values of the row around it. It is run for many rows at once: its node
/// [`NodeKind::Outer`] has the number of each of these rows and the values that it uses of them.
#[derive(Debug, Clone)]
pub(crate) struct Correlated {
    /// The number of the row that a result belongs to, then the result.
    pub(crate) root: Node,
    pub(crate) kind: SubplanKind,
    pub(crate) span: Span,
}

/// A query that is run once, before the one that uses it.
#[derive(Debug, Clone)]
pub(crate) struct Subplan {
    pub(crate) root: Node,
    pub(crate) kind: SubplanKind,
    pub(crate) span: Span,
}

/// What a subplan makes of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubplanKind {
    /// Rows, which [`NodeKind::Shared`] reads: a query of WITH that is named more than once.
    Rows,
    /// The same, out of a union whose last part reads the rows that the round before has given: WITH RECURSIVE.
    Recursive { distinct: bool },
    /// The one value of the one row, NULL without a row; several rows are an error.
    Value,
    /// Whether there are rows.
    Exists,
    /// An array of the first column's values.
    Array,
}

/// An operator, and the columns of its rows.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) schema: Schema,
}

#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    /// One row without columns: a SELECT without FROM.
    OneRow,
    /// Rows of constant expressions.
    Values {
        rows: Vec<Vec<Expr>>,
    },
    /// These columns of a table.
    Scan {
        table: Arc<Table>,
        columns: Vec<usize>,
    },
    /// These columns of an object table; the column after its properties is the bytes.
    Objects {
        objects: Arc<[Object]>,
        columns: Vec<usize>,
    },
    /// These columns of rows that come while the query runs.
    Stream {
        stream: Arc<Stream>,
        columns: Vec<usize>,
        /// How many of them are wanted, where that is known.
        most: Option<usize>,
        /// The part of them that is read, where the host can divide them.
        part: Part,
        span: Span,
    },
    /// These columns of the rows of the plan's subplan of this number.
    Shared {
        subplan: usize,
        columns: Vec<usize>,
    },
    /// Of the rows that a correlated query is run for: their numbers, and the values that it uses of them.
    Outer {
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
    /// The columns of the left side, then those of the right one.
    Join {
        left: Box<Node>,
        right: Box<Node>,
        kind: JoinKind,
        /// Pairs that must be equal: over the left columns, over the right columns. NULL equals nothing.
        keys: Vec<(Expr, Expr)>,
        /// What must be TRUE besides, over the columns of both.
        condition: Option<Expr>,
    },
    /// The input's columns numbered by `keep`, then the element, then its position from 0 if `offset`; one row for
    /// each element.
    Unnest {
        input: Box<Node>,
        array: Expr,
        keep: Vec<usize>,
        offset: bool,
        /// Whether a row without elements stays, with NULLs.
        outer: bool,
    },
    /// One row for each group: the keys, then the aggregates. Without keys there is one group, even of no rows.
    Aggregate {
        input: Box<Node>,
        keys: Vec<Expr>,
        aggregates: Vec<Aggregate>,
    },
    /// The input's columns numbered by `keep`, then the results of `calls`, row by row in the input's order.
    Window {
        input: Box<Node>,
        partition_by: Vec<Expr>,
        order_by: Vec<Order>,
        calls: Vec<WindowCall>,
        keep: Vec<usize>,
    },
    /// Rows that differ in some column; NULLs count as equal.
    Distinct {
        input: Box<Node>,
    },
    /// The rows of all inputs, one after the other.
    Union {
        inputs: Vec<Node>,
    },
    /// The model's outputs numbered by `outputs`, then the input's columns numbered by `keep`.
    Predict {
        input: Box<Node>,
        model: Arc<Model>,
        /// One for each input of the model, converted to its type; none for optional ones that are left out.
        inputs: Vec<Option<Expr>>,
        outputs: Vec<usize>,
        keep: Vec<usize>,
        /// `SAFE.`: rows that fail have NULL outputs.
        safe: bool,
    },
    /// What each player has of a model's output, an array with their shares for each number of the output, and these
    /// numbers' means over a background, then the input's columns numbered by `keep`. The background comes first: the
    /// rows whose column `row` is 0.
    Shares {
        input: Box<Node>,
        model: Arc<Model>,
        /// One for each input of the model.
        inputs: Vec<Option<Expr>>,
        /// The player that each of them belongs to, and how many players there are.
        players: Vec<u32>,
        count: usize,
        shared: Attributed,
        row: Expr,
        keep: Vec<usize>,
    },
    /// For each row of `query` the nearest rows of `base`: the query's row as a struct if `batch`, the base's row as
    /// a struct, the distance.
    VectorSearch {
        base: Box<SearchSide>,
        query: Box<SearchSide>,
        batch: bool,
        /// How many rows of `base` for each row of `query`; all where there is no number.
        top: Option<usize>,
        metric: Metric,
    },
    Sort {
        input: Box<Node>,
        keys: Vec<Order>,
        /// Rows at the start of the order that are wanted.
        limit: Option<usize>,
    },
    Limit {
        input: Box<Node>,
        count: usize,
        offset: usize,
    },
    /// The first `keep` columns of the input; then the number of each row, ascending over the parts of the rows, if
    /// `part` says which one these are; then a number that rows share whose columns numbered by `keys` are alike, if
    /// there are any.
    #[cfg(not(target_family = "wasm"))]
    Marked {
        input: Box<Node>,
        part: Option<usize>,
        keys: Vec<usize>,
        keep: usize,
    },
}

/// One side of a vector search.
#[derive(Debug, Clone)]
pub(crate) struct SearchSide {
    pub(crate) input: Node,
    /// Of type `ARRAY<FLOAT64>`.
    pub(crate) vector: Expr,
    /// The columns of the struct that stands for a row.
    pub(crate) keep: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
}

/// A function that sees the rows around its own.
#[derive(Debug, Clone)]
pub(crate) enum WindowCall {
    Ranking(Ranking),
    /// The rows in so many buckets.
    Ntile {
        buckets: Expr,
    },
    /// Over the frame; without one over the whole partition, or with an ORDER BY over the rows up to this one and its
    /// peers.
    Aggregate {
        aggregate: Aggregate,
        frame: Option<Frame>,
    },
    /// The value of a row of the frame, or of the partition.
    Navigation {
        navigation: Navigation,
        args: Vec<Expr>,
        frame: Frame,
        ignore_nulls: bool,
        data_type: DataType,
        span: Span,
    },
    /// Statistics over the partition, then the function with them.
    Fit {
        fit: Fit,
        args: Vec<Expr>,
        data_type: DataType,
        span: Span,
    },
}

/// The rows of its partition that a row sees: from `start` to `end`, both included; `None` is the partition's own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    /// Whether distances are in values of the order's only key; else they are in rows.
    pub(crate) range: bool,
    pub(crate) start: Option<Distance>,
    pub(crate) end: Option<Distance>,
}

impl Frame {
    /// The rows of the partition up to this one and its peers: that of an ORDER BY without a frame.
    pub(crate) const UNTIL_PEERS: Self = Self { range: true, start: None, end: Some(Distance::Peers) };
}

/// How far from its row a frame goes, negative for what comes before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Distance {
    /// The row itself, and with RANGE its peers.
    Peers,
    /// In rows, in INT64 or in units of NUMERIC.
    Whole(i128),
    Float(f64),
}

impl Distance {
    pub(crate) fn whole(self) -> i128 {
        match self {
            Self::Whole(whole) => whole,
            Self::Peers | Self::Float(_) => 0,
        }
    }

    pub(crate) fn float(self) -> f64 {
        match self {
            Self::Float(float) => float,
            Self::Peers | Self::Whole(_) => 0.0,
        }
    }
}

/// The inputs of a kind of node, to read or to change as the reference to it allows.
macro_rules! inputs {
    ($kind:expr, $iter:ident $(, $mut:ident)?) => {
        match $kind {
            NodeKind::OneRow
            | NodeKind::Values { .. }
            | NodeKind::Scan { .. }
            | NodeKind::Objects { .. }
            | NodeKind::Stream { .. }
            | NodeKind::Shared { .. }
            | NodeKind::Outer { .. } => Vec::new(),
            NodeKind::Join { left, right, .. } => vec![left, right],
            NodeKind::VectorSearch { base, query, .. } => vec![&$($mut)? base.input, &$($mut)? query.input],
            NodeKind::Union { inputs } => inputs.$iter().collect(),
            NodeKind::Filter { input, .. }
            | NodeKind::Project { input, .. }
            | NodeKind::Unnest { input, .. }
            | NodeKind::Aggregate { input, .. }
            | NodeKind::Window { input, .. }
            | NodeKind::Distinct { input }
            | NodeKind::Predict { input, .. }
            | NodeKind::Shares { input, .. }
            | NodeKind::Sort { input, .. }
            | NodeKind::Limit { input, .. } => vec![input],
            #[cfg(not(target_family = "wasm"))]
            NodeKind::Marked { input, .. } => vec![input],
        }
    };
}

impl Plan {
    /// The roots of all its trees, the subplans' first.
    pub(crate) fn roots_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        let subplans = self.subplans.iter_mut().map(|subplan| &mut subplan.root);
        subplans.chain(self.queries.iter_mut().map(|query| &mut query.root)).chain([&mut self.root])
    }

    /// Whether it decodes pictures somewhere.
    pub(crate) fn decodes(&mut self) -> bool {
        self.roots_mut().any(|root| {
            root.computes(&|expr| match &expr.kind {
                ExprKind::Call { function, .. } => function.stage == Some(Stage::Decode),
                _ => false,
            })
        })
    }

    /// Whether it gives other rows each time that it runs.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn is_volatile(&mut self) -> bool {
        self.roots_mut().any(|root| {
            root.computes(&|expr| match &expr.kind {
                ExprKind::Call { function, .. } => function.is_volatile(),
                _ => false,
            })
        })
    }
}

impl Node {
    /// One row without columns.
    pub(crate) fn one_row() -> Self {
        Self { kind: NodeKind::OneRow, schema: Schema::default() }
    }

    /// Its columns of these numbers.
    ///
    /// # Errors
    /// `internal` where there is no such column.
    pub(super) fn picked(self, columns: impl IntoIterator<Item = usize>) -> Result<Self> {
        let mut fields = Vec::new();
        let mut exprs = Vec::new();
        for column in columns {
            let field = self.schema.fields.get(column).invariant("a column to pick")?;
            exprs.push(Expr::column(column, field.data_type.clone(), Span::default()));
            fields.push(field.clone());
        }
        Ok(Self { kind: NodeKind::Project { input: Box::new(self), exprs }, schema: Schema { fields } })
    }

    /// The operators below.
    pub(crate) fn inputs(&self) -> Vec<&Self> {
        inputs!(&self.kind, iter)
    }

    /// The operators below, to change them.
    pub(crate) fn inputs_mut(&mut self) -> Vec<&mut Self> {
        inputs!(&mut self.kind, iter_mut, mut)
    }

    /// The expressions of this operator, to change them.
    pub(crate) fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            NodeKind::OneRow
            | NodeKind::Scan { .. }
            | NodeKind::Objects { .. }
            | NodeKind::Stream { .. }
            | NodeKind::Shared { .. }
            | NodeKind::Outer { .. }
            | NodeKind::Distinct { .. }
            | NodeKind::Union { .. }
            | NodeKind::Limit { .. } => Vec::new(),
            #[cfg(not(target_family = "wasm"))]
            NodeKind::Marked { .. } => Vec::new(),
            NodeKind::Values { rows } => rows.iter_mut().flatten().collect(),
            NodeKind::Filter { predicate, .. } => vec![predicate],
            NodeKind::Project { exprs, .. } => exprs.iter_mut().collect(),
            NodeKind::Join { keys, condition, .. } => {
                keys.iter_mut().flat_map(|(left, right)| [left, right]).chain(condition).collect()
            }
            NodeKind::Unnest { array, .. } => vec![array],
            NodeKind::VectorSearch { base, query, .. } => vec![&mut base.vector, &mut query.vector],
            NodeKind::Aggregate { keys, aggregates, .. } => {
                keys.iter_mut().chain(aggregates.iter_mut().flat_map(Aggregate::exprs_mut)).collect()
            }
            NodeKind::Window { partition_by, order_by, calls, .. } => partition_by
                .iter_mut()
                .chain(order_by.iter_mut().map(|key| &mut key.expr))
                .chain(calls.iter_mut().flat_map(WindowCall::exprs_mut))
                .collect(),
            NodeKind::Predict { inputs, .. } => inputs.iter_mut().flatten().collect(),
            NodeKind::Shares { inputs, row, .. } => inputs.iter_mut().flatten().chain([row]).collect(),
            NodeKind::Sort { keys, .. } => keys.iter_mut().map(|key| &mut key.expr).collect(),
        }
    }

    /// Whether it, or an operator below, has an expression of this property.
    fn computes(&mut self, is: &dyn Fn(&Expr) -> bool) -> bool {
        self.exprs_mut().into_iter().any(|expr| expr.any(is))
            || self.inputs_mut().into_iter().any(|input| input.computes(is))
    }

    /// How many operators it and those below it are.
    pub(crate) fn count(&self) -> usize {
        1 + self.inputs().into_iter().map(Self::count).sum::<usize>()
    }

    /// How many rows it has at most, where that is known before it runs.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn at_most(&self) -> Option<usize> {
        match &self.kind {
            NodeKind::Filter { input, .. }
            | NodeKind::Distinct { input }
            | NodeKind::Project { input, .. }
            | NodeKind::Predict { input, .. }
            | NodeKind::Window { input, .. } => input.at_most(),
            NodeKind::Aggregate { input, keys, .. } => {
                if keys.is_empty() {
                    Some(1)
                } else {
                    input.at_most()
                }
            }
            NodeKind::Union { inputs } => inputs.iter().map(Self::at_most).sum(),
            _ => self.rows(),
        }
    }

    /// The number of its rows, where that is known before it runs.
    pub(crate) fn rows(&self) -> Option<usize> {
        match &self.kind {
            NodeKind::OneRow => Some(1),
            NodeKind::Values { rows } => Some(rows.len()),
            NodeKind::Scan { table, .. } => Some(table.rows()),
            NodeKind::Objects { objects, .. } => objects::rows(objects),
            NodeKind::Stream { .. }
            | NodeKind::Shared { .. }
            | NodeKind::Outer { .. }
            | NodeKind::Filter { .. }
            | NodeKind::Join { .. }
            | NodeKind::Unnest { .. }
            | NodeKind::Aggregate { .. }
            | NodeKind::VectorSearch { .. }
            | NodeKind::Distinct { .. } => None,
            NodeKind::Union { inputs } => inputs.iter().map(Self::rows).sum(),
            NodeKind::Project { input, .. }
            | NodeKind::Predict { input, .. }
            | NodeKind::Window { input, .. } => input.rows(),
            NodeKind::Shares { .. } => None,
            #[cfg(not(target_family = "wasm"))]
            NodeKind::Marked { input, .. } => input.rows(),
            NodeKind::Sort { input, limit, .. } => {
                input.rows().map(|rows| limit.map_or(rows, |limit| rows.min(limit)))
            }
            NodeKind::Limit { input, count, offset } => {
                input.rows().map(|rows| rows.saturating_sub(*offset).min(*count))
            }
        }
    }
}

impl WindowCall {
    /// The type of the result.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Ranking(ranking) => ranking.data_type(),
            Self::Ntile { .. } => DataType::Int64,
            Self::Aggregate { aggregate, .. } => aggregate.data_type.clone(),
            Self::Navigation { data_type, .. } | Self::Fit { data_type, .. } => data_type.clone(),
        }
    }

    /// The expressions over the input's columns.
    pub(crate) fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Self::Ranking(_) => Vec::new(),
            Self::Ntile { buckets } => vec![buckets],
            Self::Aggregate { aggregate, .. } => aggregate.exprs_mut().collect(),
            Self::Navigation { args, .. } | Self::Fit { args, .. } => args.iter_mut().collect(),
        }
    }
}
