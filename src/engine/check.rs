//! What is wrong with a text, found without running it: statements are bound against the catalog as those before them would leave it.

use std::sync::Arc;

use super::{Engine, PreparedParameter};
use crate::catalog::{Catalog, Relation};
use crate::data::{Scalar, Schema};
use crate::diag::{Code, Diagnostic, Error, Result, Severity};
use crate::plan::{
    self, AlterTable, Binding, Bound, BoundStatement, CreateTable, Given, SeenLog, Variable, VariableType,
    bind,
};
use crate::syntax::{self, Dialect, ast};
use crate::table::Table;

/// What a check found: diagnostics, and the result's columns where the text is a query that binds.
#[derive(Debug, Default)]
pub struct Check {
    /// Errors and warnings in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// The columns of the last statement, if it is a query.
    pub schema: Option<Schema>,
    /// The parameters of the statements that were bound, in the order of the text.
    pub parameters: Vec<PreparedParameter>,
}

/// What statements would find that come behind others.
pub(super) struct Foreseen {
    pub(super) catalog: Catalog,
    pub(super) variables: Vec<Variable>,
}

impl Engine {
    /// Parses and binds without running. Tables that statements before would make are known, without their rows. Behind the first
    /// change of the catalog that a condition or a file decides, statements are parsed only. Parameters fit everywhere. Without a
    /// dialect the text tells its own, as for [`Session::with_dialect`](super::Session::with_dialect).
    pub fn check(&self, sql: &str, dialect: Option<Dialect>) -> Check {
        let parsed = syntax::parse(sql, &self.shared.limits, dialect);
        let mut check = Check { diagnostics: parsed.diagnostics, ..Check::default() };
        if check.diagnostics.is_empty() {
            self.check_statements(parsed.statements.iter(), parsed.dialect, &mut self.foreseen(), &mut check);
        }
        check
    }

    /// What the first statement of a text finds.
    pub(super) fn foreseen(&self) -> Foreseen {
        Foreseen { catalog: self.catalog().draft(), variables: Vec::new() }
    }

