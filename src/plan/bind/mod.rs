//! From tree to plan: names and types are resolved, clause by clause. Nothing runs here.

mod aggregates;
mod by_name;
mod call;
mod cast_format;
mod coerce;
mod collation;
mod constant;
mod correlated;
mod declared;
mod expr;
mod from;
mod judge;
mod lateral;
mod model_input;
mod number_format;
mod open_type;
mod options;
mod pivot;
mod predict;
mod query;
mod routine;
mod rows;
mod schema;
mod scope;
mod select;
mod statement;
mod traffic;
mod transform;
mod transformer;
mod tsql;
mod tsql_format;
mod tsql_types;
mod typed;
mod types;
mod vector_search;
mod window;

use std::cell::RefCell;
use std::sync::Arc;

use super::explain::explanation_schema;
use super::node::{Correlated, Plan, Subplan};
use super::parameter::{Given, Slot, in_order};
use crate::catalog::{self, Catalog, Relation, Used};
use crate::data::{Bounds, DataType, Scalar, Schema};
use crate::diag::{Code, Diagnostic, Error, Result};
use crate::function::tsql::Narrow;
use crate::limits::Limits;
use crate::model::Model;
use crate::syntax::ast;
use crate::syntax::{Dialect, written};
use aggregates::Level;
pub(crate) use declared::Declared;
use judge::visible;
pub(crate) use options::{EXPORT_OPTIONS, ExportFormat, External, Format, Sink};
pub(crate) use predict::SETTINGS;
use query::Cte;
pub(crate) use schema::{SeenLog, VIEWS, jobs_since};
pub(crate) use statement::{
    AlterModel, AlterTable, Assign, AssignedRows, CONDITION, Change, ChangeVersions, CreateExternalTable,
    CreateFunction, CreateModel, CreateObjectTable, CreateProcedure, CreateTable, CreateTransform,
    CreateView, DropFunction, DropModel, DropProcedure, DropTable, Explain, Export, Insert, RenameModel,
    SetBaseline, argument, executed, procedure_name,
};
pub(crate) use transformer::FitCall;
pub(crate) use tsql::{Prerequisite, SubqueryPlace, invalid_model};

/// What binding a statement gave.
#[derive(Debug)]
pub(crate) enum Binding {
    Ready(Box<Bound>),
    /// Something has to be there first: bind again when it is.
    Needs(Prerequisite),
}

/// A statement with all names resolved.
#[derive(Debug)]
pub(crate) enum Bound {
    Query(Plan),
    Explain(Explain),
    CreateTable(CreateTable),
    CreateView(CreateView),
    CreateModel(CreateModel),
    CreateTransform(CreateTransform),
    CreateObjectTable(CreateObjectTable),
    CreateExternalTable(CreateExternalTable),
    Export(Export),
    AlterModel(AlterModel),
    SetBaseline(SetBaseline),
    ChangeVersions(ChangeVersions),
    RenameModel(RenameModel),
    AlterTable(AlterTable),
    Insert(Insert),
    Change(Change),
    CreateFunction(CreateFunction),
    DropFunction(DropFunction),
    CreateProcedure(CreateProcedure),
    DropProcedure(DropProcedure),
    DropModel(DropModel),
    DropTable(DropTable),
    Assign(Assign),
    /// There is nothing to do; in words.
    Nothing {
        message: String,
    },
}

impl Bound {
    /// The result's columns, where there is a result.
    pub(crate) fn schema(&self) -> Option<Schema> {
        match self {
            Self::Query(plan) => Some(plan.root.schema.clone()),
            Self::Explain(_) => Some(explanation_schema()),
            _ => None,
        }
    }

    /// The plan of its rows: those that it gives, or does something with.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn plan(&self) -> Option<&Plan> {
        match self {
            Self::Query(plan) => Some(plan),
            Self::CreateTable(create) => create.plan.as_ref(),
            Self::Export(export) => Some(&export.plan),
            Self::Insert(insert) => Some(&insert.plan),
            _ => None,
        }
    }

    /// The plan of the rows that it does something with, whoever computes them.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn source_mut(&mut self) -> Option<&mut Plan> {
        match self {
            Self::CreateTable(create) => create.plan.as_mut(),
            Self::Export(export) => Some(&mut export.plan),
            Self::Insert(insert) => Some(&mut insert.plan),
            _ => None,
        }
    }
}

/// A variable: its name, its type, and its value.
pub(crate) type Variable = (String, VariableType, Scalar);

/// The type of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VariableType {
    pub(crate) data_type: DataType,
    /// What T-SQL has declared it as, if that is narrower.
    pub(crate) narrow: Option<Narrow>,
    /// What the parameters of its type ask of values.
    pub(crate) bounds: Option<Bounds>,
}

/// What names mean outside the statement.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) dialect: Dialect,
    pub(crate) params: Given<'a>,
    pub(crate) variables: &'a [Variable],
    /// The values that a [`Prerequisite`] asked for.
    pub(crate) subquery_values: &'a [(SubqueryPlace, Scalar)],
    /// Those of the session, for values that are computed while binding.
    pub(crate) limits: &'a Arc<Limits>,
    /// What it sees of the log of statements.
    pub(crate) log: &'a SeenLog,
}

/// A statement that was bound.
#[derive(Debug)]
pub(crate) struct BoundStatement {
    pub(crate) binding: Binding,
    pub(crate) warnings: Vec<Diagnostic>,
    /// The parameters without value, in the order of the text.
    pub(crate) parameters: Vec<Arc<Slot>>,
    /// The tables and models that it names.
    pub(crate) used: Arc<Used>,
}

