//! Rows in the order of numbers.

/// In the order of signed integers: the sign bit, inverted, comes first.
#[inline(always)]
#[must_use]
pub fn ordered_int(value: i64) -> u64 {
    value.cast_unsigned() ^ (1 << 63)
}

/// In the order of floats, NaN before all others and -0.0 as 0.0: the sign bit comes first, and reverses the order of
/// negative numbers.
#[inline(always)]
#[must_use]
pub fn ordered_float(value: f64) -> u64 {
    if value.is_nan() {
        return 0;
    }
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

macro_rules! numbered {
    ($name:ident, $value:ty, $ordered:ident) => {
        /// The first `rows` rows, each behind the number of its value.
        #[inline(never)]
        pub fn $name(values: &[$value], rows: usize, descending: bool) -> Vec<(u64, usize)> {
            let turn = if descending { u64::MAX } else { 0 };
            values.iter().take(rows).map(|value| $ordered(*value) ^ turn).zip(0..).collect()
        }
    };
}

numbered!(ints, i64, ordered_int);
numbered!(floats, f64, ordered_float);

/// Fewer rows are sorted by comparing them.
const FEW: usize = 512;

/// The bits by which more are parted at a time.
const BITS: u32 = 10;

/// Sorts rows, each behind the number that it is sorted by; rows of equal numbers are sorted by themselves.
#[inline(never)]
pub fn sort(rows: &mut [(u64, usize)]) {
    if rows.len() <= FEW {
        rows.sort_unstable();
    } else if !rows.is_sorted() {
        part(rows, &mut vec![(0, 0); rows.len()]);
    }
}

/// Parts rows by the highest bits in which their numbers differ, and sorts the parts. `spare` is as long.
#[expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "digits are below the number of parts, and places below that of rows"
)]
fn part(rows: &mut [(u64, usize)], spare: &mut [(u64, usize)]) {
    let first = rows.first().map_or(0, |(number, _)| *number);
    let differing = rows.iter().fold(0, |bits, (number, _)| bits | (number ^ first));
    if rows.len() <= FEW || differing == 0 {
        return rows.sort_unstable();
    }
    let shift = (u64::BITS - differing.leading_zeros()).saturating_sub(BITS);
    let digit = |number: u64| (number >> shift) as usize & ((1 << BITS) - 1);
    let mut ends = [0; 1 << BITS];
    rows.iter().for_each(|(number, _)| ends[digit(*number)] += 1);
    let mut end = 0;
    for part in &mut ends {
        (*part, end) = (end, end + *part);
    }
    for row in &*rows {
        let place = &mut ends[digit(row.0)];
        spare[*place] = *row;
        *place += 1;
    }
    rows.copy_from_slice(spare);
    let mut start = 0;
    for end in ends {
        if end - start > 1 {
            part(&mut rows[start..end], &mut spare[start..end]);
        }
        start = end;
    }
}

/// Drops rows whose number is greater than that of the last of the first `limit` rows. Rows that share its number stay.
#[inline(never)]
pub fn keep_first(rows: &mut Vec<(u64, usize)>, limit: usize) {
    if limit == 0 {
        rows.clear();
    } else if limit < rows.len() {
        let (_, (last, _), _) = rows.select_nth_unstable(limit - 1);
        let last = *last;
        rows.retain(|(number, _)| *number <= last);
    }
}

/// So many rows are kept in order while all others are looked at; of more, all are numbered first.
const KEPT: usize = 64;

macro_rules! first {
    ($name:ident, $value:ty, $number:ident) => {
        /// The places of the `count` values whose numbers come first, in their order, of equal ones the earlier place. Of
        /// all of them where there are fewer. `turn` is what inverts the order, or 0.
        #[inline(never)]
        pub fn $name(values: &[$value], count: usize, turn: u64, first: &mut Vec<(u64, usize)>) {
            first_of(values.iter().map(|value| $number(*value) ^ turn), count, first);
        }
    };
}

first!(first_floats, f32, ordered_single);
first!(first_ranks, u64, same);

