//! SQL predictions over ONNX models, for native programs and for the browser.
//!
//! The dialect is the predict part of GoogleSQL (BigQuery ML). Text becomes a tree (`syntax`), a plan with all
//! names and types resolved (`plan`), and then rows, batch by batch (`exec`); [`Engine`] is the way in.

// A cast that changes a number says why it may: one policy for all rooms.
#![warn(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

mod boosters;
mod catalog;
pub mod control;
pub mod data;
pub mod diag;
mod engine;
mod exec;
mod function;
mod image;
mod interpreter;
mod json;
mod limits;
pub mod model;
mod onnx;
mod operators;
mod plan;
mod syntax;
pub mod table;
mod tensor;
mod text;
#[cfg(target_family = "wasm")]
mod wasm;

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub use wasm::start;

pub use catalog::{ModelVersion, Registration, Relation, Traffic};
pub use engine::{
    Check, Completion, CompletionKind, Engine, Prepared, PreparedParameter, Query, Script, Session,
    StatementInfo, Step, Summary,
};
#[cfg(not(target_family = "wasm"))]
pub use engine::{Fragment, Fragments};
pub use exec::{ExportPiece, Request, Resource, TableFormat};
pub use function::{FunctionInfo, listing as functions};
pub use limits::Limits;
pub use plan::Params;
#[cfg(not(target_family = "wasm"))]
pub use plan::{Arrival, Distribution, Exchange};
pub use syntax::Dialect;
