//! A statement on all cores of this machine: the rows that it gives, or that it takes to make a table or a file of them.
//!
//! The parts of a fragment run on threads, a few ahead of who reads them, and are read in the order of their numbers: so the
//! rows are those of one thread, in its order, and what is in memory at once are the rows of these few parts, what the operators
//! behind them hold, and the sides of joins that every part reads. This room knows nothing of where rows come from or go to.

mod ordered;
mod rows;
mod running;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use predictql::data::{Batch, Schema};
use predictql::table::Part;
use predictql::{Arrival, Distribution, Exchange, Fragments, Query, Summary};

use crate::{Error, Host, Rows, Steps, Watch};
use ordered::Ordered;
use rows::Threads;
use running::Running;

/// Batches of a table that one part reads at the most: enough that its own costs are small, and few enough that its rows may
/// wait in memory for their turn.
const PART_BATCHES: usize = 4;

/// Parts for each thread, where a table is small: who is done first takes another one.
const PARTS_A_THREAD: usize = 4;

/// Runs a statement to its end, the rows that it gives or takes on `threads` threads. `take` gets those that it gives, with their columns, and may
/// stop it, as may `watch`, which says how far it has come: it ends with an empty summary then.
///
/// # Errors
/// As [`Host::run`]: an error is that of the statement on one thread.
pub fn run_parallel(
    query: &mut Query,
    host: &Host,
    threads: usize,
    watch: &Arc<Watch>,
    take: &mut dyn FnMut(&Schema, Batch) -> ControlFlow<()>,
) -> Result<Summary, Error> {
    let fragments = if threads > 1 { query.fragments(Arrival::InOrder)? } else { None };
    let work = fragments.map(|fragments| Work::new(fragments, host, threads, watch));
    let work = work.filter(Work::is_divided).map(Arc::new);
    let parts = work.map(Threads::new).transpose()?;
    if parts.is_some()
        && let Some(source) = query.source()
    {
        let mut rows = Rows::new(source, parts, host.clone(), watch.clone());
        let mut steps = Steps::new(host, watch.clone());
        // Statements that take rows give none.
        while steps.next(query, &mut rows)?.is_some() {}
        return Ok(steps.summary().unwrap_or_default());
    }
    let mut rows = Rows::new(query, parts, host.clone(), watch.clone());
    while let Some(batch) = rows.batch()? {
        let schema = rows.query().schema().ok_or_else(|| Error::new("internal: rows without columns"))?;
        if watch.is_stopped() || take(schema, batch).is_break() {
            return Ok(Summary::default());
        }
    }
    Ok(rows.summary().unwrap_or_default())
}

/// The parts of a table whose row groups have so many rows: as many as row groups, so that each is unpacked once, and more only where
/// threads would have none.
fn parts_of(groups: &[usize], batch_rows: usize, threads: usize) -> usize {
    let batches = groups.iter().sum::<usize>().div_ceil(batch_rows.max(1));
    groups.len().max(batches.min(threads))
}

/// The fragments of a query, and what is known of them while they run.
struct Work {
    fragments: Fragments,
    host: Host,
    threads: usize,
    watch: Arc<Watch>,
    /// How many parts each fragment has.
    parts: Vec<usize>,
    /// The rows that every part of others reads, once they are there.
    kept: Vec<Mutex<Option<Arc<[Batch]>>>>,
    /// What parts have ended with, by their fragment and number.
    summaries: Mutex<BTreeMap<(usize, usize), Summary>>,
}

