//! Shapley values of sums of trees, for rows against the rows of a background: what [`crate::trees`] would say of every
//! mixture of two rows, without making one.
//!
//! A leaf asks something of the few players (features, or groups of them) on its path. The bit of a player in a row's
//! mask says whether the row has what the leaf asks of it. A mixture comes to the leaf where each player is taken from a
//! row that has; so a leaf is a game of the players that only one of both rows can answer, whose values are known
//! (Lundberg and others, "From local explanations to global understanding with explainable AI for trees", 2020).

/// The question of a node, and the answer that its child stands for.
#[derive(Debug, Clone, Copy)]
pub struct Question<T> {
    /// What the feature is compared with: the answer is yes where it is greater.
    pub threshold: T,
    /// The feature asked for.
    pub feature: usize,
    /// The answer for NaN.
    pub nan: bool,
    /// The answer asked for.
    pub answer: bool,
}

/// Rows by one player after the other can be asked.
pub trait Ask: Copy {
    /// Sets the `bit` of the player that the question is for in the mask of each row of `width` values, if it `is_new`,
    /// and clears it where the answer is another one.
    fn ask(
        values: &[Self],
        width: usize,
        question: Question<Self>,
        bit: u64,
        is_new: bool,
        masks: &mut [u64],
    );
}

macro_rules! ask {
    ($float:ty) => {
        impl Ask for $float {
            #[inline(never)]
            fn ask(
                values: &[Self],
                width: usize,
                question: Question<Self>,
                bit: u64,
                is_new: bool,
                masks: &mut [u64],
            ) {
                let Question { threshold, feature, nan, answer } = question;
                let set = if is_new { bit } else { 0 };
                let values = values.iter().skip(feature).step_by(width.max(1));
                for (mask, value) in masks.iter_mut().zip(values) {
                    let is_right = *value > threshold || (nan && value.is_nan());
                    let keep = if is_right == answer { u64::MAX } else { !bit };
                    *mask = (*mask | set) & keep;
                }
            }
        }
    };
}

ask!(f32);
ask!(f64);

/// Adds to `shares`, one for each of the `players` of a leaf, what they have of a leaf of weight 1, as the mean over a
/// background: `row` is the mask of the row, `background` has the different masks of the background, each with how many
/// of all its rows have it.
#[inline(never)]
pub fn share(players: u32, row: u64, background: &[(u64, f64)], weights: &Weights, shares: &mut [f64]) {
    let all = if players >= 64 { u64::MAX } else { (1 << players) - 1 };
    for (mask, part) in background {
        if row | mask != all {
            continue;
        }
        let (of_row, of_other) = (all & !mask, all & !row);
        let (up, down) = weights.of(of_row.count_ones(), of_other.count_ones());
        each(of_row, |player| add(shares, player, part * up));
        each(of_other, |player| add(shares, player, -part * down));
    }
}

/// As [`share`], where a coalition's value is the mean over all ways through the tree: a player without a value of its own
/// goes on to the leaf with the part of the tree's rows that did, one of `parts` for each player.
#[inline(never)]
pub fn share_by_parts(row: u64, parts: &[f64], shares: &mut [f64]) {
    let own = |player: usize| f64::from(u8::from(row >> player & 1 == 1));
    let mut sizes = vec![0.0; parts.len()];
    for (player, share) in shares.iter_mut().enumerate().take(parts.len()) {
        // The values of all coalitions of the others, by their sizes.
        sizes.fill(0.0);
        if let Some(first) = sizes.first_mut() {
            *first = 1.0;
        }
        let others = parts.iter().enumerate().filter(|(other, _)| *other != player);
        for (other, part) in others {
            let mut before = 0.0;
            for size in &mut sizes {
                let value = *size * part + before * own(other);
                before = std::mem::replace(size, value);
            }
        }
        // One coalition of `size` others out of `n` players weighs 1 / (n * C(n - 1, size)).
        let count = parts.len() as f64;
        let mut weight = 1.0 / count;
        let mut sum = 0.0;
        let mut size = 0.0;
        for value in &sizes {
            sum += value * weight;
            weight *= (size + 1.0) / (count - 1.0 - size);
            size += 1.0;
        }
        if let Some(part) = parts.get(player) {
            *share += (own(player) - part) * sum;
        }
    }
}

