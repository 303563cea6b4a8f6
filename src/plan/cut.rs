//! A plan cut where rows must meet. What lies between two cuts is a fragment: operators that run unchanged on any part of
//! their rows, on other threads, in other processes, on other machines, while somebody else moves rows from one to the next.
//!
//! The rows are those of the whole plan, in its order. Rows of a table are divided into stretches, so that parts in the order
//! of their numbers are the rows in theirs; where rows are to meet those of other parts, hidden columns of numbers say where
//! each belongs, and who needs an order restores it: floats are summed, groups named and ties broken as in one piece. Where
//! equal keys must meet, another hidden column has a number that only equal keys are sure to share.
//!
//! This room knows no threads and no machines, and not how many parts there are.

use std::sync::Arc;

use super::expr::{Aggregate, Expr, ExprKind, Order};
use super::node::{Correlated, JoinKind, Node, NodeKind, Plan, SearchSide, Subplan, SubplanKind};
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Error, Invariant, Result, Span};
use crate::limits::Limits;
use crate::table::{Part, Stream, objects};

/// How many times fewer rows the right side of a join has than the left one for every part to read all of it.
const FEWER: usize = 8;

/// Rows of a right side that every part reads where nobody knows how many the left side has.
const FEW: usize = 1 << 20;

/// A plan in pieces: each reads only those before it, and the last gives the result.
#[derive(Debug, Clone)]
pub(crate) struct Cut {
    pub(crate) pieces: Vec<Piece>,
}

/// A piece of a plan, and what it reads of others.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) plan: Plan,
    pub(crate) inputs: Vec<Exchange>,
    /// Whether it runs on parts of its rows; else it runs once.
    pub(crate) is_divided: bool,
    /// The column by which its rows are divided among the parts of the piece that reads it.
    pub(crate) key: Option<usize>,
    /// How many of the first rows of its parts, in the order of these, are wanted, where not all are.
    pub(crate) most: Option<usize>,
}

/// What a fragment reads of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// The number of the other one.
    pub fragment: usize,
    /// Which of its rows go where.
    pub distribution: Distribution,
}

/// In what order the rows of parts come to a fragment that reads them; those of one part are always in theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// In the order of the parts, as one process can bring them: rows need no numbers and nothing is sorted again, and what needs
    /// all rows reads them as they come. No rows are sent by [`Distribution::Hash`].
    InOrder,
    /// In any order: rows have numbers, and where the order matters they are sorted by them.
    AnyOrder,
}

/// Which rows of a fragment go to which part of the one that reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Each row to one part, and rows whose key columns are equal to the same part.
    Hash,
    /// All to the only part.
    Single,
    /// All to every part.
    Broadcast,
}

impl Cut {
    /// The pieces of `plan`; `None` for one that has to run in one piece.
    ///
    /// # Errors
    /// `internal` for a plan that is not whole.
    pub(crate) fn of(mut plan: Plan, arrival: Arrival) -> Result<Option<Self>> {
        if plan.is_volatile() {
            return Ok(None);
        }
        let queries = std::mem::take(&mut plan.queries);
        let (pieces, sent, subplans) = (Vec::new(), Vec::new(), Vec::new());
        let mut cutter = Cutter { arrival, pieces, sent, subplans, queries };
        for (number, subplan) in plan.subplans.into_iter().enumerate() {
            cutter.subplan(number, subplan)?;
        }
        let flow = cutter.flow(plan.root, true)?;
        // Parts in the order of their numbers are the rows in theirs, unless numbers say otherwise.
        let flow = if flow.order > 0 { cutter.gathered(flow, true)? } else { flow };
        cutter.finish(flow, None, Distribution::Single)?;
        let cut = Self { pieces: cutter.pieces };
        Ok(cut.pieces.iter().any(|piece| piece.is_divided).then_some(cut))
    }
}

impl Piece {
    /// About how many batches of `limits` the tables have that it divides; `None` where it divides none that is known here.
    pub(crate) fn batches(&self, limits: &Limits) -> Option<usize> {
        let mut batches = None;
        each_source(&self.plan.root, &mut |kind| {
            let found = match kind {
                NodeKind::Scan { table, .. } => table.rows().div_ceil(limits.batch_rows.max(1)),
                NodeKind::Objects { objects, .. } => objects.len().div_ceil(limits.batch_objects.max(1)),
                _ => return,
            };
            batches = batches.max(Some(found));
        });
        batches.filter(|_| self.is_divided)
    }

