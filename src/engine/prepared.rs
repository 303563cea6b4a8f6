//! Statements that are parsed once and run many times.
//!
//! The plan of a query is kept for each set of types that its parameters had. It holds as long as the catalog does:
//! after a change of it the statement is bound again, by itself. Where a plan depends on more than the types, as that of
//! `LIMIT ?` does, and for statements that give no rows, only parsing is saved.

use litemap::LiteMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::script::ScriptContext;
use super::{Query, Session};
use crate::catalog::Used;
use crate::control::{Moment, Stage, Stopwatch};
use crate::data::{DataType, Schema};
use crate::diag::{Diagnostic, Result};
use crate::exec::{Input, start};
use crate::limits::PREPARED_PLANS;
use crate::plan::{self, Binding, Bound, BoundStatement, Given, Params, Plan, SeenLog, Slot, Types, bind};
use crate::syntax::Dialect;
use crate::syntax::ast::{Parameter, Statement};

/// A statement that was parsed and bound. Dropping it forgets its plans.
pub struct Prepared {
    session: Session,
    dialect: Dialect,
    text: Arc<str>,
    statement: Arc<Statement>,
    /// The key of its plans in the engine.
    id: u64,
    schema: Option<Schema>,
    parameters: Vec<PreparedParameter>,
    /// How many values its places ask for.
    positions: usize,
}

/// A parameter of a prepared statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedParameter {
    /// The name of `@name`; the number of `?`, from 1.
    pub name: String,
    /// The type that the statement makes of it. Others are taken too, as in a query.
    pub data_type: DataType,
}

/// The plans of all prepared statements, as of one state of the catalog.
#[derive(Default)]
pub(super) struct Plans {
    version: u64,
    next_id: u64,
    entries: LiteMap<u64, Vec<KeptPlan>>,
}

/// The plan for parameters of these types; none where it depends on their values.
struct KeptPlan {
    types: Types,
    plan: Option<Arc<ReadyPlan>>,
}

/// A plan that takes its parameters' values when it runs.
pub(super) struct ReadyPlan {
    pub(super) plan: Plan,
    pub(super) warnings: Vec<Diagnostic>,
    pub(super) used: Arc<Used>,
    /// The operators of a run that has ended, ready for another one.
    idle: Mutex<Option<Input>>,
}

impl PreparedParameter {
    pub(super) fn new(slot: &Slot) -> Self {
        let name = match &slot.parameter {
            Parameter::Named(name) => name.clone(),
            Parameter::Position(index) => (index + 1).to_string(),
        };
        Self { name, data_type: slot.data_type() }
    }
}

impl ReadyPlan {
    /// Operators that run the plan.
    pub(super) fn start(&self) -> Input {
        self.idle().take().unwrap_or_else(|| start(self.plan.clone()))
    }

