//! Jobs: what statements do beside giving rows. One file for each statement that waits for something, a file for those
//! that change the catalog at once.
//!
//! A job changes the catalog in its last step only: a statement that fails, or is dropped half way, leaves it as it was.

mod alter_model;
mod assign;
mod catalog_change;
mod change;
mod collect;
mod create_external_table;
mod create_model;
mod create_object_table;
mod create_table;
mod create_transform;
mod explain;
mod export;
mod insert;
mod listing;
mod option_files;
mod prerequisite;
mod set_baseline;

use super::Engine;
use super::script::Variables;
use super::step::Summary;
use crate::control::Stage;
use crate::data::Scalar;
use crate::diag::Result;
use crate::exec::{self, Input, start};
use crate::plan::{Bound, Prerequisite, SubqueryPlace};

/// What is left of a statement.
pub(super) enum Execution {
    /// Nothing has begun.
    Bound(Box<Bound>),
    /// Rows are pulled, batch by batch.
    Rows(Input),
    Job(Box<dyn Job>),
}

/// A statement, or what a statement needs first, that is stepped until it is done.
pub(super) trait Job: Send {
    /// What the next step is busy with.
    fn stage(&self) -> Stage {
        Stage::Project
    }

    /// Does the next step.
    ///
    /// # Errors
    /// For reasons of data, limits, resources or the model. The catalog is as it was then.
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep>;
}

/// What the steps of a job work with.
pub(super) struct JobContext<'a> {
    pub(super) engine: &'a Engine,
    pub(super) exec: &'a mut exec::Context,
    pub(super) variables: &'a Variables,
    /// When the statement was taken: milliseconds since 1970-01-01 UTC.
    pub(super) now: f64,
    /// The values that binding asked for.
    pub(super) subquery_values: &'a mut Vec<(SubqueryPlace, Scalar)>,
}

/// What the step of a job led to.
pub(super) enum JobStep {
    /// Requests are open: go on when they are answered.
    Waiting(Box<dyn Job>),
    /// There is more to do.
    Working(Box<dyn Job>),
    /// What is left is to give these rows.
    Rows(Input),
    /// What the statement needed is there: bind it again.
    Bind,
    Done(Summary),
}

impl JobStep {
    /// The catalog has changed; in words.
    fn changed(message: String) -> Self {
        Self::Done(Summary::changed(message))
    }
}

impl Summary {
    fn changed(message: String) -> Self {
        Self { message: Some(message), catalog_changed: true, ..Self::default() }
    }
}

/// Sets out what a statement has to do.
///
/// # Errors
/// `unknown-model` where a model has gone since its statement was bound.
pub(super) fn begin(bound: Bound, engine: &Engine) -> Result<Execution> {
    Ok(match bound {
        Bound::Query(plan) => Execution::Rows(start(plan)),
        Bound::Explain(explain) => explain::begin(explain)?,
        Bound::CreateTable(create) => Execution::Job(create_table::begin(create)),
        Bound::CreateView(create) => job(create),
        Bound::CreateModel(create) => job(create_model::CreateModelJob::new(create)),
        Bound::CreateTransform(create) => Execution::Job(create_transform::begin(create)),
        Bound::CreateObjectTable(create) => job(create_object_table::CreateObjectTableJob::new(create)),
        Bound::CreateExternalTable(create) => job(create_external_table::CreateExternalTableJob::new(create)),
        Bound::Export(export) => Execution::Job(export::begin(export)),
        Bound::AlterModel(alter) => job(alter_model::AlterModelJob::new(alter, engine)?),
        Bound::SetBaseline(set) => Execution::Job(set_baseline::begin(set)),
        Bound::ChangeVersions(change) => job(change),
        Bound::RenameModel(rename) => job(rename),
        Bound::AlterTable(alter) => job(alter),
        Bound::Insert(insert) => Execution::Job(insert::begin(insert)),
        Bound::Change(change) => Execution::Job(change::begin(change)),
        Bound::CreateFunction(create) => job(create),
        Bound::DropFunction(drop) => job(drop),
        Bound::CreateProcedure(create) => job(create),
        Bound::DropProcedure(drop) => job(drop),
        Bound::DropModel(drop) => job(drop),
        Bound::DropTable(drop) => job(drop),
        Bound::Assign(assign) => Execution::Job(assign::begin(assign)),
        Bound::Nothing { message } => job(catalog_change::Nothing { message }),
    })
}

/// Sets out to bring what a statement needs before it can be bound.
pub(super) fn prepare(prerequisite: Prerequisite) -> Execution {
    match prerequisite {
        Prerequisite::Value { plan, place } => Execution::Job(prerequisite::subquery_value(*plan, place)),
        Prerequisite::Model { bytes, span } => job(prerequisite::ModelOfValue { bytes, span }),
    }
}

fn job(job: impl Job + 'static) -> Execution {
    Execution::Job(Box::new(job))
}
