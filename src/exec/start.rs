//! A plan becomes operators: one for each node, its inputs inside.

use super::Input;
use super::aggregate::Aggregation;
use super::arriving::Arriving;
use super::correlated::{OuterScan, Queries};
use super::decoders::Decoders;
use super::distinct::Distinct;
use super::filter::Filter;
use super::frames::Frames;
use super::join::Join;
use super::limit::Limit;
#[cfg(not(target_family = "wasm"))]
use super::marked::Marked;
use super::metrics::Measured;
use super::objects::Objects;
use super::predict::Predict;
use super::product::{Product, Written};
use super::project::Project;
use super::recursion::Recursion;
use super::scan::{OneRow, Scan};
use super::shares::{Game, Shares};
use super::sort::Sort;
use super::subplans::{RunningSubplan, SharedScan, Subplans};
use super::texts::Texts;
use super::union::Union;
use super::unnest::Unnest;
use super::values::Values;
use super::vector_search::{Side, VectorSearch};
use super::window::Window;
use crate::plan::{Correlated, Leading, Node, NodeKind, Plan, Subplan, SubplanKind};

/// The operator that runs `plan`.
pub(crate) fn start(plan: Plan) -> Input {
    Start { measured: None, query: None, leading: None }.plan(plan)
}

/// The operator that runs `query`, which has this number, for the rows around it.
fn start_query(number: usize, query: &Correlated) -> Input {
    Start { measured: None, query: Some((number, 0)), leading: None }.node(query.root.clone())
}

/// The operator that runs `plan` and measures every node: [`Context::metrics`](super::Context::metrics) has the nodes
/// of the subplans, then those of the root, a node before its inputs, the left one first.
pub(crate) fn start_measured(plan: Plan) -> Input {
    Start { measured: Some(0), query: None, leading: None }.plan(plan)
}

/// Makes operators of nodes.
struct Start {
    /// The number of operators so far, if they are measured.
    measured: Option<usize>,
    /// The correlated query whose operators they are, and the number of its joins so far.
    query: Option<(usize, usize)>,
    /// What the operator around the next one wants of a window.
    leading: Option<Leading>,
}

impl Start {
    fn plan(self, mut plan: Plan) -> Input {
        let decodes = plan.decodes();
        let root = self.rows(plan);
        if decodes { Box::new(Decoders::new(root)) } else { root }
    }

    fn rows(mut self, plan: Plan) -> Input {
        let subplans = plan.subplans.into_iter().enumerate();
        let subplans: Vec<_> = subplans.map(|(number, subplan)| self.subplan(number, subplan)).collect();
        let root = self.node(plan.root);
        if subplans.is_empty() && plan.queries.is_empty() {
            return root;
        }
        let queries =
            (!plan.queries.is_empty()).then_some(Queries { plans: plan.queries, start: start_query });
        Box::new(Subplans::new(subplans, queries, root))
    }

    fn subplan(&mut self, number: usize, Subplan { root, kind, span }: Subplan) -> RunningSubplan {
        let schema = root.schema.clone();
        let operator = match (kind, root.kind) {
            (SubplanKind::Recursive { distinct }, NodeKind::Union { inputs }) => {
                self.recursion(number, inputs, distinct)
            }
            (_, kind) => self.node(Node { kind, schema: root.schema }),
        };
        RunningSubplan::new(operator, schema, kind, span)
    }

    /// The last of the inputs is run again and again; it is not measured.
    fn recursion(&mut self, number: usize, mut inputs: Vec<Node>, distinct: bool) -> Input {
        let step = inputs.pop().unwrap_or(Node::one_row());
        let measured = self.measured;
        self.measured = measured.map(|measured| measured + 1);
        let base = Box::new(Union::new(inputs.into_iter().map(|input| self.node(input)).collect()));
        self.measured = self.measured.map(|measured| measured + step.count());
        let start = |node| Start { measured: None, query: None, leading: None }.node(node);
        let recursion = Box::new(Recursion::new(number, base, step, start, distinct));
        match measured {
            Some(number) => Box::new(Measured::new(recursion, number)),
            None => recursion,
        }
    }

    /// The operator of `node`, measured if all are.
    fn node(&mut self, node: Node) -> Input {
        let Some(number) = self.measured else { return self.operator(node) };
        self.measured = Some(number + 1);
        Box::new(Measured::new(self.operator(node), number))
    }

