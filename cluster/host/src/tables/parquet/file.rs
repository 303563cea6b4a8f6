//! One Parquet file: its footer, and its row groups one by one.

use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataPushDecoder};
use predictql::Limits;
use predictql::data::Schema;

use super::conform::schema_of;
use crate::Stores;

/// Rows that are decoded at once where a whole file is wanted.
const ROWS: usize = 8_192;

/// Bytes at the end of a file that are read at once: most footers are not longer.
const FOOTER: u64 = 64 << 10;

/// A file whose footer was read.
pub(crate) struct ParquetFile {
    uri: String,
    size: u64,
    footer: ArrowReaderMetadata,
    /// What SQL makes of its columns, in their order.
    schema: Schema,
}

/// Rows of one row group.
pub(super) struct GroupReader {
    group: usize,
    decoder: ParquetPushDecoder,
}

impl ParquetFile {
    /// Reads the footer.
    ///
    /// # Errors
    /// In words that name the file.
    pub(crate) fn open(stores: &Stores, uri: &str, limits: &Limits) -> Result<Self, String> {
        let odd = |error: &dyn Display| format!("`{uri}` cannot be read as Parquet: {error}");
        let size = stores.meta(uri)?.size;
        let end = size.saturating_sub(FOOTER)..size;
        // No store takes a range without bytes.
        let bytes = if size == 0 { Vec::new() } else { stores.ranges(uri, std::slice::from_ref(&end))? };
        // The library takes other files for damaged ones.
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
        let footer = footer.map_err(|error| odd(&error))?;
        let schema = schema_of(footer.schema(), limits).map_err(|error| odd(&error))?;
        Ok(Self { uri: uri.into(), size, footer, schema })
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// How many rows each row group has. A footer that claims more than a program can count has none of them.
    pub(super) fn group_rows(&self) -> impl Iterator<Item = usize> {
        let groups = self.footer.metadata().row_groups().iter();
        groups.map(|group| usize::try_from(group.num_rows()).unwrap_or(0))
    }

    /// The numbers of columns that it shares with `schema`, in its order.
    pub(super) fn numbers_of(&self, schema: &Schema) -> Vec<usize> {
        let number = |name: &str| self.schema.fields.iter().position(|it| it.name.eq_ignore_ascii_case(name));
        schema.fields.iter().filter_map(|field| number(&field.name)).collect()
    }

    /// Begins to read these rows of a row group, at most `most` at once, with the columns of these numbers in the file's order.
    ///
    /// # Errors
    /// In words that name the file and the row group.
    pub(super) fn read_group(
        &self,
        group: usize,
        columns: &[usize],
        rows: Range<usize>,
        most: usize,
    ) -> Result<GroupReader, String> {
        let builder = ParquetPushDecoderBuilder::new_with_metadata(self.footer.clone());
        let columns = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
        let builder = builder.with_row_groups(vec![group]).with_projection(columns).with_batch_size(most);
        let builder = builder.with_offset(rows.start).with_limit(rows.len());
        let decoder = builder.build().map_err(|error| self.odd(group, &error))?;
        Ok(GroupReader { group, decoder })
    }

    /// The next rows; none at the end.
    ///
    /// # Errors
    /// In words that name the file and the row group.
    pub(super) fn next(
        &self,
        GroupReader { group, decoder }: &mut GroupReader,
        stores: &Stores,
    ) -> Result<Option<RecordBatch>, String> {
        loop {
            match decoder.try_decode().map_err(|error| self.odd(*group, &error))? {
                DecodeResult::NeedsData(ranges) => {
                    let bytes = stores.ranges(&self.uri, &ranges)?;
                    decoder.push_ranges(ranges, bytes).map_err(|error| self.odd(*group, &error))?;
                }
                DecodeResult::Data(batch) => return Ok(Some(batch)),
                DecodeResult::Finished => return Ok(None),
            }
        }
    }

    /// All rows as an Arrow IPC stream.
    ///
    /// # Errors
    /// In words that name the file and the row group.
    pub(crate) fn whole(&self, stores: &Stores) -> Result<Vec<u8>, String> {
        let schema = self.footer.schema();
        let columns: Vec<_> = (0..schema.fields().len()).collect();
        let failed = |error: &dyn Display| format!("`{}`: {error}", self.uri);
        let mut writer = StreamWriter::try_new(Vec::new(), schema).map_err(|error| failed(&error))?;
        for (group, rows) in self.group_rows().enumerate() {
            let mut reader = self.read_group(group, &columns, 0..rows, ROWS)?;
            while let Some(batch) = self.next(&mut reader, stores)? {
                writer.write(&batch).map_err(|error| failed(&error))?;
            }
        }
        writer.into_inner().map_err(|error| failed(&error))
    }

    /// What is wrong with a row group.
    pub(super) fn odd(&self, group: usize, error: &dyn Display) -> String {
        // People count from 1.
        format!("`{}`: row group {} cannot be read: {error}", self.uri, group + 1)
    }
}

/// The bytes of the footer that a file ends with; none where it is no file of Parquet.
fn footer_length(end: &[u8]) -> Option<u64> {
    let (_, length) = end.strip_suffix(b"PAR1")?.split_last_chunk::<4>()?;
    Some(u64::from(u32::from_le_bytes(*length)) + 8)
}
