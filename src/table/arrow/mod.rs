//! Arrow IPC: reads any file or stream, writes one stream in pieces.
//!
//! `frame` finds the messages, `schema` reads what the columns are, `types` decides what SQL makes of them, and `column`
//! with `numbers` brings their values to the layout of that type. Arrow's own reader has code for every layout that there is, of which
//! most ends in one of ours: it was a twentieth of the engine for tables.

mod column;
mod flatbuffer;
mod format;
mod frame;
mod numbers;
mod read;
mod schema;
mod source;
mod types;
mod write;

pub use read::read_arrow;
pub(crate) use read::read_arrow_as;
pub use write::{END, write_batch, write_schema};

use crate::diag::{Code, Error};

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArrow, message)
}

/// The bytes contradict themselves in `what`.
fn damaged(what: &str) -> Error {
    invalid(format!("expected intact Arrow IPC, found damage in {what}"))
}

/// The values would take more than `most` bytes once they are unpacked.
fn too_large(most: usize) -> Error {
    Error::new(Code::LimitExceeded, format!("expected a table of at most {most} bytes unpacked, found more"))
        .hint("leave out columns or rows before exporting the table")
}
