//! Rows in the order of their scores, and the areas under the curves that positive rows draw among the others.
//!
//! A row is its score as a number that sorts as scores do, and whether it is positive: 1 or 0.

use crate::bits::Bits;
use crate::groups::FloatTotal;
use crate::moving::Total as _;
use crate::sort::{ordered_float, sort};

/// The rows of a group.
pub type Scores = Vec<(u64, usize)>;

/// Adds each row that is `valid` to its group, which there is.
#[inline(never)]
#[expect(clippy::indexing_slicing, reason = "callers have compared every group with their number")]
pub fn add(scores: &[f64], positive: Bits<'_>, valid: Bits<'_>, groups: &[u32], states: &mut [Scores]) {
    for ((row, score), group) in scores.iter().enumerate().zip(groups) {
        if valid.get(row) {
            states[*group as usize].push((ordered_float(*score), usize::from(positive.get(row))));
        }
    }
}

/// The area under the ROC curve: Mann and Whitney's statistic as a share of all pairs. `None` unless there are rows of both
/// kinds, NaN where a score is NaN.
#[inline(never)]
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "there are fewer pairs than exact numbers")]
pub fn roc_auc(rows: &mut Scores) -> Option<f64> {
    if !sorted(rows) {
        return Some(f64::NAN);
    }
    let (mut positive, mut others, mut halves) = (0_u64, 0_u64, 0_u64);
    for (found, missed) in rows.chunk_by(is_equal).map(counts) {
        halves += found * (2 * others + missed);
        positive += found;
        others += missed;
    }
    let pairs = positive as f64 * others as f64;
    (pairs > 0.0).then(|| halves as f64 / 2.0 / pairs)
}

/// The precision at each score, weighted by the recall that it adds, as scikit-learn's `average_precision_score`: no line is drawn
/// between two points. `None` without positive rows, NaN where a score is NaN.
#[inline(never)]
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub fn average_precision(rows: &mut Scores) -> Option<f64> {
    if !sorted(rows) {
        return Some(f64::NAN);
    }
    let (mut positive, mut chosen, mut sum) = (0, 0, FloatTotal::default());
    for (found, missed) in rows.chunk_by(is_equal).rev().map(counts) {
        positive += found;
        chosen += found + missed;
        sum = sum.and(FloatTotal::of(found as f64 * positive as f64 / chosen as f64));
    }
    (positive > 0).then(|| sum.sum() / positive as f64)
}

/// Sorts rows by their scores; whether none is NaN, whose number is the least.
fn sorted(rows: &mut Scores) -> bool {
    sort(rows);
    rows.first().is_none_or(|(number, _)| *number != ordered_float(f64::NAN))
}

fn is_equal(left: &(u64, usize), right: &(u64, usize)) -> bool {
    left.0 == right.0
}

/// How many of the rows are positive, and how many are not.
fn counts(rows: &[(u64, usize)]) -> (u64, u64) {
    let positive = rows.iter().filter(|(_, positive)| *positive == 1).count() as u64;
    (positive, rows.len() as u64 - positive)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scikit-learn's `roc_auc_score` and `average_precision_score` of the same rows.
    #[test]
    fn areas_are_those_of_scikit_learn() {
        let rows = |scores: &[f64], positive: &[usize]| -> Scores {
            scores.iter().map(|score| ordered_float(*score)).zip(positive.iter().copied()).collect()
        };
        let mut ties = rows(&[0.5, 0.5, 0.5, 0.2, 0.9, 0.9, 0.2], &[1, 0, 1, 0, 1, 0, 1]);
        assert_eq!(roc_auc(&mut ties.clone()), Some(0.5));
        assert!((average_precision(&mut ties).unwrap() - 0.567_857_142_857_142_8).abs() < 1e-15);
        let mut zeros = rows(&[0.0, -0.0, 3.0], &[0, 1, 1]);
        assert_eq!(roc_auc(&mut zeros), Some(0.75));
        let mut broken = rows(&[f64::NAN, f64::NEG_INFINITY], &[0, 1]);
        assert!(roc_auc(&mut broken).unwrap().is_nan());
        assert_eq!(roc_auc(&mut rows(&[1.0], &[1])), None);
        assert_eq!(average_precision(&mut rows(&[1.0], &[0])), None);
    }
}
