//! Rows through trees: blocks of rows, tree by tree, several walks in step.
//!
//! A walk waits for memory at every node; eight of them in step wait together. A block of rows and one tree stay in
//! the cache while they meet. Every walk takes as many steps as its tree is deep: one that has arrived stands still,
//! which costs less than asking at every step who has arrived.

use super::forest::{Forest, Node};
use super::leaves::Leaves;
use super::real::Real;

/// Walks that go in step.
const LANES: usize = 8;

/// Steps between two looks at who has arrived.
const AT_ONCE: u32 = 16;

/// Bytes of rows that go through one tree before the next one.
const BLOCK_BYTES: usize = 1 << 15;

/// How the leaves that a row reaches become its scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Min,
    Max,
}

/// The scores of rows, and which of them have been given a weight by any leaf.
pub(super) struct Scores<'a, T> {
    pub(super) values: &'a mut [T],
    pub(super) seen: &'a mut [bool],
}

impl<T: Real> Forest<T> {
    /// Hands the scores of every row to `finish`, in order. `values` holds rows of `width` features, at least as many
    /// as the forest asks for.
    pub(super) fn score(
        &self,
        values: &[T],
        width: usize,
        aggregate: Aggregate,
        mut finish: impl FnMut(Scores<'_, T>),
    ) {
        let rows = (BLOCK_BYTES / (width * size_of::<T>()).max(1)).clamp(LANES, 256) / LANES * LANES;
        let mut scores = vec![T::ZERO; rows * self.outputs];
        let mut seen = vec![false; rows * self.outputs];
        for block in values.chunks(rows * width) {
            scores.fill(T::ZERO);
            seen.fill(false);
            self.block(block, width, aggregate, Scores { values: &mut scores, seen: &mut seen });
            let rows = scores.chunks_mut(self.outputs).zip(seen.chunks_mut(self.outputs));
            rows.take(block.len() / width).for_each(|(values, seen)| finish(Scores { values, seen }));
        }
    }

    /// Adds the weights that the rows of `block` get from the trees to their scores; a row meets the trees in their
    /// order.
    #[expect(
        clippy::indexing_slicing,
        reason = "a group of rows starts less than `LANES` rows before its first one"
    )]
    fn block(&self, block: &[T], width: usize, aggregate: Aggregate, mut scores: Scores<'_, T>) {
        let rows = block.len() / width;
        let has_nan = block.iter().any(|value| value.is_nan());
        let walk = if has_nan { Self::walk::<true> } else { Self::walk::<false> };
        if rows < LANES {
            for row in 0..rows {
                for trees in self.trees.chunks(LANES) {
                    let mut at = [0; LANES];
                    at.iter_mut().zip(trees).for_each(|(at, tree)| *at = tree.root);
                    let depth = trees.iter().fold(0, |depth, tree| depth.max(tree.depth));
                    walk(self, depth, block, &mut at, &[row * width; LANES]);
                    for at in at.iter().take(trees.len()) {
                        self.add(std::slice::from_ref(at), row, aggregate, &mut scores);
                    }
                }
            }
            return;
        }
        for tree in &self.trees {
            for first in (0..rows).step_by(LANES) {
                // The last group may walk rows again that were in the group before: only those from `first` on count.
                let start = first.min(rows - LANES);
                let mut at = [tree.root; LANES];
                let starts = std::array::from_fn(|lane| (start + lane) * width);
                let mut left = tree.depth;
                while left > 0 {
                    let before = at;
                    walk(self, left.min(AT_ONCE), block, &mut at, &starts);
                    // Deep trees seldom take all rows to their bottom.
                    left = if at == before { 0 } else { left.saturating_sub(AT_ONCE) };
                }
                self.add(&at[first - start..], first, aggregate, &mut scores);
            }
        }
    }

    /// Walks `depth` steps from the nodes `at`, each for the row that starts at the same place of `starts`.
    #[expect(
        clippy::indexing_slicing,
        reason = "the builder proves that children lie in the forest; rows have the features asked for"
    )]
    fn walk<const NAN: bool>(&self, depth: u32, block: &[T], at: &mut [u32; LANES], starts: &[usize; LANES]) {
        for _ in 0..depth {
            for (at, start) in at.iter_mut().zip(starts) {
                let node: &Node<T> = &self.nodes[*at as usize];
                let value = block[start + node.feature as usize];
                let right = if NAN && value.is_nan() {
                    node.nan_goes_right()
                } else {
                    u32::from(value > node.threshold)
                };
                *at = node.child() + right;
            }
        }
    }

    /// Adds the weights of the leaves `at` to the scores of as many rows, from `row` on.
    #[expect(
        clippy::indexing_slicing,
        reason = "the builder proves that leaves have weights, for outputs that exist; there are scores for every row"
    )]
    fn add(&self, at: &[u32], row: usize, aggregate: Aggregate, scores: &mut Scores<'_, T>) {
        let range = row * self.outputs..(row + at.len()) * self.outputs;
        let values = scores.values[range.clone()].chunks_mut(self.outputs);
        let rows = values.zip(scores.seen[range].chunks_mut(self.outputs));
        let leaves = at.iter().map(|at| self.leaf_at[*at as usize] as usize);
        match (&self.leaves, aggregate) {
            (Leaves::Full(weights), Aggregate::Sum) => {
                for ((values, seen), leaf) in rows.zip(leaves) {
                    let weights = &weights[leaf * self.outputs..(leaf + 1) * self.outputs];
                    values.iter_mut().zip(weights).for_each(|(value, weight)| *value += *weight);
                    seen.fill(true);
                }
            }
            (Leaves::Single(weights), Aggregate::Sum) => {
                for ((values, seen), leaf) in rows.zip(leaves) {
                    let (output, weight) = weights[leaf];
                    values[output as usize] += weight;
                    seen[output as usize] = true;
                }
            }
            (all, _) => {
                for ((values, seen), leaf) in rows.zip(leaves) {
                    all.each(leaf, self.outputs, |output, weight| {
                        let (value, seen) = (&mut values[output], &mut seen[output]);
                        match aggregate {
                            Aggregate::Sum => *value += weight,
                            Aggregate::Min if !*seen || weight < *value => *value = weight,
                            Aggregate::Max if !*seen || weight > *value => *value = weight,
                            Aggregate::Min | Aggregate::Max => {}
                        }
                        *seen = true;
                    });
                }
            }
        }
    }
}
