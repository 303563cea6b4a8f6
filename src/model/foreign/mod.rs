//! Models of other formats.

pub(super) mod value;
