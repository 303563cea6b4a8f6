//! What a native program brings to the engine: files, object stores, Parquet, a catalog to begin with.
//!
//! The engine does no I/O: a query says what it needs. [`Host`] knows where that lies ([`Stores`]), [`Answers`] brings it to one
//! query, [`Catalog`] says what a database holds before a statement runs. Commands, threads and clusters stand on these.

mod answers;
mod catalog;
mod clock;
mod error;
mod exports;
mod finding;
mod host;
mod inputs;
mod job;
mod literal;
mod parallel;
mod parameters;
mod registry;
mod rows;
mod steps;
mod stores;
mod tables;
mod watch;

pub use answers::Answers;
pub use catalog::{Catalog, NamedSource};
pub use error::Error;
pub use finding::Finding;
pub use host::Host;
pub use inputs::Inputs;
pub use job::{Job, Run};
pub use parallel::run_parallel;
pub use parameters::{Parameter, params};
pub use registry::{Registered, Registry};
pub use rows::{Parts, Rows};
pub use steps::Steps;
pub use stores::{Meta, Stores, Upload};
pub use tables::ParquetWriter;
pub use watch::Watch;
