//! Batches as pieces of one Arrow IPC stream.

use std::sync::Arc;

use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Schema as ArrowSchema};

use crate::data::{Batch, Schema};
use crate::diag::{Error, Result};

/// Writes one IPC stream piece by piece. All pieces in order are a stream, and so are the first piece, the piece of any
/// batch and the last piece.
pub struct IpcWriter {
    schema: Arc<ArrowSchema>,
    stream: StreamWriter<Vec<u8>>,
}

impl IpcWriter {
    /// Starts a stream of rows of `schema`; returns the piece with the schema.
    ///
    /// # Errors
    /// `internal` where the schema cannot be written.
    pub fn new(schema: &Schema) -> Result<(Self, Vec<u8>)> {
        let schema = Arc::new(schema.to_arrow());
        let mut stream = StreamWriter::try_new(Vec::new(), &schema).map_err(failed)?;
        let piece = std::mem::take(stream.get_mut());
        Ok((Self { schema, stream }, piece))
    }

    /// The piece of one batch.
    ///
    /// # Errors
    /// `internal` where the batch does not have the layout of the schema.
    pub fn batch(&mut self, batch: &Batch) -> Result<Vec<u8>> {
        self.stream.write(&batch.to_arrow(&self.schema)?).map_err(failed)?;
        Ok(std::mem::take(self.stream.get_mut()))
    }

    /// The end marker.
    ///
    /// # Errors
    /// `internal` where it cannot be written.
    pub fn finish(self) -> Result<Vec<u8>> {
        self.stream.into_inner().map_err(failed)
    }
}

fn failed(error: ArrowError) -> Error {
    Error::internal("rows cannot be written as Arrow IPC").detail(error)
}
