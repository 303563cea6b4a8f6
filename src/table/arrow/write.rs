//! Batches as pieces of one Arrow IPC stream.
//!
//! The piece of the schema, those of any batches, and [`END`] are a stream. Buffers are aligned to eight bytes, as the
//! format asks at least. Source: <https://arrow.apache.org/docs/format/Columnar.html>, "Serialization and Interprocess
//! Communication", with its `Message.fbs` and `Schema.fbs`.

use arrow_array::{Array, ArrayRef};
use arrow_buffer::{BooleanBuffer, OffsetBuffer};
use arrow_schema::{DataType as Arrow, Fields};

use super::flatbuffer::{Place, Slot, Writer, number};
use super::format::{CONTINUATION, VERSION, content, kind};
use crate::data::{Batch, Schema, Values, span, values};
use crate::diag::{Error, Result, ensure};

/// Ends a stream.
pub const END: [u8; 8] = [255, 255, 255, 255, 0, 0, 0, 0];

/// The piece that tells the columns of a stream.
///
/// # Errors
/// `internal` for a layout that no type has.
pub fn write_schema(schema: &Schema) -> Result<Vec<u8>> {
    let schema = schema.to_arrow();
    let (mut writer, root) = Writer::new();
    let content = start(&mut writer, root, content::SCHEMA, 0);
    let [_, fields] = writer.table(content, [Slot::Absent, Slot::Later]);
    write_fields(&mut writer, fields, schema.fields())?;
    Ok(framed(writer, &[]))
}

/// The piece of one batch.
///
/// # Errors
/// `internal` where the batch does not have the layout of `schema`.
pub fn write_batch(schema: &Schema, batch: &Batch) -> Result<Vec<u8>> {
    let columns = batch.columns();
    let fits = columns.len() == schema.fields.len()
        && columns
            .iter()
            .zip(&schema.fields)
            .all(|(column, field)| *column.data_type() == field.data_type.storage());
    ensure(fits, "a batch has other columns than its schema")?;
    let mut body = Body::default();
    columns.iter().try_for_each(|column| body.add(column))?;
    let (mut writer, root) = Writer::new();
    let content = start(&mut writer, root, content::BATCH, body.bytes.len());
    let [_, nodes, buffers] =
        writer.table(content, [Slot::I64(long(batch.rows())), Slot::Later, Slot::Later]);
    writer.pairs(nodes, &body.nodes);
    writer.pairs(buffers, &body.buffers);
    Ok(framed(writer, &body.bytes))
}

/// Begins a message. Answers where its content is to come.
fn start(writer: &mut Writer, root: Place, content: u8, body: usize) -> Place {
    let [_, _, content, _] =
        writer.table(root, [Slot::I16(VERSION), Slot::U8(content), Slot::Later, Slot::I64(long(body))]);
    content
}

fn framed(writer: Writer, body: &[u8]) -> Vec<u8> {
    let message = writer.finish();
    [&CONTINUATION, number(message.len()).as_slice(), &message, body].concat()
}

fn write_fields(writer: &mut Writer, from: Place, fields: &Fields) -> Result<()> {
    for (place, field) in writer.offsets(from, fields.len()).into_iter().zip(fields) {
        let layout = field.data_type();
        let metadata = if field.metadata().is_empty() { Slot::Absent } else { Slot::Later };
        // The field `nullable` is true; none has a dictionary.
        let slots = [
            Slot::Later,
            Slot::U8(1),
            Slot::U8(kind_of(layout)?),
            Slot::Later,
            Slot::Absent,
            Slot::Later,
            metadata,
        ];
        let [name, _, _, kind, _, children, metadata] = writer.table(place, slots);
        writer.text(name, field.name());
        write_kind(writer, kind, layout)?;
        match layout {
            Arrow::List(item) => write_fields(writer, children, &Fields::from(vec![item.clone()]))?,
            Arrow::Struct(parts) => write_fields(writer, children, parts)?,
            _ => write_fields(writer, children, &Fields::empty())?,
        }
        if !field.metadata().is_empty() {
            let entries = writer.offsets(metadata, field.metadata().len());
            for (entry, (key, value)) in entries.into_iter().zip(field.metadata()) {
                let places = writer.table(entry, [Slot::Later, Slot::Later]);
                places.into_iter().zip([key, value]).for_each(|(place, text)| writer.text(place, text));
            }
        }
    }
    Ok(())
}