    /// The names of the tables of which the host brings the parts.
    pub(crate) fn tables(&self) -> Vec<String> {
        let mut tables = Vec::new();
        each_source(&self.plan.root, &mut |kind| match kind {
            NodeKind::Stream { stream, .. } if stream.is_divisible() => tables.push(stream.source.clone()),
            _ => {}
        });
        if self.is_divided { tables } else { Vec::new() }
    }

    /// The plan that runs on a part of the rows.
    pub(crate) fn plan(&self, part: Part) -> Plan {
        let mut plan = self.plan.clone();
        if self.is_divided {
            divide(&mut plan.root, part);
        }
        plan
    }
}

impl Plan {
    /// A plan of rows that another one gives, as the first input.
    pub(crate) fn fed(schema: Schema) -> Self {
        let count = schema.fields.len();
        Self { subplans: Vec::new(), queries: Vec::new(), root: given(0, schema, count) }
    }
}

/// The first `count` columns of rows that come from elsewhere.
fn given(input: usize, all: Schema, count: usize) -> Node {
    let schema = Schema { fields: all.fields.iter().take(count).cloned().collect() };
    let stream = Arc::new(Stream::of_fragment(input, all));
    let columns = (0..count).collect();
    let kind = NodeKind::Stream { stream, columns, most: None, part: Part::WHOLE, span: Span::default() };
    Node { kind, schema }
}

/// Has the sources below read a part of their rows.
#[expect(clippy::indexing_slicing, reason = "a part's range is one of all rows")]
fn divide(node: &mut Node, part: Part) {
    match &mut node.kind {
        NodeKind::Scan { table, .. } => *table = Arc::new(table.part(part)),
        NodeKind::Objects { objects, .. } => {
            *objects = objects[part.range(objects.len())].into();
        }
        NodeKind::Stream { part: read, .. } => *read = part,
        NodeKind::Marked { part: Some(number), .. } => *number = part.number,
        _ => {}
    }
    node.inputs_mut().into_iter().for_each(|input| divide(input, part));
}

fn each_source(node: &Node, visit: &mut dyn FnMut(&NodeKind)) {
    visit(&node.kind);
    node.inputs().into_iter().for_each(|input| each_source(input, visit));
}

/// Operators of the piece that is being made.
struct Flow {
    node: Node,
    /// Whether they run on parts of the rows.
    is_divided: bool,
    /// How many of the last columns say in what order the rows are. Where there are none, it is that of the parts, or nobody
    /// has asked.
    order: usize,
}

struct Cutter {
    arrival: Arrival,
    pieces: Vec<Piece>,
    /// How the rows of each piece go to those that read it.
    sent: Vec<Distribution>,
    subplans: Vec<SentSubplan>,
    queries: Vec<Correlated>,
}

/// A subplan whose rows are those of a piece.
struct SentSubplan {
    piece: usize,
    kind: SubplanKind,
    span: Span,
}

impl Cutter {
    fn subplan(&mut self, number: usize, subplan: Subplan) -> Result<()> {
        let Subplan { mut root, kind, span } = subplan;
        let (piece, kind) = if let SubplanKind::Recursive { .. } = kind {
            let schema = root.schema.clone();
            let columns = (0..schema.fields.len()).collect();
            let node = Node { kind: NodeKind::Shared { subplan: number, columns }, schema };
            let mut plan = self.plan(&mut root, node)?;
            plan.subplans.resize_with(number, unused);
            plan.subplans.push(Subplan { root, kind, span });
            (self.push(plan, false, None, Distribution::Broadcast)?, SubplanKind::Rows)
        } else {
            let wants = matches!(kind, SubplanKind::Rows | SubplanKind::Array);
            let flow = self.flow(root, wants)?;
            let flow = self.gathered(flow, wants)?;
            (self.finish(flow, None, Distribution::Broadcast)?, kind)
        };
        self.subplans.push(SentSubplan { piece, kind, span });
        Ok(())
    }

