//! The statements of a text, one query after the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::frame::Frame;
use super::{Prepared, Query, Session};
use crate::control::{Moment, Stopwatch};
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::limits::CALL_DEPTH;
use crate::plan::{Params, Variable, VariableType};
use crate::syntax::ast::{Call, Statement, StatementKind};
use crate::syntax::{Dialect, Handler};
use crate::table::Table;

/// Statements that run in order: take the next one when the one before has ended.
pub struct Script {
    session: Session,
    infos: Vec<StatementInfo>,
    latest: Option<StatementInfo>,
    /// The statements at hand: those of the text, or of the procedure that was called last.
    frame: Frame,
    /// The statements that wait for them, the text's first.
    callers: Vec<Frame>,
    /// The call whose values are being computed: its procedure comes next.
    arguments_of: Option<Arc<Statement>>,
    /// At which the next statement runs, where the host has said it.
    moment: Option<Moment>,
    /// The log that the next statement sees in place of the engine's.
    log: Option<Table>,
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
    /// The text of its statements, that of the caller in a procedure.
    pub(super) text: Arc<str>,
    pub(super) params: Arc<Params>,
    pub(super) variables: Variables,
    /// Whether rows that fail have NULLs.
    pub(super) forgives: bool,
    /// Whether its statements are put into the log.
    pub(super) is_logged: bool,
}

impl ScriptContext {
    /// Without variables.
    pub(super) fn new(dialect: Dialect, text: Arc<str>, params: Params, session: &Session) -> Self {
        let variables = Variables::default();
        let Session { forgives, is_logged, .. } = *session;
        Self { dialect, text, params: Arc::new(params), variables, forgives, is_logged }
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
    pub(super) fn failed(&self, error: &Error, statement: Option<&str>) {
        let message = Scalar::String(error.first().message.clone());
        self.set(FAILED, DataType::Bool, Scalar::Bool(true));
        self.set("@error.message", DataType::String, message);
        let text = statement.map_or(Scalar::Null, |text| Scalar::String(text.to_owned()));
        self.set("@error.statement_text", DataType::String, text);
    }

    /// How many rows the latest statement has changed.
    pub(super) fn changed_rows(&self, rows: usize) {
        self.set("@row_count", DataType::Int64, count(rows));
        self.seen_rows(rows);
    }

    /// T-SQL's count, which is of rows that are read too.
    pub(super) fn seen_rows(&self, rows: usize) {
        self.set("@rowcount", DataType::Int64, count(rows));
    }

    /// Gives the variables whose names begin with `@@` to others: there is one of each.
    pub(super) fn share_system(&self, others: &Self) {
        let system = self.all().into_iter().filter(|(name, ..)| name.starts_with('@'));
        system.for_each(|variable| others.assign(variable));
    }

    /// Takes away the variables that are not `wanted`.
    pub(super) fn retain(&self, wanted: impl Fn(&str) -> bool) {
        self.lock().retain(|(name, ..)| wanted(name));
    }

    pub(super) fn find(&self, name: &str) -> Option<Variable> {
        self.lock().iter().find(|(variable, ..)| variable.eq_ignore_ascii_case(name)).cloned()
    }

    pub(super) fn set(&self, name: &str, data_type: DataType, value: Scalar) {
        self.assign((name.into(), VariableType { data_type, narrow: None, bounds: None }, value));
    }

    pub(super) fn value(&self, name: &str) -> Scalar {
        let variables = self.lock();
        let found = variables.iter().find(|(variable, ..)| variable == name);
        found.map_or(Scalar::Null, |(.., value)| value.clone())
    }

    /// Whether the variable of this name is TRUE.
    pub(super) fn is_true(&self, name: &str) -> bool {
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
        let frame = Frame::new(statements, handlers.into(), context);
        Self {
            session,
            infos,
            latest: None,
            frame,
            callers: Vec::new(),
            arguments_of: None,
            moment: None,
            log: None,
            watch,
        }
    }

    /// All statements of the text, in order, those included that were taken already. T-SQL's `DECLARE @a …, @b …` is
    /// one statement for each variable, and all of them begin at the DECLARE.
    pub fn statements(&self) -> &[StatementInfo] {
        &self.infos
    }

    /// The dialect that its statements are read in: the session's, or the one that the whole text tells.
    pub fn dialect(&self) -> Dialect {
        self.frame.context.dialect
    }

    /// The statement of the text that was taken last; in a loop the same one comes many times, and so does the call of
    /// a procedure for each statement of it.
    pub fn latest(&self) -> Option<StatementInfo> {
        self.latest
    }

    /// Binds the next statement against the catalog as it is now, to run it many times. The script's parameters have no
    /// part in it.
    ///
    /// # Errors
    /// As binding; `unsupported-syntax` for the call of a procedure.
    pub fn prepare(&mut self) -> Option<Result<Prepared>> {
        let statement = self.frame.statement()?.clone();
        self.frame.next += 1;
        if matches!(statement.kind, StatementKind::Call(_)) {
            let error = Error::new(Code::UnsupportedSyntax, "the call of a procedure cannot be prepared");
            return Some(Err(error.at(statement.span).hint("run it as a script")));
        }
        Some(Prepared::new(self.session.clone(), &self.frame.context, statement))
    }

    /// Has the next statement run at a moment: one at which it has run before, it then gives the same again. A log that
    /// [`Summary::log`](super::Summary) gave takes the place of the engine's.
    ///
    /// # Errors
    /// `invalid-arrow` for what is no log of this version.
    pub fn at(&mut self, moment: Moment, log: Option<&[u8]>) -> Result<()> {
        self.moment = Some(moment);
        self.log = log.map(|log| self.session.engine.read_jobs(log)).transpose()?;
        Ok(())
    }

    /// Passes over `count` statements: they were run where this script was before. Only for a script without control flow.
    pub fn skip_statements(&mut self, count: usize) {
        self.frame.next = self.frame.next.saturating_add(count);
    }

    /// The number of statements that are left; with loops in it, of those behind the place that it has come to.
    pub fn len(&self) -> usize {
        self.frame.len() + self.callers.iter().map(Frame::len).sum::<usize>()
    }

    /// Whether all statements were taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Script {
    /// The statement that comes next, once the jumps before it are done.
    fn following(&mut self) -> Result<Option<Arc<Statement>>> {
        if self.frame.context.variables.is_true(FAILED) {
            self.recover()?;
        } else if let Some(StatementKind::Call(call)) = self.arguments_of.take().map(|it| it.kind.clone()) {
            self.enter(&call)?;
        }
        loop {
            if let Some(statement) = self.frame.following()? {
                return Ok(Some(self.taken(statement)));
            }
            let Some(caller) = self.callers.pop() else { return Ok(None) };
            let procedure = std::mem::replace(&mut self.frame, caller);
            if let Some(statement) = procedure.returned(&self.frame)? {
                return Ok(Some(Arc::new(statement)));
            }
        }
    }

    /// Takes note of a statement that is about to run.
    fn taken(&mut self, statement: Arc<Statement>) -> Arc<Statement> {
        if self.callers.is_empty() {
            self.latest = Some(StatementInfo::of(&statement));
        }
        if matches!(statement.kind, StatementKind::Call(_)) {
            self.arguments_of = Some(statement.clone());
        }
        statement
    }

    /// Goes on with the statements of a procedure.
    fn enter(&mut self, call: &Call) -> Result<()> {
        if self.callers.len() >= CALL_DEPTH {
            let message = format!("more than {CALL_DEPTH} procedures have called each other");
            let span = self.latest.map_or(call.name.span, |info| info.span);
            return Err(Error::new(Code::LimitExceeded, message)
                .at(span)
                .hint("let the procedure come to an end, or write a loop"));
        }
        let frame = Frame::called(&self.frame, call, &self.session.engine.catalog())?;
        self.callers.push(std::mem::replace(&mut self.frame, frame));
        Ok(())
    }

    /// Goes on where a failure is handled, in the statements at hand or in those that have called them.
    fn recover(&mut self) -> Result<()> {
        self.arguments_of = None;
        while self.frame.handler().is_none() {
            let caller = self.callers.pop().invariant("a failure that is handled")?;
            let failed = std::mem::replace(&mut self.frame, caller);
            failed.context.variables.share_system(&self.frame.context.variables);
        }
        self.frame.recover()
    }

    fn is_handled(&self) -> bool {
        self.frame.handler().is_some() || self.callers.iter().any(|frame| frame.handler().is_some())
    }

    /// A query for the statement, and whether a failure of it is handled.
    fn query(&mut self, statement: Arc<Statement>) -> Result<Query> {
        let fresh = Stopwatch::new(self.session.engine.shared.clock);
        let watch = std::mem::replace(&mut self.watch, fresh);
        let limits = self.session.limits.clone();
        let moment = self.moment.unwrap_or_else(|| self.session.engine.moment());
        // A failure that is handled comes before another statement of the same moment.
        self.moment = self.moment.map(Moment::next);
        let context = self.frame.context.clone();
        let query = Query::new(&self.session.engine, limits, statement, context, watch, moment);
        let query = query.over_log(self.log.clone());
        // A procedure's places are those of the text that made it.
        let elsewhere = self.frame.procedure().zip(self.latest).map(|(name, info)| (info.span, name));
        query.handled(self.is_handled()).of_procedure(elsewhere).bound()
    }
}

impl Iterator for Script {
    type Item = Result<Query>;

