//! CREATE EXTERNAL TABLE: over files that hold rows, or over the files themselves (an object table).

use super::exists_already;
use crate::data::ColumnType;
use crate::diag::{Result, Span};
use crate::plan::bind::options::{self, External};
use crate::plan::bind::{Binder, Bound};
use crate::syntax::ast;

/// Read the files that the patterns name and put their rows into the catalog.
#[derive(Debug)]
pub(crate) struct CreateExternalTable {
    pub(crate) name: String,
    pub(crate) external: External,
}

/// List the objects that the patterns name and put them into the catalog.
#[derive(Debug)]
pub(crate) struct CreateObjectTable {
    pub(crate) name: String,
    pub(crate) uris: Vec<String>,
    pub(crate) uris_span: Span,
}

impl Binder<'_> {
    pub(super) fn create_external_table(&self, create: &ast::CreateExternalTable) -> Result<Bound> {
        let Some(name) = self.created_relation(&create.name, create.on_existing, "EXTERNAL TABLE")? else {
            return Ok(exists_already("Table", &create.name.text()));
        };
        let columns = create.columns.iter().map(|column| {
            let (data_type, bounds) = self.bounded_type(&column.data_type)?;
            Ok((column.name.text.clone(), ColumnType { data_type, bounds }))
        });
        options::external_table(&create.options, name, columns.collect::<Result<_>>()?)
    }
}
