//! Comparisons of columns: the answers are bits, in words of 64 rows.

use crate::operand::{BLOCK, Operand};

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// `a = b`
    Equal,
    /// `a < b`
    Less,
    /// `a <= b`
    LessOrEqual,
}

/// A number that is compared; NaN passes no test.
pub trait Compare: Sized {
    /// Which of `rows` rows pass. The bits behind the last row are 0.
    fn compare(test: Test, left: Operand<'_, Self>, right: Operand<'_, Self>, rows: usize) -> Vec<u64>;
}

macro_rules! compare {
    ($number:ty) => {
        impl Compare for $number {
            #[inline(never)]
            fn compare(
                test: Test,
                left: Operand<'_, Self>,
                right: Operand<'_, Self>,
                rows: usize,
            ) -> Vec<u64> {
                let word: Word<Self> = match test {
                    Test::Equal => |a, b| word(a, b, |a, b| a == b),
                    Test::Less => |a, b| word(a, b, |a, b| a < b),
                    Test::LessOrEqual => |a, b| word(a, b, |a, b| a <= b),
                };
                words(left, right, rows, word)
            }
        }
    };
}

compare!(i32);
compare!(i64);
compare!(f64);

/// The answers for a block.
type Word<T> = fn(&[T; BLOCK], &[T; BLOCK]) -> u64;

fn words<T: Copy>(left: Operand<'_, T>, right: Operand<'_, T>, rows: usize, word: Word<T>) -> Vec<u64> {
    let mut words = Vec::with_capacity(rows.div_ceil(BLOCK));
    let (Some(mut left_block), Some(mut right_block)) = (left.block(), right.block()) else { return words };
    for first in (0..rows).step_by(BLOCK) {
        let (a, b) = (left.at(first, &mut left_block), right.at(first, &mut right_block));
        let (Some(a), Some(b)) = (a, b) else { break };
        let behind = BLOCK - BLOCK.min(rows - first);
        words.push(word(a, b) & u64::MAX >> behind);
    }
    words
}

#[inline(always)]
fn word<T: Copy>(a: &[T; BLOCK], b: &[T; BLOCK], test: impl Fn(T, T) -> bool) -> u64 {
    let mut answers = [0_u8; BLOCK];
    for ((answer, a), b) in answers.iter_mut().zip(a).zip(b) {
        *answer = u8::from(test(*a, *b));
    }
    packed(&answers)
}

/// The lowest bits of 64 bytes that are 0 or 1.
#[inline(always)]
fn packed(answers: &[u8; BLOCK]) -> u64 {
    let (eights, _) = answers.as_chunks::<8>();
    eights.iter().rev().fold(0, |word, eight| {
        // The product has every byte's bit at another place of its highest byte.
        word << 8 | u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

/// Texts or bytes: where they start and end in `bytes`, the offset behind the last one included. One that stands for
/// all rows has two offsets.
#[derive(Debug, Clone, Copy)]
pub struct Blobs<'a> {
    /// Ascending, within `bytes`.
    pub offsets: &'a [i32],
    /// All bytes, one value behind the other.
    pub bytes: &'a [u8],
    /// Whether one value stands for all rows.
    pub is_constant: bool,
}

impl Blobs<'_> {
    #[inline(always)]
    #[expect(
        clippy::cast_sign_loss,
        clippy::indexing_slicing,
        reason = "offsets are ascending, not negative, and there is one more than values"
    )]
    fn at(&self, row: usize) -> &[u8] {
        let row = if self.is_constant { 0 } else { row };
        &self.bytes[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }
}

/// Which of `rows` rows pass the test, by their bytes. The bits behind the last row are 0.
#[inline(never)]
pub fn compare_blobs(test: Test, left: Blobs<'_>, right: Blobs<'_>, rows: usize) -> Vec<u64> {
    match test {
        Test::Equal => blob_words(rows, |row| is_same(left.at(row), right.at(row))),
        Test::Less => blob_words(rows, |row| left.at(row) < right.at(row)),
        Test::LessOrEqual => blob_words(rows, |row| left.at(row) <= right.at(row)),
    }
}

#[inline(always)]
fn blob_words(rows: usize, test: impl Fn(usize) -> bool) -> Vec<u64> {
    let word = |first: usize| {
        let rows = first..rows.min(first + BLOCK);
        (0..).zip(rows).fold(0, |word, (bit, row)| word | u64::from(test(row)) << bit)
    };
    (0..rows).step_by(BLOCK).map(word).collect()
}

/// Equality that seldom calls anything: most values differ in their length or their first byte.
#[inline(always)]
pub(crate) fn is_same(a: &[u8], b: &[u8]) -> bool {
    match (a, b) {
        ([], []) => true,
        ([first, a @ ..], [other, b @ ..]) => {
            first == other && a.len() == b.len() && (a.is_empty() || a == b)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(words: &[u64], rows: usize) -> Vec<bool> {
        assert_eq!(words.len(), rows.div_ceil(64));
        let all: Vec<bool> =
            words.iter().flat_map(|word| (0..64).map(move |bit| word >> bit & 1 == 1)).collect();
        assert!(all[rows..].iter().all(|bit| !bit));
        all[..rows].to_vec()
    }

    #[test]
    fn numbers_are_compared_row_by_row() {
        for rows in [0, 1, 63, 64, 65, 200] {
            let left: Vec<f64> = (0_u8..).take(rows).map(|row| f64::from(row % 7) - 3.0).collect();
            let right: Vec<f64> = left.iter().rev().map(|x| if *x == 2.0 { f64::NAN } else { *x }).collect();
            let columns = (Operand::Column(left.as_slice()), Operand::Column(right.as_slice()));
            let pairs = || left.iter().zip(&right);
            let less: Vec<bool> = pairs().map(|(a, b)| a < b).collect();
            assert_eq!(bits(&f64::compare(Test::Less, columns.0, columns.1, rows), rows), less);
            let most: Vec<bool> = pairs().map(|(a, b)| a <= b).collect();
            assert_eq!(bits(&f64::compare(Test::LessOrEqual, columns.0, columns.1, rows), rows), most);
            let zero: Vec<bool> = left.iter().map(|a| *a == 0.0).collect();
            let words = f64::compare(Test::Equal, Operand::Constant(-0.0), columns.0, rows);
            assert_eq!(bits(&words, rows), zero);
        }
    }

    #[test]
    fn texts_are_compared_by_their_bytes() {
        let texts = ["", "a", "ab", "b", "ab", ""];
        let offsets = [0, 0, 1, 3, 4, 6, 6];
        let column = Blobs { offsets: &offsets, bytes: b"aabbab", is_constant: false };
        let ab = Blobs { offsets: &[2, 4], bytes: b"xxabb", is_constant: true };
        let by = |test| bits(&compare_blobs(test, column, ab, 6), 6);
        assert_eq!(by(Test::Equal), texts.map(|text| text == "ab"));
        assert_eq!(by(Test::Less), texts.map(|text| text < "ab"));
        assert_eq!(by(Test::LessOrEqual), texts.map(|text| text <= "ab"));
        assert_eq!(bits(&compare_blobs(Test::Equal, column, column, 6), 6), [true; 6]);
    }
}
