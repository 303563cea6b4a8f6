//! The messages of Arrow IPC files and streams, their lengths checked against the bytes that are there.

use arrow_ipc::{Message, MessageHeader, RecordBatch, Schema, root_as_footer, root_as_message};
use arrow_schema::DataType;

use crate::diag::{Code, Error, Result};
use crate::table::sniff::sniff;

/// What an IPC file begins and ends with.
const MAGIC: &[u8] = b"ARROW1";
/// What every message of a stream begins with.
const CONTINUATION: &[u8] = &[0xff; 4];

/// A message and the values that it brings.
pub(super) struct Frame<'a> {
    pub(super) message: Message<'a>,
    pub(super) body: &'a [u8],
    /// Where the next message begins.
    next: usize,
}

/// What a file or stream consists of.
pub(super) struct Frames<'a> {
    pub(super) schema: Schema<'a>,
    /// Dictionaries and batches, in an order in which they can be read.
    pub(super) values: Vec<Frame<'a>>,
}

/// Finds all messages of a file or stream.
///
/// # Errors
/// `invalid-arrow` for other bytes, and for bytes that are cut off.
pub(super) fn frames(bytes: &[u8]) -> Result<Frames<'_>> {
    if bytes.starts_with(MAGIC) {
        return file(bytes);
    }
    if bytes.starts_with(CONTINUATION) {
        return stream(bytes);
    }
    let found = match sniff(bytes, false) {
        Some(found) => found,
        None if bytes.is_empty() => "no bytes",
        None => "text",
    };
    Err(invalid(format!("expected an Arrow IPC file or stream, found {found}")))
}

fn stream(bytes: &[u8]) -> Result<Frames<'_>> {
    let first = frame(bytes, 0)?.ok_or_else(|| damaged("the schema"))?;
    let schema = first.message.header_as_schema().ok_or_else(|| damaged("the schema"))?;
    let mut values = Vec::new();
    let mut offset = first.next;
    while let Some(frame) = frame(bytes, offset)? {
        offset = frame.next;
        values.push(frame);
    }
    Ok(Frames { schema, values })
}

/// The footer holds the schema and says where the dictionaries and batches are.
fn file(bytes: &[u8]) -> Result<Frames<'_>> {
    let cut = || {
        invalid("expected a whole Arrow IPC file, found one without its end")
            .hint("the file was cut off: download or export it again")
    };
    let rest = bytes.strip_suffix(MAGIC).ok_or_else(cut)?;
    let (rest, length) = rest.split_last_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(i32::from_le_bytes(*length)).map_err(|_| damaged("the footer's length"))?;
    let start = rest.len().checked_sub(length).ok_or_else(cut)?;
    let (_, footer) = rest.split_at_checked(start).ok_or_else(cut)?;
    let footer = root_as_footer(footer).map_err(|error| damaged("the footer").detail(error))?;
    let schema = footer.schema().ok_or_else(|| damaged("the schema"))?;
    let blocks = footer.dictionaries().into_iter().chain(footer.recordBatches()).flatten();
    let values = blocks
        .map(|block| {
            let offset = usize::try_from(block.offset()).map_err(|_| damaged("the place of a batch"))?;
            frame(bytes, offset)?.ok_or_else(|| damaged("a batch"))
        })
        .collect::<Result<Vec<_>>>()?;
    // Many blocks may name the same bytes, which would fill the memory.
    let bodies = values.iter().map(|frame| frame.body.len()).fold(0, usize::saturating_add);
    if bodies > bytes.len() {
        return Err(damaged("the places of the batches"));
    }
    Ok(Frames { schema, values })
}

/// The message at byte `offset`; `None` at the end marker, at the end of the bytes and beyond it.
fn frame(bytes: &[u8], offset: usize) -> Result<Option<Frame<'_>>> {
    let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) else { return Ok(None) };
    let cut = || {
        invalid(format!("expected a whole message at byte {offset}, found one that is cut off"))
            .hint("the bytes were cut off: download or export them again")
    };
    let Some(rest) = rest.strip_prefix(CONTINUATION) else {
        return Err(if CONTINUATION.starts_with(rest) { cut() } else { damaged("the start of a message") });
    };
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(i32::from_le_bytes(*length)).map_err(|_| damaged("a message's length"))?;
    if length == 0 {
        return Ok(None);
    }
    let (metadata, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
    let message = root_as_message(metadata).map_err(|error| damaged("a message").detail(error))?;
    let length = usize::try_from(message.bodyLength()).map_err(|_| damaged("a message's length"))?;
    let body = rest.get(..length).ok_or_else(cut)?;
    let next = bytes.len() - rest.len() + length;
    Ok(Some(Frame { message, body, next }))
}

