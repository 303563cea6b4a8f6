//! Aggregates over groups of rows: row `i` belongs to the group `groups[i]`, which has a state.

use crate::bits::Bits;

/// Whether all of `groups` are below `count`: what the other functions here rely on, as on a value for each row.
#[inline(never)]
pub fn are_below(groups: &[u32], count: usize) -> bool {
    groups.iter().max().is_none_or(|most| (*most as usize) < count)
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
