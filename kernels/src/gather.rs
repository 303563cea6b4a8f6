//! Rows of columns picked by their numbers, or out of two columns.

use crate::operand::Operand;

/// The numbers of the bits that are set in words of 64, the lowest bit first.
#[inline(never)]
pub fn set_bits(words: &[u64]) -> Vec<u64> {
    let count: u32 = words.iter().map(|word| word.count_ones()).sum();
    let mut numbers = Vec::with_capacity(count as usize);
    for (first, word) in (0..).step_by(64).zip(words) {
        let mut word = *word;
        while word != 0 {
            numbers.push(first + u64::from(word.trailing_zeros()));
            word &= word - 1;
        }
    }
    numbers
}

/// Whether all of `indices` are below `length`.
#[inline(never)]
pub fn are_below(indices: &[u64], length: u64) -> bool {
    indices.iter().fold(true, |all, index| all & (*index < length))
}

/// The places of the elements at `offset` of the lists between `ends`; `None` where a list has none.
#[inline(never)]
#[must_use]
pub fn elements(ends: &[i32], offset: u32) -> Option<Vec<u64>> {
    let (starts, ends) = (ends.iter(), ends.iter().skip(1));
    let place = |(start, end): (&i32, &i32)| {
        let place = i64::from(*start) + i64::from(offset);
        u64::try_from(place).ok().filter(|_| place < i64::from(*end))
    };
    starts.zip(ends).map(place).collect()
}

/// Values of a fixed width.
pub trait Fixed: Sized {
    /// The values at `indices`, which are all those of values.
    fn take(values: &[Self], indices: &[u64]) -> Vec<Self>;
}

/// Indices of which it is asked whether they are a run.
const RUN: usize = 16;

macro_rules! fixed {
    ($($width:ty),*) => {$(
        impl Fixed for $width {
            #[inline(never)]
            #[expect(
                clippy::cast_possible_truncation,
                clippy::indexing_slicing,
                reason = "callers have compared every index with the length"
            )]
            fn take(values: &[Self], indices: &[u64]) -> Vec<Self> {
                let mut taken = Vec::with_capacity(indices.len());
                for block in indices.chunks(RUN) {
                    // Joins repeat rows, and take whole tables of them.
                    let first = block[0];
                    if (first..).zip(block).all(|(next, index)| next == *index) {
                        let first = first as usize;
                        taken.extend_from_slice(&values[first..first + block.len()]);
                    } else if block.iter().all(|index| *index == first) {
                        let value = values[first as usize];
                        taken.extend(block.iter().map(|_| value));
                    } else {
                        taken.extend(block.iter().map(|index| values[*index as usize]));
                    }
                }
                taken
            }
        }
    )*};
}

fixed!(u32, u64, u128);

/// For each of `rows` rows the value of `met` where its bit is set in words of 64, the lowest bit first, and else that of
/// `others`. Columns have a value for every row.
#[inline(never)]
#[expect(clippy::indexing_slicing, reason = "columns have a value for every row")]
pub fn choose(words: &[u64], rows: usize, met: Operand<'_, u64>, others: Operand<'_, u64>) -> Vec<u64> {
    let mut chosen = Vec::with_capacity(rows);
    for (word, first) in words.iter().zip((0..rows).step_by(64)) {
        let block = first..rows.min(first + 64);
        // Conditions are often the same for rows that follow each other.
        let same = match *word {
            0 => Some(others),
            word if word.count_ones() as usize == block.len() => Some(met),
            _ => None,
        };
        match same {
            Some(Operand::Column(values)) => chosen.extend_from_slice(&values[block]),
            Some(Operand::Constant(value)) => chosen.extend(block.map(|_| value)),
            None => chosen.extend(block.enumerate().map(|(bit, row)| {
                match if word >> bit & 1 == 1 { met } else { others } {
                    Operand::Column(values) => values[row],
                    Operand::Constant(value) => value,
                }
            })),
        }
    }
    chosen
}

/// For each of the rows of `left` all rows of `right`, of which there are `rights`: the left row's value where it is `own`,
/// else the right ones. `None` where a side lacks values that are asked for.
#[inline(never)]
#[must_use]
pub fn mix(own: &[bool], left: &[u64], right: &[u64], rights: usize) -> Option<Vec<u64>> {
    let mut mixed = Vec::with_capacity(own.len() * rights);
    for (row, own) in own.iter().enumerate() {
        if *own {
            let value = *left.get(row)?;
            mixed.extend((0..rights).map(|_| value));
        } else {
            mixed.extend_from_slice(right.get(..rights)?);
        }
    }
    Some(mixed)
}

/// Values of more bytes are copied by a call.
const SHORT: usize = 16;

