//! Statements of PredictQL on a Ballista cluster.
//!
//! A client sends a plan of fragments to a scheduler, which gives their parts to executors. What travels of a fragment is the text of
//! its statement: every executor binds it for itself, over the same catalog.

mod client;
mod cluster;
mod executor;
mod failures;
mod scheduler;
mod session;
mod text;

pub use cluster::Cluster;
pub use executor::{ExecutorOptions, host_and_port, run_executor};
pub use scheduler::{SchedulerOptions, run_scheduler};
pub use session::session_config;
pub use text::{Running, Text};
