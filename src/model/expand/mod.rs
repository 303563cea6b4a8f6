//! What a graph says in other words is said in plain ones before it is loaded: functions of the model's own become
//! their nodes, sequences the tensors in them.
//!
//! It knows messages only, and neither tract nor which operators there are beyond what it is told.

mod functions;
mod sequences;

pub(super) use functions::inline;
pub(super) use sequences::resolve;
