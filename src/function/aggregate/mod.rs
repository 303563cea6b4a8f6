//! Aggregate functions: one value out of the rows of a group. Sources: GoogleSQL, "Aggregate functions",
//! "Statistical aggregate functions" and "Approximate aggregate functions".
//!
//! What they have in common (DISTINCT, ORDER BY, LIMIT and IGNORE NULLS in the parentheses) is up to the caller. NULLs do not count, except for COUNT(*) and ARRAY_AGG.

mod bits;
mod collect;
mod count;
mod min_max;
mod ranking;
mod statistics;
mod string_agg;
mod sum;

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef};
use arrow_buffer::NullBuffer;
use predictql_kernels::groups::are_below;

use super::{Function, Held, Memory};
use crate::data::{DataType, Operand};
use crate::diag::{Invariant, Result, ensure};
use crate::limits::Limits;

/// Begins an aggregate over any number of groups.
pub(crate) type Start = fn(&Setup<'_>) -> Result<Box<dyn Accumulator>>;

/// What an aggregate is told of its call.
pub(crate) struct Setup<'a> {
    pub(crate) returns: &'a DataType,
    /// Whether RESPECT NULLS is written.
    pub(crate) respect_nulls: bool,
    pub(crate) limits: &'a Limits,
    /// What the query holds.
    pub(crate) memory: &'a Arc<Memory>,
}

/// The state of one aggregate function for all groups. A group that no row belongs to has a value too.
pub(crate) trait Accumulator: Send {
    /// Takes in rows: row `i` of `args` belongs to group `groups[i]`, of which there are `count` so far.
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()>;

    /// Lets the new group `to` begin with what `from` has taken in, which takes in no more.
    fn carry(&mut self, from: u32, to: u32) -> Result<()>;

    /// Does a piece of what is best done before values are asked for, when all rows are in; whether that was the last one.
    fn prepare(&mut self) -> Result<bool> {
        Ok(true)
    }

    /// The values of the groups in `range`, in their order. No rows come afterwards.
    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef>;

    /// The values over `frames`, rows of the columns `args` that move forwards, in place of groups. Called again it goes on with
    /// the same columns. `None` where each frame has to be taken in by itself.
    fn moving(&mut self, _args: &[Operand], _frames: &[Range<usize>]) -> Result<Option<ArrayRef>> {
        Ok(None)
    }
}

pub(crate) use count::GROUPING;
pub(super) use sum::TSQL_AVG;

/// All aggregate functions.
pub(super) fn functions() -> impl Iterator<Item = &'static Function> {
    [
        count::FUNCTIONS,
        sum::FUNCTIONS,
        min_max::FUNCTIONS,
        string_agg::FUNCTIONS,
        statistics::FUNCTIONS,
        collect::FUNCTIONS,
        bits::FUNCTIONS,
        ranking::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

/// # Errors
/// `limit-exceeded` where an aggregate function holds too many bytes of its rows.
fn check_held(held: &Held) -> Result<()> {
    let instead =
        "add LIMIT inside its parentheses, group fewer or shorter values, or leave ORDER BY out of OVER";
    held.check("an aggregate function", instead)
}

/// One state for each group.
#[derive(Default)]
struct States<T>(Vec<T>);

impl<T: Clone + Default> States<T> {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn grow(&mut self, count: usize) {
        if self.0.len() < count {
            self.0.resize(count, T::default());
        }
    }

    /// All states, of which there is one for each of `groups`, the numbers of `count` groups.
    fn all(&mut self, groups: &[u32], count: usize) -> Result<&mut [T]> {
        ensure(are_below(groups, count), "a row has an unknown group")?;
        self.grow(count);
        Ok(&mut self.0)
    }

    /// The state of a group; [`States::grow`] has made room for it.
    fn of(&mut self, group: u32) -> Result<&mut T> {
        self.0.get_mut(group as usize).invariant("a group's state")
    }

    /// Copies the state of `from` to the new group `to`, and returns it.
    fn carry(&mut self, from: u32, to: u32) -> Result<&T> {
        let state = self.of(from)?.clone();
        self.grow(to as usize + 1);
        let new = self.of(to)?;
        *new = state;
        Ok(new)
    }

    /// The states of the groups in `range`; a group that no row belonged to has the default.
    fn range(&mut self, range: Range<usize>) -> Result<&mut [T]> {
        self.grow(range.end);
        self.0.get_mut(range).invariant("the states of a range of groups")
    }
}

/// How many rows there are, and which of them are not NULL.
fn rows_of(column: &Operand) -> (usize, Option<NullBuffer>) {
    (column.array().len(), column.array().nulls().cloned())
}

/// The argument at this position; the binder has seen to it that it exists.
fn argument(args: &[Operand], position: usize) -> Result<&Operand> {
    args.get(position).invariant("an argument of the call")
}