    /// Binds the next statement against the catalog as it is now.
    fn next(&mut self) -> Option<Result<Query>> {
        let next = self.bound();
        (self.moment, self.log) = (None, None);
        next
    }
}

impl Script {
    fn bound(&mut self) -> Option<Result<Query>> {
        // More failures than statements without one that runs between them never end.
        let all = self.frame.size() + self.callers.iter().map(Frame::size).sum::<usize>();
        for _ in 0..=all {
            let statement = match self.following() {
                Ok(statement) => statement?,
                Err(error) => return Some(Err(error)),
            };
            let span = statement.span;
            match self.query(statement) {
                Err(error) if self.is_handled() && is_handled(&error) => {
                    let context = &self.frame.context;
                    // The places of a procedure are in another text.
                    let is_here = self.frame.procedure().is_none();
                    context
                        .variables
                        .failed(&error, context.text.get(span.start..span.end).filter(|_| is_here));
                }
                result => return Some(result),
            }
        }
        Some(Err(endless()))
    }
}

/// A number of rows as a value.
fn count(rows: usize) -> Scalar {
    i64::try_from(rows).map_or(Scalar::Null, Scalar::Int64)
}

#[cold]
pub(super) fn endless() -> Error {
    Error::new(Code::LimitExceeded, "the script has a loop without end and without statements")
}

/// The variable that is TRUE while a failure waits for its EXCEPTION.
pub(super) const FAILED: &str = "$failed";

/// Whether EXCEPTION catches a failure: not where the host has to go on with another engine, and not our own faults.
pub(super) fn is_handled(error: &Error) -> bool {
    !matches!(error.code(), Code::NeedsFullEngine | Code::Internal)
}
