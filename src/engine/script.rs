//! The statements of a text, one query after the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Prepared, Query, Session};
use crate::control::Stopwatch;
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::plan::{CONDITION, Params, Variable, VariableType};
use crate::syntax::ast::{Statement, StatementKind};
use crate::syntax::{Dialect, Handler};

/// Statements that run in order: take the next one when the one before has ended.
pub struct Script {
    session: Session,
    infos: Vec<StatementInfo>,
    statements: Vec<Arc<Statement>>,
    /// The number of the statement that comes next.
    next: usize,
    latest: Option<StatementInfo>,
    handlers: Vec<Handler>,
    /// Where to go on if the condition that was computed last is not TRUE.
    otherwise: Option<usize>,
    context: ScriptContext,
    /// Holds the time of parsing until the first query takes it.
    watch: Stopwatch,
}

/// One statement of a script, as parsing found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementInfo {
    /// From its first word up to its last one; neither comments around it nor the semicolon belong to it.
    pub span: Span,
    /// The keywords that name it, in capitals, whatever the text's own way to write them: `SELECT` of any query, `SET`,
    /// `DROP VIEW`, `CREATE OR REPLACE MODEL`; `CREATE TABLE AS SELECT` where rows of a query are read.
    pub verb: &'static str,
}

impl StatementInfo {
    fn of(statement: &Statement) -> Self {
        Self { span: statement.span, verb: statement.kind.verb() }
    }
}

/// What the statements of a script share.
#[derive(Clone)]
pub(super) struct ScriptContext {
    pub(super) dialect: Dialect,
    pub(super) params: Arc<Params>,
    pub(super) variables: Variables,
}

impl ScriptContext {
    /// Without variables.
    pub(super) fn new(dialect: Dialect, params: Params) -> Self {
        Self { dialect, params: Arc::new(params), variables: Variables::default() }
    }
}

/// The variables of a script. Cloning shares them.
#[derive(Clone, Default)]
pub(super) struct Variables(Arc<Mutex<Vec<Variable>>>);

impl Variables {
    pub(super) fn all(&self) -> Vec<Variable> {
        self.lock().clone()
    }

    /// Gives a variable its value, and declares it if it is new.
    pub(super) fn assign(&self, variable: Variable) {
        let mut variables = self.lock();
        match variables.iter_mut().find(|(name, ..)| name.eq_ignore_ascii_case(&variable.0)) {
            Some(known) => *known = variable,
            None => variables.push(variable),
        }
    }

    /// Takes note that a statement has failed, which an EXCEPTION handles.
    pub(super) fn failed(&self, error: &Error) {
        let message = Scalar::String(error.first().message.clone());
        self.set(FAILED, DataType::Bool, Scalar::Bool(true));
        self.set("@error.message", DataType::String, message);
    }

    /// How many rows the latest statement has changed.
    pub(super) fn changed_rows(&self, rows: usize) {
        let rows = i64::try_from(rows).map_or(Scalar::Null, Scalar::Int64);
        self.set("@row_count", DataType::Int64, rows);
    }

    fn set(&self, name: &str, data_type: DataType, value: Scalar) {
        self.assign((name.into(), VariableType { data_type, narrow: None, bounds: None }, value));
    }

    pub(super) fn value(&self, name: &str) -> Scalar {
        let variables = self.lock();
        let found = variables.iter().find(|(variable, ..)| variable == name);
        found.map_or(Scalar::Null, |(.., value)| value.clone())
    }

    /// Whether the variable of this name is TRUE.
    fn is_true(&self, name: &str) -> bool {
        self.value(name) == Scalar::Bool(true)
    }

