//! DESCRIBE and SHOW: queries over tables that are made to be shown.

use std::sync::Arc;

use crate::diag::Result;
use crate::plan::bind::{Binder, Bound};
use crate::plan::node::{Node, NodeKind, Plan};
use crate::syntax::ast::{self, ObjectKind};
use crate::table::Table;

impl Binder<'_> {
    pub(super) fn describe(&self, describe: &ast::Describe) -> Result<Bound> {
        let catalog = self.context.catalog;
        let is_table = catalog.has_relation(&self.relation_name(&describe.name));
        let is_model = catalog.has_model(&describe.name.text());
        let table = match describe.kind {
            Some(ObjectKind::Model) => self.describe_model(&describe.name)?,
            None if is_model && !is_table => self.describe_model(&describe.name)?,
            _ => self.describe_table(&describe.name)?,
        };
        Ok(rows(table))
    }

    pub(super) fn show_versions(&self, path: &ast::Path) -> Result<Bound> {
        self.without_version(path)?;
        self.model(path)?;
        Ok(rows(self.model_versions_view(Some(&path.text()))?))
    }

    pub(super) fn show(&self, kind: ObjectKind) -> Result<Bound> {
        let table = if kind == ObjectKind::Model { self.models_table()? } else { self.tables_table()? };
        Ok(rows(table))
    }
}

/// A query of all rows of `table`.
fn rows(table: Table) -> Bound {
    let schema = table.schema.clone();
    let columns = (0..schema.fields.len()).collect();
    let kind = NodeKind::Scan { table: Arc::new(table), columns };
    Bound::Query(Plan { subplans: Vec::new(), queries: Vec::new(), root: Node { kind, schema } })
}
