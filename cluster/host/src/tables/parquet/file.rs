//! One Parquet file: its footer, and its row groups one by one.

use std::fmt::Display;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataPushDecoder};

use crate::Stores;

/// Rows that are decoded at once where a whole file is wanted.
const ROWS: usize = 8_192;

/// Bytes at the end of a file that are read at once: most footers are not longer.
const FOOTER: u64 = 64 << 10;

/// A file whose footer was read.
pub(crate) struct ParquetFile {
    uri: String,
    footer: ArrowReaderMetadata,
}

/// The rows of one row group.
pub(crate) struct GroupReader<'a> {
    file: &'a ParquetFile,
    group: usize,
    decoder: ParquetPushDecoder,
}

impl ParquetFile {
    /// Reads the footer.
    ///
    /// # Errors
    /// In words that name the file.
    pub(crate) fn open(stores: &Stores, uri: &str) -> Result<Self, String> {
        let odd = |error: &dyn Display| format!("`{uri}` cannot be read as Parquet: {error}");
        let size = stores.meta(uri)?.size;
        let end = size.saturating_sub(FOOTER)..size;
        let bytes = stores.ranges(uri, std::slice::from_ref(&end))?;
        let is_parquet = bytes.first().and_then(|end| footer_length(end)).is_some_and(|length| length < size);
        if !is_parquet {
            return Err(odd(&"expected it to end with a footer and `PAR1`"));
        }
        let decoder = ParquetMetaDataPushDecoder::try_new(size).map_err(|error| odd(&error))?;
        let mut decoder = decoder.with_page_index_policy(PageIndexPolicy::Skip);
        decoder.push_ranges(vec![end], bytes).map_err(|error| odd(&error))?;
        let footer = loop {
            match decoder.try_decode().map_err(|error| odd(&error))? {
                DecodeResult::NeedsData(ranges) => {
                    let bytes = stores.ranges(uri, &ranges)?;
                    decoder.push_ranges(ranges, bytes).map_err(|error| odd(&error))?;
                }
                DecodeResult::Data(footer) => break Arc::new(footer),
                DecodeResult::Finished => return Err(odd(&"it has no footer")),
            }
        };
        let footer = ArrowReaderMetadata::try_new(footer, ArrowReaderOptions::default());
        Ok(Self { uri: uri.into(), footer: footer.map_err(|error| odd(&error))? })
    }

    /// How many row groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.footer.metadata().num_row_groups()
    }

    /// The rows of a row group, at most `rows` at once, with the columns of these numbers in the file's order.
    ///
    /// # Errors
    /// In words that name the file and the row group.
    pub(crate) fn read_group(
        &self,
        group: usize,
        columns: impl IntoIterator<Item = usize>,
        rows: usize,
    ) -> Result<GroupReader<'_>, String> {
        let builder = ParquetPushDecoderBuilder::new_with_metadata(self.footer.clone());
        let columns = ProjectionMask::roots(builder.parquet_schema(), columns);
        let builder = builder.with_row_groups(vec![group]).with_projection(columns).with_batch_size(rows);
        let decoder = builder.build().map_err(|error| self.odd(group, &error))?;
        Ok(GroupReader { file: self, group, decoder })
    }

    /// All rows as an Arrow IPC stream.
    ///
    /// # Errors
    /// In words that name the file and the row group.
    pub(crate) fn whole(&self, stores: &Stores) -> Result<Vec<u8>, String> {
        let schema = self.footer.schema();
        let failed = |error: &dyn Display| format!("`{}`: {error}", self.uri);
        let mut writer = StreamWriter::try_new(Vec::new(), schema).map_err(|error| failed(&error))?;
        for group in 0..self.groups() {
            let mut rows = self.read_group(group, 0..schema.fields().len(), ROWS)?;
            while let Some(batch) = rows.next(stores)? {
                writer.write(&batch).map_err(|error| failed(&error))?;
            }
        }
        writer.into_inner().map_err(|error| failed(&error))
    }

    fn odd(&self, group: usize, error: &dyn Display) -> String {
        // People count from 1.
        format!("`{}`: row group {} cannot be read: {error}", self.uri, group + 1)
    }
}

/// The bytes of the footer that a file ends with; none where it is no file of Parquet.
fn footer_length(end: &[u8]) -> Option<u64> {
    let (_, length) = end.strip_suffix(b"PAR1")?.split_last_chunk::<4>()?;
    Some(u64::from(u32::from_le_bytes(*length)) + 8)
}

impl GroupReader<'_> {
    /// The next rows; none at the end.
    ///
    /// # Errors
    /// In words that name the file and the row group.
    pub(crate) fn next(&mut self, stores: &Stores) -> Result<Option<RecordBatch>, String> {
        let Self { file, group, decoder } = self;
        loop {
            match decoder.try_decode().map_err(|error| file.odd(*group, &error))? {
                DecodeResult::NeedsData(ranges) => {
                    let bytes = stores.ranges(&file.uri, &ranges)?;
                    decoder.push_ranges(ranges, bytes).map_err(|error| file.odd(*group, &error))?;
                }
                DecodeResult::Data(batch) => return Ok(Some(batch)),
                DecodeResult::Finished => return Ok(None),
            }
        }
    }
}