    /// Adds a piece; answers its number.
    fn finish(&mut self, flow: Flow, key: Option<usize>, to: Distribution) -> Result<usize> {
        let plan = self.plan(&mut Node::one_row(), flow.node)?;
        self.push(plan, flow.is_divided, key, to)
    }

    fn push(
        &mut self,
        mut plan: Plan,
        is_divided: bool,
        key: Option<usize>,
        to: Distribution,
    ) -> Result<usize> {
        let mut inputs = Vec::new();
        for root in plan.roots_mut() {
            self.connect(root, &mut inputs)?;
        }
        self.pieces.push(Piece { plan, inputs, is_divided, key, most: None });
        self.sent.push(to);
        Ok(self.pieces.len() - 1)
    }

    /// Numbers the pieces that are read below, as inputs of one that reads them.
    fn connect(&self, node: &mut Node, inputs: &mut Vec<Exchange>) -> Result<()> {
        if let NodeKind::Stream { stream, .. } = &mut node.kind
            && let Some(fragment) = stream.input()
        {
            let known = inputs.iter().position(|input| input.fragment == fragment);
            let distribution = *self.sent.get(fragment).invariant("a piece that is read comes before")?;
            let input = known.unwrap_or_else(|| {
                inputs.push(Exchange { fragment, distribution });
                inputs.len() - 1
            });
            *stream = Arc::new(Stream::of_fragment(input, stream.schema.clone()));
        }
        node.inputs_mut().into_iter().try_for_each(|input| self.connect(input, inputs))
    }

    /// A plan with the queries and the results of subplans that `root`, or `other`, uses.
    fn plan(&self, other: &mut Node, mut root: Node) -> Result<Plan> {
        let mut used = Used::default();
        used.of_node(other);
        used.of_node(&mut root);
        let mut queries = if used.queries { self.queries.clone() } else { Vec::new() };
        queries.iter_mut().for_each(|query| used.of_node(&mut query.root));
        let count = used.subplans.iter().max().map_or(0, |last| (last + 1).min(self.subplans.len()));
        let subplans = self.subplans.iter().take(count).enumerate().map(|(number, sent)| {
            if !used.subplans.contains(&number) {
                return Ok(unused());
            }
            Ok(Subplan { root: self.received(sent.piece)?, kind: sent.kind, span: sent.span })
        });
        Ok(Plan { subplans: subplans.collect::<Result<_>>()?, queries, root })
    }

    /// The rows of a piece, without what they are divided by.
    fn received(&self, fragment: usize) -> Result<Node> {
        let piece = self.pieces.get(fragment).invariant("a piece that is read comes before")?;
        let all = piece.plan.root.schema.clone();
        let count = piece.key.unwrap_or(all.fields.len());
        Ok(given(fragment, all, count))
    }

    /// Ends a piece; its rows go on in the next one, in any order.
    fn sent(&mut self, flow: Flow, to: Distribution, keys: Vec<Expr>, wants: bool) -> Result<Flow> {
        let is_keyed = to == Distribution::Hash;
        // The rows of one part come in their order, unless they are divided.
        let wants = wants && (flow.is_divided || is_keyed) && self.arrival == Arrival::AnyOrder;
        let Flow { node, is_divided, order } = numbered(flow, keys, wants)?;
        let key = is_keyed.then(|| node.schema.fields.len() - 1);
        let fragment = self.finish(Flow { node, is_divided, order }, key, to)?;
        Ok(Flow { node: self.received(fragment)?, is_divided: true, order })
    }

    /// All rows in one place, in their order if it `wants` that.
    fn gathered(&mut self, flow: Flow, wants: bool) -> Result<Flow> {
        if !flow.is_divided {
            return Ok(flow);
        }
        let flow = self.sent(flow, Distribution::Single, Vec::new(), wants)?;
        Ok(Flow { node: in_order(flow.node, flow.order)?, is_divided: false, order: 0 })
    }

    /// All rows in every part, in their order.
    fn broadcast(&mut self, flow: Flow) -> Result<Node> {
        let flow = self.sent(flow, Distribution::Broadcast, Vec::new(), true)?;
        in_order(flow.node, flow.order)
    }

