//! Scalar functions: a value from the values of one row, one file a topic.

mod array;
mod condition;
mod date;
pub(super) mod date_format;
mod date_parse;
mod date_part;
mod datetime;
mod fingerprint;
mod format;
mod hash;
pub(super) mod interval;
mod json;
mod math;
mod regex;
mod string;

use super::Function;

pub(super) use array::concat as concat_arrays;
pub(super) use date::{add_days, add_to_timestamp};
pub(super) use datetime::add_to_datetime;
pub(super) use fingerprint::fingerprint;
pub(crate) use hash::md5_hash;
pub(super) use string::concat;

/// The functions, by topic.
pub(super) const TOPICS: &[&[Function]] = &[
    math::FUNCTIONS,
    string::FUNCTIONS,
    regex::FUNCTIONS,
    date::FUNCTIONS,
    datetime::FUNCTIONS,
    array::FUNCTIONS,
    condition::FUNCTIONS,
    hash::FUNCTIONS,
    json::FUNCTIONS,
    format::FUNCTIONS,
    interval::FUNCTIONS,
];
