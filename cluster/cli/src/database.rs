//! Runs scripts: what the command line names is opened, statements run one after the other, and their rows are written.

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use predictql::diag::Diagnostic;
use predictql::{Engine, Params, Query, Session, Step, Summary};
use predictql_host::{Catalog, Error, Host, NamedSource, Registry, Stores, Watch, run_parallel};

use crate::arguments::{Dialect, Settings};
use crate::cancel::Cancel;
use crate::diagnostics;
use crate::failure::Failure;
use crate::output::{Output, Results, Rows};
use crate::parameters::parameters;
use crate::progress::Progress;

pub(crate) struct Database {
    host: Host,
    engine: Engine,
    session: Session,
    params: Params,
    threads: usize,
    output: Output,
    cancel: Cancel,
}

impl Database {
    /// Opens what the command line names. Of a registry the models that `text` may mean.
    pub(crate) fn open(settings: &Settings, text: &str, cancel: Cancel) -> Result<Self, Failure> {
        let params = parameters(&settings.param)?;
        let stores = Stores::new();
        cancel.covers(&stores);
        let output = Output::new(settings, &stores)?;
        let mut host = Host::new(stores);
        if let Some(size) = settings.limit_memory {
            let mut limits = host.limits().clone();
            limits.memory_bytes = size.0;
            limits.held_bytes = limits.held_bytes.min(size.0);
            host = host.with_limits(limits);
        }
        let failed = |error: Error| match &error {
            _ if cancel.is_asked() => Failure::Cancelled,
            // What the command line names is none of the text.
            Error::Statement(error) => {
                let first = error.first();
                let hinted = Error::new(first.message.clone());
                let error = match &first.hint {
                    Some(hint) => hinted.hint(hint.clone()),
                    None => hinted,
                };
                Failure::Statement { text: String::new(), error }
            }
            Error::Host { .. } => Failure::Statement { text: String::new(), error },
        };
        let catalog = catalog(settings, &host, text).map_err(failed)?;
        let engine = catalog.open(&host).map_err(failed)?;
        let mut session = engine.session();
        if let Some(dialect) = settings.dialect {
            session = session.with_dialect(dialect.into());
        }
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = settings.threads.map_or_else(all, usize::from);
        Ok(Self { host, engine, session, params, threads, output, cancel })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Runs all statements of a text.
    pub(crate) fn run(&self, text: &str) -> Result<(), Failure> {
        let failed = |error: Error| Failure::Statement { text: text.to_owned(), error };
        let script = self.session.script(text, self.params.clone()).map_err(|error| failed(error.into()))?;
        let mut results = self.output.begin();
        for query in script {
            let query = query.map_err(|error| failed(error.into()))?;
            let watch = Arc::new(Watch::default());
            self.cancel.begin(watch.clone());
            let progress = Progress::show(&watch, &self.host);
            let ended = match query.schema() {
                Some(schema) => {
                    let rows = results.next(schema)?;
                    self.run_query(query, &watch, rows)
                }
                None => self.run_statement(query, &watch, &mut results),
            };
            drop(progress);
            let (summary, rows) = match ended {
                _ if self.cancel.is_asked() => return Err(Failure::Cancelled),
                Ok(Ended { summary, rows }) => (summary, rows),
                Err(Stopped::Error(error)) => return Err(failed(error)),
                Err(Stopped::Unwritten(failure)) => return Err(failure),
            };
            if let Some(rows) = rows {
                rows.end()?;
            }
            tell(text, summary.message.as_deref(), &summary.warnings);
        }
        Ok(())
    }

    /// A query whose columns are known, on all threads.
    fn run_query<'a>(
        &self,
        query: Query,
        watch: &Arc<Watch>,
        mut rows: Rows<'a>,
    ) -> Result<Ended<'a>, Stopped> {
        let mut unwritten = None;
        let summary =
            run_parallel(query, &self.host, self.threads, watch, &mut |batch| match rows.write(&batch) {
                Ok(()) => ControlFlow::Continue(()),
                Err(failure) => {
                    unwritten = Some(failure);
                    ControlFlow::Break(())
                }
            });
        match unwritten {
            Some(failure) => Err(Stopped::Unwritten(failure)),
            None => Ok(Ended { summary: summary?, rows: Some(rows) }),
        }
    }

    /// A statement without rows, or one whose columns are known once it runs.
    fn run_statement<'a>(
        &self,
        mut query: Query,
        watch: &Watch,
        results: &mut Results<'a>,
    ) -> Result<Ended<'a>, Stopped> {
        let mut answers = self.host.answers();
        let mut rows: Option<Rows<'a>> = None;
        loop {
            let step = query.step()?;
            if let (None, Some(schema)) = (&rows, query.schema()) {
                rows = Some(results.next(schema)?);
            }
            match step {
                Step::Need(requests) => answers.answer(&mut query, requests, &mut ())?,
                Step::Progress(_) => {}
                Step::Batch(batch) => rows.iter_mut().try_for_each(|rows| rows.write(&batch))?,
                Step::Done(summary) => return Ok(Ended { summary, rows }),
            }
            if watch.is_stopped() {
                return Ok(Ended { summary: Summary::default(), rows });
            }
        }
    }
}

/// What a statement has come to.
struct Ended<'a> {
    summary: Summary,
    rows: Option<Rows<'a>>,
}

/// Why a statement did not end.
enum Stopped {
    Error(Error),
    /// Its rows could not be written.
    Unwritten(Failure),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<predictql::diag::Error> for Stopped {
    fn from(error: predictql::diag::Error) -> Self {
        Self::Error(error.into())
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Unwritten(failure)
    }
}

/// What is beside rows goes beside them.
fn tell(text: &str, message: Option<&str>, warnings: &[Diagnostic]) {
    for warning in warnings {
        diagnostics::tell_one(text, warning);
    }
    if let Some(message) = message {
        // There is nobody to tell that nobody reads it.
        let _ = writeln!(std::io::stderr(), "{message}");
    }
}

fn catalog(settings: &Settings, host: &Host, text: &str) -> Result<Catalog, Error> {
    let mut models = Vec::new();
    if let Some(folder) = &settings.registry {
        let all = Registry::new(host.stores().clone(), folder).sources()?;
        models.extend(all.into_iter().filter(|model| may_mean(text, model)));
    }
    // What is named here goes before what the registry has under the same name.
    models.retain(|model| settings.model.iter().all(|given| given.name != model.name));
    models.extend(settings.model.iter().cloned());
    Ok(Catalog { models, tables: settings.table.clone() })
}

/// Whether a text may mean a model: loading all of a registry would take long. Texts that are made while they run may mean any.
fn may_mean(text: &str, model: &NamedSource) -> bool {
    let upper = text.to_ascii_uppercase();
    let names_any = ["EXECUTE", "MODELS", "INFORMATION_SCHEMA"].iter().any(|word| upper.contains(word));
    text.is_empty() || names_any || text.contains(&model.name)
}

impl From<Dialect> for predictql::Dialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Bigquery => Self::BigQuery,
            Dialect::Tsql => Self::TSql,
        }
    }
}
