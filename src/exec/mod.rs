//! Operators: they pull batches from below, one at a time, and stop for what they need from outside.
//!
//! This room runs plans and knows neither SQL text nor the catalog.

mod expr;
mod filter;
mod fit;
mod limit;
mod objects;
mod predict;
mod project;
mod resources;
mod scan;
mod sort;

pub(crate) use fit::fit;
pub(crate) use resources::{Answer, Resources};
pub use resources::{Request, Resource, TableFormat};

use crate::control::{Progress, Stopwatch};
use crate::data::Batch;
use crate::diag::{Error, Result};
use crate::function::Env;
use crate::plan::{Node, NodeKind, Plan};

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
    pub(crate) measured: Vec<Measurement>,
}

/// An operator of any kind.
pub(crate) type Input = Box<dyn Operator + Send>;

impl Context {
    pub(crate) fn new(env: Env, watch: Stopwatch) -> Self {
        Self { env, watch, resources: Resources::default(), progress: None, measured: Vec::new() }
    }
}

/// One operator of a running query.
pub(crate) trait Operator {
    /// Does a piece of work.
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll>;

    /// Where row `row` of the latest batch comes from, for errors: a file's name.
    fn origin(&self, row: usize) -> Option<String>;
}

/// The operator that runs `plan`.
pub(crate) fn start(plan: Plan) -> Box<dyn Operator + Send> {
    operator(plan.root)
}

/// What one node of a plan did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Measurement {
    pub(crate) rows: usize,
    pub(crate) ms: f64,
}

pub(crate) fn start_measured(plan: Plan) -> Input {
    start(plan)
}

/// The operator that runs `node`.
fn operator(node: Node) -> Box<dyn Operator + Send> {
    match node.kind {
        NodeKind::OneRow => Box::new(scan::OneRow::default()),
        NodeKind::Scan { table, columns } => Box::new(scan::Scan::new(table, columns)),
        NodeKind::Objects { objects, columns } => Box::new(objects::Objects::new(objects, columns)),
        NodeKind::Filter { input, predicate } => Box::new(filter::Filter::new(operator(*input), predicate)),
        NodeKind::Project { input, exprs } => Box::new(project::Project::new(operator(*input), exprs)),
        NodeKind::Predict { input, model, inputs, outputs, keep, safe: _ } => {
            let total = input.rows();
            Box::new(predict::Predict::new(operator(*input), model, inputs, outputs, keep, total))
        }
        NodeKind::Sort { input, keys, limit: _ } => {
            let schema = input.schema.clone();
            Box::new(sort::Sort::new(operator(*input), schema, keys))
        }
        NodeKind::Limit { input, count, offset } => {
            Box::new(limit::Limit::new(operator(*input), count, offset))
        }
        _ => Box::new(scan::OneRow::default()),
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
