//! One running statement: rows, or a job.

use std::sync::Arc;

use super::Engine;
use super::jobs::{JobContext, JobStep, Task};
use super::scope::Scope;
use super::step::{Step, Summary};
use crate::control::{Progress, Stage, Stopwatch};
use crate::data::{Batch, Schema};
use crate::diag::{Diagnostic, Error, Result};
use crate::exec::{Context, Input, Poll, Response};
use crate::function::Env;
use crate::limits::Limits;
use crate::plan::{self, Binding, Bound, bind};
use crate::syntax::ast::Statement;
use crate::table::Object;

/// A statement that runs as far as it is stepped. Dropping it cancels it.
pub struct Query {
    engine: Engine,
    scope: Scope,
    statement: Statement,
    schema: Option<Schema>,
    /// What is left to do; nothing once the statement has ended.
    task: Option<Task>,
    ctx: Context,
    warnings: Vec<Diagnostic>,
    /// A batch that waits behind the progress that came with it.
    pending: Option<Batch>,
}

impl Query {
    pub(super) fn new(
        engine: &Engine,
        limits: Arc<Limits>,
        statement: Statement,
        scope: Scope,
        watch: Stopwatch,
    ) -> Result<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a clock's milliseconds are far from the range's end"
        )]
        let now = ((engine.shared.clock)() * 1e3) as i64;
        // Any clock's bits are as good a start as others; without one, results repeat.
        let random = (engine.shared.clock)().to_bits();
        let ctx = Context::new(Env::new(limits, now, random), watch);
        let mut query = Self {
            engine: engine.clone(),
            scope,
            statement,
            schema: None,
            task: None,
            ctx,
            warnings: Vec::new(),
            pending: None,
        };
        query.bind()?;
        Ok(query)
    }

    /// The result's columns; `None` for a statement without rows, and while it is not known yet what they are.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// Does a piece of work: a batch, a run of the model, one change of the catalog.
    ///
    /// # Errors
    /// For reasons of data, limits, resources or the model. The query has ended then.
    pub fn step(&mut self) -> Result<Step> {
        if let Some(batch) = self.pending.take() {
            return Ok(Step::Batch(batch));
        }
        let task = self.task.take().ok_or_else(|| Error::internal("the query has ended"))?;
        let mark = self.ctx.watch.start();
        let stage = task.stage();
        let result = self.advance(task);
        self.ctx.watch.stop(mark, stage);
        match result? {
            Step::Done(summary) => {
                let warnings = std::mem::take(&mut self.warnings);
                Ok(Step::Done(Summary { warnings, timings: self.ctx.watch.timings(), ..summary }))
            }
            step => Ok(step),
        }
    }

    /// Answers a request for bytes.
    ///
    /// # Errors
    /// `internal` for a request that is not open.
    pub fn supply(&mut self, id: u64, bytes: Vec<u8>) -> Result<()> {
        self.ctx.requests.respond(id, Response::Bytes(bytes))
    }

    /// Answers a request for a listing.
    ///
    /// # Errors
    /// As [`Query::supply`].
    pub fn supply_objects(&mut self, id: u64, objects: Vec<Object>) -> Result<()> {
        self.ctx.requests.respond(id, Response::Objects(objects))
    }

    /// Says that a request cannot be met, and why; the query fails with these words.
    ///
    /// # Errors
    /// As [`Query::supply`].
    pub fn refuse(&mut self, id: u64, why: impl Into<String>) -> Result<()> {
        self.ctx.requests.respond(id, Response::Unavailable(why.into()))
    }

    /// Binds the statement against the catalog and the variables as they are now, and sets out its task.
    fn bind(&mut self) -> Result<()> {
        let mark = self.ctx.watch.start();
        let variables = self.scope.variables();
        let binding = {
            let catalog = self.engine.catalog();
            bind(
                &self.statement,
                plan::Context {
                    catalog: &catalog,
                    dialect: self.scope.dialect,
                    params: Some(&self.scope.params),
                    variables: &variables,
                    values: &self.scope.values,
                },
            )
        };
        self.ctx.watch.stop(mark, Stage::Bind);
        let (binding, warnings) = binding?;
        self.warnings = warnings;
        self.task = Some(match binding {
            Binding::Ready(bound) => {
                self.schema = match &bound {
                    Bound::Query(plan) => Some(plan.root.schema.clone()),
                    Bound::Explain { .. } => Some(plan::explanation_schema()),
                    _ => None,
                };
                Task::of(bound, &self.engine)?
            }
            Binding::Needs(prerequisite) => Task::before(prerequisite),
        });
        Ok(())
    }

    /// Does a piece of `task` and leaves the rest of it in `self.task`.
    fn advance(&mut self, task: Task) -> Result<Step> {
        let mut job = match task {
            Task::Rows(root) => return self.rows(root),
            Task::Job(job) => job,
        };
        let mut env = JobContext { engine: &self.engine, scope: &mut self.scope, ctx: &mut self.ctx };
        match job.step(&mut env)? {
            JobStep::Waiting => {
                self.task = Some(Task::Job(job));
                Ok(Step::Need(self.ctx.requests.pending()))
            }
            JobStep::Working => {
                self.task = Some(Task::Job(job));
                Ok(self.progress())
            }
            JobStep::Done(summary) => Ok(Step::Done(summary)),
            JobStep::Rows(root) => {
                self.task = Some(Task::Rows(root));
                Ok(self.progress())
            }
            JobStep::Bind => {
                self.bind()?;
                Ok(self.progress())
            }
        }
    }

    /// The next piece of a result.
    fn rows(&mut self, mut root: Input) -> Result<Step> {
        let step = match root.poll(&mut self.ctx)? {
            Poll::Batch(batch) => match self.ctx.progress.take() {
                Some(progress) => {
                    self.pending = Some(batch);
                    Step::Progress(progress)
                }
                None => Step::Batch(batch),
            },
            Poll::Working => self.progress(),
            Poll::Waiting => Step::Need(self.ctx.requests.pending()),
            Poll::Done => return Ok(Step::Done(Summary::default())),
        };
        self.task = Some(Task::Rows(root));
        Ok(step)
    }

    fn progress(&mut self) -> Step {
        let silent = Progress { stage: Stage::Project, rows: 0, total: None };
        Step::Progress(self.ctx.progress.take().unwrap_or(silent))
    }
}
