//! The host through its public surface: files of fixtures and of memory, numbers of other programs.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and this is no library"
)]

mod catalog;
mod exports;
mod failures;
mod parallel;
mod parquet;
mod registry;
mod stores;
mod support;
mod tables;
