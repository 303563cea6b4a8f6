//! Fragments put together: the plan of a whole statement.

use std::fmt;
use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, Partitioning};
use predictql::{Fragments, Summary};
use predictql_host::{Host, Job};

use crate::fragment::{FragmentExec, Piece, Reading, numbers};
use crate::in_order::InOrderExec;
use crate::jobs::{Jobs, Opened};
use crate::notes::Notes;
use crate::origin::once;

/// Where the parts of a plan find what they compute.
#[derive(Clone)]
pub struct Source {
    kind: Kind,
    /// Of the parts that have ended, as far as this process has heard of them.
    notes: Notes,
}

#[derive(Clone)]
enum Kind {
    /// Fragments of this process.
    Here(Box<Opened>),
    Job(Arc<Job>, Arc<Jobs>),
}

impl Source {
    /// Fragments of this process, and what they need: the plan cannot leave it.
    pub fn here(fragments: Fragments, host: Host) -> Self {
        let opened = Opened { fragments, host };
        Self { kind: Kind::Here(Box::new(opened)), notes: Notes::default() }
    }

    /// A job, which every process opens for itself.
    pub fn job(job: Arc<Job>, jobs: Arc<Jobs>) -> Self {
        Self { kind: Kind::Job(job, jobs), notes: Notes::default() }
    }

    pub(crate) fn opened(&self) -> Result<Opened> {
        match &self.kind {
            Kind::Here(opened) => Ok(Opened::clone(opened)),
            Kind::Job(job, jobs) => Ok(jobs.open(job)?),
        }
    }

    /// What failures call the process that runs its parts.
    pub(crate) fn place(&self) -> Option<&str> {
        match &self.kind {
            Kind::Here(_) => None,
            Kind::Job(_, jobs) => jobs.place(),
        }
    }

    /// What travels of it.
    pub(crate) fn travels(&self) -> Option<&Job> {
        match &self.kind {
            Kind::Here(_) => None,
            Kind::Job(job, _) => Some(job),
        }
    }

    /// The notes of a part that begins: those of fragments that do not leave the process stay together.
    pub(crate) fn notes_of_part(&self) -> Notes {
        if self.travels().is_some() { Notes::default() } else { self.notes.clone() }
    }

    /// What its parts have said at their ends.
    pub(crate) fn summaries(&self) -> Vec<Summary> {
        self.notes.summaries()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.travels().is_some() { "Source::Job" } else { "Source::Here" })
    }
}

/// The plan of a statement whose divided fragments run in `of` parts. It has one partition: the rows of the statement in their
/// order. An error of a part is what that part has met first, which may be another one than one process meets: see
/// [`rows`](crate::rows).
///
/// # Errors
/// DataFusion's for fragments that do not fit together.
pub fn plan(source: &Source, of: usize) -> Result<Arc<dyn ExecutionPlan>> {
    Ok(Arc::new(InOrderExec::new(plan_parts(source, of)?)))
}

/// As [`plan`], with the parts of the last fragment as partitions: their rows in the order of the partitions are those of the
/// statement, once [`received`] has taken from them what travels beside.
///
/// # Errors
/// As [`plan`], and those of opening a job.
pub fn plan_parts(source: &Source, of: usize) -> Result<Arc<dyn ExecutionPlan>> {
    let Opened { fragments, .. } = source.opened()?;
    let last = fragments.all().len().checked_sub(1).ok_or_else(|| unknown(0))?;
    fragment(source, &fragments, last, of.max(1))
}

/// The rows that partitions of [`plan_parts`] have given elsewhere. What their parts have told goes to `source`, the one of the plan.
pub fn received(rows: SendableRecordBatchStream, source: &Source) -> SendableRecordBatchStream {
    if source.travels().is_some() { once(rows, source.notes.clone()) } else { rows }
}

fn fragment(
    source: &Source,
    fragments: &Fragments,
    number: usize,
    of: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let found = fragments.all().get(number).ok_or_else(|| unknown(number))?;
    let parts = if found.is_divided { of } else { 1 };
    let mut children = vec![numbers(parts)?];
    let mut readings = Vec::new();
    for exchange in &found.inputs {
        // A fragment reads those before it only: else this had no end.
        if exchange.fragment >= number {
            return Err(unknown(exchange.fragment));
        }
        let read = fragments.all().get(exchange.fragment).ok_or_else(|| unknown(exchange.fragment))?;
        let reading = Reading::of(exchange.distribution, read.key)?;
        let rows = fragment(source, fragments, exchange.fragment, of)?;
        children.push(exchanged(&reading, rows, parts)?);
        readings.push(reading);
    }
    let rows = Arc::new(found.schema.to_arrow());
    let piece = Piece { source: source.clone(), fragment: number, of: parts, rows, readings };
    Ok(Arc::new(FragmentExec::new(piece, children)?))
}

/// Rows as the parts of their reader get them.
fn exchanged(
    reading: &Reading,
    rows: Arc<dyn ExecutionPlan>,
    parts: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    Ok(match reading {
        Reading::Hash { key } => {
            let schema = rows.schema();
            let name = schema.fields().get(*key).map_or("", |field| field.name());
            let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(name, *key));
            Arc::new(RepartitionExec::try_new(rows, Partitioning::Hash(vec![column], parts))?)
        }
        Reading::Single | Reading::Broadcast(_) => Arc::new(CoalescePartitionsExec::new(rows)),
    })
}

#[cold]
fn unknown(fragment: usize) -> DataFusionError {
    DataFusionError::Internal(format!("a statement has no fragment {fragment} where one is read"))
}
