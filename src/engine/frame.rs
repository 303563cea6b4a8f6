//! Where a script has come to: in its own statements, or in those of a procedure that it has called.

use std::ops::Range;
use std::sync::Arc;

use super::script::{FAILED, ScriptContext, Variables, endless};
use crate::catalog::Catalog;
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result};
use crate::plan::{CONDITION, Params, argument, procedure_name};
use crate::syntax::ast::{
    Call, CreateProcedure, Expr, ExprKind, ParamMode, Parameter, SetValue, SetVariables, Statement,
    StatementKind,
};
use crate::syntax::{Dialect, Handler};

/// Statements that run one after the other, with jumps among them, and their variables.
pub(super) struct Frame {
    statements: Vec<Arc<Statement>>,
    handlers: Arc<[Handler]>,
    /// What is declared, and the numbers of the statements that see it.
    blocks: Vec<(String, Range<usize>)>,
    /// The number of the statement that comes next.
    pub(super) next: usize,
    /// Where to go on if the condition that was computed last is not TRUE.
    otherwise: Option<usize>,
    pub(super) context: ScriptContext,
    /// The procedure whose statements they are.
    procedure: Option<Arc<CreateProcedure>>,
}

impl Frame {
    pub(super) fn new(
        statements: Vec<Arc<Statement>>,
        handlers: Arc<[Handler]>,
        context: ScriptContext,
    ) -> Self {
        let declared = statements.iter().filter_map(|statement| match &statement.kind {
            StatementKind::Declare(declare) => Some(declare),
            _ => None,
        });
        let names = declared.flat_map(|it| it.names.iter().map(|name| (name.text.clone(), &it.block)));
        let blocks = names.map(|(name, block)| (name, block.clone().unwrap_or(0..usize::MAX))).collect();
        Self { statements, handlers, blocks, next: 0, otherwise: None, context, procedure: None }
    }

    /// The statements of a procedure, with the values that its call has computed.
    ///
    /// # Errors
    /// `unknown-function` where the procedure has gone since the call was bound.
    pub(super) fn called(caller: &Self, call: &Call, catalog: &Catalog) -> Result<Self> {
        let name = procedure_name(&call.name, caller.context.dialect);
        let procedure = catalog.procedure(&name).cloned().ok_or_else(|| {
            Error::new(Code::UnknownFunction, format!("procedure `{name}` was not found")).at(call.name.span)
        })?;
        let variables = Variables::default();
        caller.context.variables.share_system(&variables);
        for (number, param) in procedure.params.iter().enumerate() {
            let value = caller.context.variables.find(&argument(number)).invariant("the value of a call")?;
            variables.assign((param.name.text.clone(), value.1, value.2));
        }
        let params = Arc::new(Params::default());
        let context = ScriptContext { params, variables, ..caller.context.clone() };
        let body = &procedure.body;
        let mut frame = Self::new(body.statements.clone(), body.handlers.clone(), context);
        let params = procedure.params.iter().map(|param| (param.name.text.clone(), 0..usize::MAX));
        frame.blocks.extend(params);
        Ok(Self { procedure: Some(procedure), ..frame })
    }

    /// Gives what a procedure has come to back to its caller: the statement that sets the caller's variables, if there
    /// are some.
    pub(super) fn returned(self, caller: &Self) -> Result<Option<Statement>> {
        self.context.variables.share_system(&caller.context.variables);
        let statement = caller.current().invariant("the call that has come back")?;
        let StatementKind::Call(call) = &statement.kind else {
            return Err(Error::internal("a procedure comes back to its call"));
        };
        let procedure = self.procedure.invariant("the procedure that has come back")?;
        let span = statement.span;
        let mut names = Vec::new();
        let mut values = Vec::new();
        for (number, param) in procedure.params.iter().enumerate() {
            let variable = call.argument(number, param).and_then(Expr::variable);
            let Some(variable) = variable.filter(|_| param.mode != ParamMode::In) else { continue };
            // T-SQL's OUTPUT parameters take other values too.
            if caller.context.variables.find(&variable.text).is_none() {
                continue;
            }
            let value = self.context.variables.find(&param.name.text).invariant("a parameter")?;
            caller.context.variables.assign((argument(number), value.1, value.2));
            let name = argument(number);
            let kind = match caller.context.dialect {
                Dialect::TSql => ExprKind::Parameter(Parameter::Named(name)),
                Dialect::BigQuery => ExprKind::Name(crate::syntax::ast::Ident { text: name, span }),
            };
            names.push(variable);
            values.push((Expr { kind, span }, None));
        }
        let value = match (names.len(), values.pop()) {
            (_, None) => return Ok(None),
            (1, Some((value, _))) => value,
            (_, Some(last)) => {
                values.push(last);
                Expr { kind: ExprKind::Struct { data_type: None, fields: values }, span }
            }
        };
        let set = SetVariables { names, value: SetValue::Expr(value) };
        Ok(Some(Statement { kind: StatementKind::Set(set), span }))
    }

    /// The statement that comes next, once the jumps before it are done.
    pub(super) fn following(&mut self) -> Result<Option<Arc<Statement>>> {
        if let Some(otherwise) = self.otherwise.take()
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
            self.forget(&statement);
            self.next += 1;
            return Ok(Some(statement));
        }
        Err(endless())
    }

    /// Takes the variables away that the next statement does not see: those of blocks that were left.
    fn forget(&self, next: &Statement) {
        if self.blocks.iter().all(|(_, block)| block.end == usize::MAX) {
            return;
        }
        let is_named = |name: &str, other: &str| other.eq_ignore_ascii_case(name);
        self.context.variables.retain(|name| {
            let blocks = self.blocks.iter().filter(|(other, _)| is_named(name, other));
            let seen = blocks.clone().filter(|(_, block)| block.contains(&self.next)).count();
            // One that is declared here is none yet.
            let is_new = match &next.kind {
                StatementKind::Declare(declare) => declare.names.iter().any(|it| is_named(name, &it.text)),
                _ => false,
            };
            blocks.count() == 0 || seen > usize::from(is_new)
        });
    }

    /// The statement that was taken last.
    pub(super) fn current(&self) -> Option<&Arc<Statement>> {
        self.statements.get(self.next.checked_sub(1)?)
    }

    /// Where to go on if the statement that was taken last fails.
    pub(super) fn handler(&self) -> Option<usize> {
        let current = self.next.checked_sub(1)?;
        self.handlers.iter().find(|handler| handler.of.contains(&current)).map(|handler| handler.next)
    }

    /// Goes on where a failure is handled.
    pub(super) fn recover(&mut self) -> Result<()> {
        self.context.variables.set(FAILED, DataType::Bool, Scalar::Bool(false));
        self.otherwise = None;
        self.next = self.handler().invariant("a failure that is handled")?;
        Ok(())
    }

    /// The number of all its statements.
    pub(super) fn size(&self) -> usize {
        self.statements.len()
    }

    /// The number of statements that are left.
    pub(super) fn len(&self) -> usize {
        self.statements.len().saturating_sub(self.next)
    }

    pub(super) fn statement(&self) -> Option<&Arc<Statement>> {
        self.statements.get(self.next)
    }

    /// The procedure's name, where it is one's.
    pub(super) fn procedure(&self) -> Option<String> {
        self.procedure.as_ref().map(|procedure| procedure.name.text())
    }
}
