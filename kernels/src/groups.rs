//! Aggregates over groups of rows: row `i` belongs to the group `groups[i]`, which has a state.

use std::collections::BinaryHeap;

use crate::bits::Bits;
use crate::moving::Total;

/// Whether all of `groups` are below `count`: what the other functions here rely on, as on a value for each row.
#[inline(never)]
pub fn are_below(groups: &[u32], count: usize) -> bool {
    groups.iter().max().is_none_or(|most| (*most as usize) < count)
}

/// The least numbers of each group, as many of them as rows are wanted, to tell which later rows cannot be among these.
#[derive(Debug)]
pub struct FirstRows {
    wanted: usize,
    /// The least numbers of each group, the greatest of them on top, and that one where there are enough.
    least: Vec<BinaryHeap<u64>>,
    last: Vec<u64>,
    held: usize,
}

impl FirstRows {
    /// As many as `wanted` rows of each group.
    #[must_use]
    pub fn new(wanted: usize) -> Self {
        Self { wanted, least: Vec::new(), last: Vec::new(), held: 0 }
    }

    /// The bytes that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.held * 16 + self.least.len() * 40
    }

    /// The rows that have no more than `wanted` rows of lesser numbers in their groups so far, which are below `count`.
    #[inline(never)]
    #[expect(clippy::indexing_slicing, reason = "callers have numbered the groups")]
    pub fn candidates(&mut self, numbers: &[u64], groups: &[u32], count: usize) -> Vec<u64> {
        self.last.resize(count.max(self.last.len()), if self.wanted == 0 { 0 } else { u64::MAX });
        self.least.resize(self.last.len(), BinaryHeap::new());
        let mut candidates = Vec::new();
        for (row, (number, group)) in (0..).zip(numbers.iter().zip(groups)) {
            let last = &mut self.last[*group as usize];
            if number > last {
                continue;
            }
            candidates.push(row);
            let least = &mut self.least[*group as usize];
            if least.len() < self.wanted {
                least.push(*number);
                self.held += 1;
            } else if let Some(mut greatest) = least.peek_mut() {
                *greatest = *number;
            }
            if least.len() == self.wanted {
                *last = least.peek().copied().unwrap_or(*last);
            }
        }
        candidates
    }
}

/// A sum of floats, with what rounding has taken from it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FloatTotal {
    sum: f64,
    lost: f64,
    /// How many values are in it.
    pub count: i64,
}

impl FloatTotal {
    /// The sum, rounded once.
    #[must_use]
    pub fn sum(&self) -> f64 {
        // What is lost of infinity is no number.
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }

    /// The sum of one value.
    #[inline(always)]
    pub(crate) fn of(value: f64) -> Self {
        Self { sum: value, lost: 0.0, count: 1 }
    }

    /// Whether sums that were put together are infinite where each of them was finite.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.lost == f64::INFINITY
    }
}

impl Total for FloatTotal {
    #[inline(always)]
    fn and(self, later: Self) -> Self {
        let sum = self.sum + later.sum;
        let added = sum - self.sum;
        let rounded = (self.sum - (sum - added)) + (later.sum - added);
        let lost = if sum.is_finite() {
            self.lost + later.lost + rounded
        } else if self.overflowed() || later.overflowed() || self.sum.is_finite() && later.sum.is_finite() {
            f64::INFINITY
        } else {
            0.0
        };
        Self { sum, lost, count: self.count + later.count }
    }
}

/// Adds each value to its group's sum, and counts it; those that are not `valid` do not count. The first row whose value
/// turns a finite sum into infinity, if there is one.
///
/// What an addition rounds away is kept aside (Knuth's `TwoSum`), so that a sum is as good as one of twice the digits.
#[inline(never)]
pub fn sum_floats(
    values: &[f64],
    groups: &[u32],
    valid: Option<Bits<'_>>,
    totals: &mut [FloatTotal],
) -> Option<usize> {
    let mut failed = None;
    each(values, groups, valid, totals, |row, value, total| {
        let before = total.sum;
        total.sum += value;
        let added = total.sum - before;
        total.lost += (before - (total.sum - added)) + (value - added);
        total.count += 1;
        if total.sum.is_infinite() && before.is_finite() && value.is_finite() {
            failed.get_or_insert(row);
        }
    });
    failed
}

/// Adds each value to its group's sum; those that are not `valid` do not count.
#[inline(never)]
pub fn sum_ints(values: &[i64], groups: &[u32], valid: Option<Bits<'_>>, sums: &mut [Option<i128>]) {
    each(values, groups, valid, sums, |_, value, sum| {
        *sum = Some(sum.unwrap_or(0).saturating_add(value.into()));
    });
}

