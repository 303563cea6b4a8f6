//! A table of Parquet files: all of them have the same columns, by their names.

use predictql::Limits;
use predictql::data::{Field, Schema};

use super::ParquetFile;
use crate::Stores;

/// The files of a table, in the order of their rows.
pub(crate) struct FileTable {
    files: Vec<ParquetFile>,
    limits: Limits,
}

impl FileTable {
    /// Reads the footers of the files.
    ///
    /// # Errors
    /// In words that name the file: of one that cannot be read, or has other columns than the first.
    pub(crate) fn open(stores: &Stores, uris: &[String], limits: &Limits) -> Result<Self, String> {
        let mut files: Vec<ParquetFile> = Vec::new();
        for uri in uris {
            let file = ParquetFile::open(stores, uri, limits)?;
            if let Some(first) = files.first() {
                check_columns(first, &file)?;
            }
            files.push(file);
        }
        Ok(Self { files, limits: limits.clone() })
    }

    /// The columns.
    pub(crate) fn schema(&self) -> &Schema {
        const NONE: &Schema = &Schema { fields: Vec::new() };
        self.files.first().map_or(NONE, ParquetFile::schema)
    }

    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(ParquetFile::size).sum()
    }

    /// How many rows each of the row groups has, in the order of the files.
    pub(crate) fn row_groups(&self) -> impl Iterator<Item = usize> {
        self.files().iter().flat_map(ParquetFile::group_rows)
    }

    pub(super) fn files(&self) -> &[ParquetFile] {
        &self.files
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// Rows whose types differ are not cast: that might change values.
fn check_columns(first: &ParquetFile, file: &ParquetFile) -> Result<(), String> {
    let is_in = |fields: &[Field], name: &str| fields.iter().any(|it| it.name.eq_ignore_ascii_case(name));
    let (expected, found) = (&first.schema().fields, &file.schema().fields);
    for Field { name, data_type } in expected {
        let here = found.iter().find(|it| it.name.eq_ignore_ascii_case(name));
        let lacks = match here {
            Some(here) if here.data_type == *data_type => continue,
            Some(here) => format!("column `{name}` holds {}, and {data_type}", here.data_type),
            None => format!("column `{name}` is missing, which holds {data_type}"),
        };
        return Err(format!("`{}`: {lacks} in `{}`", file.uri(), first.uri()));
    }
    match found.iter().find(|field| !is_in(expected, &field.name)) {
        Some(more) => {
            Err(format!("`{}` has a column `{}`, which `{}` has not", file.uri(), more.name, first.uri()))
        }
        None => Ok(()),
    }
}
