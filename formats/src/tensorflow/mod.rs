//! TensorFlow's files: graphs of operators, and the variables that they read.

mod body;
mod bundle;
mod call;
mod control;
mod dtype;
mod inline;
mod operators;
pub(crate) mod proto;
mod saved_model;
mod sstable;

pub(crate) use call::Call;
pub(crate) use control::MOST_ROUNDS;
pub(crate) use dtype::DataType;
pub(crate) use operators::{choice, translate};
pub(crate) use saved_model::{convert, convert_frozen};
