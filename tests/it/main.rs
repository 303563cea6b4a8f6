//! Native tests of the whole, through the public surface only. The engine for tables takes those that need no network and no pictures.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that panics has failed, and this is no library"
)]

mod agreement;
mod boosters;
mod completion;
mod documented;
mod exporting;
mod external;
#[cfg(feature = "full")]
mod feeding;
mod forgiving;
mod fragments;
mod frames;
mod gaps;
mod host;
mod image;
mod jobs;
mod judging;
#[cfg(feature = "full")]
mod lengths;
mod limits;
#[cfg(feature = "full")]
mod loading;
#[cfg(feature = "full")]
mod mismatches;
mod moments;
mod mutations;
mod notation;
#[cfg(feature = "full")]
mod operators;
mod prepared;
#[cfg(feature = "full")]
mod provenance;
#[cfg(feature = "full")]
mod reference;
mod regex;
mod row_axis;
#[cfg(feature = "full")]
mod sequences;
#[cfg(feature = "full")]
mod states;
mod stepping;
mod streams;
mod suite;
mod table;
mod table_arrow;
mod table_csv;
mod table_fixtures;
mod table_objects;
#[cfg(feature = "full")]
#[path = "../conformance/tensor.rs"]
mod tensor;
mod tensorflow;
#[cfg(feature = "full")]
mod texts;
#[cfg(feature = "full")]
mod threads;
mod time_zones;
mod traffic;
mod tsql;
mod tutorials;
mod versions;
