//! Queries in expressions that use values of the query around them.
//!
//! Such a query is a function of the values that it uses. It is run for many rows at once: its plan begins with these
//! rows, each with its number and the values ([`NodeKind::Outer`]), which every operator hands on as its first columns.
//! That is the dependent join of Neumann and Kemper ("Unnesting Arbitrary Queries", 2015), pushed down to where the
//! values are read: a filter by equality becomes a hash join, an UNNEST of the row's array stays an UNNEST.

use super::Binder;
use super::aggregates::same;
use super::call::operator_call;
use super::collation::columns_of;
use super::from::equalities;
use super::select::Column;
use crate::data::{DataType, Field, Scalar, Schema, scalar_at};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::function::{Memory, Ranking, Setup};
use crate::limits::Limits;
use crate::plan::expr::{Aggregate, Expr, ExprKind, Order};
use crate::plan::node::{Correlated, JoinKind, Node, NodeKind, Subplan, SubplanKind, WindowCall};
use crate::syntax::SqlOperator;

impl Binder<'_> {
    /// The value of the subquery `root`, whose columns are those of a query at `level`: a subplan where it uses nothing
    /// of the queries around it.
    pub(super) fn subquery_value(
        &mut self,
        mut root: Node,
        kind: SubplanKind,
        data_type: DataType,
        span: Span,
    ) -> Result<Expr> {
        let level = self.outer.len();
        let mut values = Vec::new();
        collect(&mut root, &mut values);
        if values.is_empty() {
            self.subplans.push(Subplan { root, kind, span });
            return Ok(Expr { kind: ExprKind::Subplan(self.subplans.len() - 1), data_type, span });
        }
        let mut fields = vec![Field::new("row", DataType::Int64)];
        fields.extend(values.iter().map(|value| Field::new("", value.data_type.clone())));
        let outer = Schema { fields };
        let mut dependent =
            Dependent { outer, values: &values, subplans: &mut self.subplans, limits: self.context.limits };
        let root = dependent.node(root)?;
        let result = match kind {
            SubplanKind::Exists => None,
            _ => Some(dependent.outer.fields.len()),
        };
        let root = root.picked([0].into_iter().chain(result))?;
        self.queries.push(Correlated { root, kind, span });
        // Those of this level are over the columns of the query right around.
        let outer = values.into_iter().map(|value| match value.kind {
            ExprKind::Outer { level: of, value } if of == level => *value,
            _ => value,
        });
        let kind = ExprKind::Correlated { query: self.queries.len() - 1, outer: outer.collect() };
        Ok(Expr { kind, data_type, span })
    }

    /// Names a row of a query around the one that is being bound.
    pub(super) fn of_outer(
        &self,
        resolve: impl Fn(&super::scope::Scope) -> Option<Result<Expr>>,
    ) -> Option<Result<Expr>> {
        let mut scopes = self.outer.iter().enumerate().rev();
        scopes.find_map(|(level, scope)| Some(resolve(scope)?.map(|value| outer_value(level, value))))
    }

    /// The columns of `table.*` where `table` is one of a query around.
    pub(super) fn star_of_outer(&self, table: &str) -> Option<Vec<Column>> {
        let mut scopes = self.outer.iter().enumerate().rev();
        let (level, scope) = scopes.find(|(_, scope)| scope.knows(table))?;
        let columns = scope.visible(Some(table));
        let columns = columns.map(|(name, value)| (name.to_owned(), outer_value(level, value.clone())));
        scope.has_table(table).then(|| columns.collect())
    }
}

/// A value of a row of the query around at `level`.
fn outer_value(level: usize, value: Expr) -> Expr {
    // A constant argument of the function around.
    if matches!(value.kind, ExprKind::Literal(_)) {
        return value;
    }
    let (data_type, span) = (value.data_type.clone(), value.span);
    Expr { kind: ExprKind::Outer { level, value: Box::new(value) }, data_type, span }
}

/// Adds the values that the expressions of `node`, and of what is below it, use of queries around; each once.
fn collect(node: &mut Node, values: &mut Vec<Expr>) {
    node.exprs_mut().into_iter().for_each(|expr| collect_expr(expr, values));
    node.inputs_mut().into_iter().for_each(|input| collect(input, values));
}

