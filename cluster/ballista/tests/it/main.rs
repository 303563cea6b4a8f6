//! Statements on Ballista: rows and errors are those of one process.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and this is no library"
)]

mod loopback;
#[path = "../../../../tests/it/notation.rs"]
mod notation;
mod processes;
mod statements;
mod suite;