    /// Rows with equal keys in one part, in their order.
    fn met(&mut self, flow: Flow, keys: Vec<Expr>) -> Result<Flow> {
        if self.arrival == Arrival::InOrder {
            return self.gathered(flow, true);
        }
        let flow = self.sent(flow, Distribution::Hash, keys, true)?;
        let node = sorted(flow.node, Vec::new(), flow.order, None)?;
        Ok(Flow { node, ..flow })
    }

    /// The operators of `node`, in pieces. Its rows say in what order they are where somebody `wants` that.
    fn flow(&mut self, node: Node, wants: bool) -> Result<Flow> {
        let Node { kind, schema } = node;
        let whole = |kind, schema| Ok(Flow { node: Node { kind, schema }, is_divided: false, order: 0 });
        match kind {
            NodeKind::Scan { .. } | NodeKind::Objects { .. } | NodeKind::Stream { .. } => {
                let is_divided = match &kind {
                    NodeKind::Objects { objects, .. } => objects::rows(objects).is_some(),
                    NodeKind::Stream { stream, .. } => stream.is_divisible(),
                    _ => true,
                };
                Ok(Flow { node: Node { kind, schema }, is_divided, order: 0 })
            }
            NodeKind::OneRow | NodeKind::Values { .. } | NodeKind::Shared { .. } => whole(kind, schema),
            NodeKind::Outer { .. } | NodeKind::Marked { .. } => {
                Err(Error::internal("a plan that is cut again"))
            }
            NodeKind::Filter { input, predicate } => {
                let flow = self.flow(*input, wants)?;
                let schema = flow.node.schema.clone();
                let kind = NodeKind::Filter { input: Box::new(flow.node), predicate };
                Ok(Flow { node: Node { kind, schema }, ..flow })
            }
            NodeKind::Project { input, mut exprs } => {
                let flow = self.flow(*input, wants)?;
                exprs.extend(order_of(&flow));
                let schema = with_order(&schema, flow.order);
                let kind = NodeKind::Project { input: Box::new(flow.node), exprs };
                Ok(Flow { node: Node { kind, schema }, ..flow })
            }
            NodeKind::Predict { input, model, inputs, outputs, mut keep, safe } => {
                let flow = self.flow(*input, wants)?;
                keep.extend(order_columns(&flow));
                let schema = with_order(&schema, flow.order);
                let input = Box::new(flow.node);
                let kind = NodeKind::Predict { input, model, inputs, outputs, keep, safe };
                Ok(Flow { node: Node { kind, schema }, ..flow })
            }
            NodeKind::Unnest { input, array, keep, offset, outer } => {
                let flow = self.flow(*input, wants)?;
                unnest(flow, array, keep, offset, outer, schema)
            }
            NodeKind::Join { left, right, kind, keys, condition } => {
                self.join((*left, *right), kind, keys, condition, schema, wants)
            }
            NodeKind::Aggregate { input, keys, aggregates } => {
                self.aggregate(*input, keys, aggregates, schema)
            }
            NodeKind::Window { input, partition_by, order_by, calls, mut keep } => {
                let flow = self.flow(*input, true)?;
                let flow = if partition_by.is_empty() || !flow.is_divided {
                    self.gathered(flow, true)?
                } else {
                    self.met(flow, partition_by.clone())?
                };
                let Flow { is_divided, order, .. } = flow;
                let (kept, calls_count) = (keep.len(), calls.len());
                keep.extend(order_columns(&flow));
                let inner = with_order_at(&schema, kept, order);
                let input = Box::new(flow.node);
                let kind = NodeKind::Window { input, partition_by, order_by, calls, keep };
                let own = (0..kept).chain(kept + order..kept + order + calls_count);
                let node = Node { kind, schema: inner }.picked(own.chain(kept..kept + order))?;
                Ok(Flow { node, is_divided, order })
            }
            NodeKind::Distinct { input } => {
                let flow = self.flow(*input, true)?;
                let own = schema.fields.len();
                if !flow.is_divided || own == 0 {
                    let input = Box::new(self.gathered(flow, true)?.node);
                    return whole(NodeKind::Distinct { input }, schema);
                }
                let keys = columns(&schema, 0..own);
                let (flow, keys, _) = grouped_first(flow, keys, Vec::new())?;
                let flow = self.met(flow, keys.clone())?;
                first_of_groups(flow, keys, Vec::new(), schema)
            }
            NodeKind::Union { inputs } => self.union(inputs, schema, wants),
            NodeKind::Sort { input, keys, limit } => {
                let flow = self.flow(*input, true)?;
                let Flow { node, is_divided, order } = flow;
                if !is_divided {
                    return whole(NodeKind::Sort { input: Box::new(node), keys, limit }, schema);
                }
                // Of the first rows of all each is among the first of its part.
                let node = match limit {
                    Some(_) => sorted(node, keys.clone(), order, limit)?,
                    None => node,
                };
                let flow = Flow { node, is_divided, order };
                let flow = self.sent(flow, Distribution::Single, Vec::new(), true)?;
                let own = schema.fields.len();
                let node = sorted(flow.node, keys, flow.order, limit)?.picked(0..own)?;
                Ok(Flow { node, is_divided: false, order: 0 })
            }
            NodeKind::Limit { input, count, offset } => {
                let flow = self.flow(*input, true)?;
                let Flow { node, is_divided, order } = flow;
                let most = count.saturating_add(offset);
                let node = match (is_divided, order) {
                    (false, _) => node,
                    (true, 0) => {
                        let schema = node.schema.clone();
                        let kind = NodeKind::Limit { input: Box::new(node), count: most, offset: 0 };
                        Node { kind, schema }
                    }
                    (true, _) => sorted(node, Vec::new(), order, Some(most))?,
                };
                let input = Box::new(self.gathered(Flow { node, is_divided, order }, true)?.node);
                if let Some(piece) = self.pieces.last_mut().filter(|_| is_divided && order == 0) {
                    piece.most = Some(most);
                }
                whole(NodeKind::Limit { input, count, offset }, schema)
            }
            NodeKind::Shares { input, model, inputs, players, count, shared, row, keep } => {
                let flow = self.flow(*input, true)?;
                let input = Box::new(self.gathered(flow, true)?.node);
                let kind = NodeKind::Shares { input, model, inputs, players, count, shared, row, keep };
                whole(kind, schema)
            }
            NodeKind::VectorSearch { base, query, batch, top, metric } => {
                let (base, query) = (*base, *query);
                let flow = self.flow(query.input, wants)?;
                // The columns that say in what order the rows are would be among those of the struct.
                let flow = if flow.order > 0 { self.gathered(flow, wants)? } else { flow };
                let searched = self.flow(base.input, true)?;
                let searched = if flow.is_divided {
                    self.broadcast(searched)?
                } else {
                    self.gathered(searched, true)?.node
                };
                let base = Box::new(SearchSide { input: searched, ..base });
                let query = Box::new(SearchSide { input: flow.node, ..query });
                let kind = NodeKind::VectorSearch { base, query, batch, top, metric };
                Ok(Flow { node: Node { kind, schema }, is_divided: flow.is_divided, order: 0 })
            }
        }
    }