    /// The operator of a join and of the list above it, measured as the join.
    fn product(&mut self, left: Node, right: Node, columns: Vec<Written>) -> Input {
        let measured = self.measured;
        self.measured = measured.map(|number| number + 1);
        let schema = right.schema.clone();
        let (left, right) = (self.node(left), self.node(right));
        let product = Box::new(Product::new(left, right, schema, columns));
        match measured {
            Some(number) => Box::new(Measured::new(product, number)),
            None => product,
        }
    }

    fn operator(&mut self, node: Node) -> Input {
        let total = node.rows();
        let schema = node.schema;
        let leading = self.leading.take();
        match node.kind {
            NodeKind::OneRow => Box::new(OneRow::default()),
            NodeKind::Values { rows } => Box::new(Values::new(rows, schema)),
            NodeKind::Scan { table, columns } => Box::new(Scan::new(table, columns)),
            NodeKind::Objects { objects, columns } => match objects.as_ref() {
                [source] if source.is_live => Box::new(Frames::new(source, columns)),
                _ => Box::new(Objects::new(objects, columns)),
            },
            NodeKind::Stream { stream, columns, most, part, .. } => {
                Box::new(Arriving::new(stream, columns, most, part))
            }
            NodeKind::Shared { subplan, columns } => Box::new(SharedScan::new(subplan, columns)),
            NodeKind::Outer { columns } => Box::new(OuterScan::new(columns)),
            NodeKind::Filter { input, predicate } => {
                self.leading = Leading::of(&predicate);
                Box::new(Filter::new(self.node(*input), predicate))
            }
            NodeKind::Project { input, exprs } => {
                let columns = Product::columns(&input, &exprs).filter(|_| self.query.is_none());
                let input = match (columns, *input) {
                    (Some(columns), Node { kind: NodeKind::Join { left, right, .. }, .. }) => {
                        return self.product(*left, *right, columns);
                    }
                    (_, input) => input,
                };
                self.leading = leading.and_then(|leading| leading.below(&exprs));
                Box::new(Project::new(self.node(input), exprs))
            }
            NodeKind::Join { left, right, kind, keys, condition } => {
                let sides = (left.schema.clone(), right.schema.clone());
                let is_same = matches!(right.kind, NodeKind::Scan { .. } | NodeKind::Shared { .. });
                let kept = self.query.as_mut().filter(|_| is_same).map(|(query, joins)| {
                    *joins += 1;
                    (*query, *joins)
                });
                let (left, right) = (self.node(*left), self.node(*right));
                Box::new(Join::new(left, right, sides, kind, keys, condition, kept))
            }
            NodeKind::Unnest { input, array, keep, offset, outer } => {
                Box::new(Unnest::new(self.node(*input), array, keep, offset, outer))
            }
            NodeKind::Aggregate { input, keys, aggregates } => {
                Box::new(Aggregation::new(self.node(*input), keys, aggregates))
            }
            NodeKind::Window { input, partition_by, order_by, calls, keep } => {
                let first = leading.and_then(|leading| leading.of_window(&order_by, &calls, &keep));
                let schema = input.schema.clone();
                let input = self.node(*input);
                Box::new(Window::new(input, &schema, partition_by, order_by, calls, keep, first))
            }
            NodeKind::Distinct { input } => Box::new(Distinct::new(self.node(*input))),
            NodeKind::Union { inputs } => {
                Box::new(Union::new(inputs.into_iter().map(|input| self.node(input)).collect()))
            }
            NodeKind::Predict { input, model, inputs, outputs, keep, safe } => {
                let input = self.node(*input);
                let takes_texts = model.takes_texts();
                let predict = Predict::new(input, model, inputs, outputs, keep, safe, schema, total);
                if takes_texts { Box::new(Texts::new(predict)) } else { Box::new(predict) }
            }
            NodeKind::Shares { input, model, inputs, players, count, shared, row, keep } => {
                let game = Game { model, inputs, players, count, shared, row, keep };
                Box::new(Shares::new(input.schema.clone(), self.node(*input), game))
            }
            NodeKind::VectorSearch { base, query, batch, top, metric } => {
                let [base, query] = [*base, *query].map(|side| {
                    let schema = side.input.schema.clone();
                    Side::new(self.node(side.input), schema, side.vector, side.keep)
                });
                Box::new(VectorSearch::new(base, query, batch, top, metric))
            }
            NodeKind::Sort { input, keys, limit } => {
                Box::new(Sort::new(self.node(*input), schema, keys, limit))
            }
            #[cfg(not(target_family = "wasm"))]
            NodeKind::Marked { input, part, keys, keep } => {
                Box::new(Marked::new(self.node(*input), part, keys, keep))
            }
            NodeKind::Limit { input, count, offset } => {
                Box::new(Limit::new(self.node(*input), count, offset))
            }
        }
    }
}
