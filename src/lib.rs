//! SQL predictions over ONNX models, for native programs and for the browser.

pub mod control;
pub mod data;
pub mod diag;
mod limits;
pub mod model;

pub use limits::Limits;