impl Work {
    fn new(fragments: Fragments, host: &Host, threads: usize, watch: &Arc<Watch>) -> Self {
        let parts = fragments.all().iter().map(|fragment| {
            if !fragment.is_divided {
                return 1;
            }
            let batches = fragment.batches.unwrap_or(0);
            let tables = fragment.tables.iter().map(|table| host.row_groups(table));
            let of_tables = tables.map(|groups| parts_of(&groups, host.limits().batch_rows, threads));
            let few = batches.min(threads * PARTS_A_THREAD);
            of_tables.max().unwrap_or(1).max(few).max(batches.div_ceil(PART_BATCHES))
        });
        let parts: Vec<_> = parts.collect();
        let kept = parts.iter().map(|_| Mutex::default()).collect();
        let (host, watch, summaries) = (host.clone(), watch.clone(), Mutex::default());
        Self { fragments, host, threads, watch, parts, kept, summaries }
    }

    /// Whether there is more than one thread's work.
    fn is_divided(&self) -> bool {
        self.parts.iter().any(|parts| *parts > 1)
    }

    fn parts(&self, fragment: usize) -> Result<usize, Error> {
        self.parts.get(fragment).copied().ok_or_else(|| Error::new("a fragment of another query"))
    }

    /// The rows of the last fragment.
    fn result(self: &Arc<Self>) -> Result<Source, Error> {
        self.source(self.parts.len().saturating_sub(1))
    }

    /// The rows of a fragment in their order.
    fn source(self: &Arc<Self>, fragment: usize) -> Result<Source, Error> {
        Ok(match self.parts(fragment)? {
            1 => Source::Whole(Box::new(self.part(fragment, Part::WHOLE)?)),
            parts => Source::Parts(Ordered::start(self.clone(), fragment, parts)?),
        })
    }

    /// A part of a fragment, on the thread that asks for its rows.
    fn part(self: &Arc<Self>, fragment: usize, part: Part) -> Result<Running, Error> {
        let query = self.fragments.query(fragment, part)?;
        let inputs = self.fragments.all().get(fragment).map(|fragment| fragment.inputs.clone());
        let inputs = inputs.unwrap_or_default().into_iter();
        let inputs = inputs.map(|exchange| Source::Waiting(self.clone(), exchange)).collect();
        Ok(Running::new(query, inputs, self.clone(), (fragment, part.number)))
    }

    /// All rows of a fragment, which is run when they are asked for first.
    fn kept(self: &Arc<Self>, fragment: usize) -> Result<Arc<[Batch]>, Error> {
        let kept = self.kept.get(fragment).ok_or_else(|| Error::new("a fragment of another query"))?;
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rows) = &*kept {
            return Ok(rows.clone());
        }
        let mut source = self.source(fragment)?;
        let mut rows = Vec::new();
        while let Some(batch) = source.next()? {
            rows.push(batch);
        }
        Ok(kept.insert(rows.into()).clone())
    }

    fn add_summary(&self, part: (usize, usize), summary: Summary) {
        self.summaries.lock().unwrap_or_else(PoisonError::into_inner).insert(part, summary);
    }

    fn take_summaries(&self) -> Vec<Summary> {
        let mut summaries = self.summaries.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *summaries).into_values().collect()
    }
}

/// Where the rows of an input come from.
enum Source {
    /// Nobody has asked for them yet.
    Waiting(Arc<Work>, Exchange),
    /// A fragment that runs on this thread.
    Whole(Box<Running>),
    /// The parts of a fragment, on other threads.
    Parts(Ordered),
    /// Rows that others read too, and how many batches of them were given.
    Kept(Arc<[Batch]>, usize),
}

impl Source {
    fn next(&mut self) -> Result<Option<Batch>, Error> {
        if let Self::Waiting(work, Exchange { fragment, distribution }) = self {
            let (work, fragment) = (work.clone(), *fragment);
            *self = match distribution {
                Distribution::Broadcast => Self::Kept(work.kept(fragment)?, 0),
                Distribution::Single | Distribution::Hash => work.source(fragment)?,
            };
        }
        match self {
            Self::Waiting(..) => Ok(None),
            Self::Whole(running) => running.next(),
            Self::Parts(ordered) => ordered.next(),
            Self::Kept(rows, next) => {
                let batch = rows.get(*next).cloned();
                *next += 1;
                Ok(batch)
            }
        }
    }
}
