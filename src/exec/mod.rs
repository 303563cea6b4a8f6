//! Operators: they pull batches from their inputs, one at a time, and stop when they need something from the host.
//!
//! This room runs plans and knows neither SQL text nor the catalog.

mod accumulators;
mod aggregate;
mod arriving;
mod buffer;
mod build_side;
mod correlated;
mod decoders;
mod distinct;
mod expr;
mod filter;
mod fit;
mod frame;
mod framed;
mod frames;
mod join;
mod leaders;
mod limit;
#[cfg(not(target_family = "wasm"))]
mod marked;
mod merge;
mod metrics;
mod navigation;
mod objects;
mod percentiles;
mod predict;
mod product;
mod project;
mod recursion;
mod resources;
mod resume;
mod scan;
mod shares;
mod sort;
mod start;
mod subplans;
#[cfg(test)]
mod tests;
mod texts;
mod union;
mod unnest;
mod values;
mod vector_search;
mod window;

pub(crate) use fit::fit;
pub use resources::{ExportPiece, Request, Resource, TableFormat};
pub(crate) use resources::{Requests, Response};
pub(crate) use start::{start, start_measured};

use std::sync::Arc;

use crate::control::{Counts, Progress, Stopwatch};
use crate::data::Batch;
use crate::diag::{Error, Result};
use crate::function::Env;
use crate::plan::Params;
use correlated::Correlation;
use metrics::OperatorMetrics;
use subplans::SubplanResult;

/// What an operator returns when it is polled for rows.
pub(crate) enum Poll {
    /// At least one row.
    Batch(Batch),
    /// Work was done and there is more: poll again.
    Working,
    /// Requests stand in [`Context::requests`]: poll again when they are answered.
    Waiting,
    Done,
}

/// What all operators of a query share.
pub(crate) struct Context {
    pub(crate) env: Env,
    /// The values of the parameters that the plan was bound without.
    params: Arc<Params>,
    pub(crate) watch: Stopwatch,
    pub(crate) requests: Requests,
    /// The latest progress; the engine takes it out.
    pub(crate) progress: Option<Progress>,
    /// What the operators did so far, in the order of [`start_measured`], if they are measured.
    pub(crate) metrics: Vec<OperatorMetrics>,
    /// What is counted for the log.
    pub(crate) counts: Counts,
    /// The results of the subplans, by number.
    subplans: Vec<SubplanResult>,
    correlated: Correlation,
    /// Long arrays that are the same for every batch.
    kept: Vec<expr::Kept>,
}

/// One operator of a running query.
pub(crate) trait Operator {
    /// Does a piece of work.
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll>;

    /// As [`poll`](Self::poll), for who reads single elements of the columns that `apart` numbers, and nothing else of them: they may
    /// stand apart from their rows.
    fn poll_apart(&mut self, _apart: &[usize], ctx: &mut Context) -> Result<Poll> {
        self.poll(ctx)
    }

    /// Where row `row` of the latest batch comes from, for errors: the name of a file.
    fn origin(&self, _row: usize) -> Option<String> {
        None
    }

    /// Whether it is the one row of a query without FROM, which errors need not name.
    fn is_one_row(&self) -> bool {
        false
    }

    /// Goes back to where it began, to run once more with other parameters; `false` where it cannot.
    fn rewind(&mut self) -> bool {
        false
    }
}

/// An operator of any kind.
pub(crate) type Input = Box<dyn Operator + Send>;

impl Context {
    pub(crate) fn new(env: Env, params: Arc<Params>, watch: Stopwatch) -> Self {
        Self {
            env,
            params,
            watch,
            requests: Requests::default(),
            progress: None,
            metrics: Vec::new(),
            counts: Counts::default(),
            subplans: Vec::new(),
            correlated: Correlation::default(),
            kept: Vec::new(),
        }
    }

    /// Forgets what the subplans of a plan gave: another plan runs next, whose subplans have numbers of their own.
    pub(crate) fn forget_subplans(&mut self) {
        self.subplans.clear();
        self.correlated = Correlation::default();
    }
}

/// Names the row at fault, one of a batch of `input`: by its file if it has one, else by its number among all rows so far.
/// In a query that is run for each row it is the row around, which whoever computes that one names.
fn name_row(error: Error, input: &dyn Operator, rows_before: usize, batch: &Batch, ctx: &Context) -> Error {
    let error = match ctx.correlated.named_around(error, batch) {
        Ok(error) => return error,
        Err(error) => error,
    };
    name_row_behind(error, input, (!ctx.env.is_part).then_some(rows_before))
}

/// What came of computing with a batch, with a name for each row that has failed, as [`name_row`] gives it: where that is forgiven too.
fn with_names<T>(
    computed: Result<T>,
    input: &dyn Operator,
    rows_before: usize,
    batch: &Batch,
    ctx: &Context,
) -> Result<T> {
    name_forgiven(input, rows_before, batch, ctx);
    computed.map_err(|error| name_row(error, input, rows_before, batch, ctx))
}

/// Names the rows of a batch that were forgiven, as [`name_row`] does.
fn name_forgiven(input: &dyn Operator, rows_before: usize, batch: &Batch, ctx: &Context) {
    for error in &mut ctx.env.forgiven.borrow_mut().errors {
        if error.first().row.is_some() {
            *error = name_row(error.clone(), input, rows_before, batch, ctx);
        }
    }
}

/// As [`name_row`], in an operator that no such query has.
fn name_numbered_row(error: Error, input: &dyn Operator, rows_before: usize) -> Error {
    name_row_behind(error, input, Some(rows_before))
}

/// Names a row by where it comes from, or else by its number, where it is known how many are before those of the batch.
fn name_row_behind(mut error: Error, input: &dyn Operator, rows_before: Option<usize>) -> Error {
    match error.take_row() {
        Some(_) if input.is_one_row() => error,
        Some(row) => match (input.origin(row), rows_before) {
            (Some(origin), _) => error.context(format_args!("`{origin}`")),
            (None, Some(before)) => error.context(format_args!("row {}", before + row + 1)),
            (None, None) => error,
        },
        None => error,
    }
}
