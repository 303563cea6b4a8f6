//! The variables of a SavedModel: an index of where each lies, and shards with their values.

use std::collections::BTreeMap;

use prost::Message;
use prost::bytes::Bytes;

use super::dtype::DataType;
use super::proto::{BundleEntry, BundleHeader};
use super::sstable;
use crate::constant::{Constant, Data};
use crate::files::Files;
use crate::refusal::{Reason, Refusal, Result};

const INDEX: &str = "variables/variables.index";

/// The variables, by their keys.
#[derive(Default)]
pub(super) struct Bundle {
    entries: BTreeMap<String, BundleEntry>,
    shards: i32,
}

impl Bundle {
    /// Reads the index. A model without variables has none.
    pub(super) fn read(files: &Files) -> Result<Self> {
        let Some((file, bytes)) = files.get(INDEX) else { return Ok(Self::default()) };
        let mut bundle = Self::default();
        for (key, value) in sstable::read(file, bytes)? {
            let wrong = |error| Refusal::damaged(file, error);
            let key = String::from_utf8(key).map_err(|_| Refusal::damaged(file, "a key is not UTF-8"))?;
            if key.is_empty() {
                let header = BundleHeader::decode(value).map_err(wrong)?;
                if header.endianness != 0 {
                    return Err(Refusal::new(
                        Reason::UnsupportedModelType,
                        format!("`{file}` was written by a big-endian machine"),
                    )
                    .hint("load and save the model on another one"));
                }
                bundle.shards = header.num_shards;
            } else {
                bundle.entries.insert(key, BundleEntry::decode(value).map_err(wrong)?);
            }
        }
        Ok(bundle)
    }

    /// The value of the variable `key`.
    pub(super) fn load(&self, key: &str, files: &Files) -> Result<Constant> {
        let entry = self.entries.get(key).ok_or_else(|| match files.get(INDEX) {
            Some((file, _)) => Refusal::damaged(file, format!("it has no variable `{key}`")),
            None => missing(INDEX),
        })?;
        let index = files.get(INDEX).map_or(INDEX, |(file, _)| file);
        if !entry.slices.is_empty() {
            let message = format!("the variable `{key}` of `{index}` is partitioned");
            return Err(Refusal::new(Reason::UnsupportedModelType, message));
        }
        let dtype = DataType::of(entry.dtype, || format!("the variable `{key}`"))?;
        let shape = entry.shape.iter().flat_map(|shape| &shape.dim).map(|dim| usize::try_from(dim.size));
        let dims = shape.collect::<std::result::Result<Vec<_>, _>>();
        let dims = dims.map_err(|_| Refusal::damaged(index, format!("the shape of `{key}` is none")))?;
        let shard = format!("variables/variables.data-{:05}-of-{:05}", entry.shard_id, self.shards);
        let (file, shard) = files.get(&shard).ok_or_else(|| missing(&shard))?;
        let part = part(entry, shard).ok_or_else(|| {
            let (size, offset, have) = (entry.size, entry.offset, shard.len());
            Refusal::truncated(
                file,
                format!("`{key}` has {size} bytes at {offset}, the file has {have} bytes"),
            )
        })?;
        if sstable::mask(crc32c::crc32c(&part)) != entry.crc32c {
            let message = format!("the checksum of the variable `{key}` in `{file}` is wrong");
            return Err(
                Refusal::new(Reason::ChecksumMismatch, message).hint("download or save the model again")
            );
        }
        let constant = Constant { dtype, dims, data: Data::Bytes(part), scales: None };
        if dtype == DataType::String || !constant.is_whole() {
            let (size, dims) = (entry.size, &constant.dims);
            let message =
                format!("`{key}` has {size} bytes, which is not its shape {dims:?} of {}", dtype.name());
            return Err(Refusal::damaged(index, message));
        }
        Ok(constant)
    }

    /// Whether there is a variable of this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }
}

fn part(entry: &BundleEntry, shard: &Bytes) -> Option<Bytes> {
    let start = usize::try_from(entry.offset).ok()?;
    let end = start.checked_add(usize::try_from(entry.size).ok()?)?;
    (end <= shard.len()).then(|| shard.slice(start..end))
}

fn missing(file: &str) -> Refusal {
    Refusal::new(Reason::ExternalDataMissing, format!("the model's file `{file}` is missing"))
        .hint("bring the whole folder: `saved_model.pb` and all of `variables/`")
}
