//! Answers what one query needs, and holds what it has open meanwhile: readers of tables, the file that it writes.

use predictql::{Query, Request, Resource};

use crate::exports::Export;
use crate::{Error, Host, Inputs, tables};

/// What answers one query. Dropping it closes what the query has open: of a file that has not ended nothing stays.
pub struct Answers {
    host: Host,
    export: Export,
}

impl Answers {
    pub(crate) fn new(host: Host) -> Self {
        let export = Export::new(host.stores().clone());
        Self { host, export }
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
                Resource::Model { uri } | Resource::Object { uri, .. } => stores.read(&uri).map(Vec::from),
                Resource::Converted { uri, signature } => tables::converted(stores, &uri, signature),
                Resource::Table { uri, format, encoding } => {
                    tables::whole(stores, &uri, format, encoding.as_deref())
                }
                Resource::Export(piece) => self.export.take(&piece).map(|()| Vec::new()),
                // They are part of this program.
                Resource::Decoder | Resource::Tokenizers => Ok(Vec::new()),
                Resource::Objects { uris } => match stores.list_all(&uris) {
                    Ok(objects) => {
                        query.supply_objects(id, objects)?;
                        continue;
                    }
                    Err(words) => Err(words),
                },
                other => Err(format!("this host cannot bring {other:?}")),
            };
            match answer {
                Ok(bytes) => query.supply(id, bytes)?,
                Err(words) => query.refuse(id, words)?,
            }
        }
        Ok(())
    }
}
