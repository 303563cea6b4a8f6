//! Rows through trees, in blocks: a block of rows and one tree stay in the cache while they meet.

pub(super) use predictql_kernels::trees::Scores;
use predictql_kernels::trees::Weights;
use predictql_kernels::trees::{LANES, Rows};

use super::forest::Forest;
use super::leaves::Leaves;
use super::real::Real;

/// Bytes of rows that go through one tree before the next one.
const BLOCK_BYTES: usize = 1 << 15;

/// Blocks for each thread: whoever is quick takes more of them.
const BLOCKS: usize = 4;

/// How many multiplications take as long as the way of a row through a tree.
const COST: usize = 64;

/// How the leaves that a row reaches become its scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Min,
    Max,
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
        let count = values.len() / width.max(1);
        let piece = crew::piece(count, self.trees.len() * COST);
        let rows = (BLOCK_BYTES / (width * size_of::<T>()).max(1)).clamp(LANES, 256) / LANES * LANES;
        let rows = rows.min(piece.next_multiple_of(LANES));
        // Where threads share the blocks, each has some before the first row is finished.
        let round = if piece < count { count.min(rows * crew::threads() * BLOCKS) } else { rows };
        let mut scores = vec![T::ZERO; round * self.outputs];
        let mut seen = vec![false; round * self.outputs];
        for values in values.chunks(round * width) {
            scores.fill(T::ZERO);
            seen.fill(false);
            let own = scores.chunks_mut(rows * self.outputs).zip(seen.chunks_mut(rows * self.outputs));
            crew::each(values.chunks(rows * width).zip(own), |(block, (values, seen))| {
                self.block(block, width, aggregate, Scores { values, seen });
            });
            let rows = scores.chunks_mut(self.outputs).zip(seen.chunks_mut(self.outputs));
            rows.take(values.len() / width).for_each(|(values, seen)| finish(Scores { values, seen }));
        }
    }

    /// Adds the weights that the rows of `block` get from the trees to their scores; a row meets the trees in their
    /// order.
    fn block(&self, block: &[T], width: usize, aggregate: Aggregate, mut scores: Scores<'_, T>) {
        let count = block.len() / width;
        let nodes = self.nodes();
        let mut codes = vec![0; if nodes.sets.numbers.is_empty() { 0 } else { block.len() }];
        T::find_codes(block, width, nodes.sets, &mut codes);
        let rows = Rows { values: block, width, has_nan: T::any_nan(block), codes: &codes };
        if count >= LANES {
            let mut leaves = vec![0; count];
            for tree in &self.trees {
                T::many(nodes, *tree, rows, &mut leaves);
                self.add(&leaves, false, aggregate, &mut scores);
            }
            return;
        }
        let mut leaves = vec![0; self.trees.len()];
        let Scores { values, seen } = &mut scores;
        let own = values.chunks_mut(self.outputs).zip(seen.chunks_mut(self.outputs));
        for (row, (values, seen)) in own.take(count).enumerate() {
            T::one(nodes, &self.trees, rows, row * width, &mut leaves);
            self.add(&leaves, true, aggregate, &mut Scores { values, seen });
        }
    }

    /// Adds the weights of `leaves` to the scores of one row after the other, or of one row.
    #[expect(
        clippy::indexing_slicing,
        reason = "leaves have weights for outputs that exist, rows have scores"
    )]
    fn add(&self, leaves: &[u32], one_row: bool, aggregate: Aggregate, scores: &mut Scores<'_, T>) {
        let weights = match &self.leaves {
            Leaves::Full(weights) if aggregate == Aggregate::Sum => Weights::Full(weights),
            Leaves::Single(weights) if aggregate == Aggregate::Sum => Weights::Single(weights),
            all => {
                let mut row = 0;
                for leaf in leaves {
                    all.each(*leaf as usize, self.outputs, |output, weight| {
                        let (value, seen) =
                            (&mut scores.values[row + output], &mut scores.seen[row + output]);
                        match aggregate {
                            Aggregate::Sum => *value += weight,
                            Aggregate::Min if !*seen || weight < *value => *value = weight,
                            Aggregate::Max if !*seen || weight > *value => *value = weight,
                            Aggregate::Min | Aggregate::Max => {}
                        }
                        *seen = true;
                    });
                    row += if one_row { 0 } else { self.outputs };
                }
                return;
            }
        };
        T::add(weights, self.outputs, leaves, one_row, scores);
    }
}
