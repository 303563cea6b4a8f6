//! Aggregates over frames of rows that move forwards: each takes a few steps, however many rows it has.
//!
//! What a frame has is computed of its own rows alone. Nothing stays of a row that has left it: no rounding, no NaN.

use std::ops::Range;

use crate::bits::Bits;
use crate::groups::FloatTotal;

/// What an aggregate has taken in of rows that follow one another. The default is that of no rows.
pub trait Total: Copy + Default {
    /// What it has taken in of these rows and of later ones.
    #[must_use]
    fn and(self, later: Self) -> Self;
}

/// Where frames have come to: a queue made of two stacks.
#[derive(Debug, Default)]
pub struct Moving<T> {
    /// Totals of the rows from one of them up to `middle`, that of the last row first.
    front: Vec<T>,
    middle: usize,
    /// The total of the rows from `middle` up to `end`.
    back: T,
    end: usize,
}

impl<T: Total> Moving<T> {
    /// The total of each frame, where `row` gives that of a row. Frames that go backwards are right too, but slow.
    #[inline(always)]
    pub fn totals(&mut self, frames: &[Range<usize>], row: impl Fn(usize) -> T) -> Vec<T> {
        frames.iter().map(|frame| self.total(frame, &row)).collect()
    }

    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "the front has totals from the start of the frame on")]
    fn total(&mut self, frame: &Range<usize>, row: &impl Fn(usize) -> T) -> T {
        if frame.is_empty() {
            return T::default();
        }
        let is_ahead = frame.start > self.middle;
        if is_ahead || frame.start + self.front.len() < self.middle || frame.end < self.end {
            let mut total = T::default();
            self.front.clear();
            self.front.extend(frame.clone().rev().map(|at| {
                total = row(at).and(total);
                total
            }));
            (self.middle, self.back, self.end) = (frame.end, T::default(), frame.end);
        }
        for at in self.end..frame.end {
            self.back = self.back.and(row(at));
        }
        self.end = frame.end;
        match self.middle - frame.start {
            0 => self.back,
            rows => self.front[rows - 1].and(self.back),
        }
    }
}

macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident, $value:ty, $total:ty, $of:expr) => {
        $(#[$doc])*
        ///
        /// Values that are not `valid` do not count. All frames are within the values, of which there are the same at every call.
        #[inline(never)]
        #[expect(clippy::indexing_slicing, reason = "callers have compared every frame with the length")]
        pub fn $name(
            values: &[$value],
            valid: Option<Bits<'_>>,
            frames: &[Range<usize>],
            moving: &mut Moving<$total>,
        ) -> Vec<$total> {
            match valid {
                None => moving.totals(frames, |row| $of(values[row])),
                Some(valid) => moving.totals(frames, |row| {
                    if valid.get(row) { $of(values[row]) } else { Default::default() }
                }),
            }
        }
    };
}

kernel!(
    /// The sum of each frame.
    floats, f64, FloatTotal, FloatTotal::of
);

kernel!(
    /// The sum of each frame, with all its digits.
    ints, i64, Option<i128>, |value| Some(i128::from(value))
);

kernel!(
    /// The least value of each frame.
    least, i64, Option<i64>, Some
);

impl Total for Option<i128> {
    #[inline(always)]
    fn and(self, later: Self) -> Self {
        match (self, later) {
            (Some(sum), Some(later)) => Some(sum.saturating_add(later)),
            (sum, later) => sum.or(later),
        }
    }
}

impl Total for Option<i64> {
    #[inline(always)]
    fn and(self, later: Self) -> Self {
        match (self, later) {
            (Some(least), Some(later)) => Some(least.min(later)),
            (least, later) => least.or(later),
        }
    }
}

/// How many rows of each frame are `valid`, and where none are told, how many it has.
#[inline(never)]
pub fn count(valid: Option<Bits<'_>>, frames: &[Range<usize>], moving: &mut Moving<i64>) -> Vec<i64> {
    match valid {
        None => frames.iter().map(|frame| (frame.len() as u64).cast_signed()).collect(),
        Some(valid) => moving.totals(frames, |row| i64::from(valid.get(row))),
    }
}

impl Total for i64 {
    #[inline(always)]
    fn and(self, later: Self) -> Self {
        self + later
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [i64; 7] = [5, 3, 8, -2, 7, 7, 1];

    /// Frames of all kinds: growing, moving, empty, jumping, ones that shrink, and ones that go back.
    fn frames() -> Vec<Range<usize>> {
        let ends = [(0, 1), (0, 2), (0, 4), (1, 4), (2, 2), (2, 5), (3, 6), (6, 7), (1, 7), (4, 7), (6, 7)];
        let back = [(0, 3), (0, 7), (5, 7), (2, 3), (3, 3), (3, 5)];
        ends.into_iter().chain(back).map(|(start, end)| start..end).collect()
    }

    /// All but the third value, -2.
    fn valid() -> Bits<'static> {
        Bits { bytes: &[0b1101_1111, 0b11], offset: 2 }
    }

    #[test]
    fn a_frame_has_the_total_of_its_rows() {
        for pieces in [1, 2, 100] {
            let (mut sums, mut least, mut counts) = (Vec::new(), Vec::new(), Vec::new());
            let (mut of_sums, mut of_least, mut of_counts) = Default::default();
            for frames in frames().chunks(pieces) {
                sums.extend(ints(&VALUES, Some(valid()), frames, &mut of_sums));
                least.extend(super::least(&VALUES, Some(valid()), frames, &mut of_least));
                counts.extend(count(Some(valid()), frames, &mut of_counts));
            }
            for (at, frame) in frames().into_iter().enumerate() {
                let rows = frame.filter(|row| *row != 3).map(|row| VALUES[row]);
                let values: Vec<_> = rows.collect();
                assert_eq!(least[at], values.iter().copied().min());
                assert_eq!(counts[at], values.len() as i64);
                let sum: i64 = values.iter().sum();
                assert_eq!(sums[at], (!values.is_empty()).then_some(sum.into()));
            }
        }
    }

    #[test]
    fn what_has_left_leaves_no_trace() {
        let values = [1e300, 0.1, f64::NAN, 0.2, f64::INFINITY, 0.3, f64::NEG_INFINITY, 0.4, -0.0];
        let frames: Vec<_> = (0..values.len()).map(|row| row.saturating_sub(1)..row + 1).collect();
        let totals = floats(&values, None, &frames, &mut Moving::default());
        let sums: Vec<_> = totals.iter().map(FloatTotal::sum).collect();
        assert_eq!(sums[..2], [1e300, 1e300]);
        assert!(sums[2].is_nan() && sums[3].is_nan());
        let infinity = f64::INFINITY;
        assert_eq!(sums[4..], [infinity, infinity, -infinity, -infinity, 0.4]);
        assert!(totals.iter().all(|total| !total.overflowed()));
    }

    #[test]
    fn finite_numbers_that_sum_to_infinity_are_told() {
        let values = [f64::MAX, f64::MAX, 1.0, f64::INFINITY];
        let frames = [0..1, 0..2, 0..3, 1..3, 2..4];
        let totals = floats(&values, None, &frames, &mut Moving::default());
        let told: Vec<_> = totals.iter().map(FloatTotal::overflowed).collect();
        assert_eq!(told, [false, true, true, false, false]);
    }
}
