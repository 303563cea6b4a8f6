//! Answers what one query needs, and holds what it has open meanwhile: readers of tables, the file that it writes.

use std::collections::HashMap;

use predictql::data::Batch;
use predictql::table::Part;
use predictql::{Query, Request, Resource, TableFormat};

use crate::exports::Export;
use crate::tables::{self, Share};
use crate::{Error, Host, Inputs};

/// What answers one query. Dropping it closes what the query has open: of a file that has not ended nothing stays.
pub struct Answers {
    host: Host,
    export: Export,
    /// By the first request of each.
    readers: HashMap<u64, Share>,
}

impl Answers {
    pub(crate) fn new(host: Host) -> Self {
        let export = Export::new(host.stores().clone());
        Self { host, export, readers: HashMap::new() }
    }

    /// Answers all requests of a step.
    ///
    /// # Errors
    /// Where an input fails. What cannot be brought is refused, and the query says it at its next step, with its place.
    pub fn answer(
        &mut self,
        query: &mut Query,
        requests: Vec<Request>,
        inputs: &mut dyn Inputs,
    ) -> Result<(), Error> {
        for Request { id, resource } in requests {
            let stores = self.host.stores();
            let answer = match resource {
                Resource::Model { uri } | Resource::Object { uri, .. } => bytes(stores.read(&uri)),
                Resource::Converted { uri, signature } => bytes(tables::converted(stores, &uri, signature)),
                Resource::Table { uri, format: TableFormat::Parquet, others: Some(others), .. } => {
                    match self.host.open_table(uri, others) {
                        Ok((source, table)) => {
                            let (schema, rows) = (table.schema().clone(), table.row_groups().sum());
                            query.supply_table(id, &source, schema, table.bytes(), rows)?;
                            continue;
                        }
                        Err(words) => Err(words),
                    }
                }
                Resource::Table { uri, format, encoding, .. } => {
                    bytes(tables::whole(stores, &uri, format, encoding.as_deref(), self.host.limits()))
                }
                Resource::Rows { table, reader, columns, most, part } => {
                    self.rows(id, &table, reader, &columns, most, part).map(Answer::Rows)
                }
                Resource::Fragment { input } => match inputs.next(input) {
                    Ok(rows) => Ok(Answer::Rows(rows)),
                    Err(Error::Statement(error)) => {
                        query.fail(id, error)?;
                        continue;
                    }
                    Err(error) => return Err(error),
                },
                Resource::Export(_) if !self.host.writes() => Ok(Answer::Bytes(Vec::new())),
                Resource::Export(piece) => self.export.take(&piece).map(|()| Answer::Bytes(Vec::new())),
                // They are part of this program.
                Resource::Decoder | Resource::Tokenizers => Ok(Answer::Bytes(Vec::new())),
                Resource::Objects { uris } => stores.list_all(&uris).map(Answer::Objects),
                other => Err(format!("this host cannot bring {other:?}")),
            };
            match answer {
                Ok(Answer::Bytes(bytes)) => query.supply(id, bytes)?,
                Ok(Answer::Objects(objects)) => query.supply_objects(id, objects)?,
                Ok(Answer::Rows(rows)) => query.supply_rows(id, rows)?,
                Err(words) => query.refuse(id, words)?,
            }
        }
        if let Some(summary) = inputs.ended() {
            query.add(summary);
        }
        Ok(())
    }

    fn rows(
        &mut self,
        id: u64,
        table: &str,
        reader: Option<u64>,
        columns: &[String],
        most: usize,
        part: Part,
    ) -> Result<Option<Batch>, String> {
        if reader.is_none() {
            let files = self.host.table(table).ok_or_else(|| format!("`{table}` has no files here"))?;
            self.readers.insert(id, Share::new(files, columns, part)?);
        }
        let reader = reader.unwrap_or(id);
        let share = self.readers.get_mut(&reader);
        // Whoever begins anew here would give rows twice.
        let share = share.ok_or_else(|| format!("the rows of `{table}` were begun by other answers"))?;
        let rows = share.next(self.host.stores(), most)?;
        match &rows {
            Some(rows) => self.host.add_rows_read(rows.rows()),
            None => drop(self.readers.remove(&reader)),
        }
        Ok(rows)
    }
}

enum Answer {
    Bytes(Vec<u8>),
    Objects(Vec<predictql::table::Object>),
    Rows(Option<Batch>),
}

fn bytes(read: Result<impl Into<Vec<u8>>, String>) -> Result<Answer, String> {
    read.map(|bytes| Answer::Bytes(bytes.into()))
}