    /// A panic elsewhere leaves the variables whole: every change of them is one step.
    fn lock(&self) -> MutexGuard<'_, Vec<Variable>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    pub(super) fn new(
        session: Session,
        statements: Vec<Statement>,
        handlers: Vec<Handler>,
        context: ScriptContext,
        watch: Stopwatch,
    ) -> Self {
        let runs = |statement: &&Statement| !matches!(statement.kind, StatementKind::Jump(_));
        let infos = statements.iter().filter(runs).map(StatementInfo::of).collect();
        let statements = statements.into_iter().map(Arc::new).collect();
        Self { session, infos, statements, next: 0, latest: None, handlers, otherwise: None, context, watch }
    }

    /// All statements of the text, in order, those included that were taken already. T-SQL's `DECLARE @a …, @b …` is
    /// one statement for each variable, and all of them begin at the DECLARE.
    pub fn statements(&self) -> &[StatementInfo] {
        &self.infos
    }

    /// The dialect that its statements are read in: the session's, or the one that the whole text tells.
    pub fn dialect(&self) -> Dialect {
        self.context.dialect
    }

    /// The statement that was taken last; in a loop the same one comes many times.
    pub fn latest(&self) -> Option<StatementInfo> {
        self.latest
    }

    /// Binds the next statement against the catalog as it is now, to run it many times. The script's parameters have no
    /// part in it.
    ///
    /// # Errors
    /// As binding.
    pub fn prepare(&mut self) -> Option<Result<Prepared>> {
        let statement = self.statements.get(self.next)?.clone();
        self.next += 1;
        Some(Prepared::new(self.session.clone(), self.context.dialect, statement))
    }

    /// Passes over `count` statements: they were run where this script was before. Only for a script without control flow.
    pub fn skip_statements(&mut self, count: usize) {
        self.next = self.next.saturating_add(count);
    }

    /// The number of statements that are left; with loops in it, of those behind the place that it has come to.
    pub fn len(&self) -> usize {
        self.statements.len().saturating_sub(self.next)
    }

    /// Whether all statements were taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Script {
    /// The statement that comes next, once the jumps before it are done.
    fn following(&mut self) -> Result<Option<Arc<Statement>>> {
        let otherwise = self.otherwise.take();
        if self.context.variables.is_true(FAILED) {
            self.context.variables.set(FAILED, DataType::Bool, Scalar::Bool(false));
            self.next = self.handler().invariant("a failure that is handled")?;
        } else if let Some(otherwise) = otherwise
            && !self.context.variables.is_true(CONDITION)
        {
            self.next = otherwise;
        }
        // More jumps than statements without one that runs between them never end.
        for _ in 0..=self.statements.len() {
            let Some(statement) = self.statements.get(self.next).cloned() else { return Ok(None) };
            match &statement.kind {
                StatementKind::Jump(target) => {
                    self.next = *target;
                    continue;
                }
                StatementKind::Branch(branch) => self.otherwise = Some(branch.otherwise),
                _ => {}
            }
            self.next += 1;
            self.latest = Some(StatementInfo::of(&statement));
            return Ok(Some(statement));
        }
        Err(endless())
    }

    /// Where the script goes on if the statement that was taken last fails.
    fn handler(&self) -> Option<usize> {
        let current = self.next.checked_sub(1)?;
        self.handlers.iter().find(|handler| handler.of.contains(&current)).map(|handler| handler.next)
    }

    /// A query for the statement, and whether a failure of it is handled.
    fn query(&mut self, statement: Arc<Statement>) -> Result<Query> {
        let fresh = Stopwatch::new(self.session.engine.shared.clock);
        let watch = std::mem::replace(&mut self.watch, fresh);
        let (limits, handled) = (self.session.limits.clone(), self.handler().is_some());
        let query = Query::new(&self.session.engine, limits, statement, self.context.clone(), watch);
        query.handled(handled).bound()
    }
}

impl Iterator for Script {
    type Item = Result<Query>;

    /// Binds the next statement against the catalog as it is now.
    fn next(&mut self) -> Option<Result<Query>> {
        // More failures than statements without one that runs between them never end.
        for _ in 0..=self.statements.len() {
            let statement = match self.following() {
                Ok(statement) => statement?,
                Err(error) => return Some(Err(error)),
            };
            match self.query(statement) {
                Err(error) if self.handler().is_some() && is_handled(&error) => {
                    self.context.variables.failed(&error);
                }
                result => return Some(result),
            }
        }
        Some(Err(endless()))
    }
}

#[cold]
fn endless() -> Error {
    Error::new(Code::LimitExceeded, "the script has a loop without end and without statements")
}

/// The variable that is TRUE while a failure waits for its EXCEPTION.
const FAILED: &str = "$failed";

/// Whether EXCEPTION catches a failure: not where the host has to go on with another engine, and not our own faults.
pub(super) fn is_handled(error: &Error) -> bool {
    !matches!(error.code(), Code::NeedsFullEngine | Code::Internal)
}
