//! Operators whose outputs are sums of parts that few columns decide: what each column has of a sum is known without
//! running the operator on mixtures of rows.

use anyhow::Result;

use crate::tensor::{Shares, Tensor};

/// What the columns of an operator's first output, a matrix, are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    /// Each of the column of the first input in its place.
    Own,
    /// Those of all inputs, one after the other.
    Joined,
    Mixed,
}

/// Rows against the rows of a background, as the operator's input, and who plays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Game<'a> {
    pub(crate) rows: &'a Tensor,
    /// At least one row; without them the rows of the training count.
    pub(crate) background: Option<&'a Tensor>,
    /// Whether these count at each step of a row's way, and not for each set of players.
    pub(crate) by_steps: bool,
    /// The player that each column of the input belongs to.
    pub(crate) players: &'a [u32],
    /// How many players there are.
    pub(crate) count: usize,
}

/// An operator whose output at [`position`](Self::position) is such a sum.
pub(crate) trait Additive {
    fn position(&self) -> usize;

    /// Whether it knows how many rows of the training went which way, so that it needs no background.
    fn has_covers(&self) -> bool {
        false
    }

    /// # Errors
    /// For inputs that the operator cannot take.
    fn shares(&self, game: Game<'_>) -> Result<Shares>;
}
