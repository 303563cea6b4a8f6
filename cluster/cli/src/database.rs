//! Runs scripts: what the command line names is opened, statements run one after the other, and their rows are written.

use std::ops::ControlFlow;
use std::sync::Arc;

use predictql::{Engine, Params, Query, Session, Summary};
use predictql_host::{Error, Host, Stores, Watch, params, run_parallel};
use predictql_terminal::{Failure, Output, Results, Rows, tell_end};

use crate::arguments::Settings;
use crate::cancel::Cancel;
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
        let params =
            params(&settings.over.param).map_err(|error| Failure::Usage(format!("--param: {error}")))?;
        let stores = Stores::new();
        cancel.covers(&stores);
        let output = Output::new(&settings.writing, &stores)?;
        let host = settings.bounds.host(stores);
        let failed = |error: Error| match cancel.is_asked() {
            true => Failure::Cancelled,
            false => Failure::of("", &error),
        };
        let catalog = settings.over.catalog(host.stores(), text).map_err(failed)?;
        let engine = catalog.open(&host).map_err(failed)?;
        let mut session = engine.session();
        if let Some(dialect) = settings.over.dialect {
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
        let failed = |error: Error| Failure::of(text, &error);
        let script = self.session.script(text, self.params.clone()).map_err(|error| failed(error.into()))?;
        let mut results = self.output.begin();
        for query in script {
            let mut query = query.map_err(|error| failed(error.into()))?;
            let watch = Arc::new(Watch::default());
            self.cancel.begin(watch.clone());
            let progress = Progress::show(&watch, &self.host);
            let ended = self.run_statement(&mut query, &watch, &mut results);
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
            tell_end(text, &summary);
        }
        Ok(())
    }

    /// A statement on all threads, and its rows where it gives some. Of some the columns are known once they run.
    fn run_statement<'a>(
        &self,
        query: &mut Query,
        watch: &Arc<Watch>,
        results: &mut Results<'a>,
    ) -> Result<Ended<'a>, Stopped> {
        let mut rows = query.schema().map(|schema| results.next(schema)).transpose()?;
        let mut unwritten = None;
        let summary = run_parallel(query, &self.host, self.threads, watch, &mut |schema, batch| {
            let begun = match &mut rows {
                Some(rows) => Ok(rows),
                none => results.next(schema).map(|begun| none.insert(begun)),
            };
            match begun.and_then(|rows| rows.write(&batch)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(failure) => {
                    unwritten = Some(failure);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(failure) = unwritten {
            return Err(Stopped::Unwritten(failure));
        }
        let summary = summary?;
        if let (None, Some(schema)) = (&rows, query.schema()) {
            rows = Some(results.next(schema)?);
        }
        Ok(Ended { summary, rows })
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

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Unwritten(failure)
    }
}
