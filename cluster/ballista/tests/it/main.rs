//! Statements on Ballista: rows and errors are those of one process.

mod loopback;
#[path = "../../../../tests/it/notation.rs"]
mod notation;
mod processes;
mod statements;
mod suite;