fn kind_of(layout: &Arrow) -> Result<u8> {
    Ok(match layout {
        Arrow::Int64 => kind::INT,
        Arrow::Float32 | Arrow::Float64 => kind::FLOAT,
        Arrow::Boolean => kind::BOOL,
        Arrow::Utf8 => kind::UTF8,
        Arrow::Binary => kind::BINARY,
        Arrow::Date32 => kind::DATE,
        Arrow::Timestamp(..) => kind::TIMESTAMP,
        Arrow::Decimal128(..) | Arrow::Decimal256(..) => kind::DECIMAL,
        Arrow::List(_) => kind::LIST,
        Arrow::Struct(_) => kind::STRUCT,
        other => return Err(Error::internal("a column of a layout that no type has").detail(other)),
    })
}

/// Writes what a type has beside its kind.
fn write_kind(writer: &mut Writer, from: Place, layout: &Arrow) -> Result<()> {
    let decimal = |precision: &u8, scale: &i8, bits| {
        [Slot::I32((*precision).into()), Slot::I32((*scale).into()), Slot::I32(bits)]
    };
    match layout {
        Arrow::Int64 => drop(writer.table(from, [Slot::I32(64), Slot::U8(1)])),
        // Precision: single, double.
        Arrow::Float32 => drop(writer.table(from, [Slot::I16(1)])),
        Arrow::Float64 => drop(writer.table(from, [Slot::I16(2)])),
        // Unit: days.
        Arrow::Date32 => drop(writer.table(from, [Slot::I16(0)])),
        // Unit: microseconds.
        Arrow::Timestamp(_, None) => drop(writer.table(from, [Slot::I16(2)])),
        Arrow::Timestamp(_, Some(zone)) => {
            let [_, place] = writer.table(from, [Slot::I16(2), Slot::Later]);
            writer.text(place, zone);
        }
        Arrow::Decimal128(precision, scale) => drop(writer.table(from, decimal(precision, scale, 128))),
        Arrow::Decimal256(precision, scale) => drop(writer.table(from, decimal(precision, scale, 256))),
        _ => drop(writer.table(from, [])),
    }
    Ok(())
}

/// The values of a batch, column by column.
#[derive(Default)]
struct Body {
    /// Rows and NULLs of each column and its parts.
    nodes: Vec<[i64; 2]>,
    /// Where each buffer begins, and how many bytes it has.
    buffers: Vec<[i64; 2]>,
    bytes: Vec<u8>,
}

impl Body {
    fn add(&mut self, array: &ArrayRef) -> Result<()> {
        self.nodes.push([array.len(), array.null_count()].map(long));
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            Some(nulls) => self.add_bits(nulls.inner()),
            None => self.add_buffer(&[]),
        }
        match values(array)? {
            Values::Fixed(values) => self.add_buffer(&values),
            Values::Bits(bits) => self.add_bits(&bits),
            Values::Blobs(offsets, bytes) => {
                let (first, length) = self.add_offsets(&offsets);
                self.add_buffer(&bytes.slice_with_length(first, length));
            }
            Values::List(offsets, items) => {
                let (first, length) = self.add_offsets(&offsets);
                self.add(&items.slice(first, length))?;
            }
            Values::Struct(columns) => columns.iter().try_for_each(|column| self.add(column))?,
        }
        Ok(())
    }

    fn add_buffer(&mut self, bytes: &[u8]) {
        self.buffers.push([self.bytes.len(), bytes.len()].map(long));
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
    }

    fn add_bits(&mut self, bits: &BooleanBuffer) {
        self.add_buffer(&bits.sliced());
    }

    /// Adds offsets that count from 0. Answers what they lead to.
    #[expect(clippy::indexing_slicing, reason = "there is one offset more than there are values")]
    fn add_offsets(&mut self, offsets: &OffsetBuffer<i32>) -> (usize, usize) {
        let span = span(offsets);
        let counted = offsets.iter().flat_map(|offset| (offset - offsets[0]).to_le_bytes());
        self.add_buffer(&counted.collect::<Vec<_>>());
        span
    }
}

#[expect(clippy::cast_possible_wrap, reason = "lengths in memory are below 2^63")]
fn long(length: usize) -> i64 {
    length as i64
}
