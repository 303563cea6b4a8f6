//! The messages of Arrow IPC files and streams, their lengths checked against the bytes that are there.

use arrow_ipc::{Message, MessageHeader, RecordBatch, root_as_footer, root_as_message};

use crate::diag::{Code, Error, Result};

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

/// All messages in the order in which they are to be read: the schema, dictionaries, batches.
///
/// # Errors
/// `invalid-arrow` for other bytes, and for bytes that are cut off.
pub(super) fn frames(bytes: &[u8]) -> Result<Vec<Frame<'_>>> {
    if bytes.starts_with(MAGIC) {
        file(bytes)
    } else if bytes.starts_with(CONTINUATION) {
        stream(bytes, 0)
    } else {
        let found = match super::super::sniff::sniff(bytes) {
            Some(found) => found,
            None if bytes.is_empty() => "no bytes",
            None => "text",
        };
        Err(invalid(format!("expected an Arrow IPC file or stream, found {found}")))
    }
}

fn stream(bytes: &[u8], from: usize) -> Result<Vec<Frame<'_>>> {
    let mut frames = Vec::new();
    let mut at = from;
    while let Some(frame) = frame(bytes, at)? {
        at = frame.next;
        frames.push(frame);
    }
    Ok(frames)
}

/// The footer says where the dictionaries and batches are.
fn file(bytes: &[u8]) -> Result<Vec<Frame<'_>>> {
    let cut = || {
        invalid("expected a whole Arrow IPC file, found one without its end")
            .hint("the file was cut off: download or export it again")
    };
    let rest = bytes.strip_suffix(MAGIC).ok_or_else(cut)?;
    let (rest, length) = rest.split_last_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(i32::from_le_bytes(*length)).map_err(|_| damaged("the footer's length"))?;
    let start = rest.len().checked_sub(length).ok_or_else(cut)?;
    let footer = root_as_footer(rest.get(start..).unwrap_or_default())
        .map_err(|error| damaged("the footer").detail(error))?;
    // The schema message follows the magic, which is padded to eight bytes.
    let schema = frame(bytes, 8)?.ok_or_else(|| damaged("the schema"))?;
    let dictionaries = footer.dictionaries().unwrap_or_default();
    let batches = footer.recordBatches().unwrap_or_default();
    let mut frames = Vec::with_capacity(1 + dictionaries.len() + batches.len());
    frames.push(schema);
    for block in dictionaries.iter().chain(batches.iter()) {
        let at = usize::try_from(block.offset()).map_err(|_| damaged("the place of a batch"))?;
        frames.push(frame(bytes, at)?.ok_or_else(|| damaged("a batch"))?);
    }
    Ok(frames)
}

/// The message at `at`; `None` at the end marker and where the bytes end.
fn frame(bytes: &[u8], at: usize) -> Result<Option<Frame<'_>>> {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(None);
    }
    let cut = || {
        invalid(format!("expected a whole message at byte {at}, found one that is cut off"))
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
    /// The batch that a message of values holds, every place and length in it checked against the body.
    ///
    /// # Errors
    /// `invalid-arrow` where they do not fit, or where the values are compressed.
    pub(super) fn checked_batch(&self, most_rows: usize) -> Result<RecordBatch<'a>> {
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
        let length = |value: i64| usize::try_from(value).ok();
        let rows = |value: i64| length(value).filter(|rows| *rows <= most_rows);
        let buffers_fit = batch.buffers().into_iter().flatten().all(|buffer| {
            let end =
                length(buffer.offset()).zip(length(buffer.length())).and_then(|(at, it)| at.checked_add(it));
            end.is_some_and(|end| end <= self.body.len())
        });
        if !buffers_fit {
            return Err(damaged("the place of a column's values"));
        }
        let counts_fit = rows(batch.length()).is_some()
            && batch.nodes().into_iter().flatten().all(|node| {
                rows(node.length()).zip(length(node.null_count())).is_some_and(|(rows, nulls)| nulls <= rows)
            });
        match counts_fit {
            true => Ok(batch),
            false => Err(damaged("the number of a column's values")),
        }
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArrow, message)
}

/// What cannot be right in the bytes.
pub(super) fn damaged(what: &str) -> Error {
    invalid(format!("expected intact Arrow IPC, found damage in {what}"))
}
