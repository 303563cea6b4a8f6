//! Writes Parquet: streams of Arrow IPC become row groups, compressed with Snappy.

use std::io::Cursor;

use arrow_ipc::reader::StreamReader;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

/// Bytes of rows that become one row group, as they are held until it ends.
const GROUP: usize = 64 << 20;

/// A file that is written as its rows come.
#[derive(Default)]
pub struct ParquetWriter(Option<ArrowWriter<Vec<u8>>>);

impl ParquetWriter {
    /// Takes rows as an Arrow IPC stream; gives the bytes of the file that are ready.
    ///
    /// # Errors
    /// In the library's words.
    pub fn write(&mut self, stream: &[u8]) -> Result<Vec<u8>, String> {
        let rows = StreamReader::try_new(Cursor::new(stream), None).map_err(|error| error.to_string())?;
        let mut writer = match self.0.take() {
            Some(writer) => writer,
            None => {
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties))
                    .map_err(|error| error.to_string())?
            }
        };
        for batch in rows {
            writer.write(&batch.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
        }
        if writer.in_progress_size() >= GROUP {
            writer.flush().map_err(|error| error.to_string())?;
        }
        let ready = std::mem::take(writer.inner_mut());
        self.0 = Some(writer);
        Ok(ready)
    }

    /// The last bytes of the file.
    ///
    /// # Errors
    /// As [`ParquetWriter::write`].
    pub fn finish(self) -> Result<Vec<u8>, String> {
        let writer = self.0.ok_or("a file without columns")?;
        writer.into_inner().map_err(|error| error.to_string())
    }
}
