//! Aggregate functions: one value out of the rows of a group.
//!
//! What all of them share (DISTINCT, ORDER BY and LIMIT in the parentheses, NULLs that do not count) is seen to by
//! who calls them.

use arrow_array::ArrayRef;

use crate::data::{DataType, Operand};
use crate::diag::Result;

/// Begins an aggregate over any number of groups.
pub(crate) type Start = fn(&Setup<'_>) -> Result<Box<dyn Accumulator>>;

/// The types that a call was settled on.
pub(crate) struct Setup<'a> {
    pub(crate) types: &'a [DataType],
    pub(crate) returns: &'a DataType,
}

/// The state of one aggregate function for all groups.
pub(crate) trait Accumulator: Send {
    /// Takes in rows: row `i` of `args` belongs to group `groups[i]`, of which there are `count` so far.
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()>;

    /// The values of the groups in `range`, in their order. May be asked for between updates.
    fn values(&mut self, range: std::ops::Range<usize>) -> Result<ArrayRef>;
}
