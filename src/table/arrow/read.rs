//! Reads Arrow IPC into batches of our own layout.

use arrow_buffer::Buffer;
use arrow_schema::DataType as Arrow;

use super::column::{Columns, Dictionaries};
use super::format::content;
use super::frame::{Frame, Frames, frames};
use super::source::Source;
use super::types::{Decimals, data_type};
use super::{damaged, invalid, schema, too_large};
use crate::data::{Batch, ColumnType, DataType, Field, Schema, is_marked};
use crate::diag::Result;
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
    let columns = schema::read(schema, bytes.len())?;
    check_columns(columns.fields.len(), limits)?;
    let names = names::unique(columns.fields.iter().map(|field| field.name()));
    let fields = columns.fields.iter().zip(names);
    let fields = fields.map(|(field, name)| {
        let is_given = types.iter().any(|(given, _)| given.eq_ignore_ascii_case(&name));
        let decimals = if is_given { Decimals::Exact } else { Decimals::ShortAsFloats };
        let data_type = match data_type(&name, field.data_type(), decimals)? {
            DataType::Timestamp if is_marked(field, &DataType::Datetime) => DataType::Datetime,
            DataType::String if is_marked(field, &DataType::Time) => DataType::Time,
            DataType::String if is_marked(field, &DataType::Json) => DataType::Json,
            DataType::String if is_marked(field, &DataType::Interval) => DataType::Interval,
            other => other,
        };
        Ok(Field { data_type, name })
    });
    let fields = fields.collect::<Result<Vec<_>>>()?;
    let notes = columns.metadata.get(NOTES).map(|notes| notes.lines().map(str::to_owned).collect());
    let mut reader =
        Reader { columns, fields, dictionaries: Dictionaries::default(), limits, rows: 0, bytes: 0 };
    let mut batches = Vec::new();
    for frame in &values {
        reader.read(frame, &mut batches)?;
    }
    Ok(Table { schema: Schema { fields: reader.fields }, batches, notes: notes.unwrap_or_default() })
}

struct Reader<'a> {
    columns: schema::Schema,
    fields: Vec<Field>,
    dictionaries: Dictionaries,
    limits: &'a Limits,
    /// Rows and bytes that were read.
    rows: usize,
    bytes: usize,
}

impl Reader<'_> {
    fn read(&mut self, frame: &Frame<'_>, batches: &mut Vec<Batch>) -> Result<()> {
        match frame.kind {
            content::DICTIONARY => self.read_dictionary(frame),
            content::BATCH => self.read_batch(frame, batches),
            other => Err(invalid(format!("expected a batch, found a message of type {other}"))),
        }
    }

    fn read_dictionary(&mut self, frame: &Frame<'_>) -> Result<()> {
        // Fields of a dictionary: its number, its values, whether they come behind those that it has.
        let (number, is_more) = (frame.content.i64(0)?, frame.content.u8(2)? != 0);
        let batch = frame.content.table(1)?.ok_or_else(|| damaged("a dictionary"))?;
        let mut uses = Vec::new();
        let mut numbers = self.columns.dictionaries.iter();
        for (column, field) in self.columns.fields.iter().zip(&self.fields) {
            add_uses(column.data_type(), &field.data_type, &mut numbers, &mut uses);
        }
        uses.retain(|used| used.number == number);
        let body = Buffer::from(frame.body);
        for used in uses {
            let source = Source { column: "", first_row: None, bytes: self.limits.table_bytes - self.bytes };
            let most = self.limits.table_bytes;
            let mut columns = Columns::new(batch, &body, &[], &self.dictionaries, most)?;
            let values = columns.next(used.layout, &used.data_type, &source)?;
            self.dictionaries.add(number, &used.data_type, values, is_more)?;
        }
        Ok(())
    }

    fn read_batch(&mut self, frame: &Frame<'_>, batches: &mut Vec<Batch>) -> Result<()> {
        let body = Buffer::from(frame.body);
        let numbers = &self.columns.dictionaries;
        let mut columns =
            Columns::new(frame.content, &body, numbers, &self.dictionaries, self.limits.table_bytes)?;
        let rows = columns.rows;
        let read = self.columns.fields.iter().zip(&self.fields).map(|(column, field)| {
            let bytes = self.limits.table_bytes - self.bytes;
            let source = Source { column: &field.name, first_row: Some(self.rows + 1), bytes };
            let values = columns.next(column.data_type(), &field.data_type, &source)?;
            if values.len() == rows { Ok(values) } else { Err(damaged("the number of a column's values")) }
        });
        let batch = Batch::new(rows, read.collect::<Result<_>>()?)?;
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

/// A column, or part of one, that has a dictionary.
struct Use<'a> {
    number: i64,
    /// The layout of the dictionary's values, and the type that they are read as.
    layout: &'a Arrow,
    data_type: DataType,
}

/// Adds the uses of dictionaries in a column of this layout and type, and in its parts.
fn add_uses<'a>(
    layout: &'a Arrow,
    data_type: &DataType,
    numbers: &mut std::slice::Iter<'_, i64>,
    uses: &mut Vec<Use<'a>>,
) {
    match (layout, data_type) {
        (Arrow::Dictionary(_, layout), _) => {
            let data_type = data_type.clone();
            uses.extend(numbers.next().map(|number| Use { number: *number, layout, data_type }));
        }
        (
            Arrow::List(item) | Arrow::LargeList(item) | Arrow::FixedSizeList(item, _) | Arrow::Map(item, _),
            DataType::Array(element),
        ) => add_uses(item.data_type(), element, numbers, uses),
        (Arrow::Struct(parts), _) => {
            for (part, field) in parts.iter().zip(data_type.fields()) {
                add_uses(part.data_type(), &field.data_type, numbers, uses);
            }
        }
        _ => {}
    }
}
