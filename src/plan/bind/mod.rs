//! From tree to plan.

mod expr;
mod options;
mod predict;
mod query;
mod scope;
mod vector_search;

use super::node::Plan;
use super::prune::prune;
use crate::catalog::Catalog;
use crate::data::Scalar;
use crate::diag::{Code, Diagnostic, Error, Result, Span};
use crate::syntax::ast::{self, ObjectKind, OnExisting, StatementKind};
use crate::syntax::written;

/// A statement with all names resolved.
#[derive(Debug)]
pub(crate) enum Bound {
    Query(Plan),
    /// Load an ONNX file and put it into the catalog.
    CreateModel {
        name: String,
        path: String,
        path_span: Span,
    },
    /// List the objects that the patterns name and put them into the catalog.
    CreateObjectTable {
        name: String,
        uris: Vec<String>,
        uris_span: Span,
    },
    DropModel {
        name: String,
    },
    DropTable {
        name: String,
    },
    /// `IF [NOT] EXISTS` found that there is nothing to do; in words.
    Nothing {
        message: String,
    },
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

/// Resolves a statement against the catalog, and what to warn of. Without `params` it is only checked: every
/// parameter fits everywhere.
///
/// # Errors
/// For names, types, options: see [`Code`].
pub(crate) fn bind(
    statement: &ast::Statement,
    catalog: &Catalog,
    params: Option<&Params>,
) -> Result<(Bound, Vec<Diagnostic>)> {
    let mut binder = Binder { catalog, params, warnings: Vec::new() };
    let bound = binder.statement(statement).map_err(|error| error.or_at(statement.span))?;
    Ok((bound, binder.warnings))
}

struct Binder<'a> {
    catalog: &'a Catalog,
    params: Option<&'a Params>,
    warnings: Vec<Diagnostic>,
}

impl Binder<'_> {
    fn statement(&mut self, statement: &ast::Statement) -> Result<Bound> {
        match &statement.kind {
            StatementKind::Query(query) => {
                self.result(query).map(|root| Bound::Query(prune(Plan { subplans: Vec::new(), root })))
            }
            StatementKind::CreateModel(create) => {
                let (name, kept) = self.created(&create.name, create.on_existing, true)?;
                if kept {
                    return Ok(Bound::Nothing { message: format!("Model {name} exists already") });
                }
                let (path, path_span) = options::model(&create.options)?;
                Ok(Bound::CreateModel { name, path, path_span })
            }
            StatementKind::CreateExternalTable(create) => {
                let (name, kept) = self.created(&create.name, create.on_existing, false)?;
                if kept {
                    return Ok(Bound::Nothing { message: format!("Table {name} exists already") });
                }
                let (uris, uris_span) = options::object_table(&create.options)?;
                Ok(Bound::CreateObjectTable { name, uris, uris_span })
            }
            StatementKind::Drop(drop) => self.dropped(drop),
            _ => Err(Error::new(Code::UnsupportedSyntax, "this statement is not supported")),
        }
    }

    /// The name of what is to be created, and whether it exists and is to be kept.
    fn created(&self, path: &ast::Path, on_existing: OnExisting, model: bool) -> Result<(String, bool)> {
        let name = path.text();
        let exists = if model { self.catalog.has_model(&name) } else { self.catalog.has_relation(&name) };
        match on_existing {
            OnExisting::Fail if exists => {
                let (what, create) = if model { ("model", "MODEL") } else { ("table", "EXTERNAL TABLE") };
                Err(Error::new(Code::AlreadyExists, format!("{what} `{name}` exists already"))
                    .at(path.span)
                    .hint(format!("write CREATE OR REPLACE {create} to replace it")))
            }
            OnExisting::Keep if exists => Ok((name, true)),
            _ => Ok((name, false)),
        }
    }

    fn dropped(&self, drop: &ast::Drop) -> Result<Bound> {
        let name = drop.name.text();
        let model = drop.kind == ObjectKind::Model;
        let exists = if model { self.catalog.has_model(&name) } else { self.catalog.has_relation(&name) };
        match (exists, model) {
            (true, true) => Ok(Bound::DropModel { name }),
            (true, false) => Ok(Bound::DropTable { name }),
            (false, _) if drop.if_exists => {
                let what = if model { "Model" } else { "Table" };
                Ok(Bound::Nothing { message: format!("{what} {name} does not exist") })
            }
            (false, true) => self.model(&drop.name).map(|_| Bound::DropModel { name }),
            (false, false) => self.relation(&drop.name).map(|_| Bound::DropTable { name }),
        }
    }

    fn model(&self, path: &ast::Path) -> Result<&std::sync::Arc<crate::model::Model>> {
        let name = path.text();
        self.catalog.model(&name).map_err(|error| with_fix(error, path, self.catalog.nearest_model(&name)))
    }

    fn relation(&self, path: &ast::Path) -> Result<&crate::catalog::Relation> {
        let name = path.text();
        self.catalog
            .relation(&name)
            .map_err(|error| with_fix(error, path, self.catalog.nearest_relation(&name)))
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
