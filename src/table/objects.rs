//! Listings of files as BigQuery's object tables show them.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, Int64Array, ListArray, StructArray, TimestampMicrosecondArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType as ArrowType, Field as ArrowField};

use crate::data::{Batch, DataType, Field, Schema, StructField, null_column};
use crate::diag::{Code, Error, Result};
use crate::json::write_text;

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
    /// What is known of its MD5 hash.
    pub hash: Hash,
    /// Whether it is no file but a source of pictures that come one after the other: alone in its table, it has as many rows
    /// as pictures come while a query runs. The host is asked for each as `uri#1`, `uri#2` and so on, and answers no bytes
    /// at the end.
    pub is_live: bool,
}

/// What is known of the MD5 hash of a file before it is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Hash {
    /// The bytes are at hand: they are read for it wherever a query wants it.
    #[default]
    OfBytes,
    /// A server has the bytes: they are fetched for it where a query names the column, and not for `*`.
    Remote,
    /// In base64, as a server tells it.
    Told(String),
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
        ("ref", reference()),
    ];
    Schema { fields: fields.into_iter().map(|(name, data_type)| Field::new(name, data_type)).collect() }
}

/// The columns behind them, which only their names reach: [`DATA`] and [`HASH`].
pub(crate) fn hidden() -> [Field; 2] {
    [Field::new("data", DataType::Bytes), Field::new("md5_hash", DataType::String)]
}

/// The hash as `*` has it, for which no server's file is fetched. [`batch`] leaves it out.
pub(crate) const HASH_IN_STAR: usize = 4;

/// The bytes.
pub(crate) const DATA: usize = 8;

/// The hash as its name has it.
pub(crate) const HASH: usize = 9;

/// One custom entry of an object's metadata.
fn metadata() -> DataType {
    let text = |name: &str| StructField { name: name.into(), data_type: DataType::String };
    DataType::Struct(vec![text("name"), text("value")])
}

/// BigQuery's ObjectRef.
fn reference() -> DataType {
    let field = |name: &str, data_type| StructField { name: name.into(), data_type };
    DataType::Struct(vec![
        field("uri", DataType::String),
        field("version", DataType::String),
        field("authorizer", DataType::String),
        field("details", DataType::Json),
    ])
}

/// `objects` as rows of [`schema`]. What only cloud storage knows (generation, custom metadata) is NULL or empty, and so are hashes,
/// for which files have to be read.
///
/// # Errors
/// `out-of-range` for a size that INT64 does not hold.
pub fn batch(objects: &[Object]) -> Result<Batch> {
    let rows = objects.len();
    let mut uris = StringBuilder::new();
    let mut content_types = StringBuilder::new();
    let mut sizes = Int64Builder::with_capacity(rows);
    let mut details = StringBuilder::new();
    for object in objects {
        uris.append_value(&object.uri);
        let content_type = match object.content_type.as_str() {
            "" => "application/octet-stream",
            known => known,
        };
        content_types.append_value(content_type);
        details.append_value(details_of(object, content_type));
        let size = i64::try_from(object.size).map_err(|_| {
            let Object { uri, size, .. } = object;
            Error::new(Code::OutOfRange, format!("expected a size that INT64 holds, found {size} of `{uri}`"))
        })?;
        sizes.append_value(size);
    }
    let updated: TimestampMicrosecondArray = objects.iter().map(Object::updated_us).collect();
    let entries = metadata().storage();
    let no_entries = ListArray::try_new(
        Arc::new(ArrowField::new_list_field(entries.clone(), true)),
        OffsetBuffer::new_zeroed(rows),
        null_column(&entries, 0)?,
        None,
    )
    .map_err(super::internal)?;
    let uris: ArrayRef = Arc::new(uris.finish());
    let unknown = null_column(&DataType::String.storage(), rows)?;
    let ArrowType::Struct(fields) = reference().storage() else {
        return Err(Error::internal("an ObjectRef is a struct"));
    };
    let parts = vec![uris.clone(), unknown.clone(), unknown.clone(), Arc::new(details.finish())];
    let references = StructArray::try_new(fields, parts, None).map_err(super::internal)?;
    let columns: Vec<ArrayRef> = vec![
        uris,
        Arc::new(Int64Array::new_null(rows)),
        Arc::new(content_types.finish()),
        Arc::new(sizes.finish()),
        unknown,
        Arc::new(updated.with_timezone("UTC")),
        Arc::new(no_entries),
        Arc::new(references),
    ];
    Batch::new(rows, columns)
}

/// What an ObjectRef tells of an object beside its name, as JSON with its keys in order.
fn details_of(object: &Object, content_type: &str) -> String {
    let mut text = String::from(r#"{"gcs_metadata":{"content_type":"#);
    write_text(content_type, &mut text);
    text += &format!(r#","size":{}"#, object.size);
    if let Some(updated) = object.updated_us() {
        text += &format!(r#","updated":{updated}"#);
    }
    text + "}}"
}

impl Object {
    /// Microseconds since 1970-01-01 UTC; a time that TIMESTAMP cannot hold is unknown.
    fn updated_us(&self) -> Option<i64> {
        self.updated_ms.checked_mul(1000)
    }
}