fn collect_expr(expr: &Expr, values: &mut Vec<Expr>) {
    if matches!(expr.kind, ExprKind::Outer { .. }) && !values.iter().any(|value| same(value, expr)) {
        values.push(expr.clone());
    }
    expr.children().into_iter().for_each(|child| collect_expr(child, values));
}

/// Whether an operator, or one below it, uses a value of a query around.
pub(super) fn has_outer(node: &Node) -> bool {
    let mut values = Vec::new();
    collect(&mut node.clone(), &mut values);
    !values.is_empty()
}

/// Rewrites operators so that each begins with the columns of the rows that the query is run for.
struct Dependent<'a> {
    /// The row's number, then the values.
    outer: Schema,
    values: &'a [Expr],
    subplans: &'a mut Vec<Subplan>,
    limits: &'a Limits,
}

impl Dependent<'_> {
    fn width(&self) -> usize {
        self.outer.fields.len()
    }

    /// `schema` behind the columns of the rows.
    fn wider(&self, schema: &Schema) -> Schema {
        Schema { fields: [self.outer.fields.clone(), schema.fields.clone()].concat() }
    }

    fn rows(&self) -> Node {
        Node { kind: NodeKind::Outer { columns: (0..self.width()).collect() }, schema: self.outer.clone() }
    }

    /// The columns of the rows, as they stand first in every operator.
    fn columns(&self) -> Vec<Expr> {
        columns_of(&self.outer)
    }

    /// The column of the row's number, which is column `at`.
    fn number(at: usize) -> Expr {
        Expr::column(at, DataType::Int64, Span::default())
    }

    /// `expr` over the columns of the rows and those that it had before.
    fn expr(&self, mut expr: Expr) -> Result<Expr> {
        expr.renumber_columns(&|column| column + self.width());
        self.settle(&mut expr)?;
        Ok(expr)
    }

    fn exprs(&self, exprs: Vec<Expr>) -> Result<Vec<Expr>> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    /// Values of the queries around are columns of the rows.
    fn settle(&self, expr: &mut Expr) -> Result<()> {
        if matches!(expr.kind, ExprKind::Outer { .. }) {
            let number = self.values.iter().position(|value| same(value, expr));
            expr.kind = ExprKind::Column(number.invariant("a value of the query around")? + 1);
        }
        expr.children_mut().into_iter().try_for_each(|child| self.settle(child))
    }

    fn order(&self, keys: Vec<Order>) -> Result<Vec<Order>> {
        keys.into_iter().map(|key| Ok(Order { expr: self.expr(key.expr)?, ..key })).collect()
    }

    fn aggregates(&self, mut aggregates: Vec<Aggregate>) -> Result<Vec<Aggregate>> {
        for expr in aggregates.iter_mut().flat_map(Aggregate::exprs_mut) {
            expr.renumber_columns(&|column| column + self.width());
            self.settle(expr)?;
        }
        Ok(aggregates)
    }

    fn node(&mut self, node: Node) -> Result<Node> {
        if !has_outer(&node) {
            return Ok(self.product(node));
        }
        let schema = self.wider(&node.schema);
        let kind = match node.kind {
            NodeKind::Values { rows } => self.values_of(rows, &schema)?,
            NodeKind::Filter { input, predicate } => return self.filter(*input, predicate, schema),
            NodeKind::Project { input, exprs } => {
                let exprs = self.columns().into_iter().chain(self.exprs(exprs)?).collect();
                NodeKind::Project { input: Box::new(self.node(*input)?), exprs }
            }
            NodeKind::Join { left, right, kind, keys, condition } => {
                return self.join(*left, *right, kind, keys, condition, schema);
            }
            NodeKind::Unnest { input, array, keep, offset, outer } => {
                let (input, array) = (Box::new(self.node(*input)?), self.expr(array)?);
                NodeKind::Unnest { input, array, keep: self.kept(keep), offset, outer }
            }
            NodeKind::Aggregate { input, keys, aggregates } => {
                return self.aggregate(*input, keys, aggregates, schema);
            }
            NodeKind::Window { input, partition_by, order_by, calls, keep } => {
                self.window(*input, partition_by, order_by, calls, keep)?
            }
            NodeKind::Distinct { input } => {
                let keys = columns_of(&node.schema);
                return self.aggregate(*input, keys, Vec::new(), schema);
            }
            NodeKind::Union { inputs } => {
                let inputs = inputs.into_iter().map(|input| self.node(input)).collect::<Result<_>>()?;
                NodeKind::Union { inputs }
            }
            NodeKind::Predict { ref outputs, .. } => {
                let outputs = outputs.len();
                return self.predict(node, outputs);
            }
            NodeKind::Sort { input, keys, .. } => {
                // How many rows are wanted is told of each of the rows around.
                NodeKind::Sort { keys: self.order(keys)?, input: Box::new(self.node(*input)?), limit: None }
            }
            NodeKind::Limit { input, count, offset } => {
                return match input.kind {
                    // The first ones are put in order when they are known.
                    NodeKind::Sort { input, keys, .. } => {
                        let keys = self.order(keys)?;
                        let input = limited(self.node(*input)?, keys.clone(), count, offset)?;
                        let schema = input.schema.clone();
                        Ok(Node {
                            kind: NodeKind::Sort { input: Box::new(input), keys, limit: None },
                            schema,
                        })
                    }
                    kind => limited(self.node(Node { kind, ..*input })?, Vec::new(), count, offset),
                };
            }
            NodeKind::VectorSearch { .. } => return Err(dependent_search()),
            NodeKind::Shares { .. } => {
                return Err(Error::internal("attributions read values of another query"));
            }
            NodeKind::OneRow
            | NodeKind::Scan { .. }
            | NodeKind::Objects { .. }
            | NodeKind::Stream { .. }
            | NodeKind::Shared { .. }
            | NodeKind::Outer { .. } => return Err(Error::internal("a leaf reads values of another query")),
            #[cfg(not(target_family = "wasm"))]
            NodeKind::Marked { .. } => return Err(Error::internal("a plan is bound before it is cut")),
        };
        Ok(Node { kind, schema })
    }

    fn window(
        &mut self,
        input: Node,
        partition_by: Vec<Expr>,
        order_by: Vec<Order>,
        mut calls: Vec<WindowCall>,
        keep: Vec<usize>,
    ) -> Result<NodeKind> {
        for expr in calls.iter_mut().flat_map(WindowCall::exprs_mut) {
            expr.renumber_columns(&|column| column + self.width());
            self.settle(expr)?;
        }
        let partition_by = [Self::number(0)].into_iter().chain(self.exprs(partition_by)?).collect();
        let (order_by, keep) = (self.order(order_by)?, self.kept(keep));
        Ok(NodeKind::Window { input: Box::new(self.node(input)?), partition_by, order_by, calls, keep })
    }

    /// The model's outputs stand before the columns that are handed on: here the columns of the rows come first.
    fn predict(&mut self, node: Node, outputs: usize) -> Result<Node> {
        let mut kind = node.kind;
        if let NodeKind::Predict { input, inputs, keep, .. } = &mut kind {
            for value in inputs.iter_mut().flatten() {
                *value = self.expr(value.clone())?;
            }
            *keep = self.kept(std::mem::take(keep));
            let below = std::mem::replace(&mut **input, self.rows());
            **input = self.node(below)?;
        }
        let (of_model, kept) =
            node.schema.fields.split_at_checked(outputs).invariant("a model has its outputs")?;
        let fields = [of_model, &self.outer.fields, kept].concat();
        let width = self.width();
        let columns = (outputs..outputs + width).chain(0..outputs).chain(outputs + width..fields.len());
        Node { kind, schema: Schema { fields } }.picked(columns)
    }

    /// The columns of the rows, and those of `keep` behind them.
    fn kept(&self, keep: Vec<usize>) -> Vec<usize> {
        (0..self.width()).chain(keep.into_iter().map(|column| column + self.width())).collect()
    }

    /// Every row with every row of a node that uses nothing of them. The node is computed once.
    fn product(&mut self, node: Node) -> Node {
        if matches!(node.kind, NodeKind::OneRow) {
            return self.rows();
        }
        let schema = self.wider(&node.schema);
        let (left, right) = (Box::new(self.rows()), Box::new(self.once(node)));
        let kind = NodeKind::Join { left, right, kind: JoinKind::Inner, keys: Vec::new(), condition: None };
        Node { kind, schema }
    }

    /// A node that is the same for all rows: a subplan, unless reading it costs nothing.
    fn once(&mut self, node: Node) -> Node {
        if matches!(node.kind, NodeKind::Scan { .. } | NodeKind::Shared { .. } | NodeKind::OneRow) {
            return node;
        }
        let schema = node.schema.clone();
        self.subplans.push(Subplan { root: node, kind: SubplanKind::Rows, span: Span::default() });
        let columns = (0..schema.fields.len()).collect();
        Node { kind: NodeKind::Shared { subplan: self.subplans.len() - 1, columns }, schema }
    }

    /// VALUES with values of the rows: a projection of the rows for each.
    fn values_of(&self, rows: Vec<Vec<Expr>>, schema: &Schema) -> Result<NodeKind> {
        let inputs = rows.into_iter().map(|row| {
            let exprs = self.columns().into_iter().chain(self.exprs(row)?).collect();
            let kind = NodeKind::Project { input: Box::new(self.rows()), exprs };
            Ok(Node { kind, schema: schema.clone() })
        });
        Ok(NodeKind::Union { inputs: inputs.collect::<Result<_>>()? })
    }

    /// A filter over rows that are the same for all is a join with them.
    fn filter(&mut self, input: Node, predicate: Expr, schema: Schema) -> Result<Node> {
        let predicate = self.expr(predicate)?;
        let kind = if has_outer(&input) || matches!(input.kind, NodeKind::OneRow) {
            NodeKind::Filter { input: Box::new(self.node(input)?), predicate }
        } else {
            let (keys, condition) = equalities(predicate, self.width())?;
            let (left, right) = (Box::new(self.rows()), Box::new(self.once(input)));
            NodeKind::Join { left, right, kind: JoinKind::Inner, keys, condition }
        };
        Ok(Node { kind, schema })
    }

    fn join(
        &mut self,
        left: Node,
        right: Node,
        kind: JoinKind,
        keys: Vec<(Expr, Expr)>,
        condition: Option<Expr>,
        schema: Schema,
    ) -> Result<Node> {
        let (width, split) = (self.width(), left.schema.fields.len());
        let left = self.node(left)?;
        if matches!(kind, JoinKind::Inner | JoinKind::Left) && !has_outer(&right) {
            let keys = keys.into_iter().map(|(of_left, of_right)| Ok((self.expr(of_left)?, of_right)));
            let keys = keys.collect::<Result<_>>()?;
            let condition = condition.map(|condition| self.expr(condition)).transpose()?;
            let (left, right) = (Box::new(left), Box::new(self.once(right)));
            return Ok(Node { kind: NodeKind::Join { left, right, kind, keys, condition }, schema });
        }
        // Both sides have the columns of the rows, and belong together where these are the same.
        let right = self.node(right)?;
        let mut all_keys = vec![(Self::number(0), Self::number(0))];
        for (of_left, of_right) in keys {
            all_keys.push((self.expr(of_left)?, self.expr(of_right)?));
        }
        let condition = condition.map(|mut condition| {
            condition.renumber_columns(&|column| column + if column < split { width } else { 2 * width });
            self.settle(&mut condition).map(|()| condition)
        });
        let condition = condition.transpose()?;
        let of_right = width + split;
        let rows = self.outer.fields.iter().enumerate().map(|(number, field)| {
            let column = |at| Expr::column(at, field.data_type.clone(), Span::default());
            match kind {
                JoinKind::Inner | JoinKind::Left => column(number),
                JoinKind::Right => column(of_right + number),
                JoinKind::Full => {
                    let kind = ExprKind::Coalesce(vec![column(number), column(of_right + number)]);
                    Expr { kind, data_type: field.data_type.clone(), span: Span::default() }
                }
            }
        });
        let own = schema.fields.iter().enumerate().skip(width).map(|(number, field)| {
            let at = if number < of_right { number } else { number + width };
            Expr::column(at, field.data_type.clone(), Span::default())
        });
        let exprs = rows.chain(own).collect();
        let both = Schema { fields: [left.schema.fields.clone(), right.schema.fields.clone()].concat() };
        let (left, right) = (Box::new(left), Box::new(right));
        let kind = NodeKind::Join { left, right, kind, keys: all_keys, condition };
        let input = Box::new(Node { kind, schema: both });
        Ok(Node { kind: NodeKind::Project { input, exprs }, schema })
    }

    /// What an aggregate gives where there are no rows: 0 for COUNT, NULL for most.
    fn value_of_none(&self, aggregate: &Aggregate) -> Result<Scalar> {
        let Aggregate { data_type: returns, respect_nulls, .. } = aggregate;
        let memory = &Memory::new(self.limits);
        let setup = Setup { returns, respect_nulls: *respect_nulls, limits: self.limits, memory };
        let values = (aggregate.start)(&setup)?.values(0..1)?;
        scalar_at(&values, returns, 0)
    }

    /// Groups of each row. Without keys every row has one group, even of no rows.
    fn aggregate(
        &mut self,
        input: Node,
        keys: Vec<Expr>,
        aggregates: Vec<Aggregate>,
        schema: Schema,
    ) -> Result<Node> {
        let kind = if keys.is_empty() { JoinKind::Left } else { JoinKind::Inner };
        let of_none: Vec<_> =
            aggregates.iter().map(|aggregate| self.value_of_none(aggregate)).collect::<Result<_>>()?;
        let (width, own_keys) = (self.width(), keys.len());
        let keys = [Self::number(0)].into_iter().chain(self.exprs(keys)?).collect();
        let aggregates = self.aggregates(aggregates)?;
        let input = Box::new(self.node(input)?);
        let own = schema.fields.iter().skip(width).cloned();
        let fields = [Field::new("row", DataType::Int64)].into_iter().chain(own).collect();
        let groups =
            Node { kind: NodeKind::Aggregate { input, keys, aggregates }, schema: Schema { fields } };
        let both = Schema { fields: [self.outer.fields.clone(), groups.schema.fields.clone()].concat() };
        let (left, right) = (Box::new(self.rows()), Box::new(groups));
        let keys = vec![(Self::number(0), Self::number(0))];
        let joined = Node { kind: NodeKind::Join { left, right, kind, keys, condition: None }, schema: both };
        let own = schema.fields.iter().enumerate().skip(width).map(|(number, field)| {
            let column = Expr::column(number + 1, field.data_type.clone(), Span::default());
            match number.checked_sub(width + own_keys).and_then(|aggregate| of_none.get(aggregate)) {
                Some(value) if *value != Scalar::Null => {
                    let kind = ExprKind::Literal(value.clone());
                    let value = Expr { kind, ..column.clone() };
                    Expr { kind: ExprKind::Coalesce(vec![column.clone(), value]), ..column }
                }
                _ => column,
            }
        });
        let exprs = self.columns().into_iter().chain(own).collect();
        Ok(Node { kind: NodeKind::Project { input: Box::new(joined), exprs }, schema })
    }
}

