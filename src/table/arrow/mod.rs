//! Arrow IPC: any file or stream in, one stream in pieces out.

mod frame;
mod normalise;
mod read;
mod write;

pub use read::read_arrow;
pub use write::IpcWriter;
