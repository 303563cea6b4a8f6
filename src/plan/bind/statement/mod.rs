//! Statements: one file for each, with what binding it gives and how it is bound.

mod alter_model;
mod alter_table;
mod assign;
mod change;
mod create_external_table;
mod create_function;
mod create_model;
mod create_table;
mod create_transform;
mod create_view;
mod describe;
mod drop;
mod explain;
mod export;
mod insert;
mod procedure;

pub(crate) use alter_model::{AlterModel, ChangeVersions, RenameModel, SetBaseline};
pub(crate) use alter_table::AlterTable;
pub(crate) use assign::{Assign, AssignedRows, CONDITION, executed};
pub(crate) use change::Change;
pub(crate) use create_external_table::{CreateExternalTable, CreateObjectTable};
pub(crate) use create_function::{CreateFunction, DropFunction};
pub(crate) use create_model::CreateModel;
pub(crate) use create_table::CreateTable;
pub(crate) use create_transform::CreateTransform;
pub(crate) use create_view::CreateView;
pub(crate) use drop::{DropModel, DropTable};
pub(crate) use explain::Explain;
pub(crate) use export::Export;
pub(crate) use insert::Insert;
pub(crate) use procedure::{CreateProcedure, DropProcedure, argument, procedure_name};

use super::{Binder, Bound, collation};
use crate::data::{Bounds, Field, Schema};
use crate::diag::{Code, Error, Result, Span};
use crate::plan::node::{Node, Plan};
use crate::plan::{endless, inline, prune};
use crate::syntax::ast::{self, OnExisting, StatementKind};

impl Binder<'_> {
    pub(super) fn statement(&mut self, statement: &ast::Statement) -> Result<Bound> {
        match &statement.kind {
            StatementKind::Query(query) => {
                let root = self.result(query)?;
                Ok(Bound::Query(self.plan(root)?))
            }
            StatementKind::Explain(explain) => self.explain(explain),
            StatementKind::CreateTable(create) => self.create_table(create, statement.span),
            StatementKind::CreateView(create) => self.create_view(create),
            StatementKind::CreateModel(create) => self.create_model(create),
            StatementKind::CreateExternalTable(create) => self.create_external_table(create),
            StatementKind::Export(export) => self.export(export, statement.span),
            StatementKind::AlterModel(alter) => self.alter_model(alter),
            StatementKind::AlterTable(alter) => self.alter_table(alter),
            StatementKind::Insert(insert) => self.insert(insert, statement.span),
            StatementKind::Change(change) => self.change(change, statement.span),
            StatementKind::CreateFunction(create) => self.create_function(create),
            StatementKind::CreateProcedure(create) => self.create_procedure(create),
            StatementKind::Call(call) => self.call_procedure(call),
            StatementKind::Branch(branch) => self.branch(branch),
            StatementKind::Print(value) => self.print(value),
            StatementKind::Execute(execute) => self.execute(execute),
            StatementKind::Jump(_) => Ok(Bound::Nothing { message: String::new() }),
            StatementKind::Ignored(verb) => {
                let message = format!("{verb}: names of tables hold those of datasets, nothing was changed");
                Ok(Bound::Nothing { message })
            }
            StatementKind::Drop(drop) => self.drop(drop),
            StatementKind::Declare(declare) => self.declare(declare),
            StatementKind::Set(set) => self.set(set),
            StatementKind::Describe(describe) => self.describe(describe),
            StatementKind::Show(kind) => self.show(*kind),
            StatementKind::ShowVersions(model) => self.show_versions(model),
        }
    }

    /// The plan of `root` and the subqueries met so far.
    pub(super) fn plan(&mut self, root: Node) -> Result<Plan> {
        let subplans = std::mem::take(&mut self.subplans);
        let queries = std::mem::take(&mut self.queries);
        self.planned(Plan { subplans, queries, root })
    }

    /// The plan of `root` as [`Binder::plan`] makes it, while the statement around it is still being bound.
    pub(super) fn inner_plan(&self, root: Node) -> Result<Plan> {
        self.planned(Plan { subplans: self.subplans.clone(), queries: self.queries.clone(), root })
    }

    fn planned(&self, plan: Plan) -> Result<Plan> {
        let plan = if self.is_tsql() { collation::collated(plan)? } else { plan };
        endless::checked(prune::prune(inline::inline(plan)?)?)
    }

    /// The name of the relation to create; `None` where it exists and is to be kept. `what` is what CREATE creates.
    fn created_relation(
        &self,
        path: &ast::Path,
        on_existing: OnExisting,
        what: &str,
    ) -> Result<Option<String>> {
        let name = self.relation_name(path);
        let exists = self.context.catalog.has_relation(&name);
        kept_or_created(name, exists, on_existing, |name| already_exists("table", name, what).at(path.span))
    }

    /// The name of the model to create; `None` where it exists and is to be kept.
    fn created_model(&self, path: &ast::Path, on_existing: OnExisting) -> Result<Option<String>> {
        let name = self.relation_name(path);
        let exists = self.context.catalog.has_model(&name);
        kept_or_created(name, exists, on_existing, |name| {
            already_exists("model", name, "MODEL").at(path.span)
        })
    }

    /// The columns that a statement declares, and what the parameters of their types ask of values.
    fn bounded_columns(&self, columns: &[ast::ColumnDef]) -> Result<(Schema, Vec<(usize, Bounds)>)> {
        let mut fields = Vec::with_capacity(columns.len());
        let mut all_bounds = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            let (data_type, bounds) = self.bounded_type(&column.data_type)?;
            all_bounds.extend(bounds.map(|bounds| (index, bounds)));
            fields.push(Field::new(column.name.text.clone(), data_type));
        }
        Ok((Schema { fields }, all_bounds))
    }

    /// The columns that a statement declares, and their places.
    fn declared_columns(&self, columns: &[ast::ColumnDef]) -> Result<Vec<(Field, Span)>> {
        let field = |column: &ast::ColumnDef| {
            Ok((Field::new(column.name.text.clone(), self.data_type(&column.data_type)?), column.span))
        };
        columns.iter().map(field).collect()
    }
}

fn kept_or_created(
    name: String,
    exists: bool,
    on_existing: OnExisting,
    already_exists: impl FnOnce(&str) -> Error,
) -> Result<Option<String>> {
    match on_existing {
        OnExisting::Fail if exists => Err(already_exists(&name)),
        OnExisting::Keep if exists => Ok(None),
        OnExisting::Fail | OnExisting::Keep | OnExisting::Replace => Ok(Some(name)),
    }
}

#[cold]
fn already_exists(kind: &str, name: &str, what: &str) -> Error {
    Error::new(Code::AlreadyExists, format!("{kind} `{name}` exists already"))
        .hint(format!("write CREATE OR REPLACE {what} to replace it"))
}

/// IF NOT EXISTS, and it exists.
fn exists_already(what: &str, name: &str) -> Bound {
    Bound::Nothing { message: format!("{what} {name} exists already") }
}

/// IF EXISTS, and it does not exist.
fn does_not_exist(what: &str, name: &str) -> Bound {
    Bound::Nothing { message: format!("{what} {name} does not exist") }
}

#[cold]
fn column_count(expected: usize, found: usize, span: Span) -> Error {
    Error::new(Code::ColumnCount, format!("expected {expected} columns, found {found}")).at(span)
}