impl<'a> Frame<'a> {
    /// The batch that a message of values holds, every place and length in it checked against the body: arrow
    /// would panic at some wrong ones. `columns` are the types of its columns.
    ///
    /// # Errors
    /// `invalid-arrow` where they do not fit, or where the values are compressed.
    pub(super) fn checked_batch<'t>(
        &self,
        columns: impl Iterator<Item = &'t DataType>,
        most_rows: usize,
    ) -> Result<RecordBatch<'a>> {
        let batch = match self.message.header_type() {
            MessageHeader::RecordBatch => self.message.header_as_record_batch(),
            MessageHeader::DictionaryBatch => {
                self.message.header_as_dictionary_batch().and_then(|batch| batch.data())
            }
            _ => None,
        };
        let batch = batch.ok_or_else(|| damaged("a batch"))?;
        if batch.compression().is_some() {
            return Err(invalid("expected uncompressed values, found a compressed batch")
                .hint("write it without compression: `compression=\"uncompressed\"` in pyarrow and Polars"));
        }
        let size = |value: i64| usize::try_from(value).ok();
        let rows = |value: i64| size(value).filter(|rows| *rows <= most_rows);
        let rows_fit = rows(batch.length()).is_some()
            && batch.nodes().into_iter().flatten().all(|node| {
                rows(node.length()).zip(size(node.null_count())).is_some_and(|(rows, nulls)| nulls <= rows)
            });
        if !rows_fit {
            return Err(damaged("the number of a column's values"));
        }
        let misplaced = || damaged("the place of a column's values");
        // A batch without columns has no list of buffers.
        let buffers = batch.buffers().unwrap_or_default();
        let mut views = batch.variadicBufferCounts().into_iter().flatten();
        let mut units = Vec::new();
        for column in columns {
            add_units(column, &mut views, buffers.len(), &mut units).ok_or_else(misplaced)?;
        }
        let buffers_fit = units.len() <= buffers.len()
            && buffers.iter().zip(units).all(|(buffer, unit)| {
                size(buffer.offset()).zip(size(buffer.length())).is_some_and(|(start, length)| {
                    length % unit == 0 && start.checked_add(length).is_some_and(|end| end <= self.body.len())
                })
            });
        if !buffers_fit {
            return Err(misplaced());
        }
        Ok(batch)
    }
}

/// Adds, for each buffer of a column in the order of a batch, what its length is a multiple of. `views` gives how
/// many buffers of text or bytes the next view column has. `None` if there is no such count, or one beyond `most`.
fn add_units(
    column: &DataType,
    views: &mut impl Iterator<Item = i64>,
    most: usize,
    units: &mut Vec<usize>,
) -> Option<()> {
    match column {
        DataType::Null => {}
        DataType::Utf8 | DataType::Binary => units.extend([1, size_of::<i32>(), 1]),
        DataType::LargeUtf8 | DataType::LargeBinary => units.extend([1, size_of::<i64>(), 1]),
        DataType::Utf8View | DataType::BinaryView => {
            let count = usize::try_from(views.next()?).ok().filter(|count| *count <= most)?;
            units.extend([1, size_of::<u128>()]);
            units.extend(std::iter::repeat_n(1, count));
        }
        DataType::Dictionary(keys, _) => units.extend([1, keys.primitive_width().unwrap_or(1)]),
        DataType::List(item) | DataType::Map(item, _) => {
            units.extend([1, size_of::<i32>()]);
            add_units(item.data_type(), views, most, units)?;
        }
        DataType::LargeList(item) => {
            units.extend([1, size_of::<i64>()]);
            add_units(item.data_type(), views, most, units)?;
        }
        DataType::FixedSizeList(item, _) => {
            units.push(1);
            add_units(item.data_type(), views, most, units)?;
        }
        DataType::Struct(fields) => {
            units.push(1);
            fields.iter().try_for_each(|field| add_units(field.data_type(), views, most, units))?;
        }
        // Validity and values.
        _ => units.extend([1, 1]),
    }
    Some(())
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArrow, message)
}

/// The bytes contradict themselves in `what`.
pub(super) fn damaged(what: &str) -> Error {
    invalid(format!("expected intact Arrow IPC, found damage in {what}"))
}

/// The values would take more than `most` bytes once they are unpacked.
pub(super) fn too_large(most: usize) -> Error {
    Error::new(Code::LimitExceeded, format!("expected a table of at most {most} bytes unpacked, found more"))
        .hint("leave out columns or rows before exporting the table")
}