#[inline(always)]
fn add(shares: &mut [f64], player: u32, value: f64) {
    if let Some(share) = shares.get_mut(player as usize) {
        *share += value;
    }
}

#[inline(always)]
fn each(mut players: u64, mut take: impl FnMut(u32)) {
    while players != 0 {
        take(players.trailing_zeros());
        players &= players - 1;
    }
}

/// The weights of coalitions, for up to 64 players on each side.
#[derive(Debug, Clone)]
pub struct Weights(Vec<(f64, f64)>);

const SIDE: u32 = 65;

impl Default for Weights {
    fn default() -> Self {
        // The chance that of `with + without` players in random order those before one of the first are the others of
        // the first, 1 / (n * C(n - 1, with - 1)); and for one of the second.
        let choose = |n: u32, k: u32| (0..k).fold(1.0, |all, i| all * f64::from(n - i) / f64::from(i + 1));
        let weight = |n: u32, k: u32| 1.0 / (f64::from(n) * choose(n - 1, k));
        let pair = |(with, without): (u32, u32)| {
            let n = with + without;
            (
                if with > 0 { weight(n, with - 1) } else { 0.0 },
                if without > 0 { weight(n, with) } else { 0.0 },
            )
        };
        Self((0..SIDE * SIDE).map(|place| pair((place / SIDE, place % SIDE))).collect())
    }
}

impl Weights {
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "masks of 64 bits have at most 64 players on each side")]
    fn of(&self, with: u32, without: u32) -> (f64, f64) {
        self.0[(with * SIDE + without) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A leaf that needs two players of the row, and one player of the other row: of the six orders of three players, two have the
    /// third one last among those that must come before, and so on: 1/6 each for the first two, -1/3 for the third.
    #[test]
    fn a_leaf_is_shared_by_shapleys_formula() {
        let mut shares = [0.0; 3];
        share(3, 0b011, &[(0b100, 1.0)], &Weights::default(), &mut shares);
        let wanted = [1.0 / 6.0, 1.0 / 6.0, -1.0 / 3.0];
        assert!(
            shares.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-15),
            "{shares:?}"
        );
        // Nobody decides where both rows have what the leaf asks for, nor where neither has.
        share(2, 0b11, &[(0b11, 1.0)], &Weights::default(), &mut shares);
        share(2, 0b01, &[(0b01, 1.0)], &Weights::default(), &mut shares);
        assert!((shares[0] - wanted[0]).abs() < 1e-15);
    }

    /// A tree with one split, which half of its rows pass: 1 / 2 for the player; and two players of whom one has what
    /// the leaf asks of it: (1 - 1/2) * (1/4 + 0) / 2 and (0 - 1/4) * (1/2 + 1) / 2.
    #[test]
    fn ways_through_a_tree_are_shared() {
        let mut shares = [0.0];
        share_by_parts(0b1, &[0.5], &mut shares);
        assert_eq!(shares, [0.5]);
        let mut shares = [0.0; 2];
        share_by_parts(0b01, &[0.5, 0.25], &mut shares);
        assert_eq!(shares, [0.0625, -0.1875]);
    }

    #[test]
    fn rows_answer_questions() {
        let question = Question { threshold: 1.0, feature: 1, nan: true, answer: true };
        let mut masks = [0, 0, 0b1];
        f64::ask(&[0.0, 1.0, 0.0, 1.5, 0.0, f64::NAN], 2, question, 0b10, true, &mut masks);
        assert_eq!(masks, [0, 0b10, 0b11]);
        f64::ask(
            &[0.0, 1.0, 0.0, 1.5, 0.0, f64::NAN],
            2,
            Question { answer: false, ..question },
            0b10,
            false,
            &mut masks,
        );
        assert_eq!(masks, [0, 0, 0b1]);
    }
}
