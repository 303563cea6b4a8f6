//! Statements as plans of DataFusion: rows and errors are those of one process.

#[path = "../../../../tests/it/notation.rs"]
mod notation;
mod predict;
mod suite;
mod support;
