//! The messages of Arrow IPC files and streams, their lengths checked against the bytes that are there.

use super::flatbuffer::Table;
use super::format::{CONTINUATION, MAGIC, content};
use super::{damaged, invalid};
use crate::diag::Result;
use crate::table::sniff::sniff;

/// A message and the values that it brings.
pub(super) struct Frame<'a> {
    /// One of [`content`].
    pub(super) kind: u8,
    pub(super) content: Table<'a>,
    pub(super) body: &'a [u8],
    /// Where the next message begins.
    next: usize,
}

/// What a file or stream consists of.
pub(super) struct Frames<'a> {
    pub(super) schema: Table<'a>,
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
    if bytes.starts_with(&CONTINUATION) {
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
    let first = frame(bytes, 0)?.filter(|frame| frame.kind == content::SCHEMA);
    let first = first.ok_or_else(|| damaged("the schema"))?;
    let mut values = Vec::new();
    let mut offset = first.next;
    while let Some(frame) = frame(bytes, offset)? {
        offset = frame.next;
        values.push(frame);
    }
    Ok(Frames { schema: first.content, values })
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
    let footer = Table::root(footer)?;
    // Fields of a footer: version, schema, dictionaries, batches. Blocks begin with the place of their message.
    let schema = footer.table(1)?.ok_or_else(|| damaged("the schema"))?;
    let blocks = [footer.values::<24>(2)?, footer.values::<24>(3)?].concat();
    let values = blocks
        .iter()
        .map(|block| {
            let offset =
                block.first_chunk().and_then(|offset| usize::try_from(i64::from_le_bytes(*offset)).ok());
            frame(bytes, offset.ok_or_else(|| damaged("the place of a batch"))?)?
                .ok_or_else(|| damaged("a batch"))
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
    let Some(rest) = rest.strip_prefix(&CONTINUATION) else {
        return Err(if CONTINUATION.starts_with(rest) { cut() } else { damaged("the start of a message") });
    };
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(i32::from_le_bytes(*length)).map_err(|_| damaged("a message's length"))?;
    if length == 0 {
        return Ok(None);
    }
    let (metadata, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
    // Fields of a message: version, the type of its content, its content, the length of its body.
    let message = Table::root(metadata)?;
    let content = message.table(2)?.ok_or_else(|| damaged("a message"))?;
    let length = usize::try_from(message.i64(3)?).map_err(|_| damaged("a message's length"))?;
    let body = rest.get(..length).ok_or_else(cut)?;
    let next = bytes.len() - rest.len() + length;
    Ok(Some(Frame { kind: message.u8(1)?, content, body, next }))
}
