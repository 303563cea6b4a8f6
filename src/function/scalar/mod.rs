//! Scalar functions: a value from the values of one row, one file a topic.

mod fingerprint;

pub(super) use fingerprint::fingerprint;
