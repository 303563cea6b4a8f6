//! Arrow IPC whose buffers are compressed, as Feather files are: the engine reads what is not.

use std::io::Cursor;

use arrow_array::RecordBatchReader;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_ipc::root_as_message;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;

/// What a file of Arrow begins with; a stream has no such beginning.
const MAGIC: &[u8] = b"ARROW1\0\0";

/// The same rows without compression.
///
/// # Errors
/// In words that name the file.
pub(super) fn unpacked(uri: &str, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if !is_compressed(&bytes) {
        return Ok(bytes);
    }
    let rows = if bytes.starts_with(MAGIC) {
        FileReader::try_new(Cursor::new(&bytes), None).and_then(written)
    } else {
        StreamReader::try_new(Cursor::new(&bytes), None).and_then(written)
    };
    rows.map_err(|error| format!("`{uri}` cannot be unpacked: {error}"))
}

fn written(rows: impl RecordBatchReader) -> Result<Vec<u8>, ArrowError> {
    let mut writer = StreamWriter::try_new(Vec::new(), &rows.schema())?;
    for batch in rows {
        writer.write(&batch?)?;
    }
    writer.into_inner()
}

/// Whether the first batch, and so all of them, is compressed. What is damaged is the engine's to tell.
fn is_compressed(bytes: &[u8]) -> bool {
    let mut rest = bytes.strip_prefix(MAGIC).unwrap_or(bytes);
    while let Some((length, after)) = length(rest) {
        let Some(message) = after.get(..length).and_then(|head| root_as_message(head).ok()) else {
            return false;
        };
        let batch = message.header_as_record_batch();
        let batch = batch.or_else(|| message.header_as_dictionary_batch().and_then(|it| it.data()));
        if let Some(batch) = batch {
            return batch.compression().is_some();
        }
        let body = usize::try_from(message.bodyLength()).unwrap_or(usize::MAX);
        rest = after.get(length.saturating_add(body)..).unwrap_or_default();
    }
    false
}

/// The length of the next message's head, and what is behind it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    // Older streams have no marker in front of the length.
    let bytes = bytes.strip_prefix(&[0xff; 4]).unwrap_or(bytes);
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(i32::from_le_bytes(*length)).ok().filter(|length| *length > 0)?;
    Some((length, rest))
}