    fn aggregate(
        &mut self,
        input: Node,
        keys: Vec<Expr>,
        aggregates: Vec<Aggregate>,
        schema: Schema,
    ) -> Result<Flow> {
        let flow = self.flow(input, true)?;
        let (flow, keys, aggregates) = grouped_first(flow, keys, aggregates)?;
        if keys.is_empty() || !flow.is_divided {
            let input = Box::new(self.gathered(flow, true)?.node);
            let kind = NodeKind::Aggregate { input, keys, aggregates };
            return Ok(Flow { node: Node { kind, schema }, is_divided: false, order: 0 });
        }
        let flow = self.met(flow, keys.clone())?;
        first_of_groups(flow, keys, aggregates, schema)
    }

    fn join(
        &mut self,
        (left, right): (Node, Node),
        kind: JoinKind,
        keys: Vec<(Expr, Expr)>,
        condition: Option<Expr>,
        schema: Schema,
        wants: bool,
    ) -> Result<Flow> {
        let keeps_right = matches!(kind, JoinKind::Right | JoinKind::Full);
        let is_small = match (left.at_most(), right.at_most()) {
            (Some(left), Some(right)) => right.saturating_mul(FEWER) <= left,
            (None, Some(right)) => right <= FEW,
            (_, None) => false,
        };
        let (left, right) = (self.flow(left, wants)?, self.flow(right, wants)?);
        let is_whole = !left.is_divided && !right.is_divided;
        let (left, right) = if is_whole || keys.is_empty() && (keeps_right || !left.is_divided) {
            (self.gathered(left, wants)?, self.gathered(right, wants)?)
        } else if left.is_divided && !keeps_right && (is_small || keys.is_empty() || !right.is_divided) {
            let right = self.sent(right, Distribution::Broadcast, Vec::new(), wants)?;
            // Rows of the right side follow each other as they stand there, whatever the order of the left side is known by.
            let right = if left.order == 0 {
                Flow { node: in_order(right.node, right.order)?, order: 0, ..right }
            } else {
                right
            };
            (left, right)
        } else if self.arrival == Arrival::InOrder {
            (self.gathered(left, wants)?, self.gathered(right, wants)?)
        } else {
            let (of_left, of_right): (Vec<_>, Vec<_>) = keys.iter().cloned().unzip();
            let left = self.sent(left, Distribution::Hash, of_left, wants)?;
            (left, self.sent(right, Distribution::Hash, of_right, wants)?)
        };
        let (is_divided, own_left, own_right) = (
            left.is_divided,
            left.node.schema.fields.len() - left.order,
            right.node.schema.fields.len() - right.order,
        );
        let (left_order, right_order) = (left.order, right.order);
        let condition = condition.map(|mut condition| {
            let moved = |column| if column < own_left { column } else { column + left_order };
            condition.renumber_columns(&moved);
            condition
        });
        let fields = [&left.node.schema.fields[..], &right.node.schema.fields[..]].concat();
        let (left, right) = (Box::new(left.node), Box::new(right.node));
        let node =
            Node { kind: NodeKind::Join { left, right, kind, keys, condition }, schema: Schema { fields } };
        let order = left_order + right_order;
        if order == 0 {
            return Ok(Flow { node: Node { schema, ..node }, is_divided, order });
        }
        // A row without a match has no number of the other side; those of the right side come last.
        let middle = own_left + left_order;
        let numbers = (own_left..middle).chain(middle + own_right..middle + own_right + right_order);
        let numbers = numbers.map(|column| {
            let last = Expr::literal(Scalar::Int64(i64::MAX), DataType::Int64, Span::default());
            let kind = ExprKind::Coalesce(vec![number(column), last]);
            Expr { kind, data_type: DataType::Int64, span: Span::default() }
        });
        let mut exprs = columns(&node.schema, (0..own_left).chain(middle..middle + own_right));
        exprs.extend(numbers);
        let kind = NodeKind::Project { input: Box::new(node), exprs };
        Ok(Flow { node: Node { kind, schema: with_order(&schema, order) }, is_divided, order })
    }

