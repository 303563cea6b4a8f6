//! One running statement: binds it, steps what is left of it, and passes requests and answers on.

use std::sync::Arc;

use super::execute::{executed, of_executed};
use super::jobs::{self, Execution, Job, JobContext, JobStep};
use super::prepared::ReadyPlan;
use super::script::{ScriptContext, is_handled};
use super::step::{Step, Summary};
use super::{Engine, written};
use crate::catalog::{Ending, Logged, Used};
use crate::control::{Moment, Progress, Stage, Stopwatch};
use crate::data::{Batch, DataType, Scalar, Schema};
use crate::diag::{Code, Diagnostic, Error, Result, Span};
use crate::exec::{Context, Input, Poll, Response};
use crate::function::{Env, Forgiven};
#[cfg(not(target_family = "wasm"))]
use crate::limits::FORGIVEN_SHOWN;
use crate::limits::{LOGGED_TEXT, Limits};
#[cfg(not(target_family = "wasm"))]
use crate::plan::Plan;
use crate::plan::{self, Binding, Bound, BoundStatement, Given, SeenLog, SubqueryPlace, bind};
use crate::syntax::ast::{Execute, Statement, StatementKind};
use crate::syntax::{Dialect, LAST_JOB, QUERY_LABEL};
#[cfg(not(target_family = "wasm"))]
use crate::table::Stream;
use crate::table::{Object, Table};

/// A statement that runs as far as it is stepped. Dropping it cancels it.
pub struct Query {
    engine: Engine,
    script: ScriptContext,
    statement: Arc<Statement>,
    schema: Option<Schema>,
    /// `None` once the statement has ended.
    execution: Option<Execution>,
    ctx: Context,
    warnings: Vec<Diagnostic>,
    /// The values that binding asked for.
    subquery_values: Vec<(SubqueryPlace, Scalar)>,
    /// The plan of a prepared statement, which takes its operators back.
    ready: Option<Arc<ReadyPlan>>,
    /// A batch that waits behind the progress that came with it.
    held: Option<Batch>,
    /// Whether the script goes on when it fails.
    handled: bool,
    /// Where the statement's text was given to run, where it is none of the script, and what it is.
    executed_at: Option<(Span, String)>,
    moment: Moment,
    /// The log as it was when it was bound first.
    log: SeenLog,
    /// Whether the log has it.
    is_over: bool,
    /// Whether another query is told what it has ended with, by [`Query::add`].
    is_added: bool,
    /// What the log says that it names.
    used: Arc<Used>,
}

impl Query {
    /// A statement that is not bound yet.
    pub(super) fn new(
        engine: &Engine,
        limits: Arc<Limits>,
        statement: Arc<Statement>,
        script: ScriptContext,
        watch: Stopwatch,
        moment: Moment,
    ) -> Self {
        let env = Env::new(limits, moment.micros(), moment.seed);
        let env = env.on_host(engine.shared.zones.clone(), engine.shared.decoder).forgiving(script.forgives);
        let ctx = Context::new(env, script.params.clone(), watch);
        Self {
            engine: engine.clone(),
            script,
            statement,
            schema: None,
            execution: None,
            ctx,
            warnings: Vec::new(),
            subquery_values: Vec::new(),
            ready: None,
            held: None,
            handled: false,
            executed_at: None,
            moment,
            log: SeenLog::default(),
            is_over: false,
            is_added: false,
            used: Arc::default(),
        }
    }

    /// The statement as part of a script that goes on when it fails.
    pub(super) fn handled(mut self, handled: bool) -> Self {
        self.handled = handled;
        self
    }

    /// The statement over a log that is not the engine's.
    pub(super) fn over_log(mut self, log: Option<Table>) -> Self {
        self.log = log.map_or_else(SeenLog::default, SeenLog::given);
        self
    }

    /// The statement as one of a procedure: where it was called, and its name.
    pub(super) fn of_procedure(mut self, called: Option<(Span, String)>) -> Self {
        self.executed_at = called.map(|(span, name)| (span, format!("procedure `{name}`")));
        self
    }

