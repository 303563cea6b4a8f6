//! Shares of one, in proportion to the exponentials.

use crate::elementwise::{Elements, Function};

/// How many multiplications take as long as the share of one score.
const COST: usize = 16;

/// A float that scores are.
pub trait Shares: Sized {
    /// Turns each row of `length` scores into shares. A row has the same bits alone and among others.
    fn shares(scores: &mut [Self], length: usize);
}

/// Scores that go through all steps before the next ones.
const BLOCK: usize = 1 << 11;

macro_rules! shares {
    ($float:ty) => {
        impl Shares for $float {
            #[inline(never)]
            fn shares(scores: &mut [Self], length: usize) {
                let length = length.max(1);
                crew::split(scores, length, COST * length, |_, scores| {
                    for block in scores.chunks_mut((BLOCK / length).max(1) * length) {
                        for row in block.chunks_mut(length) {
                            let greatest =
                                row.iter().fold(Self::NEG_INFINITY, |a, b| if *b > a { *b } else { a });
                            row.iter_mut().for_each(|score| *score -= greatest);
                        }
                        Self::apply(Function::Exp, block);
                        for row in block.chunks_mut(length) {
                            let all = sum(row, 0.0, |a, b| a + b);
                            row.iter_mut().for_each(|score| *score /= all);
                        }
                    }
                });
            }
        }
    };
}

shares!(f32);
shares!(f64);

/// The sum of all, four sums side by side.
#[inline(always)]
fn sum<T: Copy>(row: &[T], zero: T, add: impl Fn(T, T) -> T) -> T {
    let (quads, rest) = row.as_chunks::<4>();
    let mut sums = [zero; 4];
    for quad in quads {
        sums.iter_mut().zip(quad).for_each(|(sum, value)| *sum = add(*sum, *value));
    }
    let [a, b, c, d] = sums;
    rest.iter().fold(add(add(a, b), add(c, d)), |sum, value| add(sum, *value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sum_to_one_and_do_not_know_each_other() {
        for length in [1, 3, 5, 8, 3000] {
            let scores: Vec<f32> = (0_u16..60).map(|nth| f32::from(nth * 37 % 101) / 7.0 - 6.0).collect();
            let scores: Vec<f32> = scores.iter().copied().cycle().take(length * 5).collect();
            let mut all = scores.clone();
            f32::shares(&mut all, length);
            for (row, scores) in all.chunks(length).zip(scores.chunks(length)) {
                let exponentials: Vec<f64> = scores.iter().map(|score| f64::from(*score).exp()).collect();
                let sum: f64 = exponentials.iter().sum();
                for (share, exponential) in row.iter().zip(exponentials) {
                    assert!((f64::from(*share) - exponential / sum).abs() < 1e-6);
                }
                let mut alone = scores.to_vec();
                f32::shares(&mut alone, length);
                assert_eq!(alone, row);
            }
        }
    }
}
