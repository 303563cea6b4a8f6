//! Columns as Parquet has them, in the types that SQL has for them. The engine decides these, by the rules that it has for Arrow.

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Schema as ArrowSchema};
use predictql::Limits;
use predictql::data::{Batch, Schema};
use predictql::diag::Diagnostic;
use predictql::table::read_arrow;

/// What SQL makes of columns.
///
/// # Errors
/// In words, for a type that it has no counterpart of.
pub(super) fn schema_of(arrow: &ArrowSchema, limits: &Limits) -> Result<Schema, String> {
    let writer = StreamWriter::try_new(Vec::new(), arrow);
    let stream = writer.and_then(StreamWriter::into_inner).map_err(|error| error.to_string())?;
    read_arrow(&stream, limits).map(|table| table.schema).map_err(|error| words(error.first()))
}

/// Rows in the types of `schema`, whose columns they have in another order: column `order[i]` of the batch is the `i`th.
///
/// # Errors
/// In words, for values that a type does not hold.
pub(super) fn conformed(
    batch: &RecordBatch,
    order: &[usize],
    schema: &Schema,
    limits: &Limits,
) -> Result<Vec<Batch>, String> {
    let batch = batch.project(order).map_err(|error| error.to_string())?;
    let mut columns = batch.columns().iter().zip(&schema.fields);
    if columns.all(|(column, field)| *column.data_type() == field.data_type.storage()) {
        let rows = Batch::of(schema, batch.num_rows(), batch.columns().to_vec());
        return Ok(vec![rows.map_err(|error| words(error.first()))?]);
    }
    let stream = written(&batch).map_err(|error| error.to_string())?;
    let table = read_arrow(&stream, limits).map_err(|error| words(error.first()))?;
    Ok(table.batches)
}

fn written(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
    writer.write(batch)?;
    writer.into_inner()
}

fn words(first: &Diagnostic) -> String {
    match &first.hint {
        Some(hint) => format!("{}: {hint}", first.message),
        None => first.message.clone(),
    }
}
