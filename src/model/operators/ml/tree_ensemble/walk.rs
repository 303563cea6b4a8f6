//! Rows through trees: blocks of rows, tree by tree, several walks in step.
//!
//! A walk waits for memory at every node; eight of them in step wait together. A block of rows and one tree stay in
//! the cache while they meet.

use super::forest::{Forest, Node, Real};

/// Walks that go in step.
const LANES: usize = 8;

/// Bytes of rows that go through one tree before the next one.
const BLOCK_BYTES: usize = 1 << 15;

/// How the leaves that a row reaches become its scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Min,
    Max,
}

/// The scores of one row, and which of them any leaf has spoken of.
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
            let add = |row: usize, leaf: u32| {
                let range = row * self.outputs..(row + 1) * self.outputs;
                if let (Some(values), Some(seen)) = (scores.get_mut(range.clone()), seen.get_mut(range)) {
                    self.add(leaf, aggregate, Scores { values, seen });
                }
            };
            match block.iter().any(|value| value.is_nan()) {
                false => self.leaves::<false>(block, width, add),
                true => self.leaves::<true>(block, width, add),
            }
            let rows = scores.chunks_mut(self.outputs).zip(seen.chunks_mut(self.outputs));
            rows.take(block.len() / width).for_each(|(values, seen)| finish(Scores { values, seen }));
        }
    }

    /// Finds the leaf of every row of `block` in every tree; a row meets the trees in their order.
    fn leaves<const NAN: bool>(&self, block: &[T], width: usize, mut found: impl FnMut(usize, u32)) {
        let rows = block.len() / width;
        if rows < LANES {
            for row in 0..rows {
                for roots in self.roots.chunks(LANES) {
                    let mut at = [roots.first().copied().unwrap_or_default(); LANES];
                    at.iter_mut().zip(roots).for_each(|(at, root)| *at = *root);
                    self.walk::<NAN>(block, &mut at, &[row * width; LANES]);
                    at.iter().take(roots.len()).for_each(|at| found(row, self.leaf(*at)));
                }
            }
            return;
        }
        for root in &self.roots {
            for first in (0..rows).step_by(LANES) {
                // The last group may take rows again that have been here: it counts those from `first` on only.
                let start = first.min(rows - LANES);
                let mut at = [*root; LANES];
                let starts = std::array::from_fn(|lane| (start + lane) * width);
                self.walk::<NAN>(block, &mut at, &starts);
                (start..).zip(&at).skip(first - start).for_each(|(row, at)| found(row, self.leaf(*at)));
            }
        }
    }

    /// Walks from the nodes `at` down to leaves, each for the row that starts at the same place of `starts`.
    #[expect(
        clippy::indexing_slicing,
        reason = "the builder proves that children lie in the forest; rows have the features asked for"
    )]
    fn walk<const NAN: bool>(&self, block: &[T], at: &mut [u32; LANES], starts: &[usize; LANES]) {
        loop {
            let mut moved = 0;
            for (at, start) in at.iter_mut().zip(starts) {
                let node: &Node<T> = &self.nodes[*at as usize];
                let value = block[start + node.feature as usize];
                let right = if NAN && value.is_nan() {
                    node.nan_goes_right()
                } else {
                    u32::from(value > node.threshold)
                };
                let next = node.child() + right;
                moved |= next ^ *at;
                *at = next;
            }
            if moved == 0 {
                return;
            }
        }
    }

    fn leaf(&self, at: u32) -> u32 {
        self.leaf_at.get(at as usize).copied().unwrap_or_default()
    }

    fn add(&self, leaf: u32, aggregate: Aggregate, scores: Scores<'_, T>) {
        let (outputs, weights) = self.leaves.get(leaf);
        if self.leaves.dense && aggregate == Aggregate::Sum {
            scores.values.iter_mut().zip(weights).for_each(|(score, weight)| *score += *weight);
            scores.seen.fill(true);
            return;
        }
        for (output, weight) in outputs.iter().zip(weights) {
            let place = *output as usize;
            if let (Some(score), Some(seen)) = (scores.values.get_mut(place), scores.seen.get_mut(place)) {
                match aggregate {
                    Aggregate::Sum => *score += *weight,
                    Aggregate::Min if !*seen || *weight < *score => *score = *weight,
                    Aggregate::Max if !*seen || *weight > *score => *score = *weight,
                    Aggregate::Min | Aggregate::Max => {}
                }
                *seen = true;
            }
        }
    }
}