    /// The statement, bound against the catalog and the variables as they are now.
    ///
    /// # Errors
    /// As binding.
    pub(super) fn bound(mut self) -> Result<Self> {
        match self.bind() {
            Ok(()) => Ok(self),
            Err(error) => {
                self.log(self.failed(&error));
                Err(self.placed(error))
            }
        }
    }

    /// An error at a place of the script's text.
    fn placed(&self, error: Error) -> Error {
        match &self.executed_at {
            Some((span, what)) => of_executed(&error, *span, what),
            None => error,
        }
    }

    /// The statement with the plan that it was bound to before.
    pub(super) fn planned(mut self, ready: Arc<ReadyPlan>) -> Self {
        self.schema = Some(ready.plan.root.schema.clone());
        self.execution = Some(Execution::Rows(ready.start()));
        self.warnings.clone_from(&ready.warnings);
        self.used = ready.used.clone();
        self.ready = Some(ready);
        self
    }

    /// The plan of a query that has not been stepped, and that gives the same wherever it runs: not where it reads the log, and not where
    /// it tells the numbers of rows that have failed.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn plan(&self) -> Option<&Plan> {
        match &self.execution {
            Some(Execution::Bound(bound)) if self.log.seen().is_none() && !self.script.forgives => {
                bound.plan()
            }
            _ => None,
        }
    }

    /// Takes the rows away from a statement that does something with those of a query, and has not been stepped: from here on it asks
    /// for them by [`Resource::Fragment`](crate::Resource::Fragment), as its input 0, and whoever runs the query that is returned
    /// gives them. `None` for other statements.
    #[cfg(not(target_family = "wasm"))]
    pub fn source(&mut self) -> Option<Self> {
        // The statement itself says where its failures are.
        let setting = Setting { executed_at: None, ..self.setting() };
        let Some(Execution::Bound(bound)) = &mut self.execution else { return None };
        let plan = bound.source_mut()?;
        let fed = Plan::fed(plan.root.schema.clone());
        Some(setting.query(std::mem::replace(plan, fed)))
    }

    /// What another query of the same statement needs.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn setting(&self) -> Setting {
        Setting {
            engine: self.engine.clone(),
            script: self.script.clone(),
            statement: self.statement.clone(),
            limits: self.ctx.env.limits.clone(),
            moment: self.moment,
            executed_at: self.executed_at.clone(),
        }
    }

    /// Takes note of what a part of the query has ended with: a part of a fragment, or the query whose rows the statement takes.
    #[cfg(not(target_family = "wasm"))]
    pub fn add(&mut self, part: Summary) {
        for warning in part.warnings {
            let is_told = match warning.code {
                // Each is another row.
                Code::FailedRow => told_rows(&self.warnings) == FORGIVEN_SHOWN,
                // What several parts have met is one thing to know.
                _ => self.warnings.contains(&warning),
            };
            if !is_told {
                self.warnings.push(warning);
            }
        }
        self.ctx.counts.model_rows += part.counts.model_rows;
        self.ctx.counts.model_runs += part.counts.model_runs;
        self.ctx.counts.failed_rows += part.counts.failed_rows;
    }

    /// Ends a query that the parts of its fragments have run for it; it has given `rows` rows.
    #[cfg(not(target_family = "wasm"))]
    pub fn end(&mut self, rows: usize) -> Summary {
        let mut warnings = std::mem::take(&mut self.warnings);
        warnings.extend(self.untold_rows(&warnings));
        self.ctx.counts.rows = rows;
        if self.script.dialect == Dialect::TSql {
            self.script.variables.seen_rows(rows);
        }
        self.execution = None;
        self.log(Ending::Done);
        Summary { warnings, counts: self.ctx.counts, ..Summary::default() }
    }

    /// The result's columns; `None` for a statement without rows, and while it is not known yet what they are.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// Does a piece of work: a batch, a run of the model, one change of the catalog.
    ///
    /// # Errors
    /// For reasons of data, limits, requests or the model. The query has ended then.
    pub fn step(&mut self) -> Result<Step> {
        let result = self.next_step();
        match &result {
            Ok(Step::Done(_)) => self.log(Ending::Done),
            Ok(_) => {}
            Err(error) => self.log(self.failed(error)),
        }
        result.or_else(|error| {
            if !self.handled || !is_handled(&error) {
                return Err(self.placed(error));
            }
            let span = self.statement.span;
            let text = self.script.text.get(span.start..span.end).filter(|_| self.executed_at.is_none());
            self.script.variables.failed(&error, text);
            let message = format!("the statement failed, and EXCEPTION goes on: {}", error.first().message);
            let warning = Diagnostic::warning(error.code(), message);
            let warnings = vec![Diagnostic { span: error.first().span, ..warning }];
            Ok(Step::Done(Summary { warnings, ..Summary::default() }))
        })
    }

    fn next_step(&mut self) -> Result<Step> {
        if let Some(batch) = self.held.take() {
            return Ok(Step::Batch(batch));
        }
        let Some(execution) = self.execution.take() else {
            return Err(Error::internal("the query has ended"));
        };
        let mark = self.ctx.watch.start();
        let (stage, result) = match execution {
            Execution::Bound(bound) => {
                self.execution = Some(jobs::begin(*bound, &self.engine)?);
                return self.next_step();
            }
            Execution::Rows(root) => (Stage::Project, self.rows(root)),
            Execution::Job(job) => (job.stage(), self.job(job)),
        };
        self.ctx.watch.stop(mark, stage);
        match result? {
            Step::Done(mut summary) => {
                if summary.catalog_changed {
                    self.engine.forget_old_plans();
                }
                let mut warnings = std::mem::take(&mut self.warnings);
                warnings.append(&mut summary.warnings);
                if let Some((span, _)) = &self.executed_at {
                    warnings.iter_mut().for_each(|warning| warning.span = Some(*span));
                }
                if self.ctx.env.found_turned.get() {
                    warnings.push(unturned());
                }
                let Forgiven { rows, errors } = self.ctx.env.forgiven.take();
                self.ctx.counts.failed_rows += rows;
                warnings.extend(errors.iter().map(failed_row));
                warnings.extend(self.untold_rows(&warnings));
                if self.schema.is_none() {
                    summary.log = self.log.seen().map(written).transpose()?;
                }
                let (timings, counts) = (self.ctx.watch.timings(), self.ctx.counts);
                Ok(Step::Done(Summary { warnings, timings, counts, ..summary }))
            }
            step => Ok(step),
        }
    }

    /// A word for the rows that failed and are not told one by one. Of parts, which know their own alone, it is said once they are added.
    fn untold_rows(&self, warnings: &[Diagnostic]) -> Option<Diagnostic> {
        let (rows, told) = (self.ctx.counts.failed_rows, told_rows(warnings));
        let message = format!("{} more rows failed: {rows} in all", rows.saturating_sub(told));
        (rows > told && !self.is_added).then(|| Diagnostic::warning(Code::FailedRow, message))
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

    /// Answers a request for rows: the next of them, or `None` at their end.
    ///
    /// # Errors
    /// As [`Query::supply`].
    #[cfg(not(target_family = "wasm"))]
    pub fn supply_rows(&mut self, id: u64, rows: Option<Batch>) -> Result<()> {
        self.ctx.requests.respond(id, Response::Rows(rows))
    }

    /// Answers a request for the rows of a file with all files of its table: their rows come while queries run, as those of a table
    /// that [`Engine::register_divisible`] has put into the catalog. `source` is its name in requests for them.
    ///
    /// # Errors
    /// As [`Query::supply`].
    #[cfg(not(target_family = "wasm"))]
    pub fn supply_table(
        &mut self,
        id: u64,
        source: &str,
        schema: Schema,
        bytes: u64,
        rows: usize,
    ) -> Result<()> {
        self.ctx.requests.respond(id, Response::Table(Stream::of_rows(source, schema, bytes), rows))
    }

    /// Says that the rows that a request is for have failed to come: so does the query, with this error.
    ///
    /// # Errors
    /// As [`Query::supply`].
    #[cfg(not(target_family = "wasm"))]
    pub fn fail(&mut self, id: u64, error: Error) -> Result<()> {
        self.ctx.requests.respond(id, Response::Failed(error))
    }

    /// Says that a request cannot be met, and why; the query fails with these words.
    ///
    /// # Errors
    /// As [`Query::supply`].
    pub fn refuse(&mut self, id: u64, why: impl Into<String>) -> Result<()> {
        self.ctx.requests.respond(id, Response::Unavailable(why.into()))
    }

    /// Binds the statement against the catalog and the variables as they are now.
    fn bind(&mut self) -> Result<()> {
        let mark = self.ctx.watch.start();
        let variables = self.script.variables.all();
        let bound = {
            let catalog = self.engine.catalog();
            bind(
                &self.statement,
                plan::Context {
                    catalog: &catalog,
                    dialect: self.script.dialect,
                    params: Given::Values(&self.script.params),
                    variables: &variables,
                    subquery_values: &self.subquery_values,
                    limits: &self.ctx.env.limits,
                    log: &self.log,
                },
            )
        };
        self.ctx.watch.stop(mark, Stage::Bind);
        let BoundStatement { binding, warnings, used, .. } = bound?;
        self.used = used;
        self.begin(binding, warnings)
    }

    /// Sets out what is to be done.
    fn begin(&mut self, binding: Binding, warnings: Vec<Diagnostic>) -> Result<()> {
        self.warnings = warnings;
        self.execution = Some(match binding {
            Binding::Ready(bound) => {
                self.schema = bound.schema();
                if let Bound::CreateProcedure(create) = &*bound {
                    self.engine.refuse_body(create, self.script.dialect)?;
                }
                Execution::Bound(bound)
            }
            Binding::Needs(prerequisite) => jobs::prepare(prerequisite),
        });
        Ok(())
    }

    /// Pulls rows.
    fn rows(&mut self, mut root: Input) -> Result<Step> {
        let step = match root.poll(&mut self.ctx)? {
            Poll::Batch(batch) => {
                self.ctx.counts.rows += batch.rows();
                match self.ctx.progress.take() {
                    Some(progress) => {
                        self.held = Some(batch);
                        Step::Progress(progress)
                    }
                    None => Step::Batch(batch),
                }
            }
            Poll::Working => self.progress(),
            Poll::Waiting => self.need(),
            Poll::Done => {
                if let Some(ready) = &self.ready {
                    ready.keep(root);
                }
                if self.script.dialect == Dialect::TSql {
                    self.script.variables.seen_rows(self.ctx.counts.rows);
                }
                return Ok(Step::Done(Summary::default()));
            }
        };
        self.execution = Some(Execution::Rows(root));
        Ok(step)
    }

    /// Does the next step of a job.
    fn job(&mut self, job: Box<dyn Job>) -> Result<Step> {
        let mut ctx = JobContext {
            engine: &self.engine,
            exec: &mut self.ctx,
            variables: &self.script.variables,
            now: self.moment.now,
            subquery_values: &mut self.subquery_values,
        };
        match job.step(&mut ctx)? {
            JobStep::Waiting(job) => {
                self.execution = Some(Execution::Job(job));
                Ok(self.need())
            }
            JobStep::Working(job) => {
                self.execution = Some(Execution::Job(job));
                Ok(self.progress())
            }
            JobStep::Rows(root) => {
                self.execution = Some(Execution::Rows(root));
                Ok(self.progress())
            }
            JobStep::Bind => {
                self.ctx.forget_subplans();
                self.bind()?;
                Ok(self.progress())
            }
            JobStep::Done(summary) => match &self.statement.clone().kind {
                StatementKind::Execute(execute) => self.go_on_with(execute),
                _ => Ok(Step::Done(summary)),
            },
        }
    }

    /// Goes on with the text of EXECUTE IMMEDIATE, which the variables have now.
    fn go_on_with(&mut self, execute: &Execute) -> Result<Step> {
        let what = "the executed text".to_owned();
        self.executed_at.get_or_insert((self.statement.span, what));
        (self.statement, self.script) = executed(execute, &self.script, &self.ctx.env.limits)?;
        self.ctx.forget_subplans();
        self.bind()?;
        Ok(self.progress())
    }

    /// The latest news, or the silent news of a step that has none to tell.
    fn progress(&mut self) -> Step {
        let silent = Progress { stage: Stage::Project, rows: 0, total: None };
        Step::Progress(self.ctx.progress.take().unwrap_or(silent))
    }

    fn need(&self) -> Step {
        Step::Need(self.ctx.requests.pending())
    }

    /// What the log says of a failure. Its words are left out: they may hold values.
    fn failed(&self, error: &Error) -> Ending {
        let place = error.first().span.filter(|_| self.executed_at.is_none());
        Ending::Failed(error.code(), place)
    }

    /// Puts the statement into the log, once.
    fn log(&mut self, ending: Ending) {
        if std::mem::replace(&mut self.is_over, true) || !self.statement.kind.is_job() {
            return;
        }
        let id = self.moment.job_id();
        self.script.variables.set(LAST_JOB, DataType::String, Scalar::String(id.clone()));
        if !self.script.is_logged {
            return;
        }
        let span = self.executed_at.as_ref().map_or(self.statement.span, |(span, _)| *span);
        let text = self.script.text.get(span.start..span.end).unwrap_or_default();
        let job = Logged {
            verb: self.statement.kind.verb(),
            text: text.get(..text.floor_char_boundary(LOGGED_TEXT)).unwrap_or(text).to_owned(),
            place: span.start,
            labels: self.script.variables.value(QUERY_LABEL),
            start: self.moment.now,
            end: self.engine.now(),
            timings: self.ctx.watch.timings(),
            used: self.used.clone(),
            counts: self.ctx.counts,
            ending,
        };
        self.engine.catalog().log.add(id, job);
    }
}

