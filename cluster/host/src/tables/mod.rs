//! Files of rows as the engine reads them: CSV in UTF-8, everything else as Arrow IPC. Parquet is read by row groups.
//!
//! This room knows formats; where files lie is the stores' business, what a statement does with rows the engine's.

mod compressed;
mod json;
mod parquet;

pub use parquet::ParquetWriter;
pub(crate) use parquet::{FileTable, Share};

use std::io::Read;

use encoding_rs::Encoding;
use flate2::read::MultiGzDecoder;
use predictql::{Limits, TableFormat};

use crate::Stores;
use parquet::ParquetFile;

/// All rows of a file as the engine reads them.
///
/// # Errors
/// In words that name the file.
pub(crate) fn whole(
    stores: &Stores,
    uri: &str,
    format: TableFormat,
    encoding: Option<&str>,
    limits: &Limits,
) -> Result<Vec<u8>, String> {
    if format == TableFormat::Parquet {
        return ParquetFile::open(stores, uri, limits)?.whole(stores);
    }
    // Some servers tell nothing before they give all of it.
    if let Ok(meta) = stores.meta(uri)
        && meta.size > limits.table_bytes as u64
    {
        return Err(format!(
            "`{uri}` has {} bytes, and may have {} where it is read whole: write its rows to Parquet, which is read in parts, or raise the limit of memory",
            meta.size, limits.table_bytes
        ));
    }
    let bytes = unzipped(uri, stores.read(uri)?.into())?;
    match format {
        TableFormat::Csv => match encoding {
            Some(name) => utf8(uri, &bytes, name),
            None => Ok(bytes),
        },
        TableFormat::Json => json::to_arrow(uri, &bytes),
        TableFormat::Arrow => compressed::unpacked(uri, bytes),
        other => Err(format!("`{uri}`: this host does not read {other:?}")),
    }
}

/// The ONNX file of a model of TensorFlow's: of one file, or of all in a folder, whose pattern ends with `*`.
///
/// # Errors
/// In words that name the file, or the place in it.
pub(crate) fn converted(stores: &Stores, uri: &str, signature: Option<String>) -> Result<Vec<u8>, String> {
    let mut files = Vec::new();
    if uri.ends_with('*') {
        for object in stores.list(uri)? {
            let bytes = stores.read(&object.uri)?.into();
            files.push((object.uri, bytes));
        }
    } else {
        files.push((uri.to_owned(), stores.read(uri)?.into()));
    }
    formats::convert(files, &formats::Options { signature }).map_err(|refusal| refusal.to_string())
}

/// What a file holds that gzip has packed; other files as they are.
fn unzipped(uri: &str, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked);
    read.map_err(|error| format!("`{uri}` cannot be unpacked: {error}"))?;
    Ok(unpacked)
}

fn utf8(uri: &str, bytes: &[u8], name: &str) -> Result<Vec<u8>, String> {
    let Some(encoding) = Encoding::for_label(name.as_bytes()) else {
        return Err(format!("`{uri}`: `{name}` is the name of no encoding"));
    };
    let (text, _, has_errors) = encoding.decode(bytes);
    if has_errors {
        return Err(format!("`{uri}` has bytes that mean nothing in the encoding {name}"));
    }
    Ok(text.into_owned().into_bytes())
}
