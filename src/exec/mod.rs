//! Operators: they pull batches from below, one at a time, and stop for what they need from outside.
//!
//! This room runs plans and knows neither SQL text nor the catalog.

mod aggregate;
mod distinct;
mod expr;
mod filter;
mod fit;
mod held;
mod join;
mod limit;
mod measure;
mod objects;
mod predict;
mod project;
mod resources;
mod scan;
mod sort;
mod subplans;
mod tally;
#[cfg(test)]
mod tests;
mod union;
mod unnest;
mod values;
mod vector_search;
mod window;

pub(crate) use fit::fit;
pub(crate) use measure::Measurement;
pub(crate) use resources::{Answer, Resources};
pub use resources::{Request, Resource, TableFormat};

use crate::control::{Progress, Stopwatch};
use crate::data::Batch;
use crate::diag::{Error, Result};
use crate::function::Env;
use crate::plan::{Node, NodeKind, Plan, Subplan};
use subplans::Given;

/// What an operator answers when it is asked for rows.
pub(crate) enum Poll {
    /// At least one row.
    Batch(Batch),
    /// Work was done and there is more: ask again.
    Working,
    /// Requests stand in [`Context::resources`]: ask again when they are answered.
    Waiting,
    Done,
}

/// What all operators of a query share.
pub(crate) struct Context {
    pub(crate) env: Env,
    pub(crate) watch: Stopwatch,
    pub(crate) resources: Resources,
    /// The latest news; the engine takes it out.
    pub(crate) progress: Option<Progress>,
    /// What the nodes of the plan did so far, in its order, if it is measured.
    pub(crate) measured: Vec<Measurement>,
    /// What the subplans gave, by number.
    given: Vec<Given>,
}

/// One operator of a running query.
pub(crate) trait Operator {
    /// Does a piece of work.
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll>;

    /// Where row `row` of the latest batch comes from, for errors: a file's name.
    fn origin(&self, _row: usize) -> Option<String> {
        None
    }
}

/// An operator of any kind.
pub(crate) type Input = Box<dyn Operator + Send>;

impl Context {
    pub(crate) fn new(env: Env, watch: Stopwatch) -> Self {
        Self {
            env,
            watch,
            resources: Resources::default(),
            progress: None,
            measured: Vec::new(),
            given: Vec::new(),
        }
    }
}

/// The operator that runs `plan`.
pub(crate) fn start(plan: Plan) -> Input {
    Start { measured: None }.plan(plan)
}

/// The operator that runs `plan` and measures every node: [`Context::measured`] has the nodes of the subplans, then
/// those of the root, a node before its inputs, the left one first.
pub(crate) fn start_measured(plan: Plan) -> Input {
    Start { measured: Some(0) }.plan(plan)
}

/// Makes operators of nodes.
struct Start {
    /// The nodes so far, if they are measured.
    measured: Option<usize>,
}

impl Start {
    fn plan(mut self, plan: Plan) -> Input {
        let subplans: Vec<_> = plan.subplans.into_iter().map(|subplan| self.subplan(subplan)).collect();
        let root = self.operator(plan.root);
        if subplans.is_empty() { root } else { Box::new(subplans::Subplans::new(subplans, root)) }
    }

    fn subplan(&mut self, Subplan { root, kind, span }: Subplan) -> subplans::Running {
        let schema = root.schema.clone();
        subplans::Running::new(self.operator(root), schema, kind, span)
    }

    fn operator(&mut self, node: Node) -> Input {
        let Some(number) = self.measured else { return self.unmeasured(node) };
        self.measured = Some(number + 1);
        Box::new(measure::Measured::new(self.unmeasured(node), number))
    }

    fn unmeasured(&mut self, node: Node) -> Input {
        let total = node.rows();
        let schema = node.schema;
        match node.kind {
            NodeKind::OneRow => Box::new(scan::OneRow::default()),
            NodeKind::Values { rows } => Box::new(values::Values::new(rows, schema)),
            NodeKind::Scan { table, columns } => Box::new(scan::Scan::new(table, columns)),
            NodeKind::Objects { objects, columns } => Box::new(objects::Objects::new(objects, columns)),
            NodeKind::Shared { subplan, columns } => Box::new(subplans::Shared::new(subplan, columns)),
            NodeKind::Filter { input, predicate } => {
                Box::new(filter::Filter::new(self.operator(*input), predicate))
            }
            NodeKind::Project { input, exprs } => {
                Box::new(project::Project::new(self.operator(*input), exprs))
            }
            NodeKind::Join { left, right, kind, keys, condition } => {
                let sides = (left.schema.clone(), right.schema.clone());
                let (left, right) = (self.operator(*left), self.operator(*right));
                Box::new(join::Join::new(left, right, sides, kind, keys, condition))
            }
            NodeKind::Unnest { input, array, keep, offset, outer } => {
                Box::new(unnest::Unnest::new(self.operator(*input), array, keep, offset, outer))
            }
            NodeKind::Aggregate { input, keys, aggregates } => {
                Box::new(aggregate::Aggregation::new(self.operator(*input), keys, aggregates))
            }
            NodeKind::Window { input, partition_by, order_by, calls, keep } => {
                let schema = input.schema.clone();
                let input = self.operator(*input);
                Box::new(window::Window::new(input, schema, partition_by, order_by, calls, keep))
            }
            NodeKind::Distinct { input } => Box::new(distinct::Distinct::new(self.operator(*input))),
            NodeKind::Union { inputs } => {
                Box::new(union::Union::new(inputs.into_iter().map(|input| self.operator(input)).collect()))
            }
            NodeKind::Predict { input, model, inputs, outputs, keep, safe } => {
                let input = self.operator(*input);
                Box::new(predict::Predict::new(input, model, inputs, outputs, keep, safe, schema, total))
            }
            NodeKind::VectorSearch { base, query, batch, top, metric } => {
                let [base, query] = [*base, *query].map(|side| {
                    let schema = side.input.schema.clone();
                    vector_search::Side::new(self.operator(side.input), schema, side.vector, side.keep)
                });
                Box::new(vector_search::VectorSearch::new(base, query, batch, top, metric))
            }
            NodeKind::Sort { input, keys, limit } => {
                Box::new(sort::Sort::new(self.operator(*input), schema, keys, limit))
            }
            NodeKind::Limit { input, count, offset } => {
                Box::new(limit::Limit::new(self.operator(*input), count, offset))
            }
        }
    }
}

/// Says which row an error is about: its file where it has one, and its number among all rows so far.
fn name_row(mut error: Error, input: &dyn Operator, rows_before: usize) -> Error {
    match error.take_row() {
        Some(row) => match input.origin(row) {
            Some(origin) => error.context(format_args!("`{origin}`")),
            None => error.context(format_args!("row {}", rows_before + row + 1)),
        },
        None => error,
    }
}