#[cold]
fn dependent_search() -> Error {
    Error::new(
        Code::UnsupportedSyntax,
        "VECTOR_SEARCH in a subquery that uses columns of the query around it is not supported",
    )
    .hint("give the rows to search for as the query of VECTOR_SEARCH")
}

/// LIMIT of each row: its rows are numbered in this order, and else in that in which they come.
fn limited(input: Node, order_by: Vec<Order>, count: usize, offset: usize) -> Result<Node> {
    let columns = input.schema.fields.len();
    let mut schema = input.schema.clone();
    schema.fields.push(Field::new("", DataType::Int64));
    let kind = NodeKind::Window {
        input: Box::new(input),
        partition_by: vec![Dependent::number(0)],
        order_by,
        calls: vec![WindowCall::Ranking(Ranking::RowNumber)],
        keep: (0..columns).collect(),
    };
    let numbered = Node { kind, schema: schema.clone() };
    let number = |rows: usize| Expr {
        kind: ExprKind::Literal(Scalar::Int64(i64::try_from(rows).unwrap_or(i64::MAX))),
        data_type: DataType::Int64,
        span: Span::default(),
    };
    let bounds = vec![
        Dependent::number(columns),
        number(offset.saturating_add(1)),
        number(offset.saturating_add(count)),
    ];
    let predicate = operator_call(SqlOperator::Between, bounds, DataType::Bool, Span::default())?;
    let kind = NodeKind::Filter { input: Box::new(numbered), predicate };
    Node { kind, schema }.picked(0..columns)
}
