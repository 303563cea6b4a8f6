//! Arrow IPC: reads any file or stream, writes one stream in pieces.

mod flat;
mod frame;
mod normalise;
mod read;
mod source;
mod types;
mod write;

pub use read::read_arrow;
pub(crate) use read::read_arrow_as;
pub use write::IpcWriter;