    /// Binds statements up to the first one of which nobody knows what it changes.
    pub(super) fn check_statements<'a>(
        &self,
        statements: impl Iterator<Item = &'a ast::Statement>,
        dialect: Dialect,
        foreseen: &mut Foreseen,
        check: &mut Check,
    ) {
        let null = |(name, data_type)| (name, data_type, Scalar::Null);
        let mut declared = Vec::new();
        // The number of the statement from which on they run whatever comes.
        let mut certain = 0;
        for (number, statement) in statements.enumerate() {
            let Foreseen { catalog, variables } = &mut *foreseen;
            // Variables end with their blocks.
            variables.retain(|(name, ..): &Variable| {
                let ended = |(of, end): &(String, usize)| *end <= number && of.eq_ignore_ascii_case(name);
                !declared.iter().any(ended)
            });
            declared.retain(|(_, end)| *end > number);
            match &statement.kind {
                ast::StatementKind::Declare(declare) => {
                    if let Some(block) = &declare.block {
                        declared.extend(declare.names.iter().map(|name| (name.text.clone(), block.end)));
                    }
                }
                ast::StatementKind::Branch(branch) => certain = certain.max(branch.otherwise),
                ast::StatementKind::Jump(target) => certain = certain.max(*target),
                _ => {}
            }
            let context = plan::Context {
                catalog,
                dialect,
                params: Given::Nothing,
                variables,
                subquery_values: &[],
                limits: &self.shared.limits,
                log: &SeenLog::default(),
            };
            check.schema = None;
            let mut is_foreseen = !statement.kind.changes_catalog();
            match bind(statement, context) {
                Ok(BoundStatement { binding, warnings, parameters, .. }) => {
                    check.diagnostics.extend(warnings);
                    for parameter in parameters.iter().map(|slot| PreparedParameter::new(slot)) {
                        if check.parameters.iter().all(|known| known.name != parameter.name) {
                            check.parameters.push(parameter);
                        }
                    }
                    // What needs a value first cannot be checked further without running.
                    if let Binding::Ready(bound) = binding {
                        check.schema = bound.schema();
                        match *bound {
                            Bound::Assign(assign) => {
                                variables.extend(assign.variables.into_iter().map(null));
                            }
                            bound => {
                                if let Bound::CreateProcedure(create) = &bound {
                                    self.check_body(create, dialect, catalog, check);
                                    check.schema = None;
                                }
                                is_foreseen |= changed(catalog, bound, number >= certain);
                            }
                        }
                    }
                }
                // `IF OBJECT_ID('tempdb..#t') IS NOT NULL DROP TABLE #t`: it is dropped only if it is there.
                Err(_) if number < certain && matches!(statement.kind, ast::StatementKind::Drop(_)) => {
                    is_foreseen = true;
                }
                Err(error) => check.diagnostics.extend(error.diagnostics().cloned()),
            }
            if !is_foreseen {
                break;
            }
        }
    }

    /// Binds what a procedure does, where the types of all its parameters are known and it is not to be left to its calls.
    fn check_body(
        &self,
        create: &plan::CreateProcedure,
        dialect: Dialect,
        catalog: &Catalog,
        check: &mut Check,
    ) {
        let procedure = &create.procedure;
        if create.variables.len() != procedure.params.len() || !procedure.is_strict {
            return;
        }
        let null =
            |(name, data_type): &(String, _)| (name.clone(), VariableType::clone(data_type), Scalar::Null);
        let variables = create.variables.iter().map(null).collect();
        // It is not there yet where it calls itself.
        let is_other = |statement: &&ast::Statement| match &statement.kind {
            ast::StatementKind::Call(call) => plan::procedure_name(&call.name, dialect) != create.name,
            _ => true,
        };
        let statements = procedure.body.statements.iter().map(|statement| &**statement).take_while(is_other);
        let mut found = Check::default();
        let mut foreseen = Foreseen { catalog: catalog.draft(), variables };
        self.check_statements(statements, dialect, &mut foreseen, &mut found);
        // In T-SQL what a procedure names may come later.
        let is_late = |it: &Diagnostic| {
            dialect == Dialect::TSql && matches!(it.code, Code::UnknownTable | Code::UnknownFunction)
        };
        found.diagnostics.retain(|it| !is_late(it));
        check.diagnostics.append(&mut found.diagnostics);
        check.parameters.append(&mut found.parameters);
    }

    /// What is wrong with the statements of a procedure that is about to be made.
    pub(super) fn refuse_body(&self, create: &plan::CreateProcedure, dialect: Dialect) -> Result<()> {
        let mut check = Check::default();
        self.check_body(create, dialect, &self.catalog(), &mut check);
        check.diagnostics.retain(|it| it.severity == Severity::Error);
        Error::from_diagnostics(check.diagnostics).map_or(Ok(()), Err)
    }
}

/// Changes the catalog as a statement would, but for rows; `false` where that is not known before it runs.
fn changed(catalog: &mut Catalog, bound: Bound, is_certain: bool) -> bool {
    match bound {
        // Rows alone.
        Bound::Insert(_) | Bound::Change(_) | Bound::Nothing { .. } => {}
        _ if !is_certain => return false,
        Bound::CreateTable(CreateTable { name, schema, rules, .. }) => {
            catalog.put_table(&name, without_rows(schema), rules);
        }
        Bound::AlterTable(AlterTable { name, new_name, schema, rules, .. }) => {
            catalog.drop_relation(&name);
            catalog.put_table(&new_name, without_rows(schema), rules);
        }
        Bound::CreateView(create) => {
            catalog.put_relation(&create.name, Relation::View(Arc::new(create.view)));
        }
        Bound::CreateFunction(create) => catalog.put_routine(&create.name, create.routine),
        Bound::CreateProcedure(create) => catalog.put_procedure(&create.name, create.procedure),
        Bound::DropTable(drop) => {
            catalog.drop_relation(&drop.name);
        }
        _ => return false,
    }
    true
}

fn without_rows(schema: Schema) -> Table {
    Table { schema, batches: Vec::new(), notes: Vec::new() }
}