    fn union(&mut self, inputs: Vec<Node>, schema: Schema, wants: bool) -> Result<Flow> {
        let flows = inputs.into_iter().map(|input| self.flow(input, wants)).collect::<Result<Vec<_>>>()?;
        let is_divided = flows.iter().all(|flow| flow.is_divided);
        if !is_divided || wants && self.arrival == Arrival::InOrder {
            let nodes = flows.into_iter().map(|flow| Ok(self.gathered(flow, wants)?.node));
            let kind = NodeKind::Union { inputs: nodes.collect::<Result<_>>()? };
            return Ok(Flow { node: Node { kind, schema }, is_divided: false, order: 0 });
        }
        if !wants {
            let kind = NodeKind::Union { inputs: flows.into_iter().map(|flow| flow.node).collect() };
            return Ok(Flow { node: Node { kind, schema }, is_divided: true, order: 0 });
        }
        let flows = flows.into_iter().map(|flow| numbered(flow, Vec::new(), true));
        let flows = flows.collect::<Result<Vec<_>>>()?;
        let order = 1 + flows.iter().map(|flow| flow.order).max().unwrap_or(0);
        let schema = with_order(&schema, order);
        let own = schema.fields.len() - order;
        // First the number of the input, then what its own rows are in order by.
        let inputs = (0..).zip(flows).map(|(input, flow)| {
            let constant = |value| Expr::literal(Scalar::Int64(value), DataType::Int64, Span::default());
            let mut exprs = columns(&flow.node.schema, 0..own);
            exprs.push(constant(input));
            exprs.extend(order_of(&flow));
            exprs.resize_with(schema.fields.len(), || constant(0));
            Node { kind: NodeKind::Project { input: Box::new(flow.node), exprs }, schema: schema.clone() }
        });
        let kind = NodeKind::Union { inputs: inputs.collect() };
        Ok(Flow { node: Node { kind, schema }, is_divided: true, order })
    }
}

