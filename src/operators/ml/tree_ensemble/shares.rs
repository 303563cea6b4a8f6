//! Shapley values of forests, by the masks of [`predictql_kernels::shapley`].

use anyhow::{Result, ensure};
use predictql_kernels::shapley::{Ask, Question, Weights, share, share_by_parts};
use predictql_kernels::trees::step_with_nan;

use super::super::feature_matrix;
use super::forest::Forest;
use super::real::Real;
use crate::limits::SHARED_DEPTH;
use crate::operators::Game;
use crate::tensor::{Element, Shares};

impl<T: Real + Ask + Element> Forest<T> {
    /// Whether every leaf has one way to it, that is short enough for masks.
    pub(super) fn has_shares(&self) -> bool {
        !self.joins && self.trees.iter().all(|tree| tree.depth <= SHARED_DEPTH)
    }

    /// The shares of all players in the sums of the trees, each of these times `scale`.
    pub(super) fn shares(&self, game: Game<'_>, scale: f64) -> Result<Shares> {
        let Game { rows, background, players, count, by_steps } = game;
        let (number, width) = feature_matrix::dimensions(rows)?;
        let others = match background {
            Some(background) => {
                let (others, other_width) = feature_matrix::dimensions(background)?;
                ensure!(width == other_width && others > 0, "the background has the same columns");
                others
            }
            None => {
                ensure!(!self.covers.is_empty(), "the trees need a background");
                0
            }
        };
        ensure!(width >= self.features && width == players.len(), "the trees ask for more than there is");
        ensure!(players.iter().all(|player| (*player as usize) < count), "a player is not counted");
        let rows = rows.cast(T::TYPE)?;
        let background = background.map(|background| background.cast(T::TYPE)).transpose()?;
        let background = match &background {
            Some(background) => background.elements()?,
            None => &[],
        };
        if by_steps {
            return Ok(self.steps(rows.elements()?, width, players, count, scale));
        }
        let mut sums = Sums {
            forest: self,
            sides: [rows.elements()?, background],
            width,
            players,
            count,
            scale,
            weights: Weights::default(),
            path: Vec::new(),
            parts: Vec::new(),
            shares: Shares {
                values: vec![0.0; number * self.outputs * count],
                base: vec![0.0; self.outputs],
            },
        };
        for tree in &self.trees {
            sums.below(tree.root, &[vec![0; number], vec![0; others]])?;
        }
        Ok(sums.shares)
    }
}

impl<T: Real> Forest<T> {
    /// The mean of each output over the rows of the training that came to each node.
    #[expect(
        clippy::indexing_slicing,
        reason = "`Forest::build` has checked children, which follow behind their parents; `shares` that there are covers"
    )]
    fn means(&self) -> Vec<f64> {
        let (outputs, covers) = (self.outputs, &self.covers);
        let mut means = vec![0.0; self.nodes.len() * outputs];
        for (at, node) in self.nodes.iter().enumerate().rev() {
            let (own, below) = means[at * outputs..].split_at_mut(outputs);
            let child = (node.child >> 1) as usize;
            if child == at {
                self.leaves.each(self.leaf_at[at] as usize, outputs, |output, weight| {
                    own[output] += weight.to_f64()
                });
                continue;
            }
            let (left, right) = below[(child - at - 1) * outputs..].split_at(outputs);
            for (mean, (left, right)) in own.iter_mut().zip(left.iter().zip(right)) {
                *mean = (left * covers[child] + right * covers[child + 1]) / covers[at];
            }
        }
        means
    }

    /// What each step of a row's way changes of these means, for the player who is asked there.
    #[expect(
        clippy::indexing_slicing,
        reason = "`Forest::build` has checked children, `shares` the features and players"
    )]
    fn steps(&self, rows: &[T], width: usize, players: &[u32], count: usize, scale: f64) -> Shares {
        let (outputs, means) = (self.outputs, self.means());
        let mean = |at: usize| means[at * outputs..].iter().take(outputs).map(|mean| mean * scale);
        let mut values = vec![0.0; rows.len() / width * outputs * count];
        let mut base = vec![0.0; outputs];
        for tree in &self.trees {
            let root = tree.root as usize;
            base.iter_mut().zip(mean(root)).for_each(|(base, mean)| *base += mean);
            for (row, values) in rows.chunks(width).zip(values.chunks_mut(outputs * count)) {
                let mut at = root;
                for _ in 0..tree.depth {
                    let node = &self.nodes[at];
                    let next = step_with_nan(node, row[node.feature as usize]) as usize;
                    let player = players[node.feature as usize] as usize;
                    let own = values[player..].iter_mut().step_by(count);
                    own.zip(mean(next).zip(mean(at))).for_each(|(own, (next, at))| *own += next - at);
                    at = next;
                }
            }
        }
        Shares { values, base }
    }
}