impl<'a> Context<'a> {
    /// Whether the statement is only checked: parameters have no values, and fit everywhere.
    fn only_checks(&self) -> bool {
        matches!(self.params, Given::Nothing)
    }

    fn variable(&self, name: &str) -> Option<&'a Variable> {
        self.variables.iter().find(|(variable, ..)| variable.eq_ignore_ascii_case(name))
    }
}

/// Resolves a statement.
///
/// # Errors
/// For names, types, options: see [`Code`](crate::diag::Code). Where only types of parameters are given, also where
/// binding needs the value of one.
pub(crate) fn bind(statement: &ast::Statement, context: Context<'_>) -> Result<BoundStatement> {
    let mut binder = Binder::new(context);
    let bound = binder.statement(statement);
    let binding = match binder.prerequisite {
        // What was bound, or failed, may be different when this is there.
        Some(prerequisite) => Binding::Needs(prerequisite),
        None => Binding::Ready(Box::new(bound.map_err(|error| error.or_at(statement.span))?)),
    };
    let parameters = in_order(binder.parameters);
    Ok(BoundStatement {
        binding,
        warnings: binder.warnings,
        parameters,
        used: binder.used.into_inner().into(),
    })
}

struct Binder<'a> {
    context: Context<'a>,
    warnings: Vec<Diagnostic>,
    /// The parameters without value that were met.
    parameters: Vec<Arc<Slot>>,
    subplans: Vec<Subplan>,
    queries: Vec<Correlated>,
    /// Queries of WITH that can be named here, the innermost last.
    ctes: Vec<Cte>,
    /// Whether a query of WITH was named that is not bound yet.
    names_later: bool,
    /// The columns of the queries around this one.
    outer: Vec<scope::Scope>,
    /// The functions whose bodies are being bound.
    routines: Vec<String>,
    /// The views that are being bound.
    views: Vec<String>,
    level: Level,
    /// The WINDOW clause of the SELECT that is being bound.
    windows: Vec<(ast::Ident, ast::Window)>,
    /// The first thing that has to be there before the statement can be bound.
    prerequisite: Option<Prerequisite>,
    /// What was looked up in the catalog.
    used: RefCell<Used>,
}

impl<'a> Binder<'a> {
    fn new(context: Context<'a>) -> Self {
        Self {
            context,
            warnings: Vec::new(),
            parameters: Vec::new(),
            subplans: Vec::new(),
            queries: Vec::new(),
            ctes: Vec::new(),
            names_later: false,
            outer: Vec::new(),
            routines: Vec::new(),
            views: Vec::new(),
            level: Level::default(),
            windows: Vec::new(),
            prerequisite: None,
            used: RefCell::default(),
        }
    }

    fn model(&self, path: &ast::Path) -> Result<&'a Arc<Model>> {
        self.version(path).map(|version| &version.model)
    }

    /// The version of a model that `path` names as the catalog is now: what is bound stays with it.
    fn version(&self, path: &ast::Path) -> Result<&'a catalog::Version> {
        let reference = path.text();
        let catalog = self.context.catalog;
        let (name, word) = catalog::parts(&reference);
        let found = catalog.model_version(&reference);
        if let Ok(version) = found {
            self.used.borrow_mut().model(&version.model, Some((name, version.number)), word);
        }
        found.map_err(|error| {
            let is_known = error.code() != Code::UnknownModel;
            let near = catalog.nearest_model(name).filter(|_| !is_known).map(|near| match word {
                Some(version) => format!("{near}@{version}"),
                None => near.to_owned(),
            });
            with_fix(error, path, near.as_deref())
        })
    }

    fn relation(&self, path: &ast::Path) -> Result<&'a Relation> {
        let name = self.relation_name(path);
        let catalog = self.context.catalog;
        if self.is_tsql() && path.parts.first().is_some_and(|first| first.text.eq_ignore_ascii_case("sys")) {
            return Err(Error::new(Code::UnsupportedSyntax, format!("`{}` is left out", path.text()))
                .at(path.span)
                .hint("INFORMATION_SCHEMA.TABLES, COLUMNS and MODELS tell what is there"));
        }
        let found = catalog.relation(&name);
        let found = found.map_err(|error| with_fix(error, path, catalog.nearest_relation(&name)))?;
        self.used.borrow_mut().table(name);
        Ok(found)
    }

    /// The name under which the catalog has a table. T-SQL leaves schemas out and ignores case.
    fn relation_name(&self, path: &ast::Path) -> String {
        let name = path.text();
        let catalog = self.context.catalog;
        if catalog.has_relation(&name) {
            return name;
        }
        if self.context.dialect == Dialect::BigQuery {
            // Where BigQuery keeps temporary tables.
            return match name.split_once('.') {
                Some((session, table)) if session.eq_ignore_ascii_case("_SESSION") => table.to_owned(),
                _ => name,
            };
        }
        let Some(bare) = path.last() else { return name };
        let mut known = catalog.relations().map(|(known, _)| known);
        known.find(|known| known.eq_ignore_ascii_case(&bare.text)).map_or(name, str::to_owned)
    }
}

/// Offers `near` in place of the name at `path`.
fn with_fix(error: Error, path: &ast::Path, near: Option<&str>) -> Error {
    let error = error.at(path.span);
    match near {
        Some(near) => error.fix(path.span, written(near)),
        None => error,
    }
}
