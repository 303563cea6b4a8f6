//! Parquet: row group by row group, and of these the columns that are asked for. Of a file the footer is held, and while it is read
//! the bytes of one row group's columns; never the whole.

mod file;
mod write;

pub(crate) use file::ParquetFile;
pub(crate) use write::ParquetWriter;