/// The rows with a number for their order, unless they have some, and with one for their keys, if there are any.
fn numbered(flow: Flow, keys: Vec<Expr>, wants: bool) -> Result<Flow> {
    let Flow { mut node, is_divided, order } = flow;
    let keep = node.schema.fields.len();
    let is_numbered = wants && order == 0;
    if !is_numbered && keys.is_empty() {
        return Ok(Flow { node, is_divided, order });
    }
    let mut schema = node.schema.clone();
    let keys = if keys.iter().all(|key| matches!(key.kind, ExprKind::Column(_))) {
        let mut numbers = Vec::new();
        keys.iter().for_each(|key| key.visit_columns(&mut |column| numbers.push(column)));
        numbers
    } else {
        let numbers = (keep..keep + keys.len()).collect();
        let fields = keys.iter().map(|key| Field::new("", key.data_type.clone()));
        let fields = schema.fields.iter().cloned().chain(fields).collect();
        let mut exprs = columns(&schema, 0..keep);
        exprs.extend(keys);
        let kind = NodeKind::Project { input: Box::new(node), exprs };
        node = Node { kind, schema: Schema { fields } };
        numbers
    };
    let order = if is_numbered { 1 } else { order };
    if is_numbered {
        schema = with_order(&schema, 1);
    }
    if !keys.is_empty() {
        schema.fields.push(Field::new("$key", DataType::Int64));
    }
    let part = is_numbered.then_some(0);
    let kind = NodeKind::Marked { input: Box::new(node), part, keys, keep };
    Ok(Flow { node: Node { kind, schema }, is_divided, order })
}

/// Where groups of parts can be grouped again for the groups of all rows: the groups of each part, fewer than its rows, and the
/// keys and aggregates over these. Those of a part whose rows are in order are in the order of their first rows, as its rows are.
fn grouped_first(
    flow: Flow,
    keys: Vec<Expr>,
    aggregates: Vec<Aggregate>,
) -> Result<(Flow, Vec<Expr>, Vec<Aggregate>)> {
    let Flow { is_divided, order, .. } = flow;
    let first = keys.len();
    let again = aggregates.iter().zip(first..).map(|(aggregate, column)| aggregate.again(column));
    let Some(again) = again.collect::<Option<Vec<_>>>().filter(|_| is_divided && order == 0) else {
        return Ok((flow, keys, aggregates));
    };
    let types = keys.iter().map(|key| &key.data_type).chain(aggregates.iter().map(|it| &it.data_type));
    let fields: Vec<_> = types.map(|data_type| Field::new("", data_type.clone())).collect();
    let schema = Schema { fields };
    let keys_again = columns(&schema, 0..first);
    let kind = NodeKind::Aggregate { input: Box::new(flow.node), keys, aggregates };
    Ok((Flow { node: Node { kind, schema }, is_divided, order }, keys_again, again))
}

/// One row for each group of rows that have met, at the place of its first row.
fn first_of_groups(
    flow: Flow,
    keys: Vec<Expr>,
    mut aggregates: Vec<Aggregate>,
    schema: Schema,
) -> Result<Flow> {
    let Flow { is_divided, order, .. } = flow;
    for number in order_of(&flow) {
        aggregates.push(Aggregate::first_of(number)?);
    }
    let kind = NodeKind::Aggregate { input: Box::new(flow.node), keys, aggregates };
    Ok(Flow { node: Node { kind, schema: with_order(&schema, order) }, is_divided, order })
}

