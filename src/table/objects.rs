//! Listings of files as BigQuery's object tables show them.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, Int64Array, ListArray, TimestampMicrosecondArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::Field as ArrowField;

use crate::data::{Batch, DataType, Field, Schema, StructField, null_column};
use crate::diag::{Code, Error, Result};

/// One file of an object table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Where it is; unique in its table.
    pub uri: String,
    /// Bytes.
    pub size: u64,
    /// MIME type; empty where unknown.
    pub content_type: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub updated_ms: i64,
    /// Whether it is no file but a source of pictures that come one after the other: alone in its table, it has as many rows
    /// as pictures come while a query runs. The host is asked for each as `uri#1`, `uri#2` and so on, and answers no bytes
    /// at the end.
    pub is_live: bool,
}

/// How many rows these files are; unknown of a source of pictures.
pub(crate) fn rows(objects: &[Object]) -> Option<usize> {
    match objects {
        [source] if source.is_live => None,
        _ => Some(objects.len()),
    }
}

/// The columns of an object table, in BigQuery's order.
pub fn schema() -> Schema {
    let fields = [
        ("uri", DataType::String),
        ("generation", DataType::Int64),
        ("content_type", DataType::String),
        ("size", DataType::Int64),
        ("md5_hash", DataType::String),
        ("updated", DataType::Timestamp),
        ("metadata", DataType::array(metadata())),
    ];
    Schema { fields: fields.into_iter().map(|(name, data_type)| Field::new(name, data_type)).collect() }
}

/// One custom entry of an object's metadata.
fn metadata() -> DataType {
    let text = |name: &str| StructField { name: name.into(), data_type: DataType::String };
    DataType::Struct(vec![text("name"), text("value")])
}

/// `objects` as rows. What only cloud storage knows (generation, hash, custom metadata) is NULL or empty.
///
/// # Errors
/// `out-of-range` for a size that INT64 does not hold.
pub fn batch(objects: &[Object]) -> Result<Batch> {
    let rows = objects.len();
    let mut uris = StringBuilder::new();
    let mut content_types = StringBuilder::new();
    let mut sizes = Int64Builder::with_capacity(rows);
    for object in objects {
        uris.append_value(&object.uri);
        content_types.append_value(match object.content_type.as_str() {
            "" => "application/octet-stream",
            known => known,
        });
        let size = i64::try_from(object.size).map_err(|_| {
            let Object { uri, size, .. } = object;
            Error::new(Code::OutOfRange, format!("expected a size that INT64 holds, found {size} of `{uri}`"))
        })?;
        sizes.append_value(size);
    }
    // A time that TIMESTAMP cannot hold is unknown: NULL.
    let updated: TimestampMicrosecondArray =
        objects.iter().map(|object| object.updated_ms.checked_mul(1000)).collect();
    let entries = metadata().storage();
    let no_entries = ListArray::try_new(
        Arc::new(ArrowField::new_list_field(entries.clone(), true)),
        OffsetBuffer::new_zeroed(rows),
        null_column(&entries, 0)?,
        None,
    )
    .map_err(super::internal)?;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(uris.finish()),
        Arc::new(Int64Array::new_null(rows)),
        Arc::new(content_types.finish()),
        Arc::new(sizes.finish()),
        null_column(&DataType::String.storage(), rows)?,
        Arc::new(updated.with_timezone("UTC")),
        Arc::new(no_entries),
    ];
    Batch::new(rows, columns)
}
