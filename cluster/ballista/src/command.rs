//! What each command does.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use datafusion::arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use predictql::{Arrival, Dialect, Query, Step};
use predictql_ballista::{
    Cluster, ExecutorOptions, Running, SchedulerOptions, Text, run_executor, run_scheduler,
};
use predictql_datafusion::{Failure, Jobs};
use predictql_host::{Error, Host, Stores};

use crate::arguments;
use crate::local::Local;
use crate::shown::Shown;
use crate::told::Told;

/// How long a cluster has for taking note that a statement is given up.
const FAREWELL: Duration = Duration::from_millis(300);

pub(crate) async fn schedule(options: arguments::Scheduler) -> Result<(), Told> {
    let options = SchedulerOptions { address: options.listen, patience: options.patience };
    Ok(run_scheduler(options, |address| announce("scheduler", &address)).await?)
}

pub(crate) async fn execute(options: arguments::Executor) -> Result<(), Told> {
    // It goes when the executor ends.
    let temporary = tempfile::tempdir()?;
    let options = ExecutorOptions {
        scheduler: options.scheduler,
        host: options.host,
        port: options.port,
        cores: options.cores,
        work_dir: options.work_dir.unwrap_or_else(|| temporary.path().to_owned()),
    };
    let host = Host::new(Stores::new());
    Ok(run_executor(options, host, |address| announce("executor", &address)).await?)
}

/// Those who start processes read where these listen.
fn announce(what: &str, address: &dyn std::fmt::Display) {
    // Nobody may read it.
    let _ = writeln!(std::io::stdout(), "{what} on {address}");
}

pub(crate) async fn run(options: arguments::Run) -> Result<(), Told> {
    let statements = run_all(options);
    tokio::select! {
        ended = statements => ended,
        _ = tokio::signal::ctrl_c() => {
            tokio::time::sleep(FAREWELL).await;
            Err(Told::Cancelled)
        }
    }
}

async fn run_all(options: arguments::Run) -> Result<(), Told> {
    let script = match &options.script {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Told::Plain(format!("`{}` cannot be read: {error}", path.display())))?,
        None => options.sql.clone().unwrap_or_default(),
    };
    let host = Host::new(Stores::new());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3;
    let text = Text {
        catalog: options.catalog(),
        script: script.clone(),
        dialect: options.dialect.map(Dialect::from),
        parameters: options.param.clone(),
        now,
        seed: f64::from(std::process::id()),
    };
    let jobs = Arc::new(Jobs::new(host.clone()));
    let local = match options.executors {
        Some(executors) => Some(Local::start(executors).await?),
        None => None,
    };
    let scheduler = local.as_ref().map_or(&options.scheduler, |local| &local.scheduler);
    let cluster = Cluster::at(scheduler, jobs);
    let failed = |error: &Error| Told::Statement { text: script.clone(), failure: Failure::from(error) };
    let mut running = text.begin(&host).map_err(|error| failed(&error))?;
    while let Some(next) = running.statements().next() {
        let (number, query) = next.map_err(|error| failed(&error))?;
        let rows = rows(&cluster, &running, &host, number, query, options.parts).await;
        let mut rows = rows.map_err(|error| Told::about(&script, &error))?;
        let Some(rows) = &mut rows else { continue };
        let mut shown = Shown::new(options.format);
        while let Some(batch) = rows.next().await {
            shown.write(batch.map_err(|error| Told::about(&script, &error))?)?;
        }
        shown.end()?;
    }
    Ok(())
}

/// The rows of a statement, if it has any: of the cluster, unless it has to run in one piece.
async fn rows(
    cluster: &Cluster,
    running: &Running,
    host: &Host,
    number: usize,
    query: Query,
    parts: usize,
) -> Result<Option<SendableRecordBatchStream>, DataFusionError> {
    let ours = |error: Error| DataFusionError::from(Failure::from(&error));
    // What DESCRIBE and SHOW tell is of this process.
    let is_query = running.is_query();
    let fragments = if is_query { query.fragments(Arrival::AnyOrder) } else { Ok(None) };
    let Some(fragments) = fragments.map_err(|error| ours(error.into()))? else {
        let host = host.clone();
        let ran = tokio::task::spawn_blocking(move || whole(query, &host)).await;
        return ran.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?.map_err(ours);
    };
    let job = running.job(number, &fragments).map_err(ours)?;
    cluster.rows(job, fragments, query, host.clone(), parts).await.map(Some)
}

/// A statement in this process. Of some the columns are known once they run.
fn whole(mut query: Query, host: &Host) -> Result<Option<SendableRecordBatchStream>, Error> {
    let mut answers = host.answers();
    let mut batches = Vec::new();
    loop {
        match query.step()? {
            Step::Need(requests) => answers.answer(&mut query, requests, &mut ())?,
            Step::Progress(_) => {}
            Step::Batch(batch) => batches.push(batch),
            Step::Done(_) => break,
        }
    }
    let Some(schema) = query.schema().map(|schema| Arc::new(schema.to_arrow())) else { return Ok(None) };
    let rows = batches.into_iter().map({
        let schema = schema.clone();
        move |batch| Ok(RecordBatch::try_new(schema.clone(), batch.columns().to_vec())?)
    });
    Ok(Some(Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter(rows)))))
}

impl From<arguments::Dialect> for Dialect {
    fn from(dialect: arguments::Dialect) -> Self {
        match dialect {
            arguments::Dialect::Bigquery => Self::BigQuery,
            arguments::Dialect::Tsql => Self::TSql,
        }
    }
}