/// A walk over all leaves.
struct Sums<'a, T> {
    forest: &'a Forest<T>,
    /// The rows, and the background.
    sides: [&'a [T]; 2],
    width: usize,
    players: &'a [u32],
    count: usize,
    scale: f64,
    weights: Weights,
    /// The players who are asked on the way to a node; the first one has the lowest bit.
    path: Vec<u32>,
    /// Where there is no background, the part of the training's rows that went this way by the questions for each of them.
    parts: Vec<f64>,
    shares: Shares,
}

impl<T: Real + Ask> Sums<'_, T> {
    /// Goes to the leaves below the node `at`, to which `masks` belong: of the rows, and of the background.
    #[expect(
        clippy::indexing_slicing,
        reason = "`Forest::build` has checked children, `shares` the features"
    )]
    fn below(&mut self, at: u32, masks: &[Vec<u64>; 2]) -> Result<()> {
        let node = self.forest.nodes[at as usize];
        let child = node.child >> 1;
        if child == at {
            return self.leaf(self.forest.leaf_at[at as usize] as usize, masks);
        }
        let feature = node.feature as usize;
        let player = self.players[feature];
        let known = self.path.iter().position(|known| *known == player);
        let place = known.unwrap_or(self.path.len());
        if known.is_none() {
            self.path.push(player);
            self.parts.push(1.0);
        }
        for answer in [false, true] {
            let question = Question { threshold: node.threshold, feature, nan: node.child & 1 == 1, answer };
            let mut below = masks.clone();
            for (values, masks) in self.sides.iter().zip(&mut below) {
                T::ask(values, self.width, question, 1 << place, known.is_none(), masks);
            }
            let next = child + u32::from(answer);
            let part = self.parts[place];
            if let Some((cover, all)) =
                self.forest.covers.get(next as usize).zip(self.forest.covers.get(at as usize))
            {
                self.parts[place] *= cover / all;
            }
            if self.is_reached(&below) {
                self.below(next, &below)?;
            }
            self.parts[place] = part;
        }
        if known.is_none() {
            self.path.pop();
            self.parts.pop();
        }
        Ok(())
    }

    /// Every player of the path.
    fn all(&self) -> u64 {
        (0..self.path.len()).fold(0, |all, player| all | 1 << player)
    }

    /// Whether any mixture of a row and one of the background comes here.
    fn is_reached(&self, [rows, background]: &[Vec<u64>; 2]) -> bool {
        if background.is_empty() {
            return true;
        }
        let (all, any) = (self.all(), background.iter().fold(0, |any, mask| any | mask));
        background.contains(&all) || rows.iter().any(|mask| mask | any == all)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "leaves have outputs of the forest, `shares` has checked players and made room for all"
    )]
    fn leaf(&mut self, leaf: usize, [rows, background]: &[Vec<u64>; 2]) -> Result<()> {
        let all = self.all();
        let mut background = background.clone();
        background.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "there are few rows in a background")]
        let part = |rows: usize| rows as f64 / background.len() as f64;
        let different: Vec<(u64, f64)> = background
            .chunk_by(|a, b| a == b)
            .filter_map(|same| same.first().map(|mask| (*mask, part(same.len()))))
            .collect();
        let any = background.iter().fold(0, |any, mask| any | mask);
        let (outputs, count, scale) = (self.forest.outputs, self.count, self.scale);
        let Shares { values, base } = &mut self.shares;
        let by_parts = background.is_empty();
        let whole = different.iter().find(|(mask, _)| *mask == all).map(|(_, part)| *part);
        if let Some(part) = if by_parts { Some(self.parts.iter().product()) } else { whole } {
            self.forest.leaves.each(leaf, outputs, |output, weight| {
                base[output] += weight.to_f64() * scale * part;
            });
        }
        let mut reached: Vec<(u64, usize)> =
            rows.iter().copied().zip(0..).filter(|(mask, _)| by_parts || mask | any == all).collect();
        reached.sort_unstable();
        let mut own = vec![0.0; self.path.len()];
        for same in reached.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((mask, _)) = same.first() else { continue };
            own.fill(0.0);
            if by_parts {
                share_by_parts(*mask, &self.parts, &mut own);
            } else {
                share(u32::try_from(self.path.len())?, *mask, &different, &self.weights, &mut own);
            }
            if own.iter().all(|share| *share == 0.0) {
                continue;
            }
            for (_, row) in same {
                self.forest.leaves.each(leaf, outputs, |output, weight| {
                    let weight = weight.to_f64() * scale;
                    let start = (row * outputs + output) * count;
                    for (share, player) in own.iter().zip(&self.path) {
                        values[start + *player as usize] += weight * share;
                    }
                });
            }
        }
        Ok(())
    }
}
