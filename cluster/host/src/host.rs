//! What answers queries: where things lie, how much they may take, and the files of tables that are read while queries run.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use predictql::data::Batch;
use predictql::{Engine, Limits, Query, Summary};

use crate::answers::Answers;
use crate::clock;
use crate::tables::FileTable;
use crate::{Error, Inputs, Steps, Stores};

/// Brings to the queries of one catalog what they need. Cloning shares everything.
#[derive(Clone)]
pub struct Host {
    stores: Stores,
    limits: Limits,
    /// Whether statements that write files do.
    writes: bool,
    /// The tables whose rows are read while queries run, by their names in requests.
    tables: Arc<Mutex<HashMap<String, Arc<FileTable>>>>,
    /// Rows that all queries together have read of them.
    read: Arc<AtomicUsize>,
}

impl Host {
    /// A host of these stores, with the limits of a program on a machine of its own.
    pub fn new(stores: Stores) -> Self {
        let limits = native_limits();
        Self { stores, limits, writes: true, tables: Arc::default(), read: Arc::default() }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Where things lie.
    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    /// How large things may get.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The same for parts of a statement that another process runs. It shares connections, knows no tables yet, and writes no files: that
    /// process does, and statements before it that wrote some have done so.
    #[must_use]
    pub fn of_parts(&self) -> Self {
        Self { tables: Arc::default(), writes: false, ..self.clone() }
    }

    /// How many rows all queries together have read of files while they ran: for who shows how far one has come.
    pub fn rows_read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }

    /// An engine without tables and models, which has the clock and the time zones of this machine.
    pub fn engine(&self) -> Engine {
        Engine::with_time_zones(self.limits.clone(), clock::now, clock::zone_offsets)
    }

    /// What answers one query.
    pub fn answers(&self) -> Answers {
        Answers::new(self.clone())
    }

    /// Runs a statement to its end on this thread. `inputs` give the rows of its source, where that was taken from it; `rows` may stop it.
    ///
    /// # Errors
    /// As the query's steps; in the host's words where what it needs is not there.
    pub fn run(
        &self,
        query: &mut Query,
        inputs: &mut dyn Inputs,
        rows: &mut dyn FnMut(Batch) -> ControlFlow<()>,
    ) -> Result<Summary, Error> {
        let mut steps = Steps::new(self, Arc::default());
        while let Some(batch) = steps.next(query, inputs)? {
            if rows(batch).is_break() {
                break;
            }
        }
        Ok(steps.summary().unwrap_or_default())
    }
}

impl Host {
    pub(crate) fn writes(&self) -> bool {
        self.writes
    }

    pub(crate) fn add_rows_read(&self, rows: usize) {
        self.read.fetch_add(rows, Ordering::Relaxed);
    }

    /// Opens the files of a table, whose rows are read while queries run. The name is for requests for them: tables of other statements
    /// have others, and on every machine that runs the same statements it is the same.
    pub(crate) fn open_table(
        &self,
        first: String,
        others: Vec<String>,
    ) -> Result<(String, Arc<FileTable>), String> {
        let files = [vec![first.clone()], others].concat();
        let table = Arc::new(FileTable::open(&self.stores, &files, &self.limits)?);
        let mut known = self.known_tables();
        let source = format!("{first}#{}", known.len());
        known.insert(source.clone(), table.clone());
        Ok((source, table))
    }

    /// The files of a table, by the name that requests have.
    pub(crate) fn table(&self, source: &str) -> Option<Arc<FileTable>> {
        self.known_tables().get(source).cloned()
    }

    /// How many rows each of the row groups of a table has.
    pub(crate) fn row_groups(&self, name: &str) -> Vec<usize> {
        self.table(name).map_or_else(Vec::new, |table| table.row_groups().collect())
    }

    fn known_tables(&self) -> MutexGuard<'_, HashMap<String, Arc<FileTable>>> {
        // A panic elsewhere leaves them whole: every change is one step.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engine's limits are a browser tab's, whose memory ends at 4 GiB.
fn native_limits() -> Limits {
    let mut limits = Limits::default();
    limits.model_bytes = 16 << 30;
    limits.table_bytes = 16 << 30;
    limits
}
