//! Parquet: row group by row group, and of these the columns that are asked for. Of a file the footer is held, and while it is read
//! the bytes of one row group's columns, packed as they are in the file; never the whole.

mod conform;
mod file;
mod share;
mod table;
mod write;

pub(crate) use file::ParquetFile;
pub(crate) use share::Share;
pub(crate) use table::FileTable;
pub use write::ParquetWriter;
