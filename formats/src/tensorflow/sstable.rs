//! LevelDB's tables, the format of `variables.index`: sorted keys with values, in blocks whose keys leave out what they share
//! with the key before. A block may be compressed with Snappy; a checksum follows each.

use prost::bytes::Bytes;

use crate::refusal::{Refusal, Result};

/// The end of every table.
const MAGIC: u64 = 0xdb47_7524_8b80_fb57;
/// Two handles with room for their varints, and the magic number.
const FOOTER: usize = 48;
/// Behind a block: how it is compressed, and its checksum.
const TRAILER: usize = 5;
/// More than the index of any model; a block that claims more when it is unpacked is refused.
const LARGEST_BLOCK: usize = 64 << 20;

/// The keys and values of the table `bytes`, in their order.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Vec<(Vec<u8>, Bytes)>> {
    let start = bytes.len().checked_sub(FOOTER);
    let footer = start.and_then(|start| bytes.get(start..));
    let footer = footer.ok_or_else(|| Refusal::truncated(file, "it has no footer"))?;
    let (handles, magic) = footer.split_at(FOOTER - 8);
    if magic != MAGIC.to_le_bytes() {
        return Err(Refusal::damaged(file, "it does not end like an index of variables"));
    }
    let mut reader = Reader { file, rest: handles };
    reader.handle()?;
    let index = block(file, bytes, reader.handle()?)?;
    let mut entries = Vec::new();
    for (_, handle) in pairs(file, &index)? {
        let handle = Reader { file, rest: &handle }.handle()?;
        let content = block(file, bytes, handle)?;
        entries.extend(pairs(file, &content)?);
    }
    if !entries.is_sorted_by(|(one, _), (next, _)| one < next) {
        return Err(Refusal::damaged(file, "its keys are not in order"));
    }
    Ok(entries)
}

/// Where a block lies.
#[derive(Clone, Copy)]
struct Handle {
    offset: usize,
    size: usize,
}

/// The content of a block.
fn block(file: &str, bytes: &[u8], Handle { offset, size }: Handle) -> Result<Bytes> {
    let end = offset.checked_add(size).and_then(|end| end.checked_add(TRAILER));
    let whole = end.and_then(|end| bytes.get(offset..end)).ok_or_else(|| {
        let have = bytes.len();
        Refusal::damaged(
            file,
            format!("a block of {size} bytes at {offset} lies outside of its {have} bytes"),
        )
    })?;
    let (checked, sum) = whole.split_at(size + 1);
    let content = checked.get(..size).unwrap_or(checked);
    if sum != mask(crc32c::crc32c(checked)).to_le_bytes() {
        let message = format!("the checksum of the block at {offset} in `{file}` is wrong");
        return Err(
            Refusal::new(crate::Reason::ChecksumMismatch, message).hint("download or save the model again")
        );
    }
    match checked.last() {
        Some(0) => Ok(Bytes::copy_from_slice(content)),
        Some(1) => {
            let wrong = |error| Refusal::damaged(file, format!("the block at {offset}: {error}"));
            let length = snap::raw::decompress_len(content).map_err(wrong)?;
            if length > LARGEST_BLOCK {
                return Err(Refusal::damaged(file, format!("the block at {offset} has {length} bytes")));
            }
            Ok(snap::raw::Decoder::new().decompress_vec(content).map_err(wrong)?.into())
        }
        _ => Err(Refusal::damaged(file, format!("the block at {offset} is compressed in an unknown way"))),
    }
}

/// As checksums are stored, so that one of data that holds checksums is not fooled by them.
pub(super) fn mask(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The keys and values of a block, without the restart points behind them.
fn pairs(file: &str, block: &Bytes) -> Result<Vec<(Vec<u8>, Bytes)>> {
    let wrong = |what: &str| Refusal::damaged(file, what);
    let restarts = block.last_chunk::<4>().map(|count| u32::from_le_bytes(*count) as usize);
    let end = restarts.and_then(|restarts| block.len().checked_sub(restarts.checked_add(1)?.checked_mul(4)?));
    let end = end.ok_or_else(|| wrong("a block has more restart points than bytes"))?;
    let mut reader = Reader { file, rest: block.get(..end).unwrap_or_default() };
    let mut found: Vec<(Vec<u8>, Bytes)> = Vec::new();
    while !reader.rest.is_empty() {
        let [shared, unshared, length] = [reader.number()?, reader.number()?, reader.number()?];
        let before = found.last().map(|(key, _)| key.as_slice()).unwrap_or_default();
        let shared =
            before.get(..shared).ok_or_else(|| wrong("a key shares more than the key before it has"))?;
        let key = [shared, reader.take(unshared)?].concat();
        let value = reader.take(length)?;
        found.push((key, block.slice_ref(value)));
    }
    Ok(found)
}

struct Reader<'a> {
    file: &'a str,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn number(&mut self) -> Result<usize> {
        let number = prost::encoding::decode_varint(&mut self.rest);
        let number = number.ok().and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| Refusal::damaged(self.file, "a length is none"))
    }

    fn handle(&mut self) -> Result<Handle> {
        Ok(Handle { offset: self.number()?, size: self.number()? })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let parts = self.rest.split_at_checked(length);
        let (taken, rest) =
            parts.ok_or_else(|| Refusal::damaged(self.file, "an entry ends behind its block"))?;
        self.rest = rest;
        Ok(taken)
    }
}
