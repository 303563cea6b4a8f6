//! One running statement.

use std::cell::Cell;
use std::sync::Arc;

use super::Engine;
use super::creation::{Creation, Next};
use crate::catalog::Relation;
use crate::control::{Progress, Stage, Stopwatch, Timings};
use crate::data::{Batch, Schema};
use crate::diag::{Code, Diagnostic, Error, Result, Span};
use crate::exec::{Answer, Context, Operator, Poll, Request, Resource, Resources, start};
use crate::function::Env;
use crate::limits::Limits;
use crate::model::ModelOptions;
use crate::plan::{Bound, Params, bind};
use crate::syntax::ast::Statement;
use crate::table::Object;

/// A statement that runs as far as it is stepped. Dropping it cancels it.
pub struct Query {
    engine: Engine,
    schema: Option<Schema>,
    work: Work,
    ctx: Context,
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

/// What is left to do.
enum Work {
    Rows(Box<dyn Operator + Send>),
    CreateModel(Box<Creation>),
    ListObjects { name: String, uris: Vec<String>, span: Span, request: Option<u64> },
    DropModel { name: String },
    DropTable { name: String },
    Say { message: String },
    Ended,
}

impl Query {
    pub(super) fn new(
        engine: &Engine,
        limits: Arc<Limits>,
        statement: &Statement,
        params: &Params,
        mut watch: Stopwatch,
    ) -> Result<Self> {
        let mark = watch.start();
        let bound = bind(statement, &engine.catalog(), Some(params));
        watch.stop(mark, Stage::Bind);
        let (bound, warnings) = bound?;
        let mut schema = None;
        let work = match bound {
            Bound::Query(plan) => {
                schema = Some(plan.root.schema.clone());
                Work::Rows(start(plan))
            }
            Bound::CreateModel { name, path, path_span } => {
                Work::CreateModel(Box::new(Creation::new(name, path, path_span, ModelOptions::default())))
            }
            Bound::CreateObjectTable { name, uris, uris_span } => {
                Work::ListObjects { name, uris, span: uris_span, request: None }
            }
            Bound::DropModel { name } => Work::DropModel { name },
            Bound::DropTable { name } => Work::DropTable { name },
            Bound::Nothing { message } => Work::Say { message },
        };
        let env = Env { limits, now: 0, random: Cell::new(0) };
        let ctx = Context { env, watch, resources: Resources::default(), progress: None };
        Ok(Self { engine: engine.clone(), schema, work, ctx, warnings, held: None })
    }

    /// The result's columns; `None` for a statement without rows.
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
        let stage = match &work {
            Work::CreateModel(creation) if creation.is_ready() => Stage::Compile,
            _ => Stage::Project,
        };
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
                    Poll::Working => {
                        let silent = Progress { stage: Stage::Project, rows: 0, total: None };
                        Step::Progress(self.ctx.progress.take().unwrap_or(silent))
                    }
                    Poll::Waiting => Step::Need(self.ctx.resources.open()),
                    Poll::Done => return Ok(Step::Done(Summary::default())),
                };
                self.work = Work::Rows(root);
                Ok(step)
            }
            Work::CreateModel(mut creation) => {
                let step = match creation.advance(&mut self.ctx, self.engine.shared.clock)? {
                    Next::Need => Step::Need(self.ctx.resources.open()),
                    Next::Ready => Step::Progress(Progress { stage: Stage::Compile, rows: 0, total: None }),
                    Next::Loaded(model) => {
                        let name = &creation.name;
                        self.engine.catalog().put_model(name, Arc::new(model));
                        return Ok(changed(format!("Successfully created model named {name}")));
                    }
                };
                self.work = Work::CreateModel(creation);
                Ok(step)
            }
            Work::ListObjects { name, uris, span, request } => {
                match self.answered(request, || Resource::Objects { uris: uris.clone() }) {
                    Ok(id) => {
                        let objects =
                            self.ctx.resources.take_objects(id).map_err(|error| error.or_at(span))?;
                        if objects.is_empty() {
                            return Err(Error::new(
                                Code::ResourceUnavailable,
                                format!("no file matches {}", quoted(&uris)),
                            )
                            .at(span));
                        }
                        let files = objects.len();
                        self.engine.catalog().put_relation(&name, Relation::Objects(objects.into()));
                        Ok(changed(format!("Successfully created table named {name} over {files} files")))
                    }
                    Err((request, need)) => {
                        self.work = Work::ListObjects { name, uris, span, request: Some(request) };
                        Ok(need)
                    }
                }
            }
            Work::DropModel { name } => {
                self.engine.catalog().drop_model(&name);
                Ok(changed(format!("Successfully dropped model named {name}")))
            }
            Work::DropTable { name } => {
                self.engine.catalog().drop_relation(&name);
                Ok(changed(format!("Successfully dropped table named {name}")))
            }
            Work::Say { message } => Ok(Step::Done(Summary { message: Some(message), ..Summary::default() })),
            Work::Ended => Err(Error::new(Code::Internal, "the query has ended")),
        }
    }

    /// The request whose answer is there; else the request and what to tell the host.
    fn answered(
        &mut self,
        request: Option<u64>,
        resource: impl FnOnce() -> Resource,
    ) -> std::result::Result<u64, (u64, Step)> {
        let id = request.unwrap_or_else(|| self.ctx.resources.request(resource()));
        match self.ctx.resources.is_complete() {
            true => Ok(id),
            false => Err((id, Step::Need(self.ctx.resources.open()))),
        }
    }
}

fn changed(message: String) -> Step {
    Step::Done(Summary { message: Some(message), catalog_changed: true, ..Summary::default() })
}

fn quoted(uris: &[String]) -> String {
    uris.iter().map(|uri| format!("`{uri}`")).collect::<Vec<_>>().join(", ")
}