/// The texts or bytes at `indices`: their offsets, one more than values, and their bytes. `None` where these are too many
/// for the offsets. `offsets` are ascending and within `bytes`, and all indices are those of values.
#[inline(never)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "callers have compared every index with the length; offsets are not negative"
)]
pub fn take_blobs(offsets: &[i32], bytes: &[u8], indices: &[u64]) -> Option<(Vec<i32>, Vec<u8>)> {
    let mut ends = Vec::with_capacity(indices.len() + 1);
    ends.push(0);
    let mut end = 0_i32;
    for index in indices {
        let index = *index as usize;
        end = end.checked_add(offsets[index + 1] - offsets[index])?;
        ends.push(end);
    }
    let mut taken = Vec::with_capacity(end as usize);
    for index in indices {
        let index = *index as usize;
        let value = &bytes[offsets[index] as usize..offsets[index + 1] as usize];
        if value.len() <= SHORT {
            value.iter().for_each(|byte| taken.push(*byte));
        } else {
            taken.extend_from_slice(value);
        }
    }
    Some((ends, taken))
}

/// Rows and columns that are turned together: their lines stay in the nearest cache.
const BLOCK: usize = 16;

/// Matrices of `rows` and `columns`, one after the other, with their rows as columns.
#[inline(never)]
#[expect(clippy::indexing_slicing, reason = "both hold whole matrices")]
pub fn turn(from: &[f32], rows: usize, columns: usize, to: &mut [f32]) {
    let size = (rows * columns).max(1);
    for (from, to) in from.chunks_exact(size).zip(to.chunks_exact_mut(size)) {
        for top in (0..rows).step_by(BLOCK) {
            let bottom = (top + BLOCK).min(rows);
            for column in 0..columns {
                let to = &mut to[column * rows + top..column * rows + bottom];
                let from = from[top * columns + column..].iter().step_by(columns);
                to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_that_are_set_are_numbered() {
        assert_eq!(set_bits(&[0b1010_0001, 0, 1 << 63 | 1]), [0, 5, 7, 128, 191]);
        assert_eq!(set_bits(&[]), [0_u64; 0]);
    }

    #[test]
    fn values_are_taken_in_the_order_of_the_indices() {
        assert_eq!(u64::take(&[10, 11, 12], &[2, 0, 2]), [12, 10, 12]);
        // Runs of rows, and rows that are repeated, across the blocks.
        let values: Vec<u64> = (100..200).collect();
        let indices: Vec<u64> = (0..100).chain([7; 40]).chain((90..100).rev()).chain(50..83).collect();
        let expected: Vec<u64> = indices.iter().map(|index| 100 + index).collect();
        assert_eq!(u64::take(&values, &indices), expected);
        assert!(are_below(&[2, 0], 3) && !are_below(&[0, 3], 3));
        let long = "a text that is longer than sixteen bytes";
        let texts = ["", "one", long, "two"];
        let bytes = texts.concat();
        let offsets = [0, 0, 3, 43, 46];
        let (ends, taken) = take_blobs(&offsets, bytes.as_bytes(), &[3, 2, 0, 1, 3]).unwrap();
        assert_eq!(ends, [0, 3, 43, 43, 46, 49]);
        assert_eq!(taken, ["two", long, "", "one", "two"].concat().as_bytes());
        assert_eq!(take_blobs(&[0, i32::MAX], &[], &[0, 0]), None);
    }

    #[test]
    fn elements_of_lists_have_places() {
        assert_eq!(elements(&[2, 4, 7], 1), Some(vec![3, 5]));
        assert_eq!(elements(&[2, 4, 7], 2), None);
        assert_eq!(elements(&[5], 9), Some(vec![]));
    }

    #[test]
    fn rows_become_columns() {
        for (count, rows, columns) in [(1, 1, 5), (2, 3, 4), (1, 17, 40), (3, 33, 2), (1, 0, 3)] {
            let from: Vec<f32> = (0_u16..).map(f32::from).take(count * rows * columns).collect();
            let mut to = vec![f32::NAN; from.len()];
            turn(&from, rows, columns, &mut to);
            for (nth, value) in to.iter().enumerate() {
                let (matrix, within) = (nth / (rows * columns), nth % (rows * columns));
                let (column, row) = (within / rows, within % rows);
                assert_eq!(*value, from[(matrix * rows + row) * columns + column]);
            }
        }
    }

    #[test]
    fn every_row_has_the_value_of_its_side() {
        let met: Vec<u64> = (0..200).collect();
        let others: Vec<u64> = (1000..1200).collect();
        let words = [u64::MAX, 0, 0xf0f0_f0f0_f0f0_f0f0, 0b1000_0001];
        let is_set = |row: u64| words[row as usize / 64] >> (row % 64) & 1 == 1;
        for rows in [0, 1, 64, 70, 199, 200] {
            let expected = |row: u64| if is_set(row) { row } else { 1000 + row };
            let chosen = choose(&words, rows, Operand::Column(&met), Operand::Column(&others));
            assert!(chosen.into_iter().eq((0..rows as u64).map(expected)));
            let expected = |row: u64| if is_set(row) { 7 } else { 1000 + row };
            let chosen = choose(&words, rows, Operand::Constant(7), Operand::Column(&others));
            assert!(chosen.into_iter().eq((0..rows as u64).map(expected)));
        }
    }
}
