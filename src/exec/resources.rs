//! What a query requests from its host: bytes and listings. The core itself does no I/O.

use std::sync::Arc;

use litemap::LiteMap;

#[cfg(not(target_family = "wasm"))]
use crate::data::Batch;
use crate::diag::{Code, Error, Result};
#[cfg(not(target_family = "wasm"))]
use crate::table::Stream;
use crate::table::{Object, Part};

/// Something that only the host can provide.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resource {
    /// The bytes of a model file.
    Model {
        /// As the SQL text names it.
        uri: String,
    },
    /// A model of TensorFlow's formats as an ONNX file, which `predictql_formats::convert` makes of its files.
    Converted {
        /// The file, or a pattern that matches the files of a folder, as the SQL text names them.
        uri: String,
        /// The signature that is wanted of a SavedModel; none for the one that is served by default.
        signature: Option<String>,
    },
    /// The rows of a file of an external table.
    Table {
        /// As the SQL text names it.
        uri: String,
        /// The format of the file, which decides what the host provides.
        format: TableFormat,
        /// The encoding of a CSV that the host brings in UTF-8; none where its bytes are wanted as they are.
        encoding: Option<String>,
        /// The files of the table behind this one, where the host may answer for all of them, with
        /// [`Query::supply_table`](crate::Query::supply_table).
        #[cfg(not(target_family = "wasm"))]
        others: Option<Vec<String>>,
    },
    /// The next rows of a stream, in its format; no bytes are its end.
    Rows {
        /// The stream, by the name that it was registered with.
        table: String,
        /// Who asks: the number of the first request of those that belong together, which has none itself. Each reader of a file
        /// begins at its start; rows that come over time go to the reader that asks for them.
        reader: Option<u64>,
        /// Columns that have to be there.
        columns: Vec<String>,
        /// Rows that are wanted at once; fewer may come, and of a file more.
        most: usize,
        /// The part of the rows that is wanted; all, unless the host can divide them.
        part: Part,
    },
    /// The next rows of an input of a fragment, with all its columns.
    #[cfg(not(target_family = "wasm"))]
    Fragment {
        /// Its number among [`Fragment::inputs`](crate::Fragment::inputs).
        input: usize,
    },
    /// The bytes of an object of an object table.
    Object {
        /// As the object table names it.
        uri: String,
        /// Other objects that will be wanted soon: a host may read them while the query computes.
        following: Vec<String>,
    },
    /// What decodes pictures. The host answers with no bytes, once it is there.
    Decoder,
    /// What reads tokenizers. The host answers with no bytes, once it is there.
    Tokenizers,
    /// Take a piece of a file that a statement writes. The host answers with no bytes, once it has it.
    Export(ExportPiece),
    /// The objects that patterns match: at most one `*` each, which stands for any text.
    Objects {
        /// As the SQL text names them.
        uris: Vec<String>,
    },
}

/// The format of a file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableFormat {
    /// The host provides the file's bytes.
    Csv,
    /// The host provides the file's bytes: an Arrow IPC file or stream.
    Arrow,
    /// JSON or lines of JSON; the host brings its rows as Arrow IPC.
    Json,
    /// The host provides its rows as Arrow IPC.
    Parquet,
}

/// A piece of a file that `EXPORT DATA` writes. The pieces of a file come in their order, each when the host has answered
/// for the one before; of a statement that fails or is given up no last piece comes, and the file is not to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportPiece {
    /// As the SQL text names it, with the number of the file in the place of `*`.
    pub uri: String,
    /// The format of the file. For Parquet the bytes of each piece are an Arrow IPC stream, which the host writes as Parquet.
    pub format: TableFormat,
    /// Whether the host compresses the file.
    pub gzip: bool,
    /// Whether the file takes the place of one that is there: else that is to be refused.
    pub overwrite: bool,
    /// Whether the file begins.
    pub first: bool,
    /// Whether the file ends.
    pub last: bool,
    /// The bytes that follow those before.
    pub bytes: Arc<[u8]>,
}

/// A request for a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// To be given with the answer.
    pub id: u64,
    /// What is wanted.
    pub resource: Resource,
}