/// An element a row, at the place of its row and then at its own.
fn unnest(
    flow: Flow,
    array: Expr,
    mut keep: Vec<usize>,
    offset: bool,
    outer: bool,
    schema: Schema,
) -> Result<Flow> {
    let Flow { is_divided, order, .. } = flow;
    if order == 0 {
        let kind = NodeKind::Unnest { input: Box::new(flow.node), array, keep, offset, outer };
        return Ok(Flow { node: Node { kind, schema }, is_divided, order });
    }
    let (kept, own) = (keep.len(), schema.fields.len());
    keep.extend(order_columns(&flow));
    let mut inner = with_order_at(&schema, kept, order).fields;
    if !offset {
        inner.push(Field::new("$offset", DataType::Int64));
    }
    let position = inner.len() - 1;
    let input = Box::new(flow.node);
    let kind = NodeKind::Unnest { input, array, keep, offset: true, outer };
    let node = Node { kind, schema: Schema { fields: inner } };
    let mut exprs = columns(&node.schema, (0..kept).chain(kept + order..own + order));
    exprs.extend((kept..kept + order).map(number));
    // A row without elements is the only one of its row.
    let zero = Expr::literal(Scalar::Int64(0), DataType::Int64, Span::default());
    let kind = ExprKind::Coalesce(vec![number(position), zero]);
    exprs.push(Expr { kind, data_type: DataType::Int64, span: Span::default() });
    let kind = NodeKind::Project { input: Box::new(node), exprs };
    let order = order + 1;
    Ok(Flow { node: Node { kind, schema: with_order(&schema, order) }, is_divided, order })
}

/// The rows in the order of the keys, and of their last columns among equals.
fn sorted(node: Node, mut keys: Vec<Order>, order: usize, limit: Option<usize>) -> Result<Node> {
    let count = node.schema.fields.len();
    let first = count.checked_sub(order).invariant("rows lack their order")?;
    keys.extend((first..count).map(|column| Order {
        expr: number(column),
        descending: false,
        nulls_first: false,
    }));
    let schema = node.schema.clone();
    Ok(Node { kind: NodeKind::Sort { input: Box::new(node), keys, limit }, schema })
}

/// The rows in the order of their last columns, without these.
fn in_order(node: Node, order: usize) -> Result<Node> {
    if order == 0 {
        return Ok(node);
    }
    let own = node.schema.fields.len() - order;
    sorted(node, Vec::new(), order, None)?.picked(0..own)
}

/// The numbers of the columns that say in what order the rows are.
fn order_columns(flow: &Flow) -> std::ops::Range<usize> {
    let count = flow.node.schema.fields.len();
    count - flow.order..count
}

fn order_of(flow: &Flow) -> impl Iterator<Item = Expr> + use<> {
    order_columns(flow).map(number)
}

fn with_order(schema: &Schema, order: usize) -> Schema {
    with_order_at(schema, schema.fields.len(), order)
}

/// The columns, with those of the order behind the first `kept` of them.
fn with_order_at(schema: &Schema, kept: usize, order: usize) -> Schema {
    let fields = schema.fields.iter().cloned();
    let order = (0..order).map(|number| Field::new(format!("$order_{number}"), DataType::Int64));
    Schema { fields: fields.clone().take(kept).chain(order).chain(fields.skip(kept)).collect() }
}

fn number(column: usize) -> Expr {
    Expr::column(column, DataType::Int64, Span::default())
}

fn columns(schema: &Schema, numbers: impl IntoIterator<Item = usize>) -> Vec<Expr> {
    let column = |number: usize| {
        let field = schema.fields.get(number)?;
        Some(Expr::column(number, field.data_type.clone(), Span::default()))
    };
    numbers.into_iter().filter_map(column).collect()
}

/// A subplan that nothing reads, which keeps the numbers of others.
fn unused() -> Subplan {
    Subplan { root: Node::one_row(), kind: SubplanKind::Exists, span: Span::default() }
}

/// What operators use of the plan around them.
#[derive(Default)]
struct Used {
    subplans: Vec<usize>,
    queries: bool,
}

impl Used {
    fn of_node(&mut self, node: &mut Node) {
        if let NodeKind::Shared { subplan, .. } = node.kind {
            self.subplans.push(subplan);
        }
        node.exprs_mut().into_iter().for_each(|expr| self.of_expr(expr));
        node.inputs_mut().into_iter().for_each(|input| self.of_node(input));
    }

    fn of_expr(&mut self, expr: &Expr) {
        match expr.kind {
            ExprKind::Subplan(number) => self.subplans.push(number),
            ExprKind::Correlated { .. } => self.queries = true,
            _ => {}
        }
        expr.children().into_iter().for_each(|child| self.of_expr(child));
    }
}
