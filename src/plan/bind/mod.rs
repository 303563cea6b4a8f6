//! From tree to plan.

mod aggregates;
mod call;
mod constant;
mod declared;
mod expr;
mod from;
mod options;
mod predict;
mod query;
mod schema;
mod scope;
mod select;
mod statement;
mod transform;
mod tsql;
mod vector_search;

use std::sync::Arc;

use super::node::{Plan, Subplan};
use crate::catalog::{Catalog, Relation, Rules, View};
use crate::data::{DataType, Scalar, Schema};
use crate::diag::{Code, Diagnostic, Error, Result, Span};
use crate::model::{Model, ModelOptions};
use crate::syntax::ast;
use crate::syntax::{Dialect, written};
use aggregates::Level;
pub(crate) use declared::Declared;
pub(crate) use options::{External, Format};
use query::Cte;
pub(crate) use transform::FitCall;

/// A statement with all names resolved.
#[derive(Debug)]
pub(crate) enum Bound {
    Query(Plan),
    /// Tell of a plan, perhaps after it has run.
    Explain {
        plan: Plan,
        analyze: bool,
    },
    /// Put rows into the catalog as a table of these columns; no rows without a plan.
    CreateTable {
        name: String,
        schema: Schema,
        plan: Option<Plan>,
        rules: Rules,
    },
    CreateView {
        name: String,
        view: View,
    },
    /// Put rows behind those of a table; they have its columns.
    Insert {
        name: String,
        plan: Plan,
    },
    /// Load a model file and put it into the catalog.
    CreateModel {
        name: String,
        path: String,
        path_span: Span,
        options: ModelOptions,
        declared: Declared,
    },
    /// Take the statistics of a TRANSFORM over a plan's rows.
    CreateTransform {
        name: String,
        plan: Plan,
        calls: Vec<FitCall>,
        items: Vec<ast::SelectItem>,
        gives: Schema,
    },
    AlterModel {
        name: String,
        options: ModelOptions,
        span: Span,
    },
    /// List the objects that the patterns name and put them into the catalog.
    CreateObjectTable {
        name: String,
        uris: Vec<String>,
        uris_span: Span,
    },
    /// Read the files that the patterns name and put their rows into the catalog.
    CreateExternalTable {
        name: String,
        external: External,
    },
    DropModel {
        name: String,
    },
    DropTable {
        name: String,
    },
    /// Give variables the values of a plan's one row, or NULL; the types are theirs.
    Assign {
        names: Vec<(String, DataType)>,
        plan: Option<Plan>,
    },
    /// Something has to be there before the statement can be bound.
    Prepare(Prepare),
    /// There is nothing to do; in words.
    Nothing {
        message: String,
    },
}

/// What T-SQL's PREDICT needs before its columns are known.
#[derive(Debug)]
pub(crate) enum Prepare {
    /// The value of a subquery: the bytes of a model.
    Value { plan: Plan, span: Span },
    /// The model that these bytes are.
    Model { bytes: Vec<u8>, span: Span },
}

/// Values for `@name` and `?`.
#[derive(Debug, Clone)]
pub enum Params {
    /// For `?`, in order.
    Positional(Vec<Scalar>),
    /// For `@name`; names compare without case.
    Named(Vec<(String, Scalar)>),
}

impl Default for Params {
    /// No values.
    fn default() -> Self {
        Self::Positional(Vec::new())
    }
}

/// A variable: its name, its type, and its value.
pub(crate) type Variable = (String, DataType, Scalar);

/// What names mean outside the statement.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) dialect: Dialect,
    /// `None` where the statement is only checked: every parameter fits everywhere.
    pub(crate) params: Option<&'a Params>,
    pub(crate) variables: &'a [Variable],
    /// Values of subqueries at these places that a [`Prepare`] asked for.
    pub(crate) prepared: &'a [(Span, Scalar)],
}

impl<'a> Context<'a> {
    fn variable(&self, name: &str) -> Option<&'a Variable> {
        self.variables.iter().find(|(it, ..)| it.eq_ignore_ascii_case(name))
    }
}

/// Resolves a statement, and says what to warn of.
///
/// # Errors
/// For names, types, options: see [`Code`].
pub(crate) fn bind(statement: &ast::Statement, context: Context<'_>) -> Result<(Bound, Vec<Diagnostic>)> {
    let mut binder = Binder::new(context);
    let bound = binder.statement(statement);
    match (binder.prepare.take(), bound) {
        (Some(prepare), Err(_)) => Ok((Bound::Prepare(prepare), binder.warnings)),
        (_, bound) => Ok((bound.map_err(|error| error.or_at(statement.span))?, binder.warnings)),
    }
}

struct Binder<'a> {
    context: Context<'a>,
    warnings: Vec<Diagnostic>,
    subplans: Vec<Subplan>,
    /// Queries of WITH that can be named here, the innermost last.
    ctes: Vec<Cte>,
    /// The columns of the queries around this one.
    outer: Vec<scope::Scope>,
    /// The views that are being bound.
    views: Vec<String>,
    level: Level,
    /// The WINDOW clause of the SELECT that is being bound.
    windows: Vec<(ast::Ident, ast::Window)>,
    transform: Option<transform::Transformer>,
    /// What was missing, if binding stopped for it.
    prepare: Option<Prepare>,
}

impl<'a> Binder<'a> {
    fn new(context: Context<'a>) -> Self {
        Self {
            context,
            warnings: Vec::new(),
            subplans: Vec::new(),
            ctes: Vec::new(),
            outer: Vec::new(),
            views: Vec::new(),
            level: Level::default(),
            windows: Vec::new(),
            transform: None,
            prepare: None,
        }
    }

    fn model(&self, path: &ast::Path) -> Result<&'a Arc<Model>> {
        let name = path.text();
        let catalog = self.context.catalog;
        catalog.model(&name).map_err(|error| with_fix(error, path, catalog.nearest_model(&name)))
    }

    fn relation(&self, path: &ast::Path) -> Result<&'a Relation> {
        let name = self.relation_name(path);
        let catalog = self.context.catalog;
        catalog.relation(&name).map_err(|error| with_fix(error, path, catalog.nearest_relation(&name)))
    }

    /// The name under which the catalog has a table. T-SQL leaves schemas out and ignores case.
    fn relation_name(&self, path: &ast::Path) -> String {
        let name = path.text();
        let catalog = self.context.catalog;
        if self.context.dialect == Dialect::BigQuery || catalog.has_relation(&name) {
            return name;
        }
        let bare = path.last().map_or("", |it| &it.text);
        let found = catalog.relations().map(|(it, _)| it).find(|it| it.eq_ignore_ascii_case(bare));
        found.map_or(name, str::to_owned)
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

fn internal(message: &str) -> Error {
    Error::new(Code::Internal, message)
}
