//! DROP MODEL, DROP TABLE and DROP VIEW.

use super::does_not_exist;
use crate::catalog::{Relation, VersionChange, parts};
use crate::diag::{Code, Error, Result, Span};
use crate::plan::bind::{Binder, Bound};
use crate::syntax::ast::{self, ObjectKind};
use crate::syntax::written;

/// Take a model out of the catalog.
#[derive(Debug)]
pub(crate) struct DropModel {
    pub(crate) name: String,
}

/// Take a table or view out of the catalog.
#[derive(Debug)]
pub(crate) struct DropTable {
    pub(crate) name: String,
}

impl Binder<'_> {
    pub(super) fn drop(&self, drop: &ast::Drop) -> Result<Bound> {
        match drop.kind {
            ObjectKind::Model => self.drop_model(drop),
            ObjectKind::Function => self.drop_function(drop),
            ObjectKind::Procedure => self.drop_procedure(drop),
            ObjectKind::Table | ObjectKind::ExternalTable | ObjectKind::View => self.drop_relation(drop),
        }
    }

    fn drop_model(&self, drop: &ast::Drop) -> Result<Bound> {
        let name = drop.name.text();
        if !self.context.catalog.has_model(&name) {
            if drop.if_exists {
                return Ok(does_not_exist("Model", &name));
            }
            self.model(&drop.name)?;
        }
        if parts(&name).1.is_some() {
            let number = self.version(&drop.name)?.number;
            return self.change_versions(&drop.name, VersionChange::Drop(number));
        }
        Ok(Bound::DropModel(DropModel { name }))
    }

    fn drop_relation(&self, drop: &ast::Drop) -> Result<Bound> {
        let name = self.relation_name(&drop.name);
        if drop.if_exists && !self.context.catalog.has_relation(&name) {
            return Ok(does_not_exist("Table", &name));
        }
        let is_view = matches!(self.relation(&drop.name)?, Relation::View(_));
        match (drop.kind, is_view) {
            (ObjectKind::View, false) => Err(wrong_kind(&name, "a table", "DROP TABLE", drop.name.span)),
            (ObjectKind::Table | ObjectKind::ExternalTable, true) => {
                Err(wrong_kind(&name, "a view", "DROP VIEW", drop.name.span))
            }
            _ => Ok(Bound::DropTable(DropTable { name })),
        }
    }
}

#[cold]
fn wrong_kind(name: &str, what: &str, statement: &str, span: Span) -> Error {
    Error::new(Code::UnknownTable, format!("`{name}` is {what}"))
        .at(span)
        .hint(format!("write {statement} {}", written(name)))
}
