//! Native tests of the whole, through the public surface only.
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
mod external;
mod feeding;
mod gaps;
mod host;
mod image;
mod loading;
mod mismatches;
mod mutations;
mod notation;
mod operators;
mod prepared;
mod provenance;
mod reference;
mod regex;
mod row_axis;
mod stepping;
mod suite;
mod table;
mod table_arrow;
mod table_csv;
mod table_fixtures;
mod table_objects;
#[path = "../conformance/tensor.rs"]
mod tensor;
mod time_zones;
mod tsql;
mod tutorials;
