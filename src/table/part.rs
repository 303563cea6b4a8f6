//! A share of the rows of a table, for who reads it together with others.

use std::ops::Range;

/// Part `number` of `of` of some rows: each is a stretch of them, and they follow each other in the order of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// From 0.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

impl Part {
    /// All rows.
    pub const WHOLE: Self = Self { number: 0, of: 1 };

    /// The rows of this part, of `rows` rows in all. Parts differ by one row at most.
    pub fn range(self, rows: usize) -> Range<usize> {
        let of = self.of.max(1);
        let (each, more) = (rows / of, rows % of);
        let start = |number: usize| number * each + number.min(more);
        start(self.number)..start(self.number + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_and_are_all_rows() {
        for (rows, of) in [(0, 3), (2, 3), (10, 3), (10, 1), (7, 7)] {
            let parts: Vec<_> = (0..of).map(|number| Part { number, of }.range(rows)).collect();
            assert_eq!(parts[0].start, 0);
            assert_eq!(parts[of - 1].end, rows);
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            let lengths: Vec<_> = parts.iter().map(Range::len).collect();
            assert!(lengths.iter().max().unwrap() - lengths.iter().min().unwrap() <= 1);
        }
    }
}
