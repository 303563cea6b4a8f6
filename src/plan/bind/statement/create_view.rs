//! CREATE VIEW: a query is bound once for its columns, and kept as a tree.

use super::{column_count, exists_already};
use crate::catalog::View;
use crate::diag::Result;
use crate::plan::bind::query::unique_names;
use crate::plan::bind::{Binder, Bound};
use crate::syntax::ast;

/// Put a view into the catalog.
#[derive(Debug)]
pub(crate) struct CreateView {
    pub(crate) name: String,
    pub(crate) view: View,
}

impl Binder<'_> {
    pub(super) fn create_view(&mut self, create: &ast::CreateView) -> Result<Bound> {
        let Some(name) = self.created_relation(&create.name, create.on_existing, "VIEW")? else {
            return Ok(exists_already("View", &create.name.text()));
        };
        self.views.push(name.clone());
        let root = self.query(&create.query);
        self.views.pop();
        let mut schema = root?.schema;
        let columns: Vec<_> = create.columns.iter().map(|column| column.text.clone()).collect();
        if !columns.is_empty() {
            if columns.len() != schema.fields.len() {
                return Err(column_count(columns.len(), schema.fields.len(), create.query.span));
            }
            for (field, name) in schema.fields.iter_mut().zip(&columns) {
                field.name.clone_from(name);
            }
        }
        unique_names(&schema, create.query.span)?;
        let view = View { query: (*create.query).clone(), columns, schema };
        Ok(Bound::CreateView(CreateView { name, view }))
    }
}
