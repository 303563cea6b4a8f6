//! One running statement.

use std::sync::Arc;

use super::making::Making;
use super::script::Scope;
use super::work::{Then, Work};
use super::{Engine, work};
use crate::control::{Progress, Stage, Stopwatch, Timings};
use crate::data::{Batch, Schema};
use crate::diag::{Code, Diagnostic, Error, Result};
use crate::exec::{Answer, Context, Poll, Request, start};
use crate::function::Env;
use crate::limits::Limits;
use crate::plan::{self, Bound, Prepare, bind};
use crate::syntax::ast::Statement;
use crate::table::Object;

/// A statement that runs as far as it is stepped. Dropping it cancels it.
pub struct Query {
    pub(super) engine: Engine,
    pub(super) scope: Scope,
    statement: Statement,
    schema: Option<Schema>,
    work: Work,
    pub(super) ctx: Context,
    warnings: Vec<Diagnostic>,
    /// A batch that waits behind the progress that came with it.
    held: Option<Batch>,
}

/// What [`Query::step`] answers.
#[derive(Debug)]
pub enum Step {
    /// Answer these requests, all of them, then step again.
    Need(Vec<Request>),
    /// More work was done.
    Progress(Progress),
    /// Rows of the result.
    Batch(Batch),
    /// The statement has ended.
    Done(Summary),
}

/// What a statement did.
#[derive(Debug, Default)]
pub struct Summary {
    /// In words, for statements without rows.
    pub message: Option<String>,
    /// Whether tables or models were created or dropped.
    pub catalog_changed: bool,
    /// What to know beside the result.
    pub warnings: Vec<Diagnostic>,
    /// Where the time went.
    pub timings: Timings,
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
            work: Work::Ended,
            ctx,
            warnings: Vec::new(),
            held: None,
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
        if let Some(batch) = self.held.take() {
            return Ok(Step::Batch(batch));
        }
        let mark = self.ctx.watch.start();
        let work = std::mem::replace(&mut self.work, Work::Ended);
        let stage = work.stage();
        let result = self.advance(work);
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
        self.ctx.resources.answer(id, Answer::Bytes(bytes))
    }

    /// Answers a request for a listing.
    ///
    /// # Errors
    /// As [`Query::supply`].
    pub fn supply_objects(&mut self, id: u64, objects: Vec<Object>) -> Result<()> {
        self.ctx.resources.answer(id, Answer::Objects(objects))
    }

    /// Says that a request cannot be met, and why; the query fails with these words.
    ///
    /// # Errors
    /// As [`Query::supply`].
    pub fn refuse(&mut self, id: u64, why: impl Into<String>) -> Result<()> {
        self.ctx.resources.answer(id, Answer::Refused(why.into()))
    }

    /// Binds the statement against the catalog and the variables as they are now, and sets out its work.
    pub(super) fn bind(&mut self) -> Result<()> {
        let mark = self.ctx.watch.start();
        let variables = self.scope.variables();
        let bound = {
            let catalog = self.engine.catalog();
            bind(
                &self.statement,
                plan::Context {
                    catalog: &catalog,
                    dialect: self.scope.dialect,
                    params: Some(&self.scope.params),
                    variables: &variables,
                    prepared: &self.scope.prepared,
                    limits: &self.ctx.env.limits,
                },
            )
        };
        self.ctx.watch.stop(mark, Stage::Bind);
        let (bound, warnings) = bound?;
        self.warnings = warnings;
        self.work = self.work_of(bound)?;
        Ok(())
    }

    fn work_of(&mut self, bound: Bound) -> Result<Work> {
        Ok(match bound {
            Bound::Query(plan) => {
                self.schema = Some(plan.root.schema.clone());
                Work::Rows(start(plan))
            }
            Bound::Explain { plan, analyze } => {
                self.schema = Some(plan::explanation_schema());
                work::explain(plan, analyze)?
            }
            Bound::CreateTable { name, schema, plan, rules } => {
                work::collect(plan, Then::CreateTable { name, schema, rules })
            }
            Bound::Insert { name, plan } => work::collect(Some(plan), Then::Insert { name }),
            Bound::Assign { names, plan } => work::collect(plan, Then::Assign { names }),
            Bound::CreateTransform { name, plan, calls, items, gives } => {
                let takes = plan.root.schema.clone();
                work::collect(Some(plan), Then::Transform { name, calls, items, takes, gives })
            }
            Bound::Prepare(Prepare::Value { plan, span }) => {
                work::collect(Some(plan), Then::Prepare { span })
            }
            Bound::Prepare(Prepare::Model { bytes, span }) => Work::LoadValue { bytes, span },
            Bound::CreateView { name, view } => Work::CreateView { name, view },
            Bound::CreateModel { name, path, path_span, options, declared } => {
                let clock = self.engine.shared.clock;
                Work::MakeModel(Box::new(Making::new(name, path, path_span, options, declared, clock)))
            }
            Bound::AlterModel { name, options, span } => {
                let model = self.engine.catalog().model(&name)?.clone();
                let clock = self.engine.shared.clock;
                Work::MakeModel(Box::new(Making::of(model, name, span, options, clock)))
            }
            Bound::CreateObjectTable { name, uris, uris_span } => {
                Work::ListObjects { name, uris, span: uris_span, request: None }
            }
            Bound::CreateExternalTable { name, external } => work::external_table(name, external),
            Bound::DropModel { name } => Work::DropModel { name },
            Bound::DropTable { name } => Work::DropTable { name },
            Bound::Nothing { message } => Work::Say { message },
        })
    }

    /// Does a piece of `work` and leaves the rest of it in `self.work`.
    fn advance(&mut self, work: Work) -> Result<Step> {
        match work {
            Work::Rows(mut root) => {
                let step = match root.poll(&mut self.ctx)? {
                    Poll::Batch(batch) => match self.ctx.progress.take() {
                        Some(progress) => {
                            self.held = Some(batch);
                            Step::Progress(progress)
                        }
                        None => Step::Batch(batch),
                    },
                    Poll::Working => self.progress(),
                    Poll::Waiting => Step::Need(self.ctx.resources.open()),
                    Poll::Done => return Ok(Step::Done(Summary::default())),
                };
                self.work = Work::Rows(root);
                Ok(step)
            }
            Work::Collect { mut root, mut rows, then } => match root.poll(&mut self.ctx)? {
                Poll::Batch(batch) => {
                    rows.push(batch);
                    self.work = Work::Collect { root, rows, then };
                    Ok(self.progress())
                }
                Poll::Working => {
                    self.work = Work::Collect { root, rows, then };
                    Ok(self.progress())
                }
                Poll::Waiting => {
                    self.work = Work::Collect { root, rows, then };
                    Ok(Step::Need(self.ctx.resources.open()))
                }
                Poll::Done => self.collected(rows, then),
            },
            Work::Ended => Err(Error::new(Code::Internal, "the query has ended")),
            other => self.change(other),
        }
    }

    pub(super) fn progress(&mut self) -> Step {
        let silent = Progress { stage: Stage::Project, rows: 0, total: None };
        Step::Progress(self.ctx.progress.take().unwrap_or(silent))
    }

    /// Goes on with `work` at the next step.
    pub(super) fn go_on(&mut self, work: Work) -> Step {
        self.work = work;
        self.progress()
    }

    /// Waits for what was asked for, with `work` to go on with.
    pub(super) fn wait(&mut self, work: Work) -> Step {
        self.work = work;
        Step::Need(self.ctx.resources.open())
    }
}
