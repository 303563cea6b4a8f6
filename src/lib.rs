//! SQL predictions over ONNX models, for native programs and for the browser.

pub mod control;
pub mod data;
pub mod diag;
mod image;
mod limits;
pub mod table;

pub use limits::Limits;