/// A statement, and where and when it runs.
#[cfg(not(target_family = "wasm"))]
pub(super) struct Setting {
    engine: Engine,
    script: ScriptContext,
    statement: Arc<Statement>,
    limits: Arc<Limits>,
    moment: Moment,
    executed_at: Option<(Span, String)>,
}

#[cfg(not(target_family = "wasm"))]
impl Setting {
    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A query of the statement that runs a part of it.
    pub(super) fn part(&self, plan: Plan) -> Query {
        let mut query = self.query(plan);
        query.ctx.env.is_part = true;
        query
    }

    /// A query of the statement that runs this plan. The log knows nothing of it.
    pub(super) fn query(&self, plan: Plan) -> Query {
        let Self { engine, script, statement, limits, moment, executed_at } = self;
        let watch = Stopwatch::new(engine.shared.clock);
        let mut query = Query::new(engine, limits.clone(), statement.clone(), script.clone(), watch, *moment);
        query.schema = Some(plan.root.schema.clone());
        query.execution = Some(Execution::Bound(Box::new(Bound::Query(plan))));
        query.executed_at = executed_at.clone();
        query.is_over = true;
        query.is_added = true;
        query
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        self.log(Ending::Stopped);
    }
}

/// A word for a row that failed.
fn failed_row(error: &Error) -> Diagnostic {
    let first = error.first();
    let message = format!("{}; the row has NULL for it", first.message);
    Diagnostic { span: first.span, hint: first.hint.clone(), ..Diagnostic::warning(Code::FailedRow, message) }
}

/// How many rows that failed are told one by one.
fn told_rows(warnings: &[Diagnostic]) -> usize {
    warnings.iter().filter(|warning| warning.code == Code::FailedRow).count()
}

/// What is to be known of pictures as cameras write them.
fn unturned() -> Diagnostic {
    Diagnostic::warning(
        Code::OrientationIgnored,
        "a picture was not turned as its camera has noted: BigQuery and TensorFlow do not",
    )
    .hint("to see it upright, write `ML.DECODE_IMAGE(data, STRUCT(TRUE AS apply_orientation))`")
}