/// Counts the rows of each group that are `valid`.
#[inline(never)]
pub fn count(groups: &[u32], valid: Option<Bits<'_>>, counts: &mut [i64]) {
    each(groups, groups, valid, counts, |_, _, count| *count += 1);
}

/// Keeps the greatest value of each group, or the least; those that are not `valid` do not count.
#[inline(never)]
pub fn extremes(
    values: &[i64],
    groups: &[u32],
    valid: Option<Bits<'_>>,
    greatest: bool,
    best: &mut [Option<i64>],
) {
    if greatest {
        each(values, groups, valid, best, |_, value, best| {
            *best = Some(best.map_or(value, |it| it.max(value)))
        });
    } else {
        each(values, groups, valid, best, |_, value, best| {
            *best = Some(best.map_or(value, |it| it.min(value)))
        });
    }
}

#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "callers have asked `are_below`")]
fn each<T: Copy, S>(
    values: &[T],
    groups: &[u32],
    valid: Option<Bits<'_>>,
    states: &mut [S],
    mut take: impl FnMut(usize, T, &mut S),
) {
    let rows = values.iter().zip(groups).enumerate();
    match valid {
        None => rows.for_each(|(row, (value, group))| take(row, *value, &mut states[*group as usize])),
        Some(valid) => {
            let rows = rows.filter(|(row, _)| valid.get(*row));
            rows.for_each(|(row, (value, group))| take(row, *value, &mut states[*group as usize]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: &[u32] = &[0, 1, 0, 2, 1];

    /// All but the third row.
    fn valid() -> Option<Bits<'static>> {
        Some(Bits { bytes: &[0b1101_1000, 0], offset: 3 })
    }

    #[test]
    fn every_group_has_its_sum() {
        assert!(are_below(GROUPS, 3) && !are_below(GROUPS, 2) && are_below(&[], 0));
        let mut totals = [FloatTotal::default(); 3];
        assert_eq!(sum_floats(&[1.0, 2.0, 4.0, 8.0, 16.0], GROUPS, None, &mut totals), None);
        let found = totals.map(|total| (total.sum(), total.count));
        assert_eq!(found, [(5.0, 2), (18.0, 2), (8.0, 1)]);
        assert_eq!(sum_floats(&[1.0, f64::MAX, 4.0, 8.0, f64::MAX], GROUPS, valid(), &mut totals), Some(4));
        assert_eq!((totals[0].sum(), totals[0].count), (6.0, 3));
        let mut sums = [None; 4];
        sum_ints(&[i64::MAX, 2, 4, 8, 16], GROUPS, None, &mut sums);
        assert_eq!(sums, [Some(i128::from(i64::MAX) + 4), Some(18), Some(8), None]);
        let mut counts = [0; 3];
        count(GROUPS, valid(), &mut counts);
        assert_eq!(counts, [1, 2, 1]);
    }

    #[test]
    fn rows_that_enough_others_precede_are_no_candidates() {
        let mut rows = FirstRows::new(2);
        assert_eq!(
            rows.candidates(&[5, 9, 3, 7, 5, 4, 4, 9], &[0, 0, 0, 0, 0, 1, 0, 1], 2),
            [0, 1, 2, 4, 5, 6, 7]
        );
        // The least of group 0 are 3 and 4, of group 1 they are 4 and 9.
        assert_eq!(rows.candidates(&[5, 4, 1, 4, 9, u64::MAX], &[0, 0, 0, 0, 1, 2], 3), [1, 2, 4, 5]);
        assert_eq!(FirstRows::new(0).candidates(&[7], &[0], 1), [0_u64; 0]);
    }

    /// The values of Neumaier's example, and ten tenths: Python's `math.fsum` says 2 and 1.
    #[test]
    fn sums_keep_what_rounding_takes() {
        let mut total = [FloatTotal::default()];
        sum_floats(&[1.0, 1e100, 1.0, -1e100], &[0; 4], None, &mut total);
        assert_eq!(total[0].sum(), 2.0);
        let mut total = [FloatTotal::default()];
        sum_floats(&[0.1; 10], &[0; 10], None, &mut total);
        assert_eq!(total[0].sum(), 1.0);
        let mut total = [FloatTotal::default()];
        sum_floats(&[1.0, f64::INFINITY, 1.0], &[0; 3], None, &mut total);
        assert_eq!(total[0].sum(), f64::INFINITY);
    }

    #[test]
    fn every_group_has_its_extremes() {
        let mut best = [None; 4];
        extremes(&[3, -5, 9, 7, -6], GROUPS, valid(), true, &mut best);
        assert_eq!(best, [Some(3), Some(-5), Some(7), None]);
        extremes(&[-3, -5, 9, 7, -6], GROUPS, None, false, &mut best);
        assert_eq!(best, [Some(-3), Some(-6), Some(7), None]);
    }
}
