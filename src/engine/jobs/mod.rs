//! What statements do beside giving rows: one file a statement, each a [`Job`] that is stepped to its end.
//!
//! A job knows the engine's catalog, the script's variables and the context in which plans run. It does not know how the
//! statement was written, or the host: what it needs it asks for.

mod alter_model;
mod assign;
mod collect;
mod create_model;
mod create_table;
mod create_transform;
mod create_view;
mod drop;
mod explain;
mod external_table;
mod insert;
mod object_table;
mod prerequisite;

pub(super) use create_model::timed;

use super::Engine;
use super::scope::Scope;
use super::step::Summary;
use crate::control::Stage;
use crate::diag::{Code, Error, Result, Span};
use crate::exec::{Context, Input, Resource, start};
use crate::plan::{self, Bound, Prerequisite};
use crate::table::Object;

/// A statement's way to its end, piece by piece.
pub(super) trait Job {
    /// Does a piece of work, as small as a batch of rows or one change of the catalog.
    ///
    /// # Errors
    /// For reasons of data, limits, resources or the model; the job has ended then, and the catalog is as it was.
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep>;

    /// What the next step's time counts for.
    fn stage(&self) -> Stage {
        Stage::Project
    }
}

/// What a job works on.
pub(super) struct JobContext<'a> {
    pub(super) engine: &'a Engine,
    pub(super) scope: &'a mut Scope,
    pub(super) ctx: &'a mut Context,
}

/// What a step of a job led to.
pub(super) enum JobStep {
    /// Requests are open: the next step comes when they are answered.
    Waiting,
    /// More is to be done.
    Working,
    /// The statement has ended.
    Done(Summary),
    /// The statement ends in these rows.
    Rows(Input),
    /// What the statement needed is there: it can be bound.
    Bind,
}

impl JobStep {
    /// The end of a statement that changed the catalog.
    fn changed(message: String) -> Self {
        Self::Done(Summary { message: Some(message), catalog_changed: true, ..Summary::default() })
    }
}

/// How a bound statement runs.
pub(super) enum Task {
    Rows(Input),
    Job(Box<dyn Job>),
}

impl Task {
    /// The task of a statement.
    ///
    /// # Errors
    /// `unknown-model` for a model that is gone.
    pub(super) fn of(bound: Bound, engine: &Engine) -> Result<Self> {
        Ok(Self::Job(match bound {
            Bound::Query(plan) => return Ok(Self::Rows(start(plan))),
            Bound::Explain { plan, analyze: false } => {
                return Ok(Self::Rows(start(plan::explanation(&plan, None)?)));
            }
            Bound::Explain { plan, analyze: true } => Box::new(explain::ExplainAnalyze::new(plan)),
            Bound::CreateTable { name, schema, plan, rules } => {
                Box::new(create_table::CreateTable::new(name, schema, plan, rules))
            }
            Bound::CreateView { name, view } => Box::new(create_view::CreateView::new(name, view)),
            Bound::Insert { name, plan } => Box::new(insert::Insert::new(name, plan)),
            Bound::CreateModel { name, path, path_span, options, declared } => {
                Box::new(create_model::CreateModel::new(name, path, path_span, options, declared))
            }
            Bound::CreateTransform { name, plan, calls, items, gives } => {
                Box::new(create_transform::CreateTransform::new(name, plan, calls, items, gives))
            }
            Bound::AlterModel { name, options, span } => {
                let model = engine.catalog().model(&name)?.clone();
                Box::new(alter_model::AlterModel::new(name, model, options, span))
            }
            Bound::CreateObjectTable { name, uris, uris_span } => {
                Box::new(object_table::CreateObjectTable::new(name, uris, uris_span))
            }
            Bound::CreateExternalTable { name, external } => {
                Box::new(external_table::CreateExternalTable::new(name, external))
            }
            Bound::Assign { names, plan } => Box::new(assign::Assign::new(names, plan)),
            Bound::DropModel { name } => Box::new(drop::Drop::Model(name)),
            Bound::DropTable { name } => Box::new(drop::Drop::Table(name)),
            Bound::Nothing { message } => Box::new(drop::Drop::Nothing(message)),
        }))
    }

    /// The task that brings what a statement needs before it can be bound.
    pub(super) fn before(prerequisite: Prerequisite) -> Self {
        Self::Job(match prerequisite {
            Prerequisite::Value { plan, span } => Box::new(prerequisite::ReadValue::new(plan, span)),
            Prerequisite::Model { bytes, span } => Box::new(prerequisite::LoadModel { bytes, span }),
        })
    }

    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::Rows(_) => Stage::Project,
            Self::Job(job) => job.stage(),
        }
    }
}

/// A listing of the objects that patterns match, on its way from the host.
struct Listing {
    uris: Vec<String>,
    span: Span,
    request: Option<u64>,
}

impl Listing {
    fn new(uris: Vec<String>, span: Span) -> Self {
        Self { uris, span, request: None }
    }

    /// The objects, once the host has listed them.
    ///
    /// # Errors
    /// `resource-unavailable` where nothing matches, or in the host's words.
    fn step(&mut self, ctx: &mut Context) -> Result<Option<Vec<Object>>> {
        let id = match self.request {
            Some(id) => id,
            None => *self.request.insert(ctx.requests.request(Resource::Objects { uris: self.uris.clone() })),
        };
        if !ctx.requests.all_answered() {
            return Ok(None);
        }
        let objects = ctx.requests.take_objects(id).map_err(|error| error.or_at(self.span))?;
        if objects.is_empty() {
            let patterns: Vec<_> = self.uris.iter().map(|uri| format!("`{uri}`")).collect();
            let message = format!("no file matches {}", patterns.join(", "));
            return Err(Error::new(Code::ResourceUnavailable, message).at(self.span));
        }
        Ok(Some(objects))
    }
}