#[inline(always)]
fn same(number: u64) -> u64 {
    number
}

/// In the order of floats, NaN behind all others and -0.0 as 0.0.
#[inline(always)]
fn ordered_single(value: f32) -> u64 {
    if value.is_nan() {
        return u64::MAX;
    }
    let bits = (value + 0.0).to_bits();
    u64::from(if bits >> 31 == 0 { bits | 1 << 31 } else { !bits })
}

#[inline(always)]
fn first_of(numbers: impl Iterator<Item = u64>, count: usize, first: &mut Vec<(u64, usize)>) {
    first.clear();
    let mut rows = numbers.zip(0..);
    if count > KEPT {
        first.extend(rows);
        if count < first.len() {
            first.select_nth_unstable(count);
            first.truncate(count);
        }
        first.sort_unstable();
        return;
    }
    first.extend(rows.by_ref().take(count));
    first.sort_unstable();
    let Some((mut last, _)) = first.last().copied() else { return };
    for (number, row) in rows {
        if number < last {
            first.pop();
            first.insert(first.partition_point(|(other, _)| *other <= number), (number, row));
            last = first.last().map_or(last, |(number, _)| *number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rows_are_sorted_as_few_are() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state
        };
        // Numbers of all bits, of few, in lumps, all equal, and with one far from the others.
        let kinds: [fn(u64, usize) -> u64; 6] = [
            |number, _| number,
            |number, _| number >> 50,
            |number, _| if number % 3 == 0 { number >> 60 } else { number >> 30 | 1 << 63 },
            |_, _| 7,
            |number, row| if row == 4_000 { u64::MAX } else { number >> 55 },
            |_, row| row as u64,
        ];
        for kind in kinds {
            let mut rows: Vec<_> = (0..10_000).map(|row| (kind(next(), row), row)).collect();
            rows.swap(3, 9_000);
            let mut expected = rows.clone();
            expected.sort();
            sort(&mut rows);
            assert_eq!(rows, expected);
        }
    }

    #[test]
    fn the_first_rows_stay_with_those_that_tie() {
        let all = [(3, 0), (1, 1), (2, 2), (1, 3), (2, 4), (0, 5)];
        let kept = |limit| {
            let mut rows = all.to_vec();
            keep_first(&mut rows, limit);
            sort(&mut rows);
            rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>()
        };
        assert_eq!(kept(0), [0_usize; 0]);
        assert_eq!(kept(1), [5]);
        assert_eq!(kept(2), [5, 1, 3]);
        assert_eq!(kept(4), [5, 1, 3, 2, 4]);
        assert_eq!(kept(9), [5, 1, 3, 2, 4, 0]);
    }

    #[test]
    fn the_first_few_and_the_first_many_are_those_of_the_whole_order() {
        let mut state = 7_u64;
        let mut values: Vec<f32> = Vec::new();
        for _ in 0..500 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Few different values, so that many are equal.
            values.push((state >> 60) as f32 - 8.0);
        }
        values.extend([-0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN]);
        for turn in [0, u64::MAX] {
            let mut all: Vec<(u64, usize)> =
                values.iter().map(|value| ordered_single(*value) ^ turn).zip(0..).collect();
            all.sort();
            for count in [0, 1, 5, KEPT, KEPT + 1, values.len(), values.len() + 3] {
                let mut first = vec![(9, 9)];
                first_floats(&values, count, turn, &mut first);
                assert_eq!(first, all[..count.min(values.len())]);
            }
        }
        // NaN is the largest, and zeros are equal.
        let mut first = Vec::new();
        first_floats(&[1.0, f32::NAN, 0.0, -0.0, -2.0], 4, 0, &mut first);
        assert_eq!(first.iter().map(|(_, row)| *row).collect::<Vec<_>>(), [4, 2, 3, 0]);
        first_ranks(&[3, 1, 2], 2, u64::MAX, &mut first);
        assert_eq!(first.iter().map(|(_, row)| *row).collect::<Vec<_>>(), [0, 2]);
    }
}
