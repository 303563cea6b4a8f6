//! The host through its public surface: files of fixtures and of memory, numbers of other programs.

mod catalog;
mod exports;
mod failures;
mod parallel;
mod parquet;
mod stores;
mod support;
mod tables;
