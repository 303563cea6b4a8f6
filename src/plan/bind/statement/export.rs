//! EXPORT DATA: the rows of a query, each text already written as the file has it.

use crate::data::{DataType, Schema};
use crate::diag::{Code, Error, Result, Span};
use crate::plan::bind::judge::quoted;
use crate::plan::bind::options::{self, ExportFormat, Sink};
use crate::plan::bind::{Binder, Bound};
use crate::plan::node::Plan;
use crate::syntax::ast;

/// Write rows into files. For CSV they are the texts of fields, for JSON lines; for the others the query's own.
#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) sink: Sink,
    pub(crate) plan: Plan,
    pub(crate) schema: Schema,
}

const NAME: &str = "EXPORT DATA";

impl Binder<'_> {
    pub(super) fn export(&mut self, export: &ast::Export, span: Span) -> Result<Bound> {
        let sink = options::sink(&export.options)?;
        let rows = self.result(&export.query)?;
        let sql = match sink.format {
            ExportFormat::Csv { .. } => Some(fields(&rows.schema, export.query.span)?),
            ExportFormat::Json => Some("SELECT TO_JSON_STRING(p) AS line FROM p".to_owned()),
            ExportFormat::Arrow | ExportFormat::Parquet => None,
        };
        let root = match sql {
            Some(sql) => self.query_over(NAME, span, vec![("p", rows)], &sql)?,
            None => rows,
        };
        let schema = root.schema.clone();
        Ok(Bound::Export(Export { sink, plan: self.plan(root)?, schema }))
    }
}

/// The query that makes texts of all columns.
fn fields(schema: &Schema, span: Span) -> Result<String> {
    let texts = schema.fields.iter().map(|field| {
        let name = quoted(&field.name);
        let text = match &field.data_type {
            DataType::String => name.clone(),
            DataType::Bytes => format!("TO_BASE64({name})"),
            DataType::Json => format!("TO_JSON_STRING({name})"),
            DataType::Array(_)
            | DataType::Struct(_)
            | DataType::Tensor
            | DataType::Picture
            | DataType::IntegerPicture => return Err(nested(&field.name, &field.data_type, span)),
            _ => format!("CAST({name} AS STRING)"),
        };
        Ok(format!("{text} AS {name}"))
    });
    Ok(format!("SELECT {} FROM p", texts.collect::<Result<Vec<_>>>()?.join(", ")))
}

#[cold]
fn nested(name: &str, data_type: &DataType, span: Span) -> Error {
    let message = format!("column `{name}` is {data_type}, which CSV has no place for");
    Error::new(Code::TypeMismatch, message).at(span).hint(format!(
        "write TO_JSON_STRING({}) AS {}, or export as 'JSON', 'PARQUET' or 'ARROW'",
        quoted(name),
        quoted(name)
    ))
}