/// What the host answered to a request.
#[derive(Debug)]
pub(crate) enum Response {
    Bytes(Vec<u8>),
    Objects(Vec<Object>),
    /// The next rows; `None` at their end.
    #[cfg(not(target_family = "wasm"))]
    Rows(Option<Batch>),
    /// A table whose rows come while queries run, and how many there are.
    #[cfg(not(target_family = "wasm"))]
    Table(Stream, usize),
    /// What the rows have failed with.
    #[cfg(not(target_family = "wasm"))]
    Failed(Error),
    /// The resource is unavailable, in the host's words.
    Unavailable(String),
}

/// Pending requests, and the responses that were not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    last_id: u64,
    pending: LiteMap<u64, Resource>,
    responses: LiteMap<u64, Response>,
}

impl Requests {
    /// Requests a resource; returns the number of the request.
    pub(crate) fn request(&mut self, resource: Resource) -> u64 {
        self.last_id += 1;
        self.pending.insert(self.last_id, resource);
        self.last_id
    }

    /// Whether a request is pending.
    pub(crate) fn is_pending(&self, id: u64) -> bool {
        self.pending.contains_key(&id)
    }

    /// Whether no request is pending.
    pub(crate) fn all_answered(&self) -> bool {
        self.pending.is_empty()
    }

    /// The requests that have no response yet.
    pub(crate) fn pending(&self) -> Vec<Request> {
        self.pending.iter().map(|(id, resource)| Request { id: *id, resource: resource.clone() }).collect()
    }

    /// Stores the host's response.
    ///
    /// # Errors
    /// `internal` for a request that is not pending.
    pub(crate) fn respond(&mut self, id: u64, response: Response) -> Result<()> {
        match self.pending.remove(&id) {
            Some(_) => {
                self.responses.insert(id, response);
                Ok(())
            }
            None => Err(Error::internal(format!("nothing waits for an answer to request {id}"))),
        }
    }

    /// The bytes that request `id` was for.
    ///
    /// # Errors
    /// `resource-unavailable`, in the host's words; `internal` where the response is of another kind.
    pub(crate) fn take_bytes(&mut self, id: u64) -> Result<Vec<u8>> {
        match self.take(id)? {
            Response::Bytes(bytes) => Ok(bytes),
            _ => Err(Error::internal(format!("request {id} was for bytes"))),
        }
    }

    /// The rows that request `id` was for.
    ///
    /// # Errors
    /// As [`Requests::take_bytes`].
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn take_rows(&mut self, id: u64) -> Result<Option<Batch>> {
        match self.take(id)? {
            Response::Rows(rows) => Ok(rows),
            _ => Err(Error::internal(format!("request {id} was for rows"))),
        }
    }

    /// The table that request `id` was answered with; `None` where it was with bytes.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn take_table(&mut self, id: u64) -> Option<(Stream, usize)> {
        match self.responses.remove(&id)? {
            Response::Table(stream, rows) => Some((stream, rows)),
            other => {
                self.responses.insert(id, other);
                None
            }
        }
    }

    /// Whether rows have come for request `id`, and not bytes.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn has_rows(&self, id: u64) -> bool {
        matches!(self.responses.get(&id), Some(Response::Rows(_)))
    }

    /// The objects that request `id` was for.
    ///
    /// # Errors
    /// As [`Requests::take_bytes`].
    pub(crate) fn take_objects(&mut self, id: u64) -> Result<Vec<Object>> {
        match self.take(id)? {
            Response::Objects(objects) => Ok(objects),
            _ => Err(Error::internal(format!("request {id} was for a listing"))),
        }
    }

    fn take(&mut self, id: u64) -> Result<Response> {
        match self.responses.remove(&id) {
            Some(Response::Unavailable(message)) => Err(Error::new(Code::ResourceUnavailable, message)),
            #[cfg(not(target_family = "wasm"))]
            Some(Response::Failed(error)) => Err(error),
            Some(response) => Ok(response),
            None => Err(Error::internal(format!("request {id} has no answer"))),
        }
    }
}
