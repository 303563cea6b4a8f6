//! What each command does.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use datafusion::arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use predictql::data::{Batch, Schema};
use predictql::{Arrival, Dialect, Query, Summary};
use predictql_ballista::{
    Cluster, ExecutorOptions, Running, SchedulerOptions, Text, run_executor, run_scheduler,
};
use predictql_datafusion::{Ended, Jobs};
use predictql_host::{Error, Host, Steps, Stores, Watch};
use predictql_terminal::{Failure, Output, tell_end};

use crate::arguments;
use crate::local::Local;

/// How long a cluster has for taking note that a statement is given up.
const FAREWELL: Duration = Duration::from_millis(300);

pub(crate) async fn schedule(options: arguments::Scheduler) -> Result<(), Failure> {
    let options = SchedulerOptions { address: options.listen, patience: options.patience };
    run_scheduler(options, |address| announce("scheduler", &address)).await.map_err(unstarted)
}

pub(crate) async fn execute(options: arguments::Executor) -> Result<(), Failure> {
    // It goes when the executor ends.
    let temporary = tempfile::tempdir()?;
    let host = options.bounds.host(Stores::new());
    let options = ExecutorOptions {
        scheduler: options.scheduler,
        host: options.host,
        port: options.port,
        cores: options.cores,
        work_dir: options.work_dir.unwrap_or_else(|| temporary.path().to_owned()),
    };
    run_executor(options, host, |address| announce("executor", &address)).await.map_err(unstarted)
}

fn unstarted(error: impl std::fmt::Display) -> Failure {
    Failure::Output(error.to_string())
}

/// Those who start processes read where these listen.
fn announce(what: &str, address: &dyn std::fmt::Display) {
    // Nobody may read it.
    let _ = writeln!(std::io::stdout(), "{what} on {address}");
}

pub(crate) async fn run(options: arguments::Run) -> Result<(), Failure> {
    let statements = run_all(options);
    tokio::select! {
        ended = statements => ended,
        _ = tokio::signal::ctrl_c() => {
            tokio::time::sleep(FAREWELL).await;
            Err(Failure::Cancelled)
        }
    }
}

async fn run_all(options: arguments::Run) -> Result<(), Failure> {
    let script = match &options.script {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Failure::Usage(format!("`{}` cannot be read: {error}", path.display())))?,
        None => options.sql.clone().unwrap_or_default(),
    };
    let host = options.bounds.host(Stores::new());
    let output = Output::new(&options.writing, host.stores())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3;
    let catalog = options.over.catalog(host.stores(), &script).map_err(|error| Failure::of("", &error))?;
    let text = Text {
        catalog: arguments::everywhere(catalog).map_err(Failure::Usage)?,
        script: script.clone(),
        dialect: options.over.dialect.map(Dialect::from),
        parameters: options.over.param.clone(),
        now,
        seed: f64::from(std::process::id()),
    };
    let jobs = Arc::new(Jobs::new(host.clone()));
    let local = match options.executors {
        Some(executors) => Some(Local::start(executors, &options.bounds).await?),
        None => None,
    };
    let scheduler = local.as_ref().map_or(&options.scheduler, |local| &local.scheduler);
    let cluster = Cluster::at(scheduler, jobs);
    let failed = |error: &Error| Failure::of(&script, error);
    let mut running = text.begin(&host).map_err(|error| failed(&error))?;
    let mut results = output.begin();
    while let Some(next) = running.statements().next() {
        let (number, query) = next.map_err(|error| failed(&error))?;
        let ran = statement(&cluster, &running, &host, number, query, options.parts).await;
        let ran = ran.map_err(|error| about(&script, &error))?;
        if let Some((schema, mut rows)) = ran.rows {
            let mut written = results.next(&schema)?;
            while let Some(batch) = rows.next().await {
                written.write(&batch.map_err(|error| about(&script, &error))?)?;
            }
            written.end()?;
        }
        let ended = ran.ended.and_then(|ended| ended.summary());
        tell_end(&script, &ended.unwrap_or(ran.summary));
    }
    Ok(())
}

/// An error of a statement of this text, or of the cluster that should run it.
fn about(text: &str, error: &DataFusionError) -> Failure {
    match predictql_datafusion::Failure::of(error) {
        Some(failure) => Failure::Statement { text: text.to_owned(), findings: failure.findings().to_vec() },
        None => Failure::Output(match error {
            DataFusionError::Execution(message) => message.clone(),
            error => error.strip_backtrace(),
        }),
    }
}

fn ours(error: &Error) -> DataFusionError {
    predictql_datafusion::Failure::from(error).into()
}

fn read(schema: &Schema, rows: &RecordBatch) -> Result<Batch, DataFusionError> {
    Batch::of(schema, rows.num_rows(), rows.columns().to_vec()).map_err(|error| ours(&error.into()))
}

/// What a statement has come to.
#[derive(Default)]
struct Ran {
    /// With their columns.
    rows: Option<(Schema, BoxStream<'static, Result<Batch, DataFusionError>>)>,
    /// Where it has ended before its rows are read.
    summary: Summary,
    /// Where it ends with its rows.
    ended: Option<Ended>,
}

/// Runs a statement: the rows that it gives or takes on the cluster, unless they have to be computed in one piece.
async fn statement(
    cluster: &Cluster,
    running: &Running,
    host: &Host,
    number: usize,
    mut query: Query,
    parts: usize,
) -> Result<Ran, DataFusionError> {
    // What DESCRIBE and SHOW tell is of this process.
    let may_travel = running.is_query() || query.schema().is_none();
    let fragments = if may_travel { query.fragments(Arrival::AnyOrder) } else { Ok(None) };
    let Some(fragments) = fragments.map_err(|error| ours(&error.into()))? else {
        let (host, stopping) = (host.clone(), Stopping::default());
        let watch = stopping.0.clone();
        let ran = tokio::task::spawn_blocking(move || whole(query, &host, watch)).await;
        return ran
            .map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?
            .map_err(|error| ours(&error));
    };
    let job = running.job(number, &fragments).map_err(|error| ours(&error))?;
    let host = host.clone();
    Ok(match query.source() {
        Some(source) => {
            let summary = cluster.take(job, fragments, (query, source), host, parts).await?;
            Ran { summary, ..Ran::default() }
        }
        None => {
            let schema = query.schema().cloned().unwrap_or_default();
            let (rows, ended) = cluster.rows(job, fragments, query, host, parts).await?;
            let columns = schema.clone();
            let rows = rows.map(move |batch| read(&columns, &batch?)).boxed();
            Ran { rows: Some((schema, rows)), ended: Some(ended), ..Ran::default() }
        }
    })
}

/// Stops a statement that runs on another thread once nobody waits for it.
#[derive(Default)]
struct Stopping(Arc<Watch>);

impl Drop for Stopping {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A statement in this process. Of some the columns are known once they run.
fn whole(mut query: Query, host: &Host, watch: Arc<Watch>) -> Result<Ran, Error> {
    let mut steps = Steps::new(host, watch);
    let mut batches = Vec::new();
    while let Some(batch) = steps.next(&mut query, &mut ())? {
        batches.push(batch);
    }
    let summary = steps.summary().unwrap_or_default();
    let rows = query.schema().cloned().map(|schema| (schema, stream::iter(batches).map(Ok).boxed()));
    Ok(Ran { rows, summary, ..Ran::default() })
}
