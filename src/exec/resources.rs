//! What a query asks its host for: bytes and listings. The core never fetches.

use std::collections::BTreeMap;

use crate::diag::{Code, Error, Result};
use crate::table::Object;

/// Something that only the host can bring.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resource {
    /// The bytes of a model file.
    Model {
        /// As the SQL text names it.
        uri: String,
    },
    /// The rows of a file of an external table.
    Table {
        /// As the SQL text names it.
        uri: String,
        /// How the file is written, and so what is wanted of it.
        format: TableFormat,
    },
    /// The bytes of an object of an object table.
    Object {
        /// As the object table names it.
        uri: String,
    },
    /// The objects that patterns match: at most one `*` each, which stands for any text.
    Objects {
        /// As the SQL text names them.
        uris: Vec<String>,
    },
}

/// How a file of rows is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableFormat {
    /// The host brings the file's bytes.
    Csv,
    /// The host brings the file's bytes: an Arrow IPC file or stream.
    Arrow,
    /// JSON or lines of JSON; the host brings its rows as Arrow IPC.
    Json,
    /// The host brings its rows as Arrow IPC.
    Parquet,
}

/// A numbered wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// For the answer.
    pub id: u64,
    /// What is wanted.
    pub resource: Resource,
}

/// What the host brought.
#[derive(Debug)]
pub(crate) enum Answer {
    Bytes(Vec<u8>),
    Objects(Vec<Object>),
    /// It cannot be had, in the host's words.
    Refused(String),
}

/// Open requests and their answers.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    next_id: u64,
    open: BTreeMap<u64, Resource>,
    answers: BTreeMap<u64, Answer>,
}

impl Resources {
    /// Asks for something.
    pub(crate) fn request(&mut self, resource: Resource) -> u64 {
        self.next_id += 1;
        self.open.insert(self.next_id, resource);
        self.next_id
    }

    /// Whether everything that was asked for is there.
    pub(crate) fn is_complete(&self) -> bool {
        self.open.is_empty()
    }

    /// What is still wanted.
    pub(crate) fn open(&self) -> Vec<Request> {
        self.open.iter().map(|(id, resource)| Request { id: *id, resource: resource.clone() }).collect()
    }

    /// Takes the host's answer in.
    ///
    /// # Errors
    /// `internal` for an answer that nobody asked for.
    pub(crate) fn answer(&mut self, id: u64, answer: Answer) -> Result<()> {
        match self.open.remove(&id) {
            Some(_) => {
                self.answers.insert(id, answer);
                Ok(())
            }
            None => Err(Error::new(Code::Internal, format!("nothing waits for an answer to request {id}"))),
        }
    }

    /// The bytes that request `id` was for.
    ///
    /// # Errors
    /// `resource-unavailable`, in the host's words; `internal` where the answer is of another kind.
    pub(crate) fn take_bytes(&mut self, id: u64) -> Result<Vec<u8>> {
        match self.take(id)? {
            Answer::Bytes(bytes) => Ok(bytes),
            _ => Err(Error::new(Code::Internal, format!("request {id} was for bytes"))),
        }
    }

    /// The objects that request `id` was for.
    ///
    /// # Errors
    /// As [`Resources::take_bytes`].
    pub(crate) fn take_objects(&mut self, id: u64) -> Result<Vec<Object>> {
        match self.take(id)? {
            Answer::Objects(objects) => Ok(objects),
            _ => Err(Error::new(Code::Internal, format!("request {id} was for a listing"))),
        }
    }

    fn take(&mut self, id: u64) -> Result<Answer> {
        match self.answers.remove(&id) {
            Some(Answer::Refused(message)) => Err(Error::new(Code::ResourceUnavailable, message)),
            Some(answer) => Ok(answer),
            None => Err(Error::new(Code::Internal, format!("request {id} has no answer"))),
        }
    }
}
