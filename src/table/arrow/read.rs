//! Reads Arrow IPC into batches of our own layout.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{read_dictionary, read_record_batch};
use arrow_ipc::{Endianness, MessageHeader};
use arrow_schema::{ArrowError, DataType as Arrow, Schema as ArrowSchema};

use super::frame::{Frame, Frames, damaged, frames, invalid, too_large};
use super::normalise::normalise;
use super::source::Source;
use super::types::{Decimals, data_type};
use crate::data::{Batch, ColumnType, DataType, Field, Schema, is_datetime};
use crate::diag::{Result, ensure};
use crate::limits::Limits;
use crate::table::{Table, check_columns, check_size, names};

/// The key of the schema's metadata under which a host that made the columns tells what it decided, a note a line.
const NOTES: &str = "predictql.notes";

/// Reads an Arrow IPC file or stream.
///
/// Integers of any width become INT64, floats FLOAT64, text and bytes of any layout STRING and BYTES, dates DATE,
/// timestamps of any unit TIMESTAMP (without a time zone they are read as UTC), lists ARRAY, structs STRUCT, and maps
/// ARRAYs of structs with a key and a value; dictionaries are unpacked. Decimals of at most 15 digits become FLOAT64,
/// from which their digits come back; longer ones NUMERIC, BIGNUMERIC, or STRING, whichever is the first that has their
/// digits. Times of day are STRING. A struct of `dimensions` (integers)
/// and `values` (32-bit floats) is a
/// tensor. Columns of Arrow's null type are STRING.
///
/// # Errors
/// `invalid-arrow` for other or damaged bytes, compressed batches, types without counterpart, and values that
/// the counterpart cannot hold; `limit-exceeded` for too many columns, or too many bytes, also unpacked.
pub fn read_arrow(bytes: &[u8], limits: &Limits) -> Result<Table> {
    read_arrow_as(bytes, &[], limits)
}

/// As [`read_arrow`], for somebody who converts the columns that `types` names: their decimals keep all digits.
pub(crate) fn read_arrow_as(bytes: &[u8], types: &[(String, ColumnType)], limits: &Limits) -> Result<Table> {
    check_size(bytes, limits)?;
    let Frames { schema, values } = frames(bytes)?;
    let schema = Arc::new(arrow_schema(schema)?);
    check_columns(schema.fields().len(), limits)?;
    let names = names::unique(schema.fields().iter().map(|field| field.name()));
    let fields = schema
        .fields()
        .iter()
        .zip(names)
        .map(|(field, name)| {
            let is_given = types.iter().any(|(given, _)| given.eq_ignore_ascii_case(&name));
            let decimals = if is_given { Decimals::Exact } else { Decimals::ShortAsFloats };
            let data_type = match data_type(&name, field.data_type(), decimals)? {
                DataType::Timestamp if is_datetime(field) => DataType::Datetime,
                other => other,
            };
            Ok(Field { data_type, name })
        })
        .collect::<Result<Vec<_>>>()?;
    let notes = schema.metadata().get(NOTES).map(|notes| notes.lines().map(str::to_owned).collect());
    let mut reader = Reader { schema, fields, dictionaries: HashMap::new(), limits, rows: 0, bytes: 0 };
    let mut batches = Vec::new();
    for frame in &values {
        reader.read(frame, &mut batches)?;
    }
    Ok(Table { schema: Schema { fields: reader.fields }, batches, notes: notes.unwrap_or_default() })
}

fn arrow_schema(schema: arrow_ipc::Schema<'_>) -> Result<ArrowSchema> {
    if schema.endianness() == Endianness::Big {
        return Err(invalid("expected little-endian values, found big-endian ones"));
    }
    try_fb_to_schema(schema).map_err(|error| damaged("the schema").detail(error))
}

struct Reader<'a> {
    schema: Arc<ArrowSchema>,
    fields: Vec<Field>,
    dictionaries: HashMap<i64, ArrayRef>,
    limits: &'a Limits,
    /// Rows and bytes that were read.
    rows: usize,
    bytes: usize,
}

impl Reader<'_> {
    fn read(&mut self, frame: &Frame<'_>, batches: &mut Vec<Batch>) -> Result<()> {
        let values = |error: ArrowError| damaged("a batch").detail(error);
        let version = frame.message.version();
        let most = self.limits.table_bytes;
        match frame.message.header_type() {
            MessageHeader::DictionaryBatch => {
                let batch =
                    frame.message.header_as_dictionary_batch().ok_or_else(|| damaged("a dictionary"))?;
                frame.checked_batch([self.dictionary_type(batch.id())?].into_iter(), most)?;
                let body = Buffer::from(frame.body);
                read_dictionary(&body, batch, &self.schema, &mut self.dictionaries, &version).map_err(values)
            }
            MessageHeader::RecordBatch => {
                let schema = self.schema.clone();
                let types = schema.fields().iter().map(|field| field.data_type());
                let batch = frame.checked_batch(types, most)?;
                let body = Buffer::from(frame.body);
                let batch =
                    read_record_batch(&body, batch, schema.clone(), &self.dictionaries, None, &version)
                        .map_err(values)?;
                self.add(batch.num_rows(), batch.columns(), batches)
            }
            other => Err(invalid(format!("expected a batch, found a message of type {other:?}"))),
        }
    }

    /// The type of the values of dictionary `id`.
    fn dictionary_type(&self, id: i64) -> Result<&Arrow> {
        #[expect(deprecated, reason = "arrow-ipc knows dictionaries by these numbers, which it deprecates")]
        let fields = self.schema.fields_with_dict_id(id);
        match fields.first().map(|field| field.data_type()) {
            Some(Arrow::Dictionary(_, values)) => Ok(values),
            _ => Err(damaged("a dictionary")),
        }
    }

    fn add(&mut self, rows: usize, columns: &[ArrayRef], batches: &mut Vec<Batch>) -> Result<()> {
        ensure(columns.len() == self.fields.len(), "a batch has other columns than its schema")?;
        let columns = columns
            .iter()
            .zip(&self.fields)
            .map(|(column, field)| {
                let source = Source {
                    column: &field.name,
                    first_row: Some(self.rows + 1),
                    bytes: self.limits.table_bytes - self.bytes,
                };
                normalise(column, &field.data_type, &source)
            })
            .collect::<Result<Vec<_>>>()?;
        let batch = Batch::new(rows, columns)?;
        self.rows += rows;
        self.bytes += batch.bytes();
        if self.bytes > self.limits.table_bytes {
            return Err(too_large(self.limits.table_bytes));
        }
        let most = self.limits.batch_rows.max(1);
        batches.extend((0..rows).step_by(most).map(|first| batch.slice(first, most)));
        Ok(())
    }
}
