//! The files that a model carries: a zip behind its tables, and metadata that say which of its files names the classes.

use miniz_oxide::inflate::decompress_to_vec_with_limit;
use prost::bytes::Bytes;

use super::flatbuffer::File;
use super::schema::Model;
use crate::labels::Labels;
use crate::refusal::{Refusal, Result};

/// What the metadata call the role of a file that names the places of an axis.
const AXIS_LABELS: u8 = 2;
/// A list of names is far smaller.
const LARGEST: usize = 16 << 20;
/// The end of a zip, and the longest comment behind it.
const END: usize = 22;
const LONGEST_COMMENT: usize = 65_535;

/// The labels that the model carries; none where nothing says which of its files they are.
pub(super) fn labels(model: &Model<'_>) -> Result<Option<Labels>> {
    let packed = Packed { bytes: model.file.bytes };
    let Some(entries) = packed.entries() else { return Ok(None) };
    let name = match named(model)? {
        Some(name) => Some(name),
        None => {
            let mut texts = entries.iter().filter(|entry| entry.name.ends_with(".txt"));
            texts.next().filter(|_| texts.next().is_none()).map(|entry| entry.name.clone())
        }
    };
    let Some(entry) = entries.iter().find(|entry| Some(&entry.name) == name.as_ref()) else {
        return Ok(None);
    };
    let path = format!("{}/{}", model.file.name, entry.name);
    let content = packed.content(entry).ok_or_else(|| Refusal::damaged(&path, "it cannot be unpacked"))?;
    Labels::read(&path, &content).map(Some)
}

/// The file that the metadata name for an output's classes.
fn named(model: &Model<'_>) -> Result<Option<String>> {
    let Some(bytes) = model.metadata("TFLITE_METADATA")? else { return Ok(None) };
    let file = File { name: &format!("{}/metadata", model.file.name), bytes: &bytes };
    let Some(graph) = file.root()?.tables(3)?.get(0)? else { return Ok(None) };
    for output in graph.tables(3)?.iter() {
        for associated in output?.tables(6)?.iter() {
            let associated = associated?;
            if associated.byte(2)? == AXIS_LABELS {
                return Ok(associated.text(0)?.map(str::to_owned));
            }
        }
    }
    Ok(None)
}

struct Packed<'a> {
    bytes: &'a Bytes,
}

struct Entry {
    name: String,
    is_stored: bool,
    packed: usize,
    /// Where its own header is.
    place: usize,
}

impl Packed<'_> {
    fn short(&self, place: usize) -> Option<usize> {
        let bytes = self.bytes.get(place..place.checked_add(2)?)?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?).into())
    }

    fn number(&self, place: usize) -> Option<usize> {
        let bytes = self.bytes.get(place..place.checked_add(4)?)?;
        usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
    }

    /// The files that are listed at the end; `None` where there is no list.
    fn entries(&self) -> Option<Vec<Entry>> {
        let last = self.bytes.len().checked_sub(END)?;
        let starts =
            |place: &usize| self.bytes.get(*place..).is_some_and(|bytes| bytes.starts_with(b"PK\x05\x06"));
        let end = (last.saturating_sub(LONGEST_COMMENT)..=last).rev().find(starts)?;
        let mut place = end.checked_sub(self.number(end + 12)?)?;
        // Places count from the start of the zip, which is that of the file or lies behind the tables.
        let start = place.checked_sub(self.number(end + 16)?)?;
        let mut entries = Vec::new();
        while place < end && self.bytes.get(place..)?.starts_with(b"PK\x01\x02") {
            let [name, extra, comment] =
                [self.short(place + 28)?, self.short(place + 30)?, self.short(place + 32)?];
            let text = self.bytes.get(place + 46..place + 46 + name)?;
            entries.push(Entry {
                name: String::from_utf8_lossy(text).into_owned(),
                is_stored: self.short(place + 10)? == 0,
                packed: self.number(place + 20)?,
                place: start.checked_add(self.number(place + 42)?)?,
            });
            place += 46 + name + extra + comment;
        }
        Some(entries)
    }

    fn content(&self, entry: &Entry) -> Option<Vec<u8>> {
        let head = entry.place;
        let start =
            head.checked_add(30)?.checked_add(self.short(head + 26)?)?.checked_add(self.short(head + 28)?)?;
        let bytes = self.bytes.get(start..start.checked_add(entry.packed)?)?;
        if entry.is_stored {
            return Some(bytes.to_vec());
        }
        decompress_to_vec_with_limit(bytes, LARGEST).ok()
    }
}
