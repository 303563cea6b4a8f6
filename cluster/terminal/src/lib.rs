//! What the commands share that people write into a terminal: what they are told, how they write rows, what they say where something
//! is wrong. This room runs no statements.

mod arguments;
mod failure;
mod output;
mod report;
mod size;

pub use arguments::{Bounds, Dialect, Format, Over, Writing};
pub use failure::{CANCELLED, Failure};
pub use output::{Output, Results, Rows};
pub use report::{report, tell_end};