    /// Keeps the operators of a run that has ended for another one.
    pub(super) fn keep(&self, mut root: Input) {
        if root.rewind() {
            *self.idle() = Some(root);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Input>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plans {
    /// Forgets the plans of another state of the catalog, and with them the tables and models that they hold.
    pub(super) fn keep_only(&mut self, version: u64) {
        if self.version != version {
            self.version = version;
            self.entries.clear();
        }
    }

    fn find(&self, id: u64, params: &Params) -> Option<&KeptPlan> {
        self.entries.get(&id)?.iter().find(|kept| params.are_of(&kept.types))
    }

    /// Keeps one more plan of a statement, if it is of the same state of the catalog, and drops the oldest of too many.
    fn keep(&mut self, id: u64, plan: KeptPlan, version: u64) {
        if self.version != version {
            return;
        }
        let plans = self.entries.entry(id).or_default();
        if plans.len() >= PREPARED_PLANS {
            plans.remove(0);
        }
        plans.push(plan);
    }

    fn forget(&mut self, id: u64) {
        self.entries.remove(&id);
    }
}

impl Prepared {
    /// # Errors
    /// As binding: the statement must hold for the catalog as it is now, whatever its parameters are.
    pub(super) fn new(session: Session, script: &ScriptContext, statement: Arc<Statement>) -> Result<Self> {
        let (dialect, text) = (script.dialect, script.text.clone());
        let BoundStatement { binding, parameters, .. } = {
            let catalog = session.engine.catalog();
            bind(
                &statement,
                plan::Context {
                    catalog: &catalog,
                    dialect,
                    params: Given::Nothing,
                    variables: &[],
                    subquery_values: &[],
                    limits: &session.limits,
                    log: &SeenLog::default(),
                },
            )?
        };
        let schema = match binding {
            Binding::Ready(bound) => bound.schema(),
            // What the rows are is known when the model is, which a query has to bring first.
            Binding::Needs(_) => None,
        };
        let position = |slot: &Slot| match slot.parameter {
            Parameter::Position(index) => Some(index + 1),
            Parameter::Named(_) => None,
        };
        let positions = parameters.iter().filter_map(|slot| position(slot)).max().unwrap_or(0);
        let parameters = parameters.iter().map(|slot| PreparedParameter::new(slot)).collect();
        let id = {
            let mut plans = session.engine.plans();
            plans.next_id += 1;
            plans.next_id
        };
        Ok(Self { session, dialect, text, statement, id, schema, parameters, positions })
    }

    /// The columns of the result, if it has rows and they are known before it runs.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// The parameters in the order of the text.
    pub fn parameters(&self) -> &[PreparedParameter] {
        &self.parameters
    }

    /// The statement with these values of its parameters. `batch_rows` is as for [`Session::with_batch_rows`], `forgives`
    /// as for [`Session::with_failed_rows_as_null`].
    ///
    /// # Errors
    /// As binding, over the catalog as it is now; `unknown-parameter` for more values than there are places for.
    pub fn query(&self, params: Params, batch_rows: Option<usize>, forgives: bool) -> Result<Query> {
        self.query_at(self.session.engine.moment(), params, batch_rows, forgives)
    }

    /// As [`Prepared::query`], at a moment that the host has chosen.
    ///
    /// # Errors
    /// As [`Prepared::query`].
    pub fn query_at(
        &self,
        moment: Moment,
        params: Params,
        batch_rows: Option<usize>,
        forgives: bool,
    ) -> Result<Query> {
        params.check_count(self.positions)?;
        let session = self.session.clone().with_failed_rows_as_null(forgives);
        let session = match batch_rows {
            Some(rows) => session.with_batch_rows(rows),
            None => session,
        };
        let mut watch = Stopwatch::new(session.engine.shared.clock);
        let mark = watch.start();
        let plan = self.plan(&session, &params);
        watch.stop(mark, Stage::Bind);
        let script = ScriptContext::new(self.dialect, self.text.clone(), params, &session);
        let query =
            Query::new(&session.engine, session.limits, self.statement.clone(), script, watch, moment);
        match plan {
            Some(plan) => Ok(query.planned(plan)),
            None => query.bound(),
        }
    }

    /// The plan for these values, if it depends on their types alone.
    fn plan(&self, session: &Session, params: &Params) -> Option<Arc<ReadyPlan>> {
        let engine = &session.engine;
        let known = engine.plans().find(self.id, params).map(|kept| kept.plan.clone());
        known.unwrap_or_else(|| {
            let (plan, version) = self.bind_types(session, params);
            let plan = plan.map(Arc::new);
            engine.plans().keep(self.id, KeptPlan { plan: plan.clone(), types: params.types() }, version);
            plan
        })
    }

    /// The plan for values of these types, and the version of the catalog that it is for. There is none for a statement
    /// that has to be bound with the values: to give another plan, or to say what is wrong with it.
    fn bind_types(&self, session: &Session, params: &Params) -> (Option<ReadyPlan>, u64) {
        let catalog = session.engine.catalog();
        if self.dialect == Dialect::TSql {
            // There an integer that fits into 32 bits has another type than one that does not.
            return (None, catalog.version());
        }
        let log = SeenLog::default();
        let context = plan::Context {
            catalog: &catalog,
            dialect: self.dialect,
            params: Given::Types(params),
            variables: &[],
            subquery_values: &[],
            limits: &session.limits,
            log: &log,
        };
        let plan = match bind(&self.statement, context) {
            Ok(BoundStatement { binding: Binding::Ready(bound), warnings, used, .. }) => match *bound {
                Bound::Query(plan) => Some(ReadyPlan { plan, warnings, used, idle: Mutex::default() }),
                _ => None,
            },
            _ => None,
        };
        // The log changes with every statement.
        (plan.filter(|_| log.seen().is_none()), catalog.version())
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        self.session.engine.plans().forget(self.id);
    }
}
